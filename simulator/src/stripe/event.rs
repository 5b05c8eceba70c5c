//! Stripe's events: what a webhook tells.
//!
//! | What happened | `type` | Object |
//! |---|---|---|
//! | the customer has to act | `payment_intent.requires_action` | intent |
//! | declined | `payment_intent.payment_failed` | intent |
//! | approved, taken, released, a capture failed: money is held now | `payment_intent.amount_capturable_updated` | intent |
//! | the same: money was taken, and nothing more is held | `payment_intent.succeeded` | intent |
//! | the same: neither | `payment_intent.canceled` | intent |
//! | refunded | `charge.refunded` | charge |
//! | a dispute was opened | `charge.dispute.created` | dispute |
//! | a dispute was decided, also when it was before | `charge.dispute.closed` | dispute |
//! | a refund settled or failed | `charge.refund.updated` | refund |
//!
//! That an issuer takes its time is not told.

use serde_json::{Value, json};

use super::charge::charge;
use super::expand::Expand;
use super::intent::{intent, seconds, status};
use super::{API_VERSION, dispute, refund};
use crate::ledger::{Event, What};

/// The body of a webhook, if this dialect has a word for it.
pub(crate) fn event(event: &Event, base: &str) -> Option<String> {
    let plain = Expand::default();
    let intent = || intent(&event.charge, &plain, base);
    let (kind, object) = match event.what {
        What::ActionRequired => ("payment_intent.requires_action", intent()),
        What::Declined => ("payment_intent.payment_failed", intent()),
        What::Authorized | What::Captured | What::CaptureFailed | What::Voided => match status(&event.charge) {
            "requires_capture" => ("payment_intent.amount_capturable_updated", intent()),
            "canceled" => ("payment_intent.canceled", intent()),
            _ => ("payment_intent.succeeded", intent()),
        },
        What::Refunded => ("charge.refunded", charge(&event.charge, &plain, "")),
        What::RefundUpdated(id) => ("charge.refund.updated", refund::plain(&event.charge, event.charge.refund(id)?)),
        What::Disputed(id) => ("charge.dispute.created", dispute::plain(&event.charge, event.charge.dispute(id)?)),
        What::DisputeClosed(id) => ("charge.dispute.closed", dispute::plain(&event.charge, event.charge.dispute(id)?)),
        What::Processing => return None,
    };
    Some(body(event, kind, &object))
}

fn body(event: &Event, kind: &str, object: &Value) -> String {
    let body = json!({
        "id": event.id,
        "object": "event",
        "api_version": API_VERSION,
        "created": seconds(event.at_ms),
        "data": { "object": object },
        "livemode": false,
        "pending_webhooks": 1,
        "request": { "id": null, "idempotency_key": null },
        "type": kind,
    });
    body.to_string()
}
