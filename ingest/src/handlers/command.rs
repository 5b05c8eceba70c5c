//! What every request does that asks for something: it is published, waited for, and answered with the payment, or payment method.
//!
//! Nothing is kept here, so a crash at any point is a broken connection to the client, who asks again with the same key.

use std::time::Duration;

use quittance_avro::{
    fingerprint::fingerprint,
    ids::{AggregateId, CommandId},
    records::{Envelope, Fingerprint, Sealed},
    seal::{Binding, DataKey},
    time::Timestamp,
};
use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;
use warp::http::{HeaderMap, HeaderValue, StatusCode, header};

use super::{Answer, TEXT_PURPOSE, json, methods::method_view, payment_view, sealed, sealing_key, stores_down};
use crate::{
    body::{Chunks, read_body},
    call::Call,
    command_view,
    idempotency::IdempotencyKey,
    json_value,
    notices::Waiter,
    prefer::Prefer,
    problem::Problem,
    publish::Command,
    search::{self, SealedText},
    view::Text,
    wait::{Awaited, Before, Known, Resource, is_forgotten},
};

/// How far the clocks of ingest and the processor may be apart, milliseconds.
const CLOCKS_APART_MS: i64 = 1_000;

/// What every request that asks for something has: its key, and what its body says.
pub(super) struct Keyed {
    pub(super) key: IdempotencyKey,
    pub(super) fingerprint: Fingerprint,
}

/// A command that is about to be published, and how its client wants to be answered.
pub(super) struct Request<'a> {
    call: &'a Call<'a>,
    fingerprint: &'a Fingerprint,
    /// Name of the request, e.g. `payments.create`.
    operation: &'static str,
    command_id: CommandId,
    resource: AggregateId,
    prefer: Prefer,
    /// The status of an answer that shows what came of it.
    status: StatusCode,
}

impl Keyed {
    /// Reads it, and the body. An empty body says nothing, like `{}`, if there may be one.
    pub(super) async fn read(call: &Call<'_>, body: impl Chunks, may_be_empty: bool) -> Result<(Self, Value), Problem> {
        call.query.none()?;
        let key = IdempotencyKey::from_headers(call.headers)?;
        let body = read_json(call.headers, body, may_be_empty).await?;
        let fingerprint = fingerprint(key.as_str(), &body);
        Ok((Self { key, fingerprint }, body))
    }

    /// What is asked of a resource, which the path names unless it is made by this request.
    pub(super) fn of<'a>(
        &'a self,
        call: &'a Call<'a>,
        operation: &'static str,
        resource: impl Into<AggregateId>,
        status: StatusCode,
    ) -> Request<'a> {
        let (mode, tenant) = (call.caller.mode, &call.caller.tenant);
        Request {
            call,
            fingerprint: &self.fingerprint,
            operation,
            command_id: self.key.command_id(mode, tenant, operation, call.id),
            resource: resource.into(),
            prefer: Prefer::from_headers(call.headers),
            status,
        }
    }
}

impl Request<'_> {
    /// The envelope of its command.
    pub(super) async fn envelope(&self) -> Result<Envelope, Problem> {
        self.call.envelope(self.command_id.to_string(), self.resource.to_string()).await
    }

    /// Text of the payment, sealed for one purpose.
    pub(super) async fn seal(&self, purpose: &'static str, text: &(impl Serialize + Sync)) -> Result<Sealed, Problem> {
        self.seal_with(&self.sealing_key().await?, purpose, text)
    }

    async fn sealing_key(&self) -> Result<DataKey, Problem> {
        let Call { app, caller, .. } = *self.call;
        sealing_key(app, caller.mode, &caller.tenant).await
    }

    fn seal_with(&self, key: &DataKey, purpose: &'static str, text: &impl Serialize) -> Result<Sealed, Problem> {
        let aggregate_id = self.resource.to_string();
        let (mode, tenant) = (self.call.caller.mode, &self.call.caller.tenant);
        sealed(key, Binding { mode, tenant, aggregate_id: &aggregate_id, purpose }, text)
    }

    /// A payment's text, sealed, with the tokens by which it is found.
    pub(super) async fn seal_text(&self, text: &Text) -> Result<SealedText, Problem> {
        let key = self.sealing_key().await?;
        let search_tokens = Some(search::tokens(&key, text));
        Ok(SealedText { sealed: Some(self.seal_with(&key, TEXT_PURPOSE, text)?), search_tokens, made_of: None })
    }

    /// Publishes the command and answers with what it was asked of, as soon as that shows what came of it. What was decided before is
    /// told again.
    pub(super) async fn send(&self, command: &Command) -> Result<Answer, Problem> {
        let Call { app, trace, .. } = *self.call;
        let asked_at = Timestamp::now();
        let mut awaited = self.awaited();
        // Subscribe, read, publish, then wait: no change can fall between.
        let mut waiter = app.parts.notices.subscribe(self.resource);
        let pause = match app.parts.reads.before(&mut awaited).await {
            Ok(Before::Nothing(pause)) => pause,
            Ok(Before::Applied) => {
                return told_again(self.outcome(&mut awaited, &mut waiter, Duration::ZERO).await);
            }
            Err(problem) => return told_again(Err(problem)),
        };
        let began = Instant::now();
        app.parts.commands.publish(command, trace).await?;
        let seconds = began.elapsed().as_secs_f64();
        app.parts.ingest_metrics.publish_seconds.with_label_values::<&str>(&[]).observe(seconds);
        if self.prefer.is_async() {
            return self.answer(Known::Nothing).await;
        }
        let answered = self.outcome(&mut awaited, &mut waiter, pause).await;
        // The cache may have lost what was decided long before. Clocks agree to within a second.
        let decided_before = awaited.decided_at.is_some_and(|at| at.plus_ms(CLOCKS_APART_MS) < asked_at);
        if decided_before { told_again(answered) } else { answered }
    }

    /// Answers a request whose command was decided before, without asking for anything. None if it was not, as far as is known.
    pub(super) async fn answer_again(&self) -> Result<Option<Answer>, Problem> {
        let Call { app, caller, .. } = *self.call;
        let outcome = app.parts.reads.outcome(caller, self.command_id).await.map_err(|error| stores_down(&error))?;
        if outcome.is_none_or(|outcome| is_forgotten(&outcome, Timestamp::now())) {
            return Ok(None);
        }
        let mut waiter = app.parts.notices.subscribe(self.resource);
        told_again(self.outcome(&mut self.awaited(), &mut waiter, Duration::ZERO).await).map(Some)
    }

    fn awaited(&self) -> Awaited<'_> {
        let Self { call, command_id, resource, fingerprint, .. } = *self;
        Awaited { caller: call.caller, command_id, resource, fingerprint, decided_at: None }
    }

    /// Waits as the client wants it, and as there is room for it: whoever finds none has a promise all the same.
    async fn outcome(
        &self,
        awaited: &mut Awaited<'_>,
        waiter: &mut Waiter,
        pause: Duration,
    ) -> Result<Answer, Problem> {
        let Call { app, caller, .. } = *self.call;
        let wait = if self.prefer.is_async() { Duration::ZERO } else { self.prefer.wait.unwrap_or(app.parts.wait) };
        let room = app.parts.waits.take(caller);
        let deadline = Instant::now() + if room.is_ok() { wait } else { Duration::ZERO };
        let known = app.parts.reads.settled(awaited, waiter, pause, deadline).await?;
        self.answer(known).await
    }

    async fn answer(&self, known: Known) -> Result<Answer, Problem> {
        let Call { app, caller, .. } = *self.call;
        let resource = self.resource;
        let mut response = match known {
            Known::Resource(Resource::Payment(state)) => {
                let mut response = json(self.status, &payment_view(app, &state).await?)?;
                locate(&mut response, &format!("/v1/payments/{resource}"));
                response
            }
            Known::Resource(Resource::Method(state)) => {
                let mut response = json(self.status, &method_view(app, caller, &state).await?)?;
                locate(&mut response, &format!("/v1/payment-methods/{resource}"));
                response
            }
            Known::Nothing => self.accepted().await?,
        };
        if let Some(applied) = self.prefer.applied().and_then(|applied| HeaderValue::from_str(&applied).ok()) {
            response.headers_mut().insert("preference-applied", applied);
        }
        Ok(response)
    }

    /// The command is durable and its outcome is not known: where to ask for it.
    async fn accepted(&self) -> Result<Answer, Problem> {
        let Call { app, caller, .. } = *self.call;
        let view = command_view::pending(self.command_id, self.operation, self.resource);
        app.parts.reads.remember_pending(caller, self.command_id, &view).await;
        let mut response = json(StatusCode::ACCEPTED, &view)?;
        locate(&mut response, &format!("/v1/commands/{}", self.command_id));
        Ok(response)
    }
}

/// The answer with the header that says that the request was decided before. That a key was used for another request is no such answer.
pub(super) fn told_again(answered: Result<Answer, Problem>) -> Result<Answer, Problem> {
    let mut answer = match answered {
        Ok(answer) => answer,
        Err(problem @ (Problem::Refused { .. } | Problem::NotFound)) => problem.response(),
        Err(problem) => return Err(problem),
    };
    answer.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
    Ok(answer)
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
    json_value::read(&body).map_err(|error| Problem::Malformed(vec![error]))
}

fn locate(response: &mut Answer, location: &str) {
    if let Ok(location) = HeaderValue::from_str(location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
}
