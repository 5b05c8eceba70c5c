//! Stripe's PaymentIntent.
//!
//! | Charge of the ledger | `status` |
//! |---|---|
//! | created, with a payment method | `requires_confirmation` |
//! | created without one; declined | `requires_payment_method` |
//! | requires_action, processing, succeeded | the same |
//! | authorized | `requires_capture` |
//! | voided; expired; declined and canceled after that | `canceled` |

use serde_json::{Map, Value, json};

use super::charge;
use super::decline::payment_error;
use super::expand::Expand;
use super::payment_method;
use crate::ledger::{Charge, Phase, Status, VoidReason};
use crate::values::{CredentialUse, Currency, IntentId};

/// The object, at the gateway that is reached at `base`.
pub(super) fn intent(charge: &Charge, expand: &Expand, base: &str) -> Value {
    let id = IntentId::from(charge.id);
    let status = status(charge);
    let is_canceled = status == "canceled";
    let void = charge.void.as_ref().filter(|_| is_canceled);
    let reason = void.and_then(|void| match void.reason {
        VoidReason::Requested => void.word,
        VoidReason::Expired => Some("automatic"),
    });
    json!({
        "id": id,
        "object": "payment_intent",
        "amount": charge.requested,
        "amount_capturable": charge.capturable(),
        "amount_details": { "tip": {} },
        "amount_received": charge.captured(),
        "application": null,
        "application_fee_amount": null,
        "automatic_payment_methods": null,
        "canceled_at": void.map(|void| seconds(void.created_ms)),
        "cancellation_reason": reason,
        "capture_method": if charge.capture { "automatic" } else { "manual" },
        "client_secret": format!("{id}_secret_simulator"),
        "confirmation_method": "automatic",
        "created": seconds(charge.created_ms),
        "currency": lower_case(charge.currency),
        "customer": null,
        "description": null,
        "last_payment_error": charge.decline().map(|decline| payment_error(charge, decline)),
        "latest_charge": latest_charge(charge, expand),
        "livemode": false,
        "metadata": metadata(charge),
        "next_action": next_action(charge, base),
        "on_behalf_of": null,
        "payment_method": method(charge, expand),
        "payment_method_configuration_details": null,
        "payment_method_options": { "card": {
            "installments": null, "mandate_options": null, "network": null, "request_three_d_secure": "automatic",
        } },
        "payment_method_types": ["card"],
        "processing": (status == "processing").then(|| json!({ "card": {}, "type": "card" })),
        "receipt_email": null,
        "review": null,
        "setup_future_usage": (charge.credential.used == Some(CredentialUse::First)).then_some("off_session"),
        "shipping": null,
        "source": null,
        "statement_descriptor": null,
        "statement_descriptor_suffix": null,
        "status": status,
        "transfer_data": null,
        "transfer_group": null,
    })
}

/// Stripe's word for where it stands.
pub(super) fn status(charge: &Charge) -> &'static str {
    match charge.status() {
        Status::Declined if charge.void.is_some() => "canceled",
        Status::Declined => "requires_payment_method",
        Status::Created if charge.token.is_none() => "requires_payment_method",
        Status::Created => "requires_confirmation",
        Status::RequiresAction => "requires_action",
        Status::Processing => "processing",
        Status::Authorized => "requires_capture",
        Status::Succeeded => "succeeded",
        Status::Voided | Status::Expired => "canceled",
    }
}

fn latest_charge(charge: &Charge, expand: &Expand) -> Value {
    match (charge::exists(charge), expand.has("latest_charge")) {
        (false, _) => Value::Null,
        (true, false) => json!(charge.id),
        (true, true) => charge::charge(charge, expand, "latest_charge"),
    }
}

/// A card that was declined is taken off: the next confirmation has to name one.
fn method(charge: &Charge, expand: &Expand) -> Value {
    let token = charge.token.filter(|_| charge.decline().is_none());
    match (token, expand.has("payment_method")) {
        (None, _) => Value::Null,
        (Some(token), false) => json!(payment_method::id(token)),
        (Some(token), true) => payment_method::payment_method(token),
    }
}

/// The marks of a capture are put on the intent: captures are no objects of their own.
fn metadata(charge: &Charge) -> Map<String, Value> {
    let marks = charge.captures.iter().flat_map(|capture| capture.metadata.entries());
    charge.metadata.entries().chain(marks).map(|(name, value)| (name.to_owned(), json!(value))).collect()
}

fn next_action(charge: &Charge, base: &str) -> Value {
    match (charge.phase, charge.status()) {
        (Phase::RequiresAction { .. }, Status::RequiresAction) => {
            let return_url = charge.return_url.as_ref().map(|url| url.as_str());
            let url = format!("{base}/actions/{}", charge.id);
            json!({ "type": "redirect_to_url", "redirect_to_url": { "url": url, "return_url": return_url } })
        }
        _ => Value::Null,
    }
}

/// Stripe's times are in seconds.
pub(super) fn seconds(ms: u64) -> u64 {
    ms / 1_000
}

/// Stripe's currencies are in lower case.
pub(super) fn lower_case(currency: Currency) -> String {
    currency.to_string().to_ascii_lowercase()
}
