//! Judging what a gateway said.
//!
//! A result is judged by where the attempt stands, not by having been seen: the same result may come twice, an old one
//! late, and two of them may contradict each other.
//!
//! The rules rely on this of a sink: `not_processed` and `rejected` speak for the whole effect. A sink that may have
//! carried the same effect out before (it crashed, and reads it again) says `unknown` instead. `expired` speaks for
//! one reading of the effect only, so it leaves open whether an earlier one was carried out.

use quittance_avro::{
    records::{Actor, GatewayResult, PaymentChangelog},
    words::{ActorKind, EffectKind, OperationKind, OperationStatus, ResultOutcome, ReviewReason, TimerKind},
};

use super::{
    approval::{Approval, approve, await_action, has_acted},
    attempt::{self, asked_at, is_only_try, is_settled, moves_nothing, note_reference, over_at},
    draft::{Draft, Place},
    failing::{Why, fail, has_alternative},
    notice::catch_up,
    operation,
    report::reconcile,
};
use crate::payment::decision::{Context, Decision, Ignored};

/// A try or query came to an end.
pub(super) fn judge(state: &PaymentChangelog, result: &GatewayResult, cx: Context<'_>) -> Decision {
    let actor =
        Actor { kind: ActorKind::Gateway, subject: result.gateway_account.clone(), credential_id: None, sealed: None };
    let mut draft = Draft::new(state.clone(), actor, cx);
    let Some(place) = draft.find(result.attempt_id) else { return Decision::Ignored(Ignored::UnknownAttempt) };
    if draft.attempt(place).gateway_account != result.gateway_account {
        return Decision::Ignored(Ignored::UnknownAttempt);
    }
    let judged = if result.outcome == ResultOutcome::Reported {
        reconcile(&mut draft, place, result)
    } else if is_settled(draft.attempt(place)) {
        settled(&mut draft, place, result)
    } else {
        open(&mut draft, place, result)
    };
    match judged {
        Some(ignored) => Decision::Ignored(ignored),
        None => {
            catch_up(&mut draft);
            draft.finish()
        }
    }
}

/// Whether it is the result of the latest effect, and the first of it: after it, the timer is for the next step.
pub(super) fn is_awaited(draft: &Draft<'_>, place: Place, result: &GatewayResult) -> bool {
    draft.is_asked(place) && draft.attempt(place).last_effect_id == Some(result.effect_id)
}

/// The attempt is settled. What says otherwise is not believed at once: the gateway is asked.
fn settled(draft: &mut Draft<'_>, place: Place, result: &GatewayResult) -> Option<Ignored> {
    let status = draft.attempt(place).status;
    let kind = draft.operation(place.operation).kind;
    let contradicts = match (status, result.outcome) {
        (OperationStatus::Succeeded, ResultOutcome::Declined) => true,
        (OperationStatus::Failed, ResultOutcome::Approved) => true,
        (OperationStatus::Succeeded, ResultOutcome::Approved) => !is_as_booked(draft, place, result),
        _ => false,
    };
    if result.kind == EffectKind::Query && is_awaited(draft, place, result) {
        // It was asked what is true, and the answer did not say.
        draft.attempt_mut(place).verifications += 1;
        attempt::later(draft, place);
        return None;
    }
    if !contradicts {
        return Some(Ignored::AlreadySettled);
    }
    let is_other_charge = status == OperationStatus::Succeeded && result.outcome == ResultOutcome::Approved;
    if is_other_charge && kind == OperationKind::Authorize {
        // Two charges under one key, or one of another amount: only a person can tell what the gateway means.
        return contradiction(draft, place, result);
    }
    if attempt::is_doubted(draft, place) {
        return Some(Ignored::AlreadySettled);
    }
    attempt::doubt(draft, place);
    None
}

/// Whether an approval says the same as the one that was booked.
fn is_as_booked(draft: &Draft<'_>, place: Place, result: &GatewayResult) -> bool {
    match draft.operation(place.operation).kind {
        OperationKind::Authorize => approval(result).is_booked(draft, place),
        OperationKind::Capture | OperationKind::Void | OperationKind::Refund | OperationKind::Dispute => {
            let operation = draft.operation(place.operation);
            let is_amount = operation.kind == OperationKind::Void || result.amount == operation.amount;
            is_amount && result.currency == draft.payment().currency
        }
    }
}

/// Whatever the gateway means, only a person can tell.
pub(super) fn contradiction(draft: &mut Draft<'_>, place: Place, result: &GatewayResult) -> Option<Ignored> {
    // The review may be about another operation: this one is not to go on as if nothing had been said.
    let is_settled = draft.attempt(place).status != OperationStatus::Pending;
    if is_settled && draft.is_reviewed_for(ReviewReason::ContradictingResult) {
        return Some(Ignored::AlreadySettled);
    }
    draft.review(ReviewReason::ContradictingResult, place, &result.details);
    None
}

/// Whether nobody knows what became of it, and somebody claimed that money was moved.
pub(super) fn is_claimed(draft: &Draft<'_>, place: Place) -> bool {
    let is_unknown = draft.attempt(place).status == OperationStatus::Unknown;
    is_unknown && draft.is_reviewed_for(ReviewReason::ContradictingResult)
}

/// What an approval of an authorization says.
fn approval(result: &GatewayResult) -> Approval {
    Approval {
        authorized: result.authorized_amount,
        captured: result.captured_amount,
        currency: result.currency,
        details: result.details.clone(),
        card: result.card.clone(),
        expires_at: result.authorization_expires_at,
        as_of: result.envelope.occurred_at,
    }
}

/// The attempt is not settled.
fn open(draft: &mut Draft<'_>, place: Place, result: &GatewayResult) -> Option<Ignored> {
    let as_of = result.envelope.occurred_at;
    match result.outcome {
        ResultOutcome::Approved => approved(draft, place, result),
        // After a claim that money was moved, it takes a person to believe that none was.
        ResultOutcome::Declined if is_claimed(draft, place) => Some(Ignored::AlreadySettled),
        ResultOutcome::Declined => {
            fail(draft, place, &Why::declined(result.failure.as_ref()), &result.details, as_of);
            None
        }
        // A person looks into it, and is told how it ends; that it goes on is nothing to go by.
        ResultOutcome::Created | ResultOutcome::ActionRequired | ResultOutcome::Pending
            if draft.attempt(place).status == OperationStatus::Unknown =>
        {
            Some(Ignored::Superseded)
        }
        ResultOutcome::Created => created(draft, place, result),
        ResultOutcome::ActionRequired => action_required(draft, place, result),
        ResultOutcome::Pending => accepted(draft, place, result),
        ResultOutcome::Rejected
        | ResultOutcome::NotProcessed
        | ResultOutcome::Expired
        | ResultOutcome::Absent
        | ResultOutcome::Reported
        | ResultOutcome::Unknown => {
            if !is_awaited(draft, place, result) {
                late(draft, place, result)
            } else if result.kind == EffectKind::Query {
                queried(draft, place, result)
            } else {
                tried(draft, place, result)
            }
        }
    }
}

fn approved(draft: &mut Draft<'_>, place: Place, result: &GatewayResult) -> Option<Ignored> {
    if draft.operation(place.operation).kind == OperationKind::Authorize {
        let approval = approval(result);
        if !approval.is_bookable(draft.payment()) {
            return contradiction(draft, place, result);
        }
        approve(draft, place, &approval);
    } else {
        let operation = draft.operation(place.operation);
        // How much there was to release, the gateway knows best.
        let is_amount = operation.kind == OperationKind::Void || result.amount == operation.amount;
        if !is_amount || result.currency != draft.payment().currency {
            return contradiction(draft, place, result);
        }
        operation::done(draft, place, &result.details, result.envelope.occurred_at);
    }
    None
}

/// The first of two steps is done: the gateway has a name for it, and nothing was moved. The second one is asked for, unless
/// nobody wants it any more.
fn created(draft: &mut Draft<'_>, place: Place, result: &GatewayResult) -> Option<Ignored> {
    if !moves_nothing(draft, place) {
        return Some(Ignored::Superseded);
    }
    let now = draft.cx.now;
    let attempt = draft.attempt_mut(place);
    note_reference(attempt, &result.details);
    (attempt.confirming, attempt.started_at, attempt.unknowns) = (true, now, 0);
    // From here on the gateway is asked about the second step alone.
    attempt.ambiguous = false;
    let reference = attempt.details.as_ref().and_then(|details| details.gateway_reference.clone());
    draft.operation_mut(place.operation).gateway_reference = reference;
    if draft.payment().closing.is_some() {
        fail(draft, place, &Why::given_up(draft.attempt(place)), &result.details, result.envelope.occurred_at);
    } else {
        attempt::send(draft, place);
    }
    None
}

fn action_required(draft: &mut Draft<'_>, place: Place, result: &GatewayResult) -> Option<Ignored> {
    let is_authorization = draft.operation(place.operation).kind == OperationKind::Authorize;
    let Some(action) = result.next_action.as_ref().filter(|_| is_authorization) else {
        return accepted(draft, place, result);
    };
    if draft.attempt(place).accepted && !is_awaited(draft, place, result) {
        return Some(Ignored::Superseded);
    }
    note(draft, place, result);
    await_action(draft, place, action);
    None
}

/// The gateway has it, and will say later what came of it.
fn accepted(draft: &mut Draft<'_>, place: Place, result: &GatewayResult) -> Option<Ignored> {
    if draft.attempt(place).accepted && !is_awaited(draft, place, result) {
        return Some(Ignored::Superseded);
    }
    note(draft, place, result);
    draft.attempt_mut(place).accepted = true;
    has_acted(draft, place);
    attempt::later(draft, place);
    None
}

/// Keeps what the gateway calls it: later operations name it by that.
pub(super) fn note(draft: &mut Draft<'_>, place: Place, result: &GatewayResult) {
    let attempt = draft.attempt_mut(place);
    note_reference(attempt, &result.details);
    let reference = attempt.details.as_ref().and_then(|details| details.gateway_reference.clone());
    draft.operation_mut(place.operation).gateway_reference = reference;
}

/// The step after it is under way. Only that nobody knows what it did is worth noting.
fn late(draft: &mut Draft<'_>, place: Place, result: &GatewayResult) -> Option<Ignored> {
    let known = draft.attempt(place).clone();
    if leaves_doubt(draft, place, result) {
        doubt(draft, place, result);
    }
    (*draft.attempt(place) == known).then_some(Ignored::Superseded)
}

/// A try did not settle the attempt, unless the gateway rejected the only one of its step: then there is no other that could
/// still be under way.
fn tried(draft: &mut Draft<'_>, place: Place, result: &GatewayResult) -> Option<Ignored> {
    let as_of = result.envelope.occurred_at;
    if result.outcome == ResultOutcome::Rejected {
        let why = Why::rejected(result.failure.as_ref());
        let attempt = draft.attempt_mut(place);
        attempt.failure = Some(why.failure().clone());
        if !attempt.ambiguous && is_only_try(attempt) {
            fail(draft, place, &why, &result.details, as_of);
            return None;
        }
    }
    if leaves_doubt(draft, place, result) {
        doubt(draft, place, result);
        draft.attempt_mut(place).unknowns += i32::from(result.outcome != ResultOutcome::Expired);
    }
    // It was definitely not processed, and another gateway account may take it: nobody has to wait for this one.
    let is_clean = result.outcome == ResultOutcome::NotProcessed && !draft.attempt(place).ambiguous;
    if is_clean && draft.operation(place.operation).kind == OperationKind::Authorize && has_alternative(draft) {
        fail(draft, place, &Why::given_up(draft.attempt(place)), &result.details, as_of);
    } else {
        attempt::later(draft, place);
    }
    None
}

/// A query did not settle the attempt, unless it found nothing when there was nothing left to come.
pub(super) fn queried(draft: &mut Draft<'_>, place: Place, result: &GatewayResult) -> Option<Ignored> {
    let attempt = draft.attempt(place);
    let over_at = over_at(attempt, draft.cx.policy);
    let found_nothing = matches!(result.outcome, ResultOutcome::Absent | ResultOutcome::Reported);
    if !found_nothing || attempt.accepted {
        attempt::later(draft, place);
    } else if asked_at(attempt) >= over_at {
        // By when it was asked, not when it was answered: the gateway may have looked just before.
        let why = Why::given_up(attempt);
        fail(draft, place, &why, &result.details, result.envelope.occurred_at);
    } else {
        let (id, due_at) = (attempt.id, over_at.max(draft.cx.now));
        draft.set_timer(TimerKind::Retry, Some(id), due_at);
    }
    None
}

/// Whether a try may have moved money after this result of it. That a try found nothing is not for it to say.
fn leaves_doubt(draft: &Draft<'_>, place: Place, result: &GatewayResult) -> bool {
    let doubtful = [ResultOutcome::Unknown, ResultOutcome::Expired, ResultOutcome::Absent];
    let is_try = result.kind != EffectKind::Query;
    let moves_nothing =
        moves_nothing(draft, place) || result.kind == EffectKind::Authorize && draft.attempt(place).confirming;
    is_try && !moves_nothing && doubtful.contains(&result.outcome)
}

/// Notes that a try may have been processed without our knowing, and under which reference.
fn doubt(draft: &mut Draft<'_>, place: Place, result: &GatewayResult) {
    let attempt = draft.attempt_mut(place);
    attempt.ambiguous = true;
    note_reference(attempt, &result.details);
}
