//! What to do when the gateway's answer is late, or when it was no answer.
//!
//! A result that leaves an attempt open only sets the timer. What comes next, the end included, is decided here when
//! it fires.

use quittance_avro::{
    records::{Attempt, PaymentChangelog},
    time::Timestamp,
    words::{EffectKind, ReviewReason, TimerKind},
};

use super::{
    draft::{Draft, system},
    ending::give_up,
};
use crate::payment::{
    decision::{Decision, Ignored},
    policy::{KEY_AGE_MAX_MS, Policy},
};

/// What to do next about an attempt that is not settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Send it (again), under the same idempotency key.
    Try,
    /// Ask what became of it.
    Query,
    /// Nothing, until every try that was asked for is over.
    Wait(Timestamp),
    /// It was definitely not processed, and is given up.
    GiveUp,
    /// Only a person can tell.
    Review,
}

/// The payment's timer is due.
pub(super) fn fire(state: &PaymentChangelog, now: Timestamp, policy: &Policy) -> Decision {
    let Some(timer) = state.timer.as_ref().filter(|timer| timer.due_at <= now) else {
        return Decision::Ignored(Ignored::NothingPending);
    };
    let mut draft = Draft::new(state.clone(), system(), now);
    if timer.kind == TimerKind::TryLost {
        lost(draft.attempt());
    }
    let step = next_step(draft.attempt(), now, policy);
    let details = draft.attempt().details.clone().unwrap_or_default();
    match step {
        Step::Try => draft.ask(EffectKind::Authorize, policy),
        Step::Query => draft.ask(EffectKind::Query, policy),
        Step::Wait(until) => draft.set_timer(TimerKind::Retry, until),
        Step::GiveUp => give_up(&mut draft, &details),
        Step::Review => draft.review(ReviewReason::OutcomeUnknown, &details),
    }
    draft.finish()
}

/// No result came: the try may have been carried out all the same.
fn lost(attempt: &mut Attempt) {
    attempt.ambiguous = true;
    // After the first query there are no more tries, so what got lost was a try only if there is none.
    if attempt.queries == 0 {
        attempt.unknowns += 1;
    }
}

fn next_step(attempt: &Attempt, now: Timestamp, policy: &Policy) -> Step {
    let age_ms = now.as_ms().saturating_sub(attempt.started_at.as_ms());
    // Once the gateway has rejected the attempt, a resend is pointless.
    let may_send = age_ms < policy.attempt_ttl_ms.min(KEY_AGE_MAX_MS) && attempt.failure.is_none();
    if attempt.ambiguous {
        // Once the gateway has been queried, a resend could race with what the query found.
        let resend = may_send && attempt.unknowns < policy.unknown_tries_max && attempt.queries == 0;
        return if resend {
            Step::Try
        } else if attempt.queries < policy.queries_max {
            Step::Query
        } else {
            Step::Review
        };
    }
    let over_at = over_at(attempt, policy);
    if may_send {
        Step::Try
    } else if now < over_at {
        // A sink that crashed may be carrying a try out for a second time.
        Step::Wait(over_at)
    } else {
        Step::GiveUp
    }
}

/// When every try that was asked for so far is over, and the gateway's queries show what it did.
pub(super) fn over_at(attempt: &Attempt, policy: &Policy) -> Timestamp {
    attempt.last_not_after.plus_ms(policy.query_settle_ms)
}
