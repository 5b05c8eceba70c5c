//! What to do when the gateway's answer is late, when it was no answer, or when time is over.

use quittance_avro::{
    records::{PaymentMethodChangelog, Timer},
    words::TimerKind,
};

use super::{
    draft::{Draft, system},
    set_up,
};
use crate::{
    payment::{Context, Ignored},
    payment_method::decision::Decision,
};

/// The method's timer that is due first.
pub(super) fn earliest(state: &PaymentMethodChangelog) -> Option<&Timer> {
    state.timers.iter().min_by_key(|timer| timer.due_at)
}

/// The method's earliest timer is due. Others that are due as well have their turn after it.
pub(super) fn fire(state: &PaymentMethodChangelog, cx: Context<'_>) -> Decision {
    let Some(timer) = earliest(state).filter(|timer| timer.due_at <= cx.now).cloned() else {
        return Decision::Ignored(Ignored::NothingPending);
    };
    let mut draft = Draft::new(state.clone(), system(), cx);
    draft.state.timers.retain(|found| *found != timer);
    let index = draft.method().set_ups.iter().position(|set_up| Some(set_up.attempt_id) == timer.attempt_id);
    if let Some(index) = index {
        match timer.kind {
            TimerKind::TryLost => {
                let set_up = draft.set_up_mut(index);
                set_up.unanswered = set_up.unanswered.saturating_add(1);
                set_up::go_on(&mut draft, index);
            }
            TimerKind::Retry | TimerKind::AuthorizationExpiry | TimerKind::ActionExpiry => {
                set_up::go_on(&mut draft, index);
            }
        }
    }
    draft.finish()
}
