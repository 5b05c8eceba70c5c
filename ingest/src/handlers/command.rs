//! What every request does that asks for something: it is published, waited for, and answered with the payment, or payment method.
//!
//! Nothing is kept here, so a crash at any point is a broken connection to the client, who asks again with the same key.

use std::time::Duration;

use quittance_avro::{
    API_VERSION,
    ids::{AggregateId, CommandId},
    records::{Actor, Envelope, Fingerprint, Sealed},
    seal::Binding,
    time::Timestamp,
    words::ActorKind,
};
use quittance_service::trace::TraceContext;
use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;
use warp::http::{HeaderMap, HeaderValue, StatusCode, header};

use super::{Answer, json, methods::method_view, payment_view, sealing_key, stores_down};
use crate::{
    app::App,
    auth::Caller,
    body::{Chunks, read_body},
    command_view, json_value,
    prefer::Prefer,
    problem::Problem,
    publish::Command,
    wait::{Awaited, Known, Resource, is_forgotten},
};

/// A command that is about to be published, and how its client wants to be answered.
pub(super) struct Request<'a> {
    pub(super) caller: &'a Caller,
    /// Name of the request, e.g. `payments.create`.
    pub(super) operation: &'static str,
    pub(super) command_id: CommandId,
    pub(super) resource: AggregateId,
    pub(super) fingerprint: &'a Fingerprint,
    pub(super) prefer: Prefer,
    /// The status of an answer that shows what came of it.
    pub(super) status: StatusCode,
}

impl Request<'_> {
    /// The envelope of its command.
    pub(super) fn envelope(&self) -> Envelope {
        Envelope {
            id: self.command_id.to_string(),
            mode: self.caller.mode,
            tenant: self.caller.tenant.clone(),
            merchant_account: "default".to_owned(),
            aggregate_id: self.resource.to_string(),
            sequence: None,
            occurred_at: Timestamp::now(),
            actor: Actor {
                kind: ActorKind::User,
                subject: self.caller.subject.clone(),
                credential_id: self.caller.credential_id.clone(),
                sealed: None,
            },
            cause: None,
            api_version: API_VERSION.to_owned(),
        }
    }

    /// Text of the payment, sealed for one purpose.
    pub(super) async fn seal(
        &self,
        app: &App,
        purpose: &'static str,
        text: &(impl Serialize + Sync),
    ) -> Result<Sealed, Problem> {
        let key = sealing_key(app, self.caller.mode, &self.caller.tenant).await?;
        let plaintext = serde_json::to_vec(text).map_err(|_| Problem::Internal)?;
        let aggregate_id = self.resource.to_string();
        let (mode, tenant) = (self.caller.mode, &self.caller.tenant);
        Ok(key.seal(Binding { mode, tenant, aggregate_id: &aggregate_id, purpose }, &plaintext))
    }

    /// Publishes the command and answers with what it was asked of, as soon as that shows what came of it.
    pub(super) async fn send(&self, app: &App, command: &Command, trace: &TraceContext) -> Result<Answer, Problem> {
        let (caller, command_id, resource) = (self.caller, self.command_id, self.resource);
        let awaited = Awaited { caller, command_id, resource, fingerprint: self.fingerprint };
        // Subscribe, read, publish, then wait: no change can fall between.
        let deadline = Instant::now() + self.prefer.wait.unwrap_or(app.parts.wait);
        let mut waiter = app.parts.notices.subscribe(resource);
        let pause = app.parts.reads.not_refused_before(&awaited).await?;
        let began = Instant::now();
        app.parts.commands.publish(command, trace).await?;
        let seconds = began.elapsed().as_secs_f64();
        app.parts.ingest_metrics.publish_seconds.with_label_values::<&str>(&[]).observe(seconds);

        let known = if self.prefer.is_async() {
            Known::Nothing
        } else {
            app.parts.reads.settled(&awaited, &mut waiter, pause, deadline).await?
        };
        self.answer(app, known).await
    }

    /// Answers a request whose command was decided before, without asking for anything. None if it was not, as far as is known.
    pub(super) async fn answer_again(&self, app: &App) -> Result<Option<Answer>, Problem> {
        let (caller, command_id, resource) = (self.caller, self.command_id, self.resource);
        let outcome = app.parts.reads.outcome(caller, command_id).await.map_err(|error| stores_down(&error))?;
        if outcome.is_none_or(|outcome| is_forgotten(&outcome, Timestamp::now())) {
            return Ok(None);
        }
        let awaited = Awaited { caller, command_id, resource, fingerprint: self.fingerprint };
        let deadline = Instant::now() + self.prefer.wait.unwrap_or(app.parts.wait);
        let mut waiter = app.parts.notices.subscribe(resource);
        let known = app.parts.reads.settled(&awaited, &mut waiter, Duration::ZERO, deadline).await?;
        self.answer(app, known).await.map(Some)
    }

    async fn answer(&self, app: &App, known: Known) -> Result<Answer, Problem> {
        let resource = self.resource;
        let mut response = match known {
            Known::Resource(Resource::Payment(state)) => {
                let mut response = json(self.status, &payment_view(app, &state).await?)?;
                locate(&mut response, &format!("/v1/payments/{resource}"));
                response
            }
            Known::Resource(Resource::Method(state)) => {
                let mut response = json(self.status, &method_view(app, self.caller, &state).await?)?;
                locate(&mut response, &format!("/v1/payment-methods/{resource}"));
                response
            }
            Known::Nothing => self.accepted(app).await?,
        };
        if let Some(applied) = self.prefer.applied().and_then(|applied| HeaderValue::from_str(&applied).ok()) {
            response.headers_mut().insert("preference-applied", applied);
        }
        Ok(response)
    }

    /// The command is durable and its outcome is not known: where to ask for it.
    async fn accepted(&self, app: &App) -> Result<Answer, Problem> {
        let view = command_view::pending(self.command_id, self.operation, self.resource);
        app.parts.reads.remember_pending(self.caller, self.command_id, &view).await;
        let mut response = json(StatusCode::ACCEPTED, &view)?;
        locate(&mut response, &format!("/v1/commands/{}", self.command_id));
        Ok(response)
    }
}

/// A body of JSON. One that is empty says nothing, like `{}`.
pub(super) async fn read_json(headers: &HeaderMap, body: impl Chunks, may_be_empty: bool) -> Result<Value, Problem> {
    let body = read_body(headers, body).await?;
    if may_be_empty && body.is_empty() {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(Problem::UnsupportedMediaType);
    }
    json_value::read(&body).map_err(|error| {
        // The parser's own message may repeat the body; where it stopped is enough.
        let (line, column) = (error.line(), error.column());
        Problem::Malformed(format!("the body is not JSON, or names a member twice: line {line}, column {column}"))
    })
}

fn locate(response: &mut Answer, location: &str) {
    if let Ok(location) = HeaderValue::from_str(location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
}
