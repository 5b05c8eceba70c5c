//! Stripe's dispute. Nobody sends evidence here, and no balance is kept that money could be withdrawn from.

use serde_json::{Map, Value, json};

use super::charge::charge as whole_charge;
use super::expand::Expand;
use super::intent::{intent, lower_case, seconds};
use crate::ledger::{Charge, Dispute, Verdict};
use crate::tokens::Token;
use crate::values::IntentId;

/// How long the merchant may send evidence.
const EVIDENCE_DUE_S: u64 = 7 * 24 * 60 * 60;

/// What could be sent as evidence.
const EVIDENCE: &[&str] = &[
    "access_activity_log",
    "billing_address",
    "cancellation_policy",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "customer_communication",
    "customer_email_address",
    "customer_name",
    "customer_purchase_ip",
    "customer_signature",
    "duplicate_charge_documentation",
    "duplicate_charge_explanation",
    "duplicate_charge_id",
    "product_description",
    "receipt",
    "refund_policy",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "service_date",
    "service_documentation",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_documentation",
    "shipping_tracking_number",
    "uncategorized_file",
    "uncategorized_text",
];

/// The object of a dispute of that charge, at the gateway that is reached at `base`.
pub(super) fn dispute(charge: &Charge, dispute: &Dispute, expand: &Expand, base: &str) -> Value {
    let mut object = plain(charge, dispute);
    if expand.has("charge") {
        object["charge"] = whole_charge(charge, expand, "charge");
    }
    if expand.has("payment_intent") {
        object["payment_intent"] = intent(charge, &Expand::default(), base);
    }
    object
}

/// The object with nothing told whole.
pub(super) fn plain(charge: &Charge, dispute: &Dispute) -> Value {
    let status = match dispute.verdict {
        None => "needs_response",
        Some(Verdict::Won) => "won",
        Some(Verdict::Lost) => "lost",
    };
    json!({
        "id": dispute.id,
        "object": "dispute",
        "amount": dispute.amount,
        "balance_transactions": [],
        "charge": charge.id,
        "created": seconds(dispute.created_ms),
        "currency": lower_case(charge.currency),
        "enhanced_eligibility_types": [],
        "evidence": evidence(),
        "evidence_details": {
            "due_by": seconds(dispute.created_ms) + EVIDENCE_DUE_S,
            "enhanced_eligibility": {},
            "has_evidence": false,
            "past_due": false,
            "submission_count": 0,
        },
        "is_charge_refundable": charge.refundable() > 0,
        "livemode": false,
        "metadata": {},
        "payment_intent": IntentId::from(charge.id),
        "payment_method_details": charge.token.map(details),
        "reason": dispute.reason,
        "status": status,
    })
}

fn evidence() -> Map<String, Value> {
    let none = EVIDENCE.iter().map(|name| ((*name).to_owned(), Value::Null));
    none.chain([("enhanced_evidence".to_owned(), json!({}))]).collect()
}

fn details(token: Token) -> Value {
    json!({
        "card": { "brand": token.card().brand, "case_type": "chargeback", "network_reason_code": null },
        "type": "card",
    })
}
