//! What is said of an endpoint, and how it becomes an operation of the document.

use std::time::Duration;

use quittance_avro::{refusals::Refusal, words::GatewayKind};
use serde_json::{Map, Value, json};
use warp::http::StatusCode;

use super::{
    BEARER,
    parameters::{self, Parameter},
    problems::{self, Problems},
    signature,
};
use crate::{
    auth::Role,
    body::BODY_BYTES_MAX,
    endpoints::{Access, Spec},
    problem::Problem,
    shape::Body,
};

/// What an operation is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    Payments,
    PaymentMethods,
    Commands,
    Events,
    Ledger,
    Configuration,
    Gateways,
    Service,
}

impl Tag {
    pub(super) const ALL: [Self; 8] = [
        Self::Payments,
        Self::PaymentMethods,
        Self::Commands,
        Self::Events,
        Self::Ledger,
        Self::Configuration,
        Self::Gateways,
        Self::Service,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Payments => "Payments",
            Self::PaymentMethods => "Payment methods",
            Self::Commands => "Commands",
            Self::Events => "Events",
            Self::Ledger => "Ledger",
            Self::Configuration => "Configuration",
            Self::Gateways => "Gateways",
            Self::Service => "Service",
        }
    }

    pub(super) const fn about(self) -> &'static str {
        match self {
            Self::Payments => "Taking payments, and what can be asked of one that is there.",
            Self::PaymentMethods => "Payment methods that are saved once and charged later.",
            Self::Commands => "What became of a request that asked for something.",
            Self::Events => "What happened, in pages or as it happens.",
            Self::Ledger => "Double-entry accounts of all money that moved.",
            Self::Configuration => "What a tenant configures: gateway accounts, routing, limits, fees, API keys.",
            Self::Gateways => "What gateways tell of their own accord.",
            Self::Service => "The service itself.",
        }
    }
}

/// Everything that the row of the table does not say.
pub(super) struct Description {
    pub(super) id: &'static str,
    tag: Tag,
    summary: &'static str,
    about: &'static str,
    parameters: Vec<Parameter>,
    body: Option<Body>,
    answers: Vec<Answer>,
    problems: Vec<Problem>,
    refusals: Vec<Refusal>,
}

/// An answer that is a success, or at least no problem of the API.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) about: &'static str,
    pub(super) content: Vec<Content>,
    /// By the names under which the document has them.
    pub(super) headers: &'static [&'static str],
}

/// A body of an answer.
pub(super) enum Content {
    /// JSON of the schema of that name; there is an example of the same name.
    Json(&'static str),
    /// Text, and an example of it.
    Text { media_type: &'static str, example: &'static str },
    /// Server-sent events, told one by one.
    Events,
}

impl Answer {
    /// 304 without anything.
    pub(super) fn not_modified() -> Self {
        let about = "It is the one that the client has.";
        Self { status: StatusCode::NOT_MODIFIED, about, content: Vec::new(), headers: &["ETag"] }
    }

    /// 200 with JSON.
    pub(super) fn ok(schema: &'static str, about: &'static str) -> Self {
        Self { status: StatusCode::OK, about, content: vec![Content::Json(schema)], headers: &[] }
    }

    fn json(&self) -> Value {
        let mut answer = json!({ "description": self.about, "headers": parameters::on_all() });
        if !self.content.is_empty() {
            answer["content"] = self.content.iter().map(Content::json).collect::<Map<_, _>>().into();
        }
        for name in self.headers {
            answer["headers"][*name] = json!({ "$ref": format!("#/components/headers/{name}") });
        }
        answer
    }
}

impl Content {
    fn json(&self) -> (String, Value) {
        match self {
            Self::Json(name) => {
                let content = json!({
                    "schema": { "$ref": format!("#/components/schemas/{name}") },
                    "examples": { *name: { "$ref": format!("#/components/examples/{name}") } },
                });
                ("application/json".to_owned(), content)
            }
            Self::Events => {
                let name = "StreamedEvent";
                let schema = json!({ "$ref": format!("#/components/schemas/{name}") });
                let examples = json!({ name: { "$ref": format!("#/components/examples/{name}") } });
                ("text/event-stream".to_owned(), json!({ "schema": schema, "examples": examples }))
            }
            Self::Text { media_type, example } => {
                ((*media_type).to_owned(), json!({ "schema": { "type": "string" }, "example": example }))
            }
        }
    }
}

impl Description {
    pub(super) fn new(id: &'static str, tag: Tag, summary: &'static str, about: &'static str) -> Self {
        let (parameters, answers, problems, refusals) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { id, tag, summary, about, parameters, body: None, answers, problems, refusals }
    }

    pub(super) fn takes(mut self, parameters: impl IntoIterator<Item = Parameter>) -> Self {
        self.parameters.extend(parameters);
        self
    }

    /// A body that is read as it is.
    pub(super) fn raw_body(self, body: Body) -> Self {
        Self { body: Some(body), ..self }
    }

    /// A body of JSON.
    pub(super) fn body(self, body: Body) -> Self {
        self.raw_body(body).fails([
            Problem::malformed("body", "is not JSON: line 1, column 7"),
            Problem::TooLarge(BODY_BYTES_MAX),
            Problem::TooSlow,
            Problem::UnsupportedMediaType,
        ])
    }

    pub(super) fn answers(mut self, answer: Answer) -> Self {
        self.answers.push(answer);
        self
    }

    pub(super) fn fails(mut self, problems: impl IntoIterator<Item = Problem>) -> Self {
        self.problems.extend(problems);
        self
    }

    /// It asks for something: the answer waits for what comes of it, which is a resource of that schema.
    pub(super) fn command(
        self,
        status: StatusCode,
        schema: &'static str,
        refusals: impl IntoIterator<Item = Refusal>,
    ) -> Self {
        let about = "What it was asked of, as it is now that the request was carried out.";
        let headers = &["Location", "Preference-Applied", "Idempotent-Replayed"];
        let mut described = self
            .takes([Parameter::Shared("IdempotencyKey"), Parameter::Shared("Prefer")])
            .answers(Answer { status, about, content: vec![Content::Json(schema)], headers })
            .answers(Answer {
                status: StatusCode::ACCEPTED,
                about: "It will be carried out, and what comes of it is not known yet: `Location` says where to ask.",
                content: vec![Content::Json("Command")],
                headers,
            })
            .fails([Problem::malformed("Idempotency-Key", "is required, exactly once"), Problem::KeyReused]);
        described.refusals.extend(refusals);
        described
    }

    /// It makes something under a key of the client's, and does not wait for anything.
    pub(super) fn creation(self, schema: &'static str, about: &'static str) -> Self {
        self.takes([Parameter::Shared("IdempotencyKey")])
            .answers(Answer {
                status: StatusCode::CREATED,
                headers: &["Idempotent-Replayed"],
                ..Answer::ok(schema, about)
            })
            .fails([Problem::malformed("Idempotency-Key", "is required, exactly once"), Problem::KeyReused])
    }

    /// The operation, with what follows from the row of the table.
    pub(super) fn operation(mut self, spec: &Spec, told: &mut Problems) -> Value {
        let is_api = spec.path.starts_with("/v1/");
        if is_api {
            let unknown = "is not a parameter of this request";
            self.parameters.push(Parameter::Shared("Version"));
            self.problems.extend([
                problems::invalid("limits", unknown),
                Problem::Unavailable("the log"),
                Problem::Internal,
            ]);
        }
        // All requests are looked through before anything else.
        self.problems.push(Problem::malformed("path", "must not contain a card number"));
        let mut about = self.about.to_owned();
        let (roles, security) = match spec.access {
            Access::Roles(roles, _) => {
                self.problems.extend([
                    Problem::Unauthorized,
                    Problem::Forbidden,
                    Problem::RateLimited(Duration::from_secs(1)),
                    Problem::TooMany("at most 1024 at a time".to_owned()),
                    Problem::Overloaded,
                ]);
                self.problems.extend(spec.path.contains('{').then_some(Problem::NotFound));
                about += &format!("\n\nRoles that may: {}.", names(roles).join(", "));
                (names(roles), vec![json!({ BEARER: [] })])
            }
            Access::Webhook => {
                self.problems.extend([
                    Problem::Unauthorized,
                    Problem::TooMany("at most 128 at a time".to_owned()),
                    Problem::TooSlow,
                    Problem::Overloaded,
                ]);
                about += "\n\nNo role may: a signature of the gateway lets in.";
                (Vec::new(), GatewayKind::ALL.iter().map(|gateway| json!({ signature(*gateway): [] })).collect())
            }
            Access::Public(_) => {
                about += "\n\nAnybody may.";
                (Vec::new(), Vec::new())
            }
        };
        let mut responses: Map<_, _> =
            self.answers.iter().map(|answer| (answer.status.as_u16().to_string(), answer.json())).collect();
        responses.extend(told.responses(&self.problems, &self.refusals));
        let mut operation = json!({
            "operationId": self.id,
            "tags": [self.tag.name()],
            "summary": self.summary,
            "description": about,
            "security": security,
            "responses": responses,
            "x-roles": roles,
        });
        if !self.parameters.is_empty() {
            operation["parameters"] = self.parameters.iter().map(parameters::json).collect();
        }
        if let Some(body) = &self.body {
            operation["requestBody"] = body.json();
        }
        operation
    }
}

fn names(roles: &[Role]) -> Vec<&'static str> {
    roles.iter().map(|role| role.name()).collect()
}
