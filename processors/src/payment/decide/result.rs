//! Judging what a gateway said.
//!
//! A result is judged by where the operation stands, not by having been seen: the same result may come twice, an old
//! one late, and two of them may contradict each other.
//!
//! The rules rely on this of a sink: `not_processed` and `rejected` speak for the whole effect. A sink that may have
//! carried the same effect out before (it crashed, and reads it again) says `unknown` instead. `expired` speaks for
//! one reading of the effect only, so it leaves open whether an earlier one was carried out.

use quittance_avro::{
    records::{Actor, Attempt, GatewayDetails, GatewayResult, PaymentChangelog},
    time::Timestamp,
    words::{ActorKind, EffectKind, OperationStatus, ResultOutcome, ReviewReason, TimerKind},
};

use super::{
    approval::{approve, is_bookable, is_booked},
    draft::Draft,
    ending::{decline, give_up, rejection},
    timer::over_at,
};
use crate::payment::{
    decision::{Decision, Ignored},
    policy::Policy,
};

/// A try or query came to an end.
pub(super) fn judge(state: &PaymentChangelog, result: &GatewayResult, now: Timestamp, policy: &Policy) -> Decision {
    let actor =
        Actor { kind: ActorKind::Gateway, subject: result.gateway_account.clone(), credential_id: None, sealed: None };
    let mut draft = Draft::new(state.clone(), actor, now);
    if draft.attempt().id != result.attempt_id {
        return Decision::Ignored(Ignored::UnknownAttempt);
    }
    match (draft.attempt().status, result.outcome) {
        (OperationStatus::Pending | OperationStatus::Unknown, _) => open(draft, result, policy),
        (OperationStatus::Succeeded, ResultOutcome::Declined) => contradiction(draft, &result.details),
        (OperationStatus::Succeeded, ResultOutcome::Approved) if !is_booked(state, result) => {
            contradiction(draft, &result.details)
        }
        (OperationStatus::Failed, ResultOutcome::Approved) => contradiction(draft, &result.details),
        (OperationStatus::Succeeded | OperationStatus::Failed, _) => Decision::Ignored(Ignored::AlreadySettled),
    }
}

/// Whatever the gateway means, only a person can tell.
fn contradiction(mut draft: Draft, details: &GatewayDetails) -> Decision {
    if draft.is_under_review(ReviewReason::ContradictingResult) {
        return Decision::Ignored(Ignored::AlreadySettled);
    }
    draft.review(ReviewReason::ContradictingResult, details);
    draft.finish()
}

/// The attempt is not settled.
fn open(mut draft: Draft, result: &GatewayResult, policy: &Policy) -> Decision {
    let is_awaited = is_awaited(&mut draft, result);
    match result.outcome {
        ResultOutcome::Approved if !is_bookable(&draft.state.state, result) => contradiction(draft, &result.details),
        ResultOutcome::Approved => {
            approve(&mut draft, result);
            draft.finish()
        }
        // After a claim that money was taken, it takes a person to believe that none was.
        ResultOutcome::Declined if draft.is_under_review(ReviewReason::ContradictingResult) => {
            Decision::Ignored(Ignored::AlreadySettled)
        }
        ResultOutcome::Declined => {
            decline(&mut draft, result);
            draft.finish()
        }
        ResultOutcome::Rejected
        | ResultOutcome::NotProcessed
        | ResultOutcome::Expired
        | ResultOutcome::Absent
        | ResultOutcome::Unknown => match result.kind {
            _ if !is_awaited => late(draft, result),
            EffectKind::Authorize => tried(draft, result, policy),
            EffectKind::Query => queried(draft, result, policy),
        },
    }
}

/// Whether it is the result of the latest effect, and the first of it: after it, the timer is for the next step.
fn is_awaited(draft: &mut Draft, result: &GatewayResult) -> bool {
    let waiting = draft.state.timer.as_ref().is_some_and(|timer| timer.kind == TimerKind::TryLost);
    waiting && draft.attempt().last_effect_id == Some(result.effect_id)
}

/// The step after it is under way. Only that nobody knows what it did is worth noting.
fn late(mut draft: Draft, result: &GatewayResult) -> Decision {
    let known = draft.attempt().clone();
    if leaves_doubt(result) {
        doubt(draft.attempt(), result);
    }
    if *draft.attempt() == known { Decision::Ignored(Ignored::Superseded) } else { draft.finish() }
}

/// A try did not settle the attempt, unless the gateway rejected the first one: then there is no other that could
/// still be under way.
fn tried(mut draft: Draft, result: &GatewayResult, policy: &Policy) -> Decision {
    let attempt = draft.attempt();
    if result.outcome == ResultOutcome::Rejected {
        attempt.failure = Some(rejection(result));
        if !attempt.ambiguous && attempt.tries == 1 {
            give_up(&mut draft, &result.details);
            return draft.finish();
        }
    }
    if leaves_doubt(result) {
        doubt(attempt, result);
        attempt.unknowns += i32::from(result.outcome != ResultOutcome::Expired);
    }
    carry_on(draft, policy)
}

/// A query did not settle the attempt, unless it found nothing when there was nothing left to come.
fn queried(mut draft: Draft, result: &GatewayResult, policy: &Policy) -> Decision {
    let over_at = over_at(draft.attempt(), policy);
    // When it was asked, not when it was answered: the gateway may have looked just before.
    let asked_at = draft.attempt().updated_at;
    if result.outcome != ResultOutcome::Absent {
        return carry_on(draft, policy);
    }
    if asked_at >= over_at {
        give_up(&mut draft, &result.details);
    } else {
        let due_at = over_at.max(draft.now);
        draft.set_timer(TimerKind::Retry, due_at);
    }
    draft.finish()
}

/// Whether a try may have been processed after this result of it. That a try found nothing is not for it to say.
fn leaves_doubt(result: &GatewayResult) -> bool {
    let doubtful = [ResultOutcome::Unknown, ResultOutcome::Expired, ResultOutcome::Absent];
    result.kind == EffectKind::Authorize && doubtful.contains(&result.outcome)
}

/// Notes that a try may have been processed without our knowing, and under which reference.
fn doubt(attempt: &mut Attempt, result: &GatewayResult) {
    attempt.ambiguous = true;
    if let Some(reference) = &result.details.gateway_reference {
        let details = attempt.details.get_or_insert_default();
        details.gateway_reference.get_or_insert_with(|| reference.clone());
    }
}

fn carry_on(mut draft: Draft, policy: &Policy) -> Decision {
    let (now, seed) = (draft.now, draft.state.retry_seed);
    let count = draft.attempt().tries.saturating_add(draft.attempt().queries);
    draft.set_timer(TimerKind::Retry, now.plus_ms(policy.delay_ms(count, seed)));
    draft.finish()
}
