//! `POST /v1/payments`

use bytes::Bytes;
use quittance_avro::{fingerprint::fingerprint, records::CreatePayment};
use quittance_service::trace::TraceContext;
use warp::http::{HeaderMap, Response, StatusCode};

use super::{
    TEXT_PURPOSE,
    command::{Request, read_json},
};
use crate::{
    app::App, auth::Action, body::Chunks, create::parse, idempotency::IdempotencyKey, prefer::Prefer, problem::Problem,
    publish::Command, query::Query, view::Text,
};

/// Name of the request: part of what its ids are derived from.
const OPERATION: &str = "payments.create";

/// Takes a payment.
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
    let body = read_json(headers, body, false).await?;
    let fingerprint = fingerprint(key.as_str(), &body);
    let asked = parse(body, &app.parts.default_gateway_account).map_err(Problem::Invalid)?;
    let request = Request {
        caller: &caller,
        operation: OPERATION,
        command_id: key.command_id(caller.mode, &caller.tenant, OPERATION, ""),
        payment_id: key.payment_id(caller.mode, &caller.tenant, OPERATION),
        fingerprint: &fingerprint,
        prefer: Prefer::from_headers(headers),
        status: StatusCode::CREATED,
    };
    let sealed = match asked.text {
        text if text == Text::default() => None,
        text => Some(request.seal(app, TEXT_PURPOSE, &text).await?),
    };
    let command = CreatePayment {
        envelope: request.envelope(),
        fingerprint: fingerprint.clone(),
        amount: asked.amount,
        currency: asked.currency,
        capture: asked.capture,
        payment_method: asked.payment_method,
        gateway_account: asked.gateway_account,
        initiator: asked.initiator,
        stored_credential: asked.stored_credential,
        sealed,
        return_url: asked.return_url,
        hold: asked.hold,
        declines_retried_max: asked.declines_retried_max,
        payment_method_id: None,
        network_transaction_id: None,
    };
    request.send(app, &Command::Create(command), trace).await
}
