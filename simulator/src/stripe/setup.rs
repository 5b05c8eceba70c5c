//! Stripe's SetupIntent.

use serde_json::{Map, Value, json};

use super::decline::card_error;
use super::expand::Expand;
use super::intent::seconds;
use super::payment_method;
use crate::ledger::{Setup, SetupState};
use crate::tokens::Decline;

/// The object, at the gateway that is reached at `base`.
pub(super) fn setup(setup: &Setup, expand: &Expand, base: &str) -> Value {
    let status = match (setup.state, setup.token) {
        (SetupState::Succeeded, _) => "succeeded",
        (SetupState::RequiresAction, _) => "requires_action",
        (SetupState::Declined(_), _) | (SetupState::Created, None) => "requires_payment_method",
        (SetupState::Created, Some(_)) => "requires_confirmation",
    };
    let token = setup.token.filter(|_| decline(setup).is_none());
    let method = match (token, expand.has("payment_method")) {
        (None, _) => Value::Null,
        (Some(token), false) => json!(payment_method::id(token)),
        (Some(token), true) => payment_method::payment_method(token),
    };
    json!({
        "id": setup.id,
        "object": "setup_intent",
        "application": null,
        "automatic_payment_methods": null,
        "cancellation_reason": null,
        "client_secret": format!("{}_secret_simulator", setup.id),
        "created": seconds(setup.created_ms),
        "customer": null,
        "description": null,
        "flow_directions": null,
        "last_setup_error": error(setup),
        "latest_attempt": null,
        "livemode": false,
        "mandate": null,
        "metadata": setup.metadata,
        "next_action": next_action(setup, base),
        "on_behalf_of": null,
        "payment_method": method,
        "payment_method_options": { "card": { "request_three_d_secure": "automatic" } },
        "payment_method_types": ["card"],
        "single_use_mandate": null,
        "status": status,
        "usage": setup.usage,
    })
}

fn next_action(setup: &Setup, base: &str) -> Value {
    if setup.state != SetupState::RequiresAction {
        return Value::Null;
    }
    let return_url = setup.return_url.as_ref().map(|url| url.as_str());
    let url = format!("{base}/actions/{}", setup.id);
    json!({ "type": "redirect_to_url", "redirect_to_url": { "url": url, "return_url": return_url } })
}

fn decline(setup: &Setup) -> Option<Decline> {
    if let SetupState::Declined(decline) = setup.state { Some(decline) } else { None }
}

/// The members of the error, if the card was declined.
pub(super) fn error(setup: &Setup) -> Option<Map<String, Value>> {
    decline(setup).map(|decline| {
        let mut error = card_error(decline, setup.token);
        if decline == Decline::AuthenticationFailed {
            error.insert("code".to_owned(), json!("setup_intent_authentication_failure"));
        }
        error
    })
}
