//! Facts about what is settled: the same again, or the gateway has changed its mind.

use quittance_avro::{
    records::PaymentOperationCorrected,
    words::{Closing, FactStatus, OperationKind, OperationStatus},
};

use super::{Told, is_bookable, is_other_amount, open::approval};
use crate::payment::{
    decide::{
        approval::{approve, unwanted},
        attempt::{doubt, look_soon},
        closing::stay_open,
        dispute,
        draft::{Draft, Place},
        failing::named,
        operation,
        result::contradiction,
        standing::AUTHORIZATION,
    },
    event::Event,
};

/// What a fact makes of an operation that is settled.
enum Turn {
    /// It succeeded after all.
    Done,
    /// It failed after all.
    Undone,
    /// It succeeded, and moved something else than was booked.
    Other,
    /// It is not over after all.
    Reopened,
}

/// `status` is how an attempt of the operation was settled, or the operation itself, if it came along.
fn turn(draft: &Draft<'_>, operation: usize, status: OperationStatus, told: Told<'_>) -> Option<Turn> {
    match (status, told.fact.status) {
        (OperationStatus::Failed, FactStatus::Succeeded) => Some(Turn::Done),
        (OperationStatus::Succeeded, FactStatus::Failed) => Some(Turn::Undone),
        (OperationStatus::Succeeded, FactStatus::Succeeded) => {
            is_other_amount(draft, operation, told.fact).then_some(Turn::Other)
        }
        (_, FactStatus::Pending | FactStatus::ActionRequired) => {
            (told.fact.kind == OperationKind::Dispute).then_some(Turn::Reopened)
        }
        _ => None,
    }
}

/// Whether a fact is older than what is known of an attempt. What the gateway says when it is asked about just that attempt is not,
/// whatever the clocks say: what settled the attempt may bear the time of another clock.
fn is_older(draft: &Draft<'_>, place: Place, told: Told<'_>) -> bool {
    !told.answers(draft, place) && told.as_of() < draft.attempt(place).as_of
}

/// A fact about an attempt that is settled.
pub(super) fn attempt(draft: &mut Draft<'_>, place: Place, told: Told<'_>) {
    let is_authorization = draft.operation(place.operation).kind == OperationKind::Authorize;
    match turn(draft, place.operation, draft.attempt(place).status, told) {
        None => {}
        Some(_) if is_older(draft, place, told) => doubt(draft, place),
        Some(Turn::Done) if is_authorization => revived(draft, place, told),
        Some(Turn::Done) if is_bookable(draft, told.fact) => {
            correct(draft, place, OperationStatus::Succeeded, told);
            operation::book(draft, place, &told.details(), told.as_of());
        }
        Some(Turn::Undone) if !is_authorization => undone(draft, place, told),
        Some(Turn::Reopened) => dispute::reopened(draft, place, &told.details(), told.as_of()),
        // It has no place in a payment, or what was captured of it cannot be undone by rule.
        Some(Turn::Done | Turn::Undone | Turn::Other) => {
            contradiction(draft, place, told.result);
        }
    }
}

/// An authorization succeeded that was taken for failed. If nothing else has come of the payment since, it is what the
/// payment is about; else nobody wants it.
fn revived(draft: &mut Draft<'_>, place: Place, told: Told<'_>) {
    let approval = approval(told);
    if !approval.is_bookable(draft.payment()) {
        contradiction(draft, place, told.result);
        return;
    }
    let is_latest = place.operation == AUTHORIZATION && draft.latest(AUTHORIZATION) == Some(place);
    if is_latest && draft.payment().closing != Some(Closing::Rejected) {
        correct(draft, place, OperationStatus::Succeeded, told);
        approve(draft, place, &approval);
    } else {
        unwanted(draft, place, &approval);
    }
}

/// What had succeeded failed after all: a capture, a refund that came back, a void.
fn undone(draft: &mut Draft<'_>, place: Place, told: Told<'_>) {
    let found = draft.operation(place.operation);
    let (kind, parent) = (found.kind, draft.parent(place.operation));
    let was_held = parent == AUTHORIZATION && draft.operation(parent).status == OperationStatus::Succeeded;
    if kind == OperationKind::Void && was_held && draft.payment().closing == Some(Closing::Canceled) {
        stay_open(draft);
    }
    correct(draft, place, OperationStatus::Failed, told);
    draft.post(place.operation, told.as_of(), true);
}

/// A fact about the capture that came with an authorization.
pub(super) fn came_along(draft: &mut Draft<'_>, capture: usize, told: Told<'_>) {
    let Some(place) = draft.latest(draft.parent(capture)) else { return };
    let to = match turn(draft, capture, draft.operation(capture).status, told) {
        None => return,
        Some(_) if is_older(draft, place, told) => return doubt(draft, place),
        Some(Turn::Done) if is_bookable(draft, told.fact) => OperationStatus::Succeeded,
        Some(Turn::Undone) => OperationStatus::Failed,
        Some(Turn::Done | Turn::Other | Turn::Reopened) => {
            contradiction(draft, place, told.result);
            return;
        }
    };
    let attempt = draft.attempt_mut(place);
    attempt.as_of = attempt.as_of.max(told.as_of());
    let now = draft.cx.now;
    let operation = draft.operation_mut(capture);
    (operation.status, operation.updated_at) = (to, now);
    announce(draft, capture, place, to, told);
    draft.post(capture, told.as_of(), to == OperationStatus::Failed);
    if !told.answers(draft, place) && draft.is_asked(place) {
        look_soon(draft, place);
    }
}

/// Turns over how an operation was settled.
fn correct(draft: &mut Draft<'_>, place: Place, to: OperationStatus, told: Told<'_>) {
    draft.settle(place, to, &told.details(), told.as_of());
    if to == OperationStatus::Failed {
        draft.attempt_mut(place).failure.clone_from(&told.fact.failure);
    }
    announce(draft, place.operation, place, to, told);
}

/// Says that an operation was turned over, and what it moved if it moved something after all.
fn announce(draft: &mut Draft<'_>, operation: usize, place: Place, to: OperationStatus, told: Told<'_>) {
    let from = match to {
        OperationStatus::Succeeded => OperationStatus::Failed,
        OperationStatus::Pending | OperationStatus::Unknown | OperationStatus::Failed => OperationStatus::Succeeded,
    };
    if to == OperationStatus::Succeeded {
        draft.operation_mut(operation).amount = told.fact.amount;
    }
    let (_, attempt_id, gateway_account) = named(draft, place);
    let found = draft.operation(operation);
    let (operation_id, kind, amount) = (found.id.clone(), found.kind, found.amount);
    let (currency, failure, details) = (draft.payment().currency, told.fact.failure.clone(), told.details());
    draft.event(|envelope, standing| {
        Event::OperationCorrected(PaymentOperationCorrected {
            envelope,
            operation_id,
            kind,
            attempt_id,
            gateway_account,
            amount,
            currency,
            from,
            to,
            failure,
            details,
            standing,
        })
    });
}
