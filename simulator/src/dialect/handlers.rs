//! Between HTTP and the ledger: requests are parsed, answers rendered.

#![expect(clippy::needless_pass_by_value, reason = "warp hands values to its handlers")]

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use warp::Reply;
use warp::http::{HeaderMap, StatusCode};
use warp::reply::Response;

use super::requests::{self, CaptureRequest, ChargeRequest, RefundRequest, VoidRequest};
use super::view::{CaptureAnswer, ChargeView, RefundAnswer, VoidAnswer};
use crate::error::{Error, found};
use crate::gateway::Gateway;
use crate::ledger::{Answer, Ask, Charge, Done, Ledger, Refusal, Status};
use crate::values::{ChargeId, IdempotencyKey};

/// `POST /v1/charges`
pub(super) async fn create_charge(gateway: Gateway, headers: HeaderMap, body: Bytes) -> Response {
    match requests::parse::<ChargeRequest>(&headers, &body, &"charges") {
        Ok((ask, request)) => answer(&gateway, &ask, |ledger| ledger.charge(&ask, &request.into())).await,
        Err(error) => refused(error),
    }
}

/// `POST /v1/charges/{id}/captures`
pub(super) async fn capture(id: String, gateway: Gateway, headers: HeaderMap, body: Bytes) -> Response {
    match parse_for::<CaptureRequest>(&id, "captures", &headers, &body) {
        Ok((id, ask, request)) => answer(&gateway, &ask, |ledger| ledger.capture(&ask, id, &request.into())).await,
        Err(error) => refused(error),
    }
}

/// `POST /v1/charges/{id}/void`
pub(super) async fn void(id: String, gateway: Gateway, headers: HeaderMap, body: Bytes) -> Response {
    match parse_for::<VoidRequest>(&id, "void", &headers, &body) {
        Ok((id, ask, request)) => answer(&gateway, &ask, |ledger| ledger.void(&ask, id, &request.into())).await,
        Err(error) => refused(error),
    }
}

/// `POST /v1/charges/{id}/refunds`
pub(super) async fn refund(id: String, gateway: Gateway, headers: HeaderMap, body: Bytes) -> Response {
    match parse_for::<RefundRequest>(&id, "refunds", &headers, &body) {
        Ok((id, ask, request)) => answer(&gateway, &ask, |ledger| ledger.refund(&ask, id, &request.into())).await,
        Err(error) => refused(error),
    }
}

pub(super) fn parse_for<R: serde::de::DeserializeOwned + std::hash::Hash>(
    id: &str,
    what: &'static str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<(ChargeId, Ask, R), Error> {
    let id = id.parse().map_err(|_| Error::Refused(Refusal::ChargeNotFound))?;
    let (ask, request) = requests::parse(headers, body, &(id, what))?;
    Ok((id, ask, request))
}

fn refused(error: Error) -> Response {
    tracing::debug!(code = error.status_and_code().1, "request refused");
    error.into_response()
}

/// Asks the ledger, and answers when and what it says.
async fn answer(gateway: &Gateway, ask: &Ask, question: impl FnOnce(&mut Ledger) -> Answer) -> Response {
    let (answer, told) = gateway.ask_and_hear(question);
    let Answer { result, replayed, delivery } = answer;
    let key = ask.key.as_ref().map(tracing::field::display);
    match &result {
        Ok(done) => tracing::info!(key, charge = ?charge_id(done), replayed, ?delivery, "done"),
        Err(refusal) => tracing::debug!(key, ?refusal, replayed, "refused"),
    }
    let response = match &result {
        Ok(done) => render(done, gateway.base()),
        Err(refusal) => Error::Refused(*refusal).into_response(),
    };
    let response = if replayed {
        warp::reply::with_header(response, "idempotent-replayed", "true").into_response()
    } else {
        response
    };
    gateway.deliver(delivery, told, response).await
}

fn charge_id(done: &Done) -> Option<ChargeId> {
    match done {
        Done::Charged(charge) | Done::Captured(charge, _) | Done::Voided(charge) | Done::Refunded(charge, _) => {
            Some(charge.id)
        }
        Done::SetUp(_) => None,
    }
}

/// Tells what was done. A key that came in Stripe's dialect before cannot come here: its path is another.
pub(super) fn render(done: &Done, base: &str) -> Response {
    match done {
        Done::Charged(charge) => charged(charge, base),
        Done::Captured(charge, id) => created(CaptureAnswer::new(charge, *id)),
        Done::Voided(charge) => created(VoidAnswer::new(charge)),
        Done::Refunded(charge, id) => created(RefundAnswer::new(charge, *id)),
        Done::SetUp(_) => Error::NotFound.into_response(),
    }
}

fn created<T: Serialize>(item: Option<T>) -> Response {
    warp::reply::with_status(found(item, Error::NotFound), StatusCode::CREATED).into_response()
}

#[derive(Serialize)]
struct Declined<'a> {
    error: DeclinedError,
    charge: &'a ChargeView<'a>,
}

#[derive(Serialize)]
struct DeclinedError {
    code: &'static str,
    decline_code: Option<&'static str>,
    message: &'static str,
}

/// Tells a charge as such, a decline as an error with the charge in it.
fn charged(charge: &Charge, base: &str) -> Response {
    let view = ChargeView::new(charge, base);
    let (json, status) = if charge.status() == Status::Declined {
        let decline_code = charge.decline().map(|decline| decline.code());
        let error = DeclinedError { code: "card_declined", decline_code, message: "the issuer declined the card" };
        (warp::reply::json(&Declined { error, charge: &view }), StatusCode::PAYMENT_REQUIRED)
    } else {
        (warp::reply::json(&view), StatusCode::CREATED)
    };
    warp::reply::with_status(json, status).into_response()
}

/// The query of `GET /v1/charges`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FindCharges {
    idempotency_key: IdempotencyKey,
}

#[derive(Serialize)]
struct List<T> {
    data: Vec<T>,
}

/// `GET /v1/charges`
pub(super) fn find_charges(gateway: Gateway, query: FindCharges) -> Response {
    let charges = gateway.ask(|ledger| ledger.charges_by_key(&query.idempotency_key));
    let data = charges.iter().map(|charge| ChargeView::new(charge, gateway.base())).collect();
    warp::reply::json(&List { data }).into_response()
}

/// `GET /v1/charges/{id}`
pub(super) fn get_charge(id: String, gateway: Gateway) -> Response {
    let charge = id.parse().ok().and_then(|id| gateway.ask(|ledger| ledger.charge_by_id(id)));
    let view = charge.as_deref().map(|charge| ChargeView::new(charge, gateway.base()));
    found(view, Error::Refused(Refusal::ChargeNotFound))
}
