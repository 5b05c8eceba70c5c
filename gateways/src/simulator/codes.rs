//! The simulator's codes and what they are in our words. A code that is not in a table is kept as the raw code only.

use quittance_avro::records::Failure;
use serde::Deserialize;

use crate::{texts, verdict};

/// Codes that come with a status of 4xx and say that the request was turned down before anything was processed, and
/// would be again, with our code where we have one. A code that is not listed is no proof of that.
pub(crate) const REFUSALS: &[(&str, Option<&str>)] = &[
    ("invalid_token", Some("invalid_payment_method")),
    ("invalid_request", None),
    ("malformed_json", None),
    ("body_unreadable", None),
    ("body_too_large", None),
    ("length_required", None),
    ("unsupported_media_type", None),
    ("idempotency_key_required", None),
    ("invalid_idempotency_key", None),
    ("not_found", None),
    ("charge_disputed", Some("charge_disputed")),
    ("charge_not_found", Some("not_found")),
    ("method_not_allowed", None),
    ("not_capturable", Some("not_capturable")),
    ("not_voidable", Some("not_voidable")),
    ("not_refundable", Some("not_refundable")),
    ("amount_too_large", Some("amount_too_large")),
];

/// Why a card's issuer, or the gateway for it, says no.
pub(crate) const DECLINES: &[(&str, &str)] = &[
    ("action_expired", "action_expired"),
    ("authentication_failed", "authentication_failed"),
    ("authentication_required", "authentication_required"),
    ("card_velocity_exceeded", "card_velocity_exceeded"),
    ("do_not_honor", "card_declined"),
    ("expired_card", "expired_card"),
    ("fraudulent", "fraudulent"),
    ("generic_decline", "card_declined"),
    ("incorrect_cvc", "incorrect_cvc"),
    ("insufficient_funds", "insufficient_funds"),
    ("lost_card", "lost_card"),
    ("processing_error", "processing_error"),
    ("stolen_card", "stolen_card"),
];

/// Words of advice, the same as ours.
const ADVICE: &[&str] = &["do_not_try_again", "try_again_later"];

/// Whether that code refuses a request for good, and our code for why.
pub(super) fn refusal(code: &str) -> Option<Option<&'static str>> {
    REFUSALS.iter().find(|(raw, _)| *raw == code).map(|(_, ours)| *ours)
}

/// A decline in our words.
pub(super) fn declined(raw_code: Option<&str>, raw_advice: Option<&str>, message: &str) -> Failure {
    let decline_code = DECLINES.iter().find(|(raw, _)| Some(*raw) == raw_code).map(|(_, ours)| (*ours).to_owned());
    let advice = ADVICE.iter().find(|word| Some(**word) == raw_advice).map(|word| (*word).to_owned());
    Failure { decline_code, advice, ..verdict::failure("declined", message) }
}

/// The code of an error, if the body is one of the dialect.
pub(super) fn of_error(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Body {
        error: Error,
    }
    #[derive(Deserialize)]
    struct Error {
        code: String,
    }
    texts::fact(serde_json::from_slice::<Body>(body).ok()?.error.code)
}
