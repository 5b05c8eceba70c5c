//! The adapter for the gateway simulator: what to ask, and what an answer means. Pure: no I/O and no clock.
//!
//! | Answer | Outcome |
//! |---|---|
//! | no byte was written; 429; 503 `memory_full` | `not_processed` |
//! | 201 with a charge | `approved`, captured as far as the charge says so |
//! | 402 with a declined charge | `declined` |
//! | 4xx with a code that refuses before anything is processed | `rejected` |
//! | 200 to a query: one charge, none | as the charge says, `absent` |
//! | anything else | `unknown` |
//!
//! *Anything else* has every other 5xx, a reset, a time-out, a redirect, a body that is cut off, too large or not of the
//! dialect, and an answer that contradicts itself or the request. It also has both kinds of 409. `in_progress` means
//! that a twin is being processed. `idempotency_key_reused` means that our attempt's id came with another body before:
//! a bug of ours, and all the more reason to let a query find out what was charged under it. Calling it rejected would
//! fail a payment that may have been taken.

mod answer;
#[cfg(test)]
mod tests;

use quittance_avro::{
    records::GatewayEffect,
    words::{CaptureMethod, EffectKind, ResultOutcome},
};
use reqwest::Method;
use serde_json::json;

use self::answer::{Charge, Charges, Decline, Status};
use super::{
    exchange::{Exchange, Request},
    verdict::Verdict,
};

/// Codes that come with a status of 4xx and say that the request was turned down before anything was processed, and
/// would be again. A code that is not listed is no proof of that.
const REFUSALS: &[&str] = &[
    "invalid_token",
    "invalid_request",
    "malformed_json",
    "body_unreadable",
    "body_too_large",
    "length_required",
    "unsupported_media_type",
    "idempotency_key_required",
    "invalid_idempotency_key",
    "not_found",
    "method_not_allowed",
];

/// What to ask the gateway for this effect. The same attempt asks with the same key and the same bytes at every try.
pub(super) fn request(effect: &GatewayEffect) -> Request {
    let key = effect.attempt_id.to_string();
    match effect.kind {
        EffectKind::Authorize => Request {
            method: Method::POST,
            target: "/v1/charges".to_owned(),
            headers: vec![("content-type", "application/json".to_owned()), ("idempotency-key", key.clone())],
            body: Some(
                json!({
                    // The simulator counts in the minor units of ISO 4217, as we do.
                    "amount": effect.amount.get(),
                    "currency": effect.currency.code(),
                    "token": effect.token,
                    "capture": effect.capture == CaptureMethod::Automatic,
                    "metadata": { "attempt_id": key },
                })
                .to_string(),
            ),
        },
        EffectKind::Query => Request {
            method: Method::GET,
            target: format!("/v1/charges?idempotency_key={key}"),
            headers: Vec::new(),
            body: None,
        },
    }
}

/// What the end of the exchange means for the attempt.
pub(super) fn judge(effect: &GatewayEffect, exchange: &Exchange) -> Verdict {
    match exchange {
        Exchange::NotSent(_) => {
            Verdict::failed(ResultOutcome::NotProcessed, "the gateway could not be reached, and nothing was sent to it")
        }
        Exchange::Unanswered(_) => unknown("the gateway did not answer"),
        Exchange::Answered { status, body } => answered(effect, *status, body.as_deref().unwrap_or_default()),
    }
}

/// A body that could not be read counts as empty, which is none of the dialect's.
fn answered(effect: &GatewayEffect, status: u16, body: &[u8]) -> Verdict {
    let code = answer::error_code(body);
    match (effect.kind, status, code.as_deref()) {
        (_, 429, _) | (_, 503, Some("memory_full")) => {
            Verdict::failed(ResultOutcome::NotProcessed, "the gateway takes no requests now, and nothing was processed")
                .with_code(code)
        }
        (EffectKind::Authorize, 201, _) => {
            let charge = serde_json::from_slice::<Charge>(body).ok();
            charge.and_then(|charge| approved(effect, charge)).unwrap_or_else(unusable)
        }
        (EffectKind::Authorize, 402, Some("card_declined")) => {
            let decline = serde_json::from_slice::<Decline>(body).ok();
            decline.and_then(|decline| declined(effect, decline.charge)).unwrap_or_else(unusable)
        }
        (EffectKind::Authorize, 400..=499, Some(refusal)) if REFUSALS.contains(&refusal) => {
            Verdict::failed(ResultOutcome::Rejected, format!("the gateway does not take this request: {refusal}"))
                .with_code(code)
        }
        (EffectKind::Query, 200, _) => {
            serde_json::from_slice::<Charges>(body).ok().and_then(|found| known(effect, found)).unwrap_or_else(unusable)
        }
        _ => unknown(&format!("the gateway answered with status {status}, which does not say what was processed"))
            .with_code(code),
    }
}

/// What the gateway knows of the attempt. More than one charge under one key is beyond what a rule should settle.
fn known(effect: &GatewayEffect, found: Charges) -> Option<Verdict> {
    let mut charges = found.data.into_iter();
    match (charges.next(), charges.next()) {
        (None, _) => Some(Verdict::failed(ResultOutcome::Absent, "the gateway knows nothing of it")),
        (Some(charge), None) if charge.status == Status::Declined => declined(effect, charge),
        (Some(charge), None) => approved(effect, charge),
        (Some(_), Some(_)) => None,
    }
}

fn approved(effect: &GatewayEffect, charge: Charge) -> Option<Verdict> {
    let (authorized_amount, captured_amount) = charge.amounts()?;
    charge.is_in(effect.currency).then(|| Verdict {
        outcome: ResultOutcome::Approved,
        authorized_amount,
        captured_amount,
        failure: None,
        card: charge.card(),
        details: charge.details(),
    })
}

fn declined(effect: &GatewayEffect, charge: Charge) -> Option<Verdict> {
    if charge.status != Status::Declined || !charge.is_in(effect.currency) {
        return None;
    }
    let mut verdict = Verdict::failed(ResultOutcome::Declined, "the card's issuer declined it");
    if let Some(failure) = &mut verdict.failure {
        failure.decline_code = answer::decline_code(charge.decline_code.as_deref());
        failure.advice = answer::advice(charge.advice.as_deref());
    }
    verdict.card = charge.card();
    verdict.details = charge.details();
    Some(verdict)
}

fn unusable() -> Verdict {
    unknown("the gateway's answer does not make sense for this request")
}

fn unknown(message: &str) -> Verdict {
    Verdict::failed(ResultOutcome::Unknown, message)
}
