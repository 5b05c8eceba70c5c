//! What Stripe's answers mean.

use quittance_avro::{
    money::MinorUnits,
    records::{Failure, GatewayEffect},
    words::{CaptureMethod, EffectKind, FactStatus, ResultOutcome},
};
use serde::de::DeserializeOwned;

use super::{
    error::{Error, Kind},
    intent::{Intent, Status},
    refund::Refund,
    report::report,
};
use crate::{
    Exchange, Verdict,
    answer::{busy, indefinite, read, unusable},
    verdict::failure,
};

/// Codes of errors that say that another request is being processed, or too many are, and this one was not looked at.
pub(super) const BUSY: [&str; 2] = ["lock_timeout", "rate_limit"];
/// What is taken to be the answer where a key may not read disputes: everything else counts all the same.
const NO_DISPUTES: &[u8] = br#"{"data": [], "has_more": false}"#;
/// What confirming a PaymentIntent for a second time leads to, among other things.
const UNEXPECTED_STATE: &str = "payment_intent_unexpected_state";

/// What the ends of the exchanges mean for the attempt.
pub(super) fn judge(effect: &GatewayEffect, exchanges: &[Exchange]) -> Verdict {
    let mut bodies = Vec::with_capacity(exchanges.len());
    for exchange in exchanges {
        match read(exchange) {
            Ok((200, body)) => bodies.push(body),
            Ok((403, _)) if effect.kind == EffectKind::Query && bodies.len() == 2 => bodies.push(NO_DISPUTES),
            Ok((status, body)) => return refused(effect, status, &Error::read(body)),
            Err(verdict) => return *verdict,
        }
    }
    done(effect, &bodies).unwrap_or_else(unusable)
}

fn done(effect: &GatewayEffect, bodies: &[&[u8]]) -> Option<Verdict> {
    match (effect.kind, bodies) {
        (EffectKind::Authorize, [body]) => created(effect, &parse(body)?),
        (EffectKind::Confirm, [body]) => confirmed(effect, &parse(body)?),
        (EffectKind::Capture, [body]) => captured(effect, &parse(body)?),
        (EffectKind::Void, [body]) => canceled(effect, &parse(body)?),
        (EffectKind::Refund, [body]) => refunded(effect, &parse(body)?),
        (EffectKind::Query, [intent, refunds, disputes]) => {
            report(effect, &parse(intent)?, &parse(refunds)?, &parse(disputes)?)
        }
        _ => None,
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    serde_json::from_slice(body).ok()
}

/// An answer that is no success.
fn refused(effect: &GatewayEffect, status: u16, error: &Error) -> Verdict {
    let is_busy = status == 429 || (400..=499).contains(&status) && BUSY.iter().any(|code| error.is(code));
    if is_busy {
        return busy().with_code(error.raw_code());
    }
    if effect.kind == EffectKind::Query {
        return indefinite(status).with_code(error.raw_code());
    }
    let may_be_done = effect.kind == EffectKind::Confirm && error.is(UNEXPECTED_STATE);
    match (status, error.kind()) {
        (401, _) => Verdict::rejected(Some("invalid_credentials"), "the gateway does not know this account's key")
            .with_code(error.raw_code()),
        (402, Kind::Card) => declined(effect, error).unwrap_or_else(unusable),
        (400 | 402 | 403 | 404, Kind::InvalidRequest) if !may_be_done => {
            Verdict::rejected(error.refusal(), "the gateway does not take this request").with_code(error.raw_code())
        }
        _ => indefinite(status).with_code(error.raw_code()),
    }
}

/// The issuer said no. The error of a confirmation has the PaymentIntent with it that was asked about, and that is not paid.
fn declined(effect: &GatewayEffect, error: &Error) -> Option<Verdict> {
    let intent = error.payment_intent.as_deref().filter(|_| effect.kind == EffectKind::Confirm);
    if let Some(intent) = intent {
        let is_paid = matches!(intent.status, Status::Succeeded | Status::RequiresCapture | Status::Processing);
        if is_paid || !intent.is_named(effect.gateway_reference.as_deref()) {
            return None;
        }
    }
    Some(Verdict {
        failure: Some(error.declined("the card's issuer declined it")),
        details: error.noted(intent.map(Intent::details).unwrap_or_default()),
        card: intent.and_then(Intent::card_method),
        ..Verdict::of(ResultOutcome::Declined)
    })
}

/// The first step: nothing was moved.
fn created(effect: &GatewayEffect, intent: &Intent) -> Option<Verdict> {
    let is_fresh = matches!(intent.status, Status::RequiresConfirmation | Status::RequiresPaymentMethod);
    let is_as_asked = intent.amount()? == effect.amount
        && intent.currency()? == effect.currency
        && intent.is_of(effect.attempt_id)
        && intent.is_captured_at_once() == (effect.capture == CaptureMethod::Automatic);
    (is_fresh && is_as_asked)
        .then(|| Some(Verdict::of(ResultOutcome::Created).named(Some(intent.reference()?))))
        .flatten()
}

/// The second step.
fn confirmed(effect: &GatewayEffect, intent: &Intent) -> Option<Verdict> {
    let is_ours = intent.is_named(effect.gateway_reference.as_deref()) && intent.is_of(effect.attempt_id);
    if !is_ours || intent.currency()? != effect.currency {
        return None;
    }
    let told = match intent.status {
        Status::Succeeded | Status::RequiresCapture => approved(intent)?,
        Status::RequiresAction => match intent.next_action() {
            Some(action) => Verdict { next_action: Some(action), ..Verdict::of(ResultOutcome::ActionRequired) },
            None => {
                let rejected = Verdict { failure: Some(nowhere_to_go()), ..Verdict::of(ResultOutcome::Rejected) };
                return Some(rejected.named(intent.reference()));
            }
        },
        Status::Processing => Verdict::of(ResultOutcome::Pending),
        Status::RequiresPaymentMethod => {
            let error = intent.last_payment_error.as_deref()?;
            return Some(Verdict {
                failure: Some(error.declined("the card's issuer declined it")),
                details: error.noted(intent.details()),
                card: intent.card_method(),
                ..Verdict::of(ResultOutcome::Declined)
            });
        }
        Status::RequiresConfirmation | Status::Canceled => return None,
    };
    Some(Verdict {
        details: intent.details(),
        card: intent.card_method(),
        authorization_expires_at: if intent.status == Status::RequiresCapture { intent.expires_at() } else { None },
        ..told
    })
}

/// What was authorized, and what was captured with it. A capture that has an attempt of its own was made later.
fn approved(intent: &Intent) -> Option<Verdict> {
    let (authorized_amount, taken) = (intent.authorized()?, intent.captured()?);
    let is_taken = taken > MinorUnits::ZERO;
    let captured_amount = if intent.capture_attempt_id().is_some() { MinorUnits::ZERO } else { taken };
    let is_sound = taken <= authorized_amount && is_taken == (intent.status == Status::Succeeded);
    is_sound.then(|| Verdict { authorized_amount, captured_amount, ..Verdict::of(ResultOutcome::Approved) })
}

/// The customer would have to act in a script of Stripe's that nobody of ours runs. Nobody else has the secret that it wants, so
/// it will not be authorized.
pub(super) fn nowhere_to_go() -> Failure {
    let message =
        "the customer would have to act, and the gateway gave no address to send them to: there is no return_url";
    Failure { decline_code: Some("action_not_supported".to_owned()), ..failure("rejected", message) }
}

fn captured(effect: &GatewayEffect, intent: &Intent) -> Option<Verdict> {
    let is_ours = intent.capture_attempt_id().is_none_or(|told| told == effect.attempt_id);
    if !intent.is_named(effect.payment_reference.as_deref()) || !is_ours || intent.currency()? != effect.currency {
        return None;
    }
    let reference = intent.charge_reference().or_else(|| intent.reference())?;
    let told = match intent.status {
        Status::Succeeded => {
            let amount = intent.captured().filter(|amount| amount.get() > 0)?;
            Verdict { amount, ..Verdict::of(ResultOutcome::Approved) }
        }
        Status::Processing => Verdict::of(ResultOutcome::Pending),
        _ => return None,
    };
    Some(told.named(Some(reference)))
}

fn canceled(effect: &GatewayEffect, intent: &Intent) -> Option<Verdict> {
    let is_ours = intent.is_named(effect.payment_reference.as_deref()) && intent.currency()? == effect.currency;
    if !is_ours || intent.status != Status::Canceled {
        return None;
    }
    let amount = released(intent)?;
    Some(Verdict { amount, ..Verdict::of(ResultOutcome::Approved) }.named(Some(intent.reference()?)))
}

/// What is released of a payment that was given up: what was authorized, or would have been, and not taken.
pub(super) fn released(intent: &Intent) -> Option<MinorUnits> {
    let whole = if intent.was_authorized() { intent.authorized()? } else { intent.amount()? };
    Some(whole.saturating_sub(intent.captured()?)).filter(|left| left.get() > 0)
}

fn refunded(effect: &GatewayEffect, refund: &Refund) -> Option<Verdict> {
    let is_ours = refund.attempt_id().is_none_or(|told| told == effect.attempt_id);
    if !refund.is_on(effect.payment_reference.as_deref()) || !is_ours {
        return None;
    }
    let (reference, amount) = (refund.reference()?, refund.amount(effect.currency)?);
    let told = match refund.status() {
        FactStatus::Succeeded => Verdict { amount, ..Verdict::of(ResultOutcome::Approved) },
        FactStatus::Failed => Verdict { failure: Some(refund.failure()), ..Verdict::of(ResultOutcome::Declined) }
            .with_code(refund.raw_code()),
        FactStatus::Pending | FactStatus::ActionRequired => Verdict::of(ResultOutcome::Pending),
    };
    Some(told.named(Some(reference)))
}
