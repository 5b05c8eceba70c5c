//! All that a PaymentIntent, its refunds and its disputes say.

use quittance_avro::{
    money::{Currency, MinorUnits},
    records::{GatewayEffect, GatewayFact},
    words::{FactStatus, OperationKind},
};

use super::{
    dispute::Disputes,
    intent::{Intent, Status},
    judge::{nowhere_to_go, released},
    refund::{Refund, Refunds},
};
use crate::{
    Verdict,
    report::{EXPIRED, named, plain, told},
    verdict,
};

/// What is reported of a payment; nothing if the answers contradict themselves, or have not all refunds and disputes.
pub(super) fn report(
    effect: &GatewayEffect,
    intent: &Intent,
    refunds: &Refunds,
    disputes: &Disputes,
) -> Option<Verdict> {
    let asked = match effect.operation_kind {
        OperationKind::Authorize => effect.gateway_reference.as_deref(),
        OperationKind::Capture | OperationKind::Void | OperationKind::Refund | OperationKind::Dispute => {
            effect.payment_reference.as_deref()
        }
    };
    if !intent.is_named(asked) || refunds.has_more || disputes.has_more {
        return None;
    }
    let (reference, currency) = (intent.reference()?, intent.currency()?);
    let mut facts = Vec::with_capacity(refunds.data.len() + disputes.data.len() + 3);
    facts.extend(authorization(intent, currency)?);
    facts.extend(capture(effect, intent, currency)?);
    facts.extend(void(effect, intent, currency)?);
    let taken = intent.captured()?;
    let released = left(intent)?;
    for (index, refund) in refunds.data.iter().rev().enumerate() {
        // What is released is so with the capture, before anything that was taken can be given back.
        let is_release = index == 0 && refund.is_release(released, currency);
        if is_release || taken == MinorUnits::ZERO && refund.attempt_id().is_none() {
            continue;
        }
        facts.push(refunded(refund, &reference, currency)?);
    }
    for dispute in disputes.data.iter().rev() {
        facts.extend(dispute.told(&reference)?);
    }
    let reported = told(reference, facts)?;
    Some(Verdict {
        details: intent.details(),
        card: intent.card_method(),
        authorization_expires_at: if intent.status == Status::RequiresCapture { intent.expires_at() } else { None },
        ..reported
    })
}

/// What became of the authorization. There is nothing to say of one that was created and not confirmed, or given up before the
/// customer acted.
fn authorization(intent: &Intent, currency: Currency) -> Option<Option<GatewayFact>> {
    let error = intent.last_payment_error.as_deref();
    let (status, amount) = match intent.status {
        Status::RequiresConfirmation => return Some(None),
        Status::RequiresPaymentMethod if error.is_none() => return Some(None),
        Status::Canceled if !intent.was_authorized() && error.is_none() => return Some(None),
        Status::RequiresPaymentMethod => (FactStatus::Failed, intent.amount()?),
        Status::Canceled if !intent.was_authorized() => (FactStatus::Failed, intent.amount()?),
        Status::RequiresAction if intent.next_action().is_some() => (FactStatus::ActionRequired, intent.amount()?),
        Status::RequiresAction => (FactStatus::Failed, intent.amount()?),
        Status::Processing => (FactStatus::Pending, intent.amount()?),
        Status::RequiresCapture | Status::Succeeded | Status::Canceled => (FactStatus::Succeeded, intent.authorized()?),
    };
    let fact = plain(OperationKind::Authorize, status, amount, currency);
    let fact = named(fact, intent.reference(), intent.attempt_id());
    let failure = (status == FactStatus::Failed).then(|| match error {
        Some(error) => error.declined("the card's issuer declined it"),
        None => nowhere_to_go(),
    });
    let details = match error.filter(|_| status == FactStatus::Failed) {
        Some(error) => error.noted(intent.details()),
        None => intent.details(),
    };
    Some(Some(GatewayFact {
        failure,
        details,
        next_action: intent.next_action().filter(|_| status == FactStatus::ActionRequired),
        ..fact
    }))
}

/// What was taken: there is one capture at most. What was taken and is held again was undone. A capture that is asked about may be
/// under way instead: of that it is only said that it took something.
fn capture(effect: &GatewayEffect, intent: &Intent, currency: Currency) -> Option<Option<GatewayFact>> {
    let taken = intent.captured()?;
    let at_once = intent.attempt_id().filter(|_| intent.is_captured_at_once());
    let attempt_id = intent.capture_attempt_id().or(at_once);
    let is_over = intent.capture_attempt_id().map_or(at_once.is_some(), |own| own != effect.attempt_id);
    let is_undone = intent.was_authorized() && is_over;
    let (status, amount) = match taken {
        MinorUnits::ZERO if intent.status == Status::Succeeded => return None,
        MinorUnits::ZERO if is_undone => (FactStatus::Failed, intent.authorized()?),
        MinorUnits::ZERO => return Some(None),
        taken => (FactStatus::Succeeded, taken),
    };
    let reference = intent.charge_reference().or_else(|| intent.reference());
    let fact = named(plain(OperationKind::Capture, status, amount, currency), reference, attempt_id);
    let undone = || verdict::failure("declined", "the gateway took the capture back");
    Some(Some(GatewayFact { failure: (status == FactStatus::Failed).then(undone), ..fact }))
}

/// What was released. Of an authorization that had failed before nothing was, though Stripe calls it canceled: that is only said to
/// whoever asks what became of a void.
fn void(effect: &GatewayEffect, intent: &Intent, currency: Currency) -> Option<Option<GatewayFact>> {
    let had_failed = !intent.was_authorized() && intent.last_payment_error.is_some();
    if intent.status != Status::Canceled || had_failed && effect.operation_kind != OperationKind::Void {
        return Some(None);
    }
    let fact = plain(OperationKind::Void, FactStatus::Succeeded, released(intent)?, currency);
    let reason = intent.has_expired().then(|| EXPIRED.to_owned());
    Some(Some(GatewayFact { reason, ..named(fact, intent.reference(), None) }))
}

/// What of the authorization was not taken and is not held any more.
fn left(intent: &Intent) -> Option<MinorUnits> {
    match intent.status {
        Status::Succeeded => Some(intent.authorized()?.saturating_sub(intent.captured()?)),
        Status::Canceled => released(intent),
        _ => Some(MinorUnits::ZERO),
    }
}

fn refunded(refund: &Refund, reference: &str, currency: Currency) -> Option<GatewayFact> {
    if !refund.is_on(Some(reference)) {
        return None;
    }
    let fact = plain(OperationKind::Refund, refund.status(), refund.amount(currency)?, currency);
    let mut fact = named(fact, Some(refund.reference()?), refund.attempt_id());
    if refund.status() == FactStatus::Failed {
        fact.failure = Some(refund.failure());
        fact.details.raw_code = refund.raw_code();
    }
    Some(fact)
}
