//! What the simulator's answers mean.

use quittance_avro::{
    records::GatewayEffect,
    words::{EffectKind, ResultOutcome},
};
use serde::de::DeserializeOwned;

use super::{
    charge::{Charge, Charges, Decline, Moved, Movement, Status, Void},
    codes,
    report::report,
    request::{Sought, sought},
};
use crate::{
    Exchange, Verdict,
    answer::{busy, indefinite, read, unusable},
    texts,
};

/// What the end of the exchange means for the attempt.
pub(super) fn judge(effect: &GatewayEffect, exchanges: &[Exchange]) -> Verdict {
    let Some(exchange) = exchanges.first() else { return unusable() };
    match read(exchange) {
        Ok((status, body)) => answered(effect, status, body),
        Err(verdict) => *verdict,
    }
}

fn answered(effect: &GatewayEffect, status: u16, body: &[u8]) -> Verdict {
    let code = codes::of_error(body);
    let refusal = code.as_deref().and_then(codes::refusal);
    let judged = match (effect.kind, status) {
        (_, 429) => return busy().with_code(code),
        (_, 503) if code.as_deref() == Some("memory_full") => return busy().with_code(code),
        (EffectKind::Query, 200) => queried(effect, body),
        (EffectKind::Query, _) => return indefinite(status).with_code(code),
        (EffectKind::Authorize, 201) => parse(body).and_then(|charge| charged(effect, &charge)),
        (EffectKind::Authorize, 402) if code.as_deref() == Some("card_declined") => {
            parse(body).and_then(|Decline { charge }| declined(effect, &charge))
        }
        (EffectKind::Capture | EffectKind::Refund, 201) => parse(body).and_then(|moved| moved_by(effect, &moved)),
        (EffectKind::Void, 201) => parse(body).and_then(|void| voided(effect, &void)),
        (_, 400..=499) if refusal.is_some() => {
            let message = format!("the gateway does not take this request: {}", code.as_deref().unwrap_or_default());
            return Verdict::rejected(refusal.flatten(), message).with_code(code);
        }
        _ => return indefinite(status).with_code(code),
    };
    judged.unwrap_or_else(unusable)
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    serde_json::from_slice(body).ok()
}

/// What became of an authorization. A charge that is over already was authorized before and given up since, or is a contradiction:
/// a query has to tell.
fn charged(effect: &GatewayEffect, charge: &Charge) -> Option<Verdict> {
    if !charge.is_of(effect.attempt_id, effect.currency) {
        return None;
    }
    let told = match charge.status {
        Status::Succeeded | Status::Authorized => {
            let (authorized_amount, captured_amount) = charge.approved(effect.attempt_id)?;
            Verdict { authorized_amount, captured_amount, ..Verdict::of(ResultOutcome::Approved) }
        }
        Status::RequiresAction => {
            Verdict { next_action: Some(charge.next_action()?), ..Verdict::of(ResultOutcome::ActionRequired) }
        }
        Status::Processing => Verdict::of(ResultOutcome::Pending),
        Status::Declined | Status::Voided | Status::Expired => return None,
    };
    charge.reference()?;
    Some(Verdict {
        details: charge.details(),
        card: charge.card(),
        authorization_expires_at: charge.expires_at(),
        ..told
    })
}

fn declined(effect: &GatewayEffect, charge: &Charge) -> Option<Verdict> {
    if charge.status != Status::Declined || !charge.is_of(effect.attempt_id, effect.currency) {
        return None;
    }
    Some(Verdict {
        failure: Some(codes::declined(
            charge.decline_code.as_deref(),
            charge.advice.as_deref(),
            "the card's issuer declined it",
        )),
        card: charge.card(),
        details: charge.details(),
        ..Verdict::of(ResultOutcome::Declined)
    })
}

/// What became of a capture or a refund.
fn moved_by(effect: &GatewayEffect, moved: &Movement) -> Option<Verdict> {
    let is_ours = moved.attempt_id().is_none_or(|told| told == effect.attempt_id);
    if !moved.is_on(effect.payment_reference.as_deref()) || !is_ours {
        return None;
    }
    let reference = moved.reference()?;
    let told = match moved.status {
        Moved::Succeeded => Verdict { amount: moved.amount()?, ..Verdict::of(ResultOutcome::Approved) },
        Moved::Pending => Verdict::of(ResultOutcome::Pending),
        Moved::Failed => Verdict {
            failure: Some(codes::declined(moved.failure_code.as_deref(), None, "the gateway could not do it")),
            ..Verdict::of(ResultOutcome::Declined)
        }
        .with_code(moved.failure_code.clone().and_then(texts::fact)),
    };
    Some(told.named(Some(reference)))
}

fn voided(effect: &GatewayEffect, void: &Void) -> Option<Verdict> {
    let is_ours = void.attempt_id().is_none_or(|told| told == effect.attempt_id);
    if !void.is_on(effect.payment_reference.as_deref()) || !is_ours {
        return None;
    }
    let approved = Verdict { amount: void.amount(effect.amount)?, ..Verdict::of(ResultOutcome::Approved) };
    Some(approved.named(Some(void.reference()?)))
}

/// What the gateway knows of the payment. More than one charge under one key is beyond what a rule should settle.
fn queried(effect: &GatewayEffect, body: &[u8]) -> Option<Verdict> {
    match sought(effect).ok()? {
        Sought::Charge(id) => {
            let charge: Charge = parse(body)?;
            (charge.reference().as_deref() == Some(id)).then(|| report(&charge)).flatten()
        }
        Sought::Key => {
            let mut charges = parse::<Charges>(body)?.data.into_iter();
            match (charges.next(), charges.next()) {
                (None, _) => Some(Verdict::failed(ResultOutcome::Absent, "the gateway knows nothing of it")),
                (Some(charge), None) => report(&charge),
                (Some(_), Some(_)) => None,
            }
        }
    }
}
