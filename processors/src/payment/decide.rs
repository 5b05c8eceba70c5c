//! The payment rules: pure functions of state, input and time.
//!
//! A payment has operations (one authorization, then captures, voids and refunds), an operation has attempts at gateway
//! accounts, an attempt has tries. [`attempt`] sees an attempt through, whatever its operation is, [`result`] and [`report`]
//! judge what gateways say, [`notice`] heeds what they tell of their own accord, [`approval`], [`operation`], [`failing`], [`dispute`] and [`closing`] say what follows from it, [`fee`] what it costs, and
//! [`standing`] derives from the operations what the payment is.

mod approval;
mod attempt;
mod closing;
mod command;
mod dispute;
mod draft;
mod failing;
mod fee;
mod notice;
mod operation;
pub(crate) mod outcome;
mod report;
mod result;
mod standing;
mod timer;

use quittance_avro::{
    records::PaymentChangelog,
    refusals::Refusal,
    time::Timestamp,
    words::{NoticeTrouble, PaymentStatus},
};

pub(super) use self::notice::anomaly;
use super::{
    command::Request,
    decision::{Context, Decision, Ignored, Input, Refused},
};

/// The version of the private and public state that these rules write; they refuse a newer one.
pub const STATE_VERSION: i32 = 3;

/// Decides what an input does to a payment.
pub fn decide(state: Option<&PaymentChangelog>, input: &Input, cx: Context<'_>) -> Decision {
    match (input, state) {
        (Input::Command(command), Some(state)) => command::apply(command, state, cx),
        (Input::Command(command), None) => match &command.request {
            Request::Create(create) => command::create(command, create, cx),
            Request::Capture(_)
            | Request::Refund(_)
            | Request::Cancel(_)
            | Request::Confirm(_)
            | Request::Approve(_)
            | Request::Reject(_)
            | Request::Resolve(_)
            | Request::Update(_) => Decision::Refused(Box::new(Refused {
                state: None,
                outcome: outcome::refused(command, cx.now, Refusal::NotFound),
            })),
        },
        (Input::Result(result), Some(state)) => result::judge(state, result, cx),
        (Input::Notice(notice), state) => match (notice.unread, state) {
            (Some(NoticeTrouble::NotAPayment), _) => Decision::Ignored(Ignored::NothingPending),
            (Some(trouble), _) => Decision::Anomalous(Box::new(anomaly(notice, trouble))),
            (None, None) => Decision::Anomalous(Box::new(anomaly(notice, NoticeTrouble::UnknownPayment))),
            (None, Some(state)) => notice::heed(state, notice, cx),
        },
        (Input::Timer, Some(state)) => timer::fire(state, cx),
        (Input::Result(_), None) => Decision::Ignored(Ignored::UnknownAttempt),
        (Input::Timer, None) => Decision::Ignored(Ignored::NothingPending),
    }
}

/// Whether a payment is at its end, and nothing of it is under way: no timer, no operation and no person.
pub(super) fn is_at_rest(state: &PaymentChangelog) -> bool {
    let public = &state.state;
    let is_end = match public.status {
        PaymentStatus::Succeeded | PaymentStatus::Failed | PaymentStatus::Canceled | PaymentStatus::Expired => true,
        PaymentStatus::RequiresAction
        | PaymentStatus::OnHold
        | PaymentStatus::Processing
        | PaymentStatus::RequiresCapture => false,
    };
    is_end && state.timers.is_empty() && public.review.is_none() && !public.operations.iter().any(standing::is_open)
}

/// When the payment's earliest timer is due.
pub(super) fn due_at(state: &PaymentChangelog) -> Option<Timestamp> {
    timer::earliest(state).map(|timer| timer.due_at)
}

#[cfg(test)]
mod tests;
