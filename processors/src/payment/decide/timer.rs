//! What to do when the gateway's answer is late, when it was no answer, or when time is over.
//!
//! A result that leaves an attempt open only sets a timer. What comes next, the end included, is decided here when it
//! fires.

use quittance_avro::{
    money::MinorUnits,
    records::{PaymentChangelog, Timer},
    words::{Closing, TimerKind},
};

use super::{
    attempt,
    draft::{Draft, system},
    standing::{self, AUTHORIZATION, is_open},
};
use crate::payment::decision::{Context, Decision, Ignored};

/// The payment's timer that is due first.
pub(super) fn earliest(state: &PaymentChangelog) -> Option<&Timer> {
    state.timers.iter().min_by_key(|timer| timer.due_at)
}

/// The payment's earliest timer is due. Others that are due as well have their turn after it.
pub(super) fn fire(state: &PaymentChangelog, cx: Context<'_>) -> Decision {
    let Some(timer) = earliest(state).filter(|timer| timer.due_at <= cx.now).cloned() else {
        return Decision::Ignored(Ignored::NothingPending);
    };
    let mut draft = Draft::new(state.clone(), system(), cx);
    draft.state.timers.retain(|found| *found != timer);
    match timer.kind {
        TimerKind::Retry | TimerKind::TryLost => {
            if let Some(place) = timer.attempt_id.and_then(|id| draft.find(id)) {
                if timer.kind == TimerKind::Retry {
                    attempt::go_on(&mut draft, place);
                } else {
                    attempt::lost(&mut draft, place);
                }
            }
        }
        TimerKind::AuthorizationExpiry => authorization_expired(&mut draft),
        TimerKind::ActionExpiry => action_expired(&mut draft),
    }
    draft.finish()
}

/// What is left of the authorization was not captured in time. It is released, and expired once the gateway agrees. While a
/// capture or a doubt may yet change what is left, that is put off.
fn authorization_expired(draft: &mut Draft<'_>) {
    let is_doubted = draft.latest(AUTHORIZATION).is_some_and(|place| draft.is_waiting(place));
    if is_doubted || standing::takes_or_releases(draft.payment()).any(is_open) {
        let again_at = draft.cx.now.plus_ms(draft.cx.policy.expiry_recheck_ms);
        draft.set_timer(TimerKind::AuthorizationExpiry, None, again_at);
    } else if draft.payment().capturable_amount > MinorUnits::ZERO {
        draft.state.state.closing = Some(Closing::Expired);
    }
}

/// The customer's time is over. Whether they have acted at the last moment, the gateway is asked: only its answer ends the
/// payment. Without anything to do for them, it is being asked already.
fn action_expired(draft: &mut Draft<'_>) {
    let place = draft.latest(AUTHORIZATION).filter(|_| draft.payment().next_action.is_some());
    if let Some(place) = place {
        attempt::look_again(draft, place);
    }
}
