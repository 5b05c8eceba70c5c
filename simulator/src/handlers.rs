//! Between HTTP and the ledger: requests are parsed, answers rendered, and late ones kept waiting.

#![expect(clippy::needless_pass_by_value, reason = "warp hands values to its handlers")]

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use warp::Reply;
use warp::http::header::CONTENT_TYPE;
use warp::http::{HeaderMap, StatusCode};
use warp::reply::Response;

use crate::Config;
use crate::dialect::{Charge, ChargeRequest, IdempotencyKey, List, Status};
use crate::error::Error;
use crate::ledger::{Answer, Ledger};

const KEYS_LIMIT_DEFAULT: usize = 1_000;
const KEYS_LIMIT_MAX: usize = 10_000;

/// What the handlers share.
#[derive(Debug, Clone)]
pub(crate) struct Gateway {
    ledger: Arc<Mutex<Ledger>>,
    slow: Duration,
}

impl Gateway {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            ledger: Arc::new(Mutex::new(Ledger::new(config.charges_max))),
            slow: Duration::from_millis(config.slow_ms),
        }
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a late answer is due. A client that gives up ends its handler, so the waiting is a task of its own: the key
    /// stays in progress for its full time, as at a gateway that works on without its client.
    async fn answer_late(&self, key: IdempotencyKey, charge: &Charge) {
        let (gateway, id) = (self.clone(), charge.id);
        let waiting = tokio::spawn(async move {
            tokio::time::sleep(gateway.slow).await;
            gateway.ledger().answered(&key, id);
        });
        if let Err(error) = waiting.await {
            tracing::error!(charge = %id, %error, "a late answer was cut short");
        }
    }
}

/// `POST /v1/charges`
pub(crate) async fn create_charge(gateway: Gateway, headers: HeaderMap, body: Bytes) -> Response {
    let (key, request) = match parse(&headers, &body) {
        Ok(parsed) => parsed,
        Err(error) => {
            tracing::debug!(code = error.status_and_code().1, "request refused");
            return error.into_response();
        }
    };
    let answer = gateway.ledger().charge(&key, &request);
    match answer {
        Answer::Processed(charge) => {
            tracing::info!(%key, charge = %charge.id, status = ?charge.status, "processed");
            charged(&charge)
        }
        Answer::ProcessedLate(charge) => {
            tracing::info!(%key, charge = %charge.id, status = ?charge.status, "processed, will be answered late");
            gateway.answer_late(key, &charge).await;
            charged(&charge)
        }
        Answer::Replayed(charge) => {
            tracing::debug!(%key, charge = %charge.id, "replayed");
            warp::reply::with_header(charged(&charge), "idempotent-replayed", "true").into_response()
        }
        Answer::Refused(refusal) => {
            tracing::debug!(%key, ?refusal, "refused");
            Error::Refused(refusal).into_response()
        }
    }
}

fn parse(headers: &HeaderMap, body: &[u8]) -> Result<(IdempotencyKey, ChargeRequest), Error> {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(Error::UnsupportedMediaType);
    }
    let mut keys = headers.get_all("idempotency-key").iter();
    let (Some(key), None) = (keys.next(), keys.next()) else {
        return Err(Error::KeyRequired);
    };
    // Bytes beyond ASCII become characters that a key cannot have.
    let key = String::from_utf8_lossy(key.as_bytes()).into_owned();
    let key = key.try_into().map_err(Error::InvalidKey)?;
    Ok((key, serde_json::from_slice(body)?))
}

#[derive(Serialize)]
struct Declined<'a> {
    error: DeclinedError,
    charge: &'a Charge,
}

#[derive(Serialize)]
struct DeclinedError {
    code: &'static str,
    decline_code: Option<&'static str>,
    message: &'static str,
}

/// Tells an approval as the charge, a decline as an error with the charge in it.
fn charged(charge: &Charge) -> Response {
    let (json, status) = match charge.status {
        Status::Succeeded | Status::Authorized => (warp::reply::json(charge), StatusCode::CREATED),
        Status::Declined => {
            let message = "the issuer declined the card";
            let error = DeclinedError { code: "card_declined", decline_code: charge.decline_code, message };
            (warp::reply::json(&Declined { error, charge }), StatusCode::PAYMENT_REQUIRED)
        }
    };
    warp::reply::with_status(json, status).into_response()
}

/// The query of `GET /v1/charges`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FindCharges {
    idempotency_key: IdempotencyKey,
}

/// `GET /v1/charges`
pub(crate) fn find_charges(gateway: Gateway, query: FindCharges) -> Response {
    let data = gateway.ledger().charge_by_key(&query.idempotency_key).into_iter().collect();
    warp::reply::json(&List { data }).into_response()
}

/// `GET /v1/charges/{id}`
pub(crate) fn get_charge(id: String, gateway: Gateway) -> Response {
    let charge = id.parse().ok().and_then(|id| gateway.ledger().charge_by_id(id));
    found(charge, Error::ChargeNotFound)
}

/// The query of `GET /admin/keys`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListKeys {
    limit: Option<usize>,
    after: Option<IdempotencyKey>,
}

/// `GET /admin/keys`
pub(crate) fn list_keys(gateway: Gateway, query: ListKeys) -> Response {
    let limit = query.limit.unwrap_or(KEYS_LIMIT_DEFAULT);
    if !(1..=KEYS_LIMIT_MAX).contains(&limit) {
        return Error::InvalidQuery.into_response();
    }
    let page = gateway.ledger().reports(query.after.as_ref(), limit);
    warp::reply::json(&page).into_response()
}

/// `GET /admin/keys/{key}`
pub(crate) fn get_key(segment: String, gateway: Gateway) -> Response {
    let report = IdempotencyKey::from_path_segment(&segment).and_then(|key| gateway.ledger().report(&key));
    found(report, Error::KeyNotFound)
}

/// `GET /admin/totals`
pub(crate) fn get_totals(gateway: Gateway) -> Response {
    let totals = gateway.ledger().totals();
    warp::reply::json(&totals).into_response()
}

/// `POST /admin/reset`
pub(crate) fn reset(gateway: Gateway) -> Response {
    gateway.ledger().reset();
    tracing::info!("reset");
    StatusCode::NO_CONTENT.into_response()
}

fn found<T: Serialize>(item: Option<T>, missing: Error) -> Response {
    item.map_or_else(|| missing.into_response(), |item| warp::reply::json(&item).into_response())
}
