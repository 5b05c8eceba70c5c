//! Stripe's refund.

use serde_json::{Value, json};

use super::charge::charge as whole_charge;
use super::expand::Expand;
use super::intent::{intent, lower_case, seconds};
use crate::ledger::{Charge, Refund, RefundStatus};
use crate::values::IntentId;

/// The object of a refund of that charge, at the gateway that is reached at `base`.
pub(super) fn refund(charge: &Charge, refund: &Refund, expand: &Expand, base: &str) -> Value {
    let mut object = plain(charge, refund);
    if expand.has("charge") {
        object["charge"] = whole_charge(charge, expand, "charge");
    }
    if expand.has("payment_intent") {
        object["payment_intent"] = intent(charge, &Expand::default(), base);
    }
    object
}

/// The object with nothing told whole.
pub(super) fn plain(charge: &Charge, refund: &Refund) -> Value {
    let (status, reference_status, failure) = match refund.status {
        RefundStatus::Pending => ("pending", "pending", None),
        RefundStatus::Succeeded => ("succeeded", "available", None),
        RefundStatus::Failed => ("failed", "unavailable", Some("expired_or_canceled_card")),
    };
    let mut object = json!({
        "id": refund.id,
        "object": "refund",
        "amount": refund.amount,
        // What is on its way has moved no money yet.
        "balance_transaction": (refund.status != RefundStatus::Pending).then(|| format!("txn_{}", refund.id)),
        "charge": charge.id,
        "created": seconds(refund.created_ms),
        "currency": lower_case(charge.currency),
        "destination_details": {
            "card": { "reference_status": reference_status, "reference_type": "acquirer_reference_number", "type": "refund" },
            "type": "card",
        },
        "metadata": refund.metadata,
        "payment_intent": IntentId::from(charge.id),
        "reason": refund.reason,
        "receipt_number": null,
        "source_transfer_reversal": null,
        "status": status,
        "transfer_reversal": null,
    });
    if let Some(failure) = failure {
        object["failure_reason"] = json!(failure);
    }
    object
}
