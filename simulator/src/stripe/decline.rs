//! Declines as Stripe tells them.
//!
//! | Decline | `type` | `code` | `decline_code` |
//! |---|---|---|---|
//! | `expired_card`, `incorrect_cvc`, `processing_error`, `authentication_required` | `card_error` | the same | the same |
//! | `authentication_failed` | `invalid_request_error` | `payment_intent_authentication_failure` | |
//! | `action_expired` | `invalid_request_error` | `payment_intent_payment_attempt_expired` | |
//! | all others | `card_error` | `card_declined` | the same |
//!
//! The two in the middle never reached the issuer, so there is no charge of them either.

use serde_json::{Map, Value, json};

use super::payment_method::payment_method;
use super::problem::doc_url;
use crate::ledger::Charge;
use crate::tokens::{Advice, Decline, Token};

/// Whether the issuer was asked, and there is a charge that it declined.
pub(super) fn has_charge(decline: Decline) -> bool {
    !matches!(decline, Decline::AuthenticationFailed | Decline::ActionExpired)
}

/// Stripe's error code.
pub(super) fn code(decline: Decline) -> &'static str {
    match decline {
        Decline::ExpiredCard | Decline::IncorrectCvc | Decline::ProcessingError | Decline::AuthenticationRequired => {
            decline.code()
        }
        Decline::AuthenticationFailed => "payment_intent_authentication_failure",
        Decline::ActionExpired => "payment_intent_payment_attempt_expired",
        Decline::InsufficientFunds
        | Decline::StolenCard
        | Decline::LostCard
        | Decline::Fraudulent
        | Decline::CardVelocityExceeded
        | Decline::DoNotHonor
        | Decline::Generic => "card_declined",
    }
}

/// For a person.
pub(super) fn message(decline: Decline) -> &'static str {
    match decline {
        Decline::InsufficientFunds => "Your card has insufficient funds.",
        Decline::ExpiredCard => "Your card has expired.",
        Decline::IncorrectCvc => "Your card's security code is incorrect.",
        Decline::ProcessingError => "An error occurred while processing your card. Try again in a little bit.",
        Decline::AuthenticationRequired => "Your card was declined. This transaction requires authentication.",
        Decline::AuthenticationFailed => "The provided PaymentMethod has failed authentication.",
        Decline::ActionExpired => "The latest payment attempt of this PaymentIntent has expired.",
        Decline::StolenCard
        | Decline::LostCard
        | Decline::Fraudulent
        | Decline::CardVelocityExceeded
        | Decline::DoNotHonor
        | Decline::Generic => "Your card was declined.",
    }
}

/// The members of the error about a charge that was declined: they are both the intent's `last_payment_error` and the answer.
pub(super) fn payment_error(charge: &Charge, decline: Decline) -> Map<String, Value> {
    let mut error = card_error(decline, charge.token);
    if has_charge(decline) {
        error.insert("charge".to_owned(), json!(charge.id));
    }
    error
}

/// The same about a card that is charged nothing.
pub(super) fn card_error(decline: Decline, token: Option<Token>) -> Map<String, Value> {
    let mut error = Map::new();
    let mut say = |name: &str, value: Value| error.insert(name.to_owned(), value);
    let code = code(decline);
    say("type", json!(if has_charge(decline) { "card_error" } else { "invalid_request_error" }));
    say("code", json!(code));
    say("doc_url", json!(doc_url(code)));
    say("message", json!(message(decline)));
    if has_charge(decline) {
        say("decline_code", json!(decline.code()));
        say("network_decline_code", json!(decline.network_code()));
    }
    if let Some(advice) = decline.advice() {
        say("advice_code", json!(Advice::word(advice)));
    }
    if let Some(token) = token {
        say("payment_method", payment_method(token));
    }
    error
}
