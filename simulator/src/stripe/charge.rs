//! Stripe's charge: what the issuer was asked, once it was.

use serde_json::{Value, json};

use super::decline;
use super::expand::Expand;
use super::intent::{lower_case, seconds};
use super::list::refunds_of;
use super::payment_method;
use crate::ledger::{Charge, Phase, Status};
use crate::tokens::{Advice, Decline, Token};
use crate::values::IntentId;

/// Whether there is one yet.
pub(super) fn exists(charge: &Charge) -> bool {
    match charge.phase {
        Phase::Created | Phase::RequiresAction { .. } => false,
        Phase::Processing | Phase::Approved { .. } => true,
        Phase::Declined(decline) => decline::has_charge(decline),
    }
}

/// The object; its refunds are in it if they are asked for below `path`.
pub(super) fn charge(charge: &Charge, expand: &Expand, path: &str) -> Value {
    let refused = charge.decline();
    let is_captured = charge.captured() > 0;
    let status = match charge.phase {
        Phase::Approved { .. } => "succeeded",
        Phase::Declined(_) => "failed",
        Phase::Created | Phase::RequiresAction { .. } | Phase::Processing => "pending",
    };
    let mut object = json!({
        "id": charge.id,
        "object": "charge",
        "amount": charge.requested,
        "amount_captured": charge.captured(),
        "amount_refunded": charge.refunded(),
        "application": null,
        "application_fee": null,
        "application_fee_amount": null,
        "balance_transaction": is_captured.then(|| format!("txn_{}", charge.id)),
        "billing_details": payment_method::billing_details(),
        "calculated_statement_descriptor": "SIMULATOR",
        "captured": is_captured,
        "created": seconds(charge.created_ms),
        "currency": lower_case(charge.currency),
        "customer": null,
        "description": null,
        // It was once, whatever came of that.
        "disputed": !charge.disputes.is_empty(),
        "failure_balance_transaction": null,
        "failure_code": refused.map(decline::code),
        "failure_message": refused.map(decline::message),
        "fraud_details": {},
        "livemode": false,
        "metadata": charge.metadata,
        "on_behalf_of": null,
        "outcome": outcome(charge, refused),
        "paid": charge.is_approved(),
        "payment_intent": IntentId::from(charge.id),
        "payment_method": charge.token.map(payment_method::id),
        "payment_method_details": charge.token.map(|token| details(charge, token)),
        "receipt_email": null,
        "receipt_number": null,
        "receipt_url": null,
        "refunded": charge.is_refunded(),
        "review": null,
        "shipping": null,
        "source_transfer": null,
        "statement_descriptor": null,
        "statement_descriptor_suffix": null,
        "status": status,
        "transfer_data": null,
        "transfer_group": null,
    });
    if expand.has(&format!("{path}.refunds")) {
        object["refunds"] = refunds_of(charge);
    }
    object
}

/// What the network and the issuer said; nothing until they did.
fn outcome(charge: &Charge, refused: Option<Decline>) -> Value {
    match refused {
        Some(decline) => json!({
            "advice_code": decline.advice().map(Advice::word),
            "network_advice_code": null,
            "network_decline_code": decline.network_code(),
            "network_status": "declined_by_network",
            "reason": decline.code(),
            "risk_level": "normal",
            "seller_message": "The bank did not approve it.",
            "type": "issuer_declined",
        }),
        None if charge.is_approved() => json!({
            "advice_code": null,
            "network_advice_code": null,
            "network_decline_code": null,
            "network_status": "approved_by_network",
            "reason": null,
            "risk_level": "normal",
            "seller_message": "Payment complete.",
            "type": "authorized",
        }),
        None => Value::Null,
    }
}

fn details(charge: &Charge, token: Token) -> Value {
    let card = token.card();
    let cvc_check = if charge.decline() == Some(Decline::IncorrectCvc) { "fail" } else { "pass" };
    let is_partial = charge.is_approved() && charge.authorized() < charge.requested.minor_units();
    let partial = if is_partial { "partially_authorized" } else { "fully_authorized" };
    let is_held = charge.status() == Status::Authorized;
    json!({
        "card": {
            "amount_authorized": charge.is_approved().then(|| charge.authorized()),
            "authorization_code": charge.authorization_code(),
            "brand": card.brand,
            "capture_before": charge.expires_ms().map(seconds),
            "checks": { "address_line1_check": null, "address_postal_code_check": "pass", "cvc_check": cvc_check },
            "country": card.country,
            "exp_month": card.exp_month,
            "exp_year": card.exp_year,
            "extended_authorization": { "status": "disabled" },
            "fingerprint": card.fingerprint,
            "funding": card.funding,
            "iin": card.iin,
            "incremental_authorization": { "status": "unavailable" },
            "installments": null,
            "last4": card.last4,
            "mandate": null,
            "multicapture": { "status": "unavailable" },
            "network": card.brand,
            "network_token": { "used": false },
            "network_transaction_id": charge.network_transaction_id(),
            "overcapture": {
                "maximum_amount_capturable": if is_held { charge.capturable() } else { charge.captured() },
                "status": "unavailable",
            },
            "partial_authorization": { "status": partial },
            "regulated_status": "unregulated",
            "three_d_secure": null,
            "wallet": null,
        },
        "type": "card",
    })
}
