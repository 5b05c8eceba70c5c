//! What the gateway remembers, whom it tells, and what goes wrong.

#![expect(clippy::needless_pass_by_value, reason = "warp hands values to its handlers")]

use bytes::Bytes;
use warp::Reply;
use warp::http::{HeaderMap, StatusCode};
use warp::reply::Response;

use crate::dialect::parse_json;
use crate::error::Error;
use crate::faults::Order;
use crate::gateway::Gateway;
use crate::webhooks::Target;

/// `POST /admin/reset`
pub(super) fn reset(gateway: Gateway) -> Response {
    gateway.ask(|ledger| ledger.reset());
    tracing::info!("reset");
    StatusCode::NO_CONTENT.into_response()
}

/// `POST /admin/keys/forget`
pub(super) fn forget_keys(gateway: Gateway) -> Response {
    gateway.ask(|ledger| ledger.forget_keys());
    tracing::info!("keys forgotten");
    StatusCode::NO_CONTENT.into_response()
}

/// `PUT /admin/webhooks`
pub(super) fn listen(gateway: Gateway, headers: HeaderMap, body: Bytes) -> Response {
    match parse_json::<Target>(&headers, &body) {
        Ok(target) => {
            gateway.webhooks().listen(Some(target));
            tracing::info!("webhooks have a listener");
            StatusCode::NO_CONTENT.into_response()
        }
        Err(error) => error.into_response(),
    }
}

/// `DELETE /admin/webhooks`
pub(super) fn hang_up(gateway: Gateway) -> Response {
    gateway.webhooks().listen(None);
    tracing::info!("webhooks have no listener");
    StatusCode::NO_CONTENT.into_response()
}

/// `PUT /admin/faults`
pub(super) fn order_faults(gateway: Gateway, headers: HeaderMap, body: Bytes) -> Response {
    match parse_json::<Order>(&headers, &body) {
        Ok(order) if order.is_valid() => {
            gateway.faults().order(order, gateway.clock().now_ms());
            tracing::info!(?order, "faults ordered");
            StatusCode::NO_CONTENT.into_response()
        }
        Ok(_) => Error::InvalidFaults.into_response(),
        Err(error) => error.into_response(),
    }
}
