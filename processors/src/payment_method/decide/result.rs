//! What gateways say of set-ups.

use quittance_avro::{
    records::{Failure, PaymentMethodActionRequired, PaymentMethodChangelog, SetUpResult},
    words::{SetUpOutcome, SetUpStatus, TimerKind},
};

use super::{
    draft::{Draft, is_open, plain, system},
    set_up::{self, OPEN_MAX_MS},
};
use crate::{
    payment::{Context, Ignored},
    payment_method::{decision::Decision, event::Event},
};

/// Takes in the end of a try or query.
pub(super) fn judge(state: &PaymentMethodChangelog, result: &SetUpResult, cx: Context<'_>) -> Decision {
    let found = state.state.set_ups.iter().position(|set_up| set_up.attempt_id == result.attempt_id);
    let Some(index) = found else { return Decision::Ignored(Ignored::UnknownAttempt) };
    let set_up = &state.state.set_ups[index];
    if !is_open(state.state.status) || set_up.status != SetUpStatus::Pending {
        return Decision::Ignored(Ignored::AlreadySettled);
    }
    let is_asked = state
        .timers
        .iter()
        .any(|timer| timer.attempt_id == Some(result.attempt_id) && timer.kind == TimerKind::TryLost);
    let is_awaited = is_asked && set_up.last_effect_id == Some(result.effect_id);
    // All tries of an attempt have one key, so that what the gateway did is the end, whichever of them tells it. Whatever else is told
    // late may be older than what is known.
    let is_end = match result.outcome {
        SetUpOutcome::Approved | SetUpOutcome::Declined => true,
        SetUpOutcome::ActionRequired
        | SetUpOutcome::Rejected
        | SetUpOutcome::Pending
        | SetUpOutcome::NotProcessed
        | SetUpOutcome::Expired
        | SetUpOutcome::Absent
        | SetUpOutcome::Unknown => false,
    };
    if !is_awaited && !is_end {
        return Decision::Ignored(Ignored::Superseded);
    }
    let mut draft = Draft::new(state.clone(), system(), cx);
    take_in(&mut draft, index, result);
    draft.finish()
}

fn take_in(draft: &mut Draft<'_>, index: usize, result: &SetUpResult) {
    let set_up = draft.set_up_mut(index);
    if let Some(reference) = &result.details.gateway_reference {
        set_up.gateway_reference.get_or_insert_with(|| reference.clone());
    }
    match result.outcome {
        SetUpOutcome::Approved => set_up::succeed(draft, index, result),
        SetUpOutcome::Declined => {
            set_up::fail(draft, index, why(result, "declined", "the gateway declined it"));
        }
        SetUpOutcome::Rejected => {
            set_up::fail(draft, index, why(result, "rejected", "the gateway does not take this request"));
        }
        SetUpOutcome::ActionRequired => action_required(draft, index, result),
        SetUpOutcome::Pending => {
            set_up.unanswered = 0;
            set_up::wait(draft, index);
        }
        SetUpOutcome::NotProcessed | SetUpOutcome::Expired | SetUpOutcome::Absent
            if set_up.gateway_reference.is_none() =>
        {
            set_up::wait(draft, index);
        }
        // That it could not be asked about, or did not answer, says nothing of what was done.
        SetUpOutcome::NotProcessed | SetUpOutcome::Expired | SetUpOutcome::Absent | SetUpOutcome::Unknown => {
            set_up.unanswered = set_up.unanswered.saturating_add(1);
            set_up::wait(draft, index);
        }
    }
}

/// The customer has to act, or still has to. Their time begins when they are told first.
fn action_required(draft: &mut Draft<'_>, index: usize, result: &SetUpResult) {
    let now = draft.cx.now;
    let set_up = draft.set_up_mut(index);
    set_up.unanswered = 0;
    let is_news = result.next_action.is_some() && set_up.next_action != result.next_action;
    if let Some(action) = result.next_action.clone().filter(|_| is_news) {
        set_up.next_action = Some(action.clone());
        set_up.action_expires_at.get_or_insert_with(|| now.plus_ms(OPEN_MAX_MS));
        let (attempt_id, gateway_account) = (set_up.attempt_id, set_up.gateway_account.clone());
        draft.event(|envelope, status| {
            Event::ActionRequired(PaymentMethodActionRequired {
                envelope,
                attempt_id,
                gateway_account,
                next_action: action,
                status,
            })
        });
    }
    set_up::wait(draft, index);
}

fn why(result: &SetUpResult, code: &str, message: &str) -> Failure {
    result.failure.clone().unwrap_or_else(|| plain(code, message))
}
