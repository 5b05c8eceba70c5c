//! What follows once all is taken in that an input says: what is not wanted, or not wanted any more, is given back (after a
//! cancel, an expiry, a partial approval or a failover), an end is announced, and a person is told of what cannot be.

use quittance_avro::{
    money::MinorUnits,
    records::{GatewayDetails, Operation, PaymentCanceled, PaymentExpired, PaymentFailed, PaymentState},
    words::{Closing, OperationKind, OperationStatus, Origin, PaymentStatus, ReviewReason},
};

use super::{
    dispute::{self, Disputed},
    draft::Draft,
    failing::{UNAVAILABLE, plain},
    operation::{Asked, request},
    standing::{self, AUTHORIZATION, acting_on, is_open, sum},
};
use crate::payment::event::Event;

/// Does what follows from how the payment stands now. No rule has to think of it: all changes come by here, after their last
/// fact, since one fact of a report may make up for another. A second time it does nothing.
pub(super) fn conclude(draft: &mut Draft<'_>) {
    withdraw_action(draft);
    for index in 0..draft.payment().operations.len() {
        if draft.operation(index).kind == OperationKind::Authorize {
            release(draft, index);
        }
    }
    announce_end(draft);
    look_for_excess(draft);
}

/// A customer who has yet to act is not to act any more, if nobody wants the payment.
fn withdraw_action(draft: &mut Draft<'_>) {
    if draft.payment().closing.is_none() || draft.payment().next_action.is_none() {
        return;
    }
    draft.end_action();
    let is_released = acting_on(draft.payment(), AUTHORIZATION, OperationKind::Void).any(is_open);
    let Some(place) = draft.latest(AUTHORIZATION).filter(|_| !is_released) else { return };
    if !draft.is_asked(place) {
        // What becomes of the void says what comes next.
        let id = draft.attempt(place).id;
        draft.clear_timers(id);
    }
    let amount = draft.operation(AUTHORIZATION).amount;
    ask(draft, AUTHORIZATION, OperationKind::Void, amount);
}

/// Has what is not wanted of an authorization released or given back, as far as that is not done or under way. What the
/// gateway does not do in several operations, a person sees to.
fn release(draft: &mut Draft<'_>, authorization: usize) {
    let found = draft.operation(authorization);
    let is_unwanted = found.unwanted || draft.payment().closing.is_some();
    // What is under way is waited for. While the gateway is asked how what it did stands, nothing is done about it.
    let is_settled = found.status == OperationStatus::Succeeded;
    let is_doubted = draft.latest(authorization).is_some_and(|place| draft.is_waiting(place));
    if !is_unwanted || !is_settled || is_doubted {
        return;
    }
    let left = left(draft.payment(), authorization);
    if left.held > MinorUnits::ZERO {
        ask(draft, authorization, OperationKind::Void, left.held);
    }
    match dispute::of(draft.payment(), authorization) {
        _ if left.taken == MinorUnits::ZERO => {}
        Disputed::No => ask(draft, authorization, OperationKind::Refund, left.taken),
        // What becomes of it says what is left to be given back.
        Disputed::Open => {}
        Disputed::Lost => for_a_person(draft, authorization),
    }
}

/// What is left of an authorization that no void and no refund sees to, done or under way.
pub(super) struct Left {
    /// What can be released.
    pub(super) held: MinorUnits,
    /// What was taken although nobody wanted it, and can be given back.
    pub(super) taken: MinorUnits,
}

pub(super) fn left(payment: &PaymentState, authorization: usize) -> Left {
    let not_failed = |found: &&Operation| found.status != OperationStatus::Failed;
    let all = |kind| acting_on(payment, authorization, kind).filter(not_failed);
    let captures = sum(all(OperationKind::Capture));
    // What the bank takes back, or may yet take back, is not given back as well.
    let gone = all(OperationKind::Refund).chain(all(OperationKind::Dispute)).filter(|found| found.unwanted);
    let is_released = all(OperationKind::Void).next().is_some();
    let held = payment.operations[authorization].amount.saturating_sub(captures);
    Left {
        held: if is_released { MinorUnits::ZERO } else { held },
        taken: taken_unwanted(payment, authorization).saturating_sub(sum(gone)),
    }
}

/// Whether money of it was taken that nobody wants, and is not back yet.
pub(super) fn is_in_suspense(payment: &PaymentState, authorization: usize) -> bool {
    let is_back = |found: &&Operation| found.unwanted && found.status == OperationStatus::Succeeded;
    let all = |kind| acting_on(payment, authorization, kind).filter(is_back);
    taken_unwanted(payment, authorization) > sum(all(OperationKind::Refund).chain(all(OperationKind::Dispute)))
}

fn taken_unwanted(payment: &PaymentState, authorization: usize) -> MinorUnits {
    let is_taken = |found: &&Operation| found.unwanted && found.status == OperationStatus::Succeeded;
    sum(acting_on(payment, authorization, OperationKind::Capture).filter(is_taken))
}

/// How many times as often as what a gateway refuses that is asked for which it could not be asked for.
const OUT_OF_REACH: i32 = 4;

/// Asks for a void or refund by ourselves, or a person once it has failed often enough. That a gateway could not be asked is no
/// answer of it: what is down comes back.
fn ask(draft: &mut Draft<'_>, authorization: usize, kind: OperationKind, amount: MinorUnits) {
    let by_us = |found: &&Operation| found.origin == Origin::System && found.status == OperationStatus::Failed;
    let failed = || acting_on(draft.payment(), authorization, kind).filter(by_us);
    let count = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
    let attempts_max = draft.cx.policy.attempts_max;
    let refused = count(failed().filter(|found| !was_out_of_reach(found)).count());
    if refused >= attempts_max || count(failed().count()) >= attempts_max.saturating_mul(OUT_OF_REACH) {
        return for_a_person(draft, authorization);
    }
    let unwanted = draft.operation(authorization).unwanted || kind == OperationKind::Refund;
    let number = draft.payment().operations.len().to_string();
    let asked = Asked { kind, authorization, amount, origin: Origin::System, unwanted, is_final: None, reason: None };
    request(draft, &asked, &["system", &number]);
}

fn was_out_of_reach(operation: &Operation) -> bool {
    let failure = operation.attempts.last().and_then(|attempt| attempt.failure.as_ref());
    failure.is_some_and(|failure| failure.code == UNAVAILABLE)
}

fn for_a_person(draft: &mut Draft<'_>, authorization: usize) {
    if let Some(place) = draft.latest(authorization) {
        draft.review(ReviewReason::UnwantedSuccess, place, &GatewayDetails::default());
    }
}

/// The merchant's cancel came to nothing: what is authorized stays, and can be captured until it expires.
pub(super) fn stay_open(draft: &mut Draft<'_>) {
    if acting_on(draft.payment(), AUTHORIZATION, OperationKind::Capture).any(|found| found.unwanted) {
        // Some of it was taken and has to be given back.
        return;
    }
    let state = &mut draft.state.state;
    (state.closing, state.closing_reason) = (None, None);
}

/// Says that the payment came to its end with nothing taken, if it did.
fn announce_end(draft: &mut Draft<'_>) {
    if !draft.was_open {
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
    draft.was_open = false;
}

/// More was moved than before of what there was not to move: a fact all the same, and something for a person.
fn look_for_excess(draft: &mut Draft<'_>) {
    let (before, now) = (draft.excess, standing::excess(draft.payment()));
    draft.excess = now;
    let Some(operation) = draft.moved.filter(|_| now > before) else { return };
    // A capture that came with its authorization has no attempt of its own.
    let place = draft.latest(operation).or_else(|| draft.latest(draft.parent(operation)));
    if let Some(place) = place {
        let details = draft.attempt(place).details.clone().unwrap_or_default();
        draft.review(ReviewReason::GatewayExcess, place, &details);
    }
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
