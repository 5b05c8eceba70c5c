//! What is done to charges without their client: refunds in the dashboard, disputes, and what turns out later.

#![expect(clippy::needless_pass_by_value, reason = "warp hands values to its handlers")]

use std::sync::Arc;

use bytes::Bytes;
use serde::Deserialize;
use warp::Reply;
use warp::http::{HeaderMap, StatusCode};
use warp::reply::Response;

use crate::dialect::{ChargeView, DisputeAnswer, RefundAnswer, parse_json};
use crate::error::{Error, found};
use crate::gateway::Gateway;
use crate::ledger::{Charge, NewDispute, Refusal, Verdict};
use crate::values::{Amount, CaptureId, ChargeId, DisputeId, Reason, RefundId};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RefundRequest {
    amount: Amount,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DisputeRequest {
    amount: Option<Amount>,
    reason: Option<Reason>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CloseRequest {
    won: bool,
}

/// `POST /admin/charges/{id}/refunds`
pub(super) fn refund(id: String, gateway: Gateway, headers: HeaderMap, body: Bytes) -> Response {
    let request = match parse_json::<RefundRequest>(&headers, &body) {
        Ok(request) => request,
        Err(error) => return error.into_response(),
    };
    let refunded = charge_id(&id).and_then(|id| gateway.ask(|ledger| ledger.refund_in_dashboard(id, request.amount)));
    match refunded {
        Ok((charge, refund)) => {
            tracing::info!(charge = %charge.id, %refund, "refunded in the dashboard");
            let answer = found(RefundAnswer::new(&charge, refund), Error::NotFound);
            warp::reply::with_status(answer, StatusCode::CREATED).into_response()
        }
        Err(refusal) => Error::Refused(refusal).into_response(),
    }
}

/// `POST /admin/charges/{id}/expire`
pub(super) fn expire(id: String, gateway: Gateway) -> Response {
    changed(&gateway, charge_id(&id).and_then(|id| gateway.ask(|ledger| ledger.expire(id))))
}

/// `POST /admin/charges/{id}/captures/{cap}/fail`
pub(super) fn fail_capture(id: String, capture: String, gateway: Gateway) -> Response {
    let capture = capture.parse::<CaptureId>().map_err(|_| Refusal::CaptureNotFound);
    let failed = charge_id(&id)
        .and_then(|id| capture.and_then(|capture| gateway.ask(|ledger| ledger.fail_capture(id, capture))));
    changed(&gateway, failed)
}

/// `POST /admin/refunds/{id}/fail`
pub(super) fn fail_refund(id: String, gateway: Gateway) -> Response {
    let refund = id.parse::<RefundId>().map_err(|_| Refusal::RefundNotFound);
    changed(&gateway, refund.and_then(|refund| gateway.ask(|ledger| ledger.fail_refund(refund))))
}

/// `POST /admin/charges/{id}/disputes`
pub(super) fn dispute(id: String, gateway: Gateway, headers: HeaderMap, body: Bytes) -> Response {
    let new = match parse_json::<DisputeRequest>(&headers, &body) {
        Ok(DisputeRequest { amount, reason }) => {
            NewDispute { amount, reason: reason.unwrap_or_else(Reason::fraudulent) }
        }
        Err(error) => return error.into_response(),
    };
    match charge_id(&id).and_then(|id| gateway.ask(|ledger| ledger.dispute(id, &new))) {
        Ok((charge, dispute)) => {
            tracing::info!(charge = %charge.id, %dispute, "disputed");
            let answer = warp::reply::json(&DisputeAnswer::new(&charge, dispute, gateway.base()));
            warp::reply::with_status(answer, StatusCode::CREATED).into_response()
        }
        Err(refusal) => Error::Refused(refusal).into_response(),
    }
}

/// `POST /admin/disputes/{id}/close`
pub(super) fn close_dispute(id: String, gateway: Gateway, headers: HeaderMap, body: Bytes) -> Response {
    let verdict = match parse_json::<CloseRequest>(&headers, &body) {
        Ok(CloseRequest { won: true }) => Verdict::Won,
        Ok(CloseRequest { won: false }) => Verdict::Lost,
        Err(error) => return error.into_response(),
    };
    let dispute = id.parse::<DisputeId>().map_err(|_| Refusal::DisputeNotFound);
    changed(&gateway, dispute.and_then(|dispute| gateway.ask(|ledger| ledger.close_dispute(dispute, verdict))))
}

fn charge_id(text: &str) -> Result<ChargeId, Refusal> {
    text.parse().map_err(|_| Refusal::ChargeNotFound)
}

fn changed(gateway: &Gateway, charge: Result<Arc<Charge>, Refusal>) -> Response {
    match charge {
        Ok(charge) => {
            tracing::info!(charge = %charge.id, status = charge.status().word(), "changed by an operator");
            warp::reply::json(&ChargeView::new(&charge, gateway.base())).into_response()
        }
        Err(refusal) => Error::Refused(refusal).into_response(),
    }
}
