//! Answers that are problems. Those that several operations share stand in the document once.

use std::collections::BTreeMap;

use quittance_avro::refusals::Refusal;
use serde_json::{Map, Value, json};
use warp::http::StatusCode;

use super::parameters;
use crate::problem::{FieldError, Problem, TYPE_PREFIX};

/// The problems that were told so far.
#[derive(Default)]
pub(super) struct Problems {
    shared: Map<String, Value>,
}

/// A problem with one field.
pub(super) fn invalid(field: &str, message: &str) -> Problem {
    Problem::Invalid(vec![FieldError { field: field.to_owned(), message: message.to_owned() }])
}

impl Problems {
    /// What an operation answers with by status, for all that may go wrong.
    pub(super) fn responses(&mut self, problems: &[Problem], refusals: &[Refusal]) -> Vec<(String, Value)> {
        let refused = refusals
            .iter()
            .map(|refusal| Problem::Refused { code: refusal.code().to_owned(), reason: refusal.text().to_owned() });
        let mut by_status: BTreeMap<u16, Vec<Told>> = BTreeMap::new();
        for problem in problems.iter().cloned().chain(refused) {
            let told = by_status.entry(problem.status().as_u16()).or_default();
            let problem = Told::of(&problem);
            // One example of each will do.
            if told.iter().all(|before| (&before.kind, &before.code) != (&problem.kind, &problem.code)) {
                told.push(problem);
            }
        }
        let responses = by_status.into_iter().map(|(status, mut told)| {
            told.sort_by(|a, b| (&a.kind, &a.code).cmp(&(&b.kind, &b.code)));
            (status.to_string(), self.response(status, &told))
        });
        responses.collect()
    }

    /// Those that several operations may share.
    pub(super) fn shared(self) -> Map<String, Value> {
        self.shared
    }

    fn response(&mut self, status: u16, told: &[Told]) -> Value {
        let response = response(status, told);
        if told.iter().any(|told| told.code.is_some()) {
            return response;
        }
        let names: Vec<String> = told.iter().map(|told| camel(&told.kind)).collect();
        let name = names.join("Or");
        self.shared.insert(name.clone(), response);
        json!({ "$ref": format!("#/components/responses/{name}") })
    }
}

/// A problem as the document tells it.
struct Told {
    /// Its type without what all types begin with.
    kind: String,
    code: Option<String>,
    body: Value,
}

impl Told {
    fn of(problem: &Problem) -> Self {
        let body: Value = serde_json::from_slice(&problem.json()).unwrap_or_default();
        let kind = body["type"].as_str().unwrap_or_default().trim_start_matches(TYPE_PREFIX).to_owned();
        Self { kind, code: body["code"].as_str().map(str::to_owned), body }
    }

    fn name(&self) -> &str {
        self.code.as_deref().unwrap_or(&self.kind)
    }
}

fn response(status: u16, told: &[Told]) -> Value {
    let mut kinds: Vec<_> = told.iter().map(|told| format!("{TYPE_PREFIX}{}", told.kind)).collect();
    kinds.dedup();
    let mut narrowed =
        json!({ "type": "object", "properties": { "type": { "enum": kinds }, "status": { "const": status } } });
    let codes: Vec<_> = told.iter().filter_map(|told| told.code.as_deref()).collect();
    if !codes.is_empty() {
        narrowed["properties"]["code"] = json!({ "enum": codes });
    }
    let about: Vec<_> = told
        .iter()
        .map(|told| {
            let (title, detail) = (&told.body["title"], &told.body["detail"]);
            let means = if told.code.is_some() { detail } else { title };
            format!("- `{}`: {}.", told.name(), means.as_str().unwrap_or_default().trim_end_matches('.'))
        })
        .collect();
    let examples: Map<_, _> = told.iter().map(|told| (told.name().to_owned(), json!({ "value": told.body }))).collect();
    let mut response = json!({
        "description": about.join("\n"),
        "content": { "application/problem+json": {
            "schema": { "allOf": [{ "$ref": "#/components/schemas/Problem" }, narrowed] },
            "examples": examples,
        } },
    });
    let mut headers = parameters::on_all();
    let more = match StatusCode::from_u16(status) {
        Ok(StatusCode::UNAUTHORIZED) => Some("WWW-Authenticate"),
        Ok(StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) => Some("Retry-After"),
        // A refusal that was told before.
        _ if !codes.is_empty() => Some("Idempotent-Replayed"),
        _ => None,
    };
    if let Some(name) = more {
        headers[name] = json!({ "$ref": format!("#/components/headers/{name}") });
    }
    response["headers"] = headers;
    response
}

/// `not-found` as `NotFound`.
fn camel(kind: &str) -> String {
    let upper = |word: &str| word[..1].to_uppercase() + &word[1..];
    kind.split('-').filter(|word| !word.is_empty()).map(upper).collect()
}
