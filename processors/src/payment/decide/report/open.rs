//! Facts about attempts that are not settled.

use quittance_avro::{
    money::MinorUnits,
    records::NextAction,
    words::{Closing, FactStatus, OperationKind, OperationStatus},
};

use super::{Told, is_bookable, is_other_amount};
use crate::payment::decide::{
    approval::{Approval, approve, await_action, has_acted, is_action_over},
    attempt, dispute,
    draft::{Draft, Place},
    failing::{Why, fail},
    operation,
    result::{contradiction, is_claimed},
};

/// What was captured together with an authorization, by the other facts.
fn captured_with(told: Told<'_>) -> MinorUnits {
    let captures = told.report.facts.iter().filter(|fact| {
        fact.kind == OperationKind::Capture
            && fact.status == FactStatus::Succeeded
            && fact.attempt_id == told.fact.attempt_id
    });
    captures.fold(MinorUnits::ZERO, |sum, fact| sum.saturating_add(fact.amount))
}

/// What a fact says that was authorized.
pub(super) fn approval(told: Told<'_>) -> Approval {
    let mut details = told.fact.details.clone();
    details.gateway_reference.get_or_insert_with(|| told.report.gateway_reference.clone());
    Approval {
        authorized: told.fact.amount,
        captured: captured_with(told),
        currency: told.fact.currency,
        details,
        card: told.result.card.clone(),
        expires_at: told.result.authorization_expires_at,
        as_of: told.as_of(),
    }
}

/// A fact about an attempt that is not settled.
pub(super) fn take_in(draft: &mut Draft<'_>, place: Place, told: Told<'_>) {
    match told.fact.status {
        FactStatus::Succeeded => succeeded(draft, place, told),
        FactStatus::Failed if is_claimed(draft, place) => {}
        FactStatus::Failed => {
            let why = Why::declined(told.fact.failure.as_ref());
            dispute::ends_at(draft, place, told.fact);
            fail(draft, place, &why, &told.details(), told.as_of());
        }
        // A person looks into it, and is told how it ends; that it goes on is nothing to go by.
        FactStatus::Pending | FactStatus::ActionRequired if draft.attempt(place).status == OperationStatus::Unknown => {
        }
        FactStatus::Pending => pending(draft, place, told),
        FactStatus::ActionRequired => match &told.fact.next_action {
            Some(action) if told.fact.kind == OperationKind::Authorize => to_act(draft, place, action, told),
            Some(_) | None => pending(draft, place, told),
        },
    }
}

fn succeeded(draft: &mut Draft<'_>, place: Place, told: Told<'_>) {
    let is_authorization = draft.operation(place.operation).kind == OperationKind::Authorize;
    let is_dispute = told.fact.kind == OperationKind::Dispute;
    let approval = is_authorization.then(|| approval(told));
    match approval {
        Some(approval) if approval.is_bookable(draft.payment()) => approve(draft, place, &approval),
        None if is_bookable(draft, told.fact)
            && (is_dispute || !is_other_amount(draft, place.operation, told.fact)) =>
        {
            dispute::ends_at(draft, place, told.fact);
            operation::done(draft, place, &told.details(), told.as_of());
        }
        Some(_) | None => {
            contradiction(draft, place, told.result);
        }
    }
}

fn pending(draft: &mut Draft<'_>, place: Place, told: Told<'_>) {
    let was_to_act = told.fact.kind == OperationKind::Authorize && draft.payment().next_action.is_some();
    let is_known = !was_to_act || draft.is_asked(place);
    if !told.answers(draft, place) && draft.attempt(place).accepted && is_known {
        return;
    }
    name(draft, place, told);
    draft.attempt_mut(place).accepted = true;
    has_acted(draft, place);
    attempt::later(draft, place);
}

/// The customer has to act, or has not acted yet. If the gateway says so when asked after their time was over, the payment is
/// given up.
fn to_act(draft: &mut Draft<'_>, place: Place, action: &NextAction, told: Told<'_>) {
    let is_accepted = draft.attempt(place).accepted;
    if told.answers(draft, place) {
        if is_action_over(draft, place) {
            draft.state.state.closing.get_or_insert(Closing::Expired);
        }
    } else if draft.is_asked(place) || is_accepted && is_no_news(draft, action) {
        // What is under way knows better than what the gateway said before it.
        return;
    } else if is_accepted {
        // It may be old, and the customer may have acted since.
        return attempt::look_soon(draft, place);
    }
    name(draft, place, told);
    await_action(draft, place, action);
}

/// Whether it is known that the customer has to act, or a void sees to it that nobody is to.
fn is_no_news(draft: &Draft<'_>, action: &NextAction) -> bool {
    draft.payment().closing.is_some() || draft.payment().next_action.as_ref() == Some(action)
}

/// Keeps what the gateway calls it.
fn name(draft: &mut Draft<'_>, place: Place, told: Told<'_>) {
    let mut details = told.fact.details.clone();
    let name = match told.fact.kind {
        OperationKind::Authorize => Some(told.report.gateway_reference.clone()),
        OperationKind::Capture | OperationKind::Void | OperationKind::Refund | OperationKind::Dispute => {
            told.fact.gateway_reference.clone()
        }
    };
    details.gateway_reference = details.gateway_reference.or(name);
    let attempt = draft.attempt_mut(place);
    attempt::note_reference(attempt, &details);
    let reference = attempt.details.as_ref().and_then(|details| details.gateway_reference.clone());
    draft.operation_mut(place.operation).gateway_reference = reference;
}
