//! `POST /v1/payments`

use bytes::Bytes;
use quittance_avro::{
    API_VERSION,
    fingerprint::fingerprint,
    ids::{CommandId, PaymentId},
    records::{Actor, CreatePayment, Envelope, Sealed},
    seal::Binding,
    time::Timestamp,
    words::{ActorKind, Initiator},
};
use quittance_service::trace::TraceContext;
use serde_json::Value;
use tokio::time::Instant;
use warp::http::{HeaderMap, HeaderValue, Response, StatusCode, header};

use super::{TEXT_PURPOSE, json, payment_view};
use crate::{
    app::App,
    auth::{Action, Caller},
    body::{Chunks, read_body},
    command_view,
    create::parse,
    idempotency::IdempotencyKey,
    json_value,
    prefer::Prefer,
    problem::Problem,
    query::Query,
    view::{PaymentView, Text},
    wait::{Awaited, Known},
};

/// Name of the request: part of what its ids are derived from.
const OPERATION: &str = "payments.create";

/// Takes a payment: publishes the command, and answers with the payment once it has left `processing`.
///
/// Nothing is kept here, so a crash at any point is a broken connection to the client, who asks again with the same key.
pub(crate) async fn create_payment(
    app: &App,
    query: &Query,
    headers: &HeaderMap,
    body: impl Chunks,
    trace: &TraceContext,
) -> Result<Response<Bytes>, Problem> {
    // Nothing is read from strangers.
    let caller = app.parts.authenticator.caller(headers)?;
    caller.may(Action::CreatePayment)?;
    query.none()?;
    let key = IdempotencyKey::from_headers(headers)?;
    let prefer = Prefer::from_headers(headers);
    let body = read_json(headers, body).await?;
    let fingerprint = fingerprint(key.as_str(), &body);
    let request = parse(body, &app.parts.default_gateway_account).map_err(Problem::Invalid)?;

    let command_id = key.command_id(caller.mode, &caller.tenant, OPERATION, "");
    let payment_id = key.payment_id(caller.mode, &caller.tenant, OPERATION);
    let sealed = seal(app, &caller, payment_id, &request.text).await?;
    let command = CreatePayment {
        envelope: envelope(&caller, command_id, payment_id),
        fingerprint,
        amount: request.amount,
        currency: request.currency,
        capture: request.capture,
        gateway_account: request.gateway_account().to_owned(),
        payment_method: request.payment_method.clone(),
        initiator: Initiator::Customer,
        stored_credential: None,
        sealed,
    };

    // Subscribe, publish, then read: no change can fall between.
    let deadline = Instant::now() + prefer.wait.unwrap_or(app.parts.wait);
    let mut waiter = app.parts.notices.subscribe(payment_id);
    let began = Instant::now();
    app.parts.commands.create(&command, trace).await?;
    let seconds = began.elapsed().as_secs_f64();
    app.parts.ingest_metrics.publish_seconds.with_label_values::<&str>(&[]).observe(seconds);

    let awaited = Awaited { caller: &caller, command_id, payment_id, fingerprint: &command.fingerprint };
    let known = if !prefer.is_async() {
        app.parts.reads.settled(&awaited, &mut waiter, deadline).await?
    } else if app.parts.reads.is_reused(&awaited).await {
        return Err(Problem::KeyReused);
    } else {
        Known::Nothing
    };
    let mut response = match known {
        Known::Payment(state) => created(payment_id, &payment_view(app, &state).await?)?,
        Known::Nothing => accepted(app, &caller, command_id, payment_id).await?,
    };
    if let Some(applied) = prefer.applied().and_then(|applied| HeaderValue::from_str(&applied).ok()) {
        response.headers_mut().insert("preference-applied", applied);
    }
    Ok(response)
}

async fn read_json(headers: &HeaderMap, body: impl Chunks) -> Result<Value, Problem> {
    let body = read_body(headers, body).await?;
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

async fn seal(app: &App, caller: &Caller, payment_id: PaymentId, text: &Text) -> Result<Option<Sealed>, Problem> {
    if *text == Text::default() {
        return Ok(None);
    }
    let key = app.parts.keys.sealing_key(caller.mode, &caller.tenant).await.map_err(|error| {
        tracing::error!(%error, "a tenant's data key is not to be had");
        Problem::Unavailable("the log")
    })?;
    let plaintext = serde_json::to_vec(text).map_err(|_| Problem::Internal)?;
    let aggregate_id = payment_id.to_string();
    let binding =
        Binding { mode: caller.mode, tenant: &caller.tenant, aggregate_id: &aggregate_id, purpose: TEXT_PURPOSE };
    Ok(Some(key.seal(binding, &plaintext)))
}

fn envelope(caller: &Caller, command_id: CommandId, payment_id: PaymentId) -> Envelope {
    Envelope {
        id: command_id.to_string(),
        mode: caller.mode,
        tenant: caller.tenant.clone(),
        merchant_account: "default".to_owned(),
        aggregate_id: payment_id.to_string(),
        sequence: None,
        occurred_at: Timestamp::now(),
        actor: Actor {
            kind: ActorKind::User,
            subject: caller.subject.clone(),
            credential_id: caller.credential_id.clone(),
            sealed: None,
        },
        cause: None,
        api_version: API_VERSION.to_owned(),
    }
}

fn created(payment_id: PaymentId, view: &PaymentView<'_>) -> Result<Response<Bytes>, Problem> {
    let mut response = json(StatusCode::CREATED, view)?;
    locate(&mut response, &format!("/v1/payments/{payment_id}"));
    Ok(response)
}

/// The command is durable and its outcome is not known: where to ask for it.
async fn accepted(
    app: &App,
    caller: &Caller,
    command_id: CommandId,
    payment_id: PaymentId,
) -> Result<Response<Bytes>, Problem> {
    let view = command_view::pending(command_id, OPERATION, payment_id);
    app.parts.reads.remember_pending(caller, command_id, &view).await;
    let mut response = json(StatusCode::ACCEPTED, &view)?;
    locate(&mut response, &format!("/v1/commands/{command_id}"));
    Ok(response)
}

fn locate(response: &mut Response<Bytes>, location: &str) {
    if let Ok(location) = HeaderValue::from_str(location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
}
