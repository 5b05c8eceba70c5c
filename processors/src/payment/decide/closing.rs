//! Giving back what is not wanted, or not wanted any more: after a cancel, an expiry, a partial approval or a failover.

use quittance_avro::{
    money::MinorUnits,
    records::{Attempt, GatewayDetails, Operation, PaymentCanceled, PaymentExpired, PaymentFailed},
    words::{Closing, OperationKind, OperationStatus, Origin, PaymentStatus, ReviewReason, TimerKind},
};

use super::{
    draft::Draft,
    failing::plain,
    operation::{Asked, request},
    standing::{self, AUTHORIZATION, is_open, sum},
};
use crate::payment::event::Event;

/// Has what is not wanted of an authorization released or given back, as far as that is not done or under way. What the
/// gateway does not do in several operations, a person sees to.
pub(super) fn release(draft: &mut Draft<'_>, authorization: usize) {
    let found = draft.operation(authorization);
    if draft.hears_more || !found.unwanted && draft.payment().closing.is_none() {
        return;
    }
    // While the gateway is asked how it stands, nothing is done about it: the answer comes by here.
    let is_asked = |attempt: &Attempt| draft.timer_of(attempt.id).is_some_and(|timer| timer.kind == TimerKind::TryLost);
    if found.attempts.last().is_some_and(is_asked) {
        return;
    }
    match found.status {
        // What is under way is waited for.
        OperationStatus::Pending | OperationStatus::Unknown | OperationStatus::Failed => {}
        OperationStatus::Succeeded => give_back(draft, authorization),
    }
}

/// A customer who has yet to act is not to act any more.
pub(super) fn withdraw_action(draft: &mut Draft<'_>) {
    draft.state.state.next_action = None;
    if draft.hears_more {
        draft.withdraws = true;
    } else if !of(draft, AUTHORIZATION, OperationKind::Void).any(is_open) {
        let amount = draft.operation(AUTHORIZATION).amount;
        ask(draft, AUTHORIZATION, OperationKind::Void, amount);
    }
}

fn give_back(draft: &mut Draft<'_>, authorization: usize) {
    let not_failed = |found: &&Operation| found.status != OperationStatus::Failed;
    let captures = sum(of(draft, authorization, OperationKind::Capture).filter(not_failed));
    let is_taken = |found: &&Operation| found.unwanted && found.status == OperationStatus::Succeeded;
    let taken = sum(of(draft, authorization, OperationKind::Capture).filter(is_taken));
    let given_back =
        sum(of(draft, authorization, OperationKind::Refund).filter(|found| found.unwanted).filter(not_failed));
    let left = draft.operation(authorization).amount.saturating_sub(captures);
    let is_released = of(draft, authorization, OperationKind::Void).any(|found| not_failed(&found));
    let owed = taken.saturating_sub(given_back);
    if left > MinorUnits::ZERO && !is_released {
        ask(draft, authorization, OperationKind::Void, left);
    }
    if owed > MinorUnits::ZERO {
        ask(draft, authorization, OperationKind::Refund, owed);
    }
}

/// The operations of a kind that act on an authorization.
fn of<'d>(
    draft: &'d Draft<'_>,
    authorization: usize,
    kind: OperationKind,
) -> impl Iterator<Item = &'d Operation> + use<'d> {
    let id = draft.operation(authorization).id.clone();
    let operations = draft.payment().operations.iter();
    operations.filter(move |found| {
        found.kind == kind && found.parent_id.as_ref().map_or(authorization == AUTHORIZATION, |parent| *parent == id)
    })
}

/// Asks for a void or refund by ourselves, or a person once it has failed often enough.
fn ask(draft: &mut Draft<'_>, authorization: usize, kind: OperationKind, amount: MinorUnits) {
    let by_us = |found: &&Operation| found.origin == Origin::System && found.status == OperationStatus::Failed;
    let failed = of(draft, authorization, kind).filter(by_us).count();
    if i32::try_from(failed).unwrap_or(i32::MAX) >= draft.cx.policy.attempts_max {
        if let Some(place) = draft.latest(authorization) {
            draft.review(ReviewReason::UnwantedSuccess, place, &GatewayDetails::default());
        }
        return;
    }
    let unwanted = draft.operation(authorization).unwanted || kind == OperationKind::Refund;
    let number = draft.payment().operations.len().to_string();
    let asked = Asked { kind, authorization, amount, origin: Origin::System, unwanted, is_final: None, reason: None };
    request(draft, &asked, &["system", &number]);
}

/// The merchant's cancel came to nothing: what is authorized stays, and can be captured until it expires.
pub(super) fn stay_open(draft: &mut Draft<'_>) {
    if of(draft, AUTHORIZATION, OperationKind::Capture).any(|found| found.unwanted) {
        // Some of it was taken and has to be given back.
        return;
    }
    let state = &mut draft.state.state;
    (state.closing, state.closing_reason) = (None, None);
}

/// Says that the payment came to its end with nothing taken, if it did.
pub(super) fn announce_end(draft: &mut Draft<'_>) {
    if !draft.was_open || draft.is_ended {
        return;
    }
    let reason = draft.payment().closing_reason.clone();
    match (standing::of(draft.payment()).status, draft.payment().closing) {
        (PaymentStatus::Canceled, _) => {
            draft.event(|envelope, standing| Event::Canceled(PaymentCanceled { envelope, reason, standing }))
        }
        (PaymentStatus::Expired, _) => {
            draft.event(|envelope, standing| Event::Expired(PaymentExpired { envelope, standing }));
        }
        (PaymentStatus::Failed, Some(Closing::PartiallyApproved)) => partially_approved(draft),
        _ => return,
    }
    draft.is_ended = true;
}

fn partially_approved(draft: &mut Draft<'_>) {
    let Some(place) = draft.latest(AUTHORIZATION) else { return };
    let failure = plain("partially_approved", "the gateway approved only a part of the amount, which was released");
    draft.state.state.failure = Some(failure.clone());
    let attempt = draft.attempt(place).clone();
    let operation_id = draft.operation(AUTHORIZATION).id.clone();
    draft.event(|envelope, standing| {
        Event::Failed(PaymentFailed {
            envelope,
            operation_id,
            attempt_id: attempt.id,
            gateway_account: attempt.gateway_account,
            failure,
            details: attempt.details.unwrap_or_default(),
            standing,
        })
    });
}
