//! The rules of saved payment methods: pure functions of state, input and time.
//!
//! [`set_up`] sees the set-up at one gateway account through, [`result`] judges what gateways say, [`timer`] has what comes next, and
//! [`draft`] says what follows from it for the method.

mod command;
mod draft;
mod outcome;
mod result;
mod set_up;
mod timer;

use quittance_avro::{records::PaymentMethodChangelog, refusals::Refusal, time::Timestamp};

pub(crate) use self::outcome::refused;
use super::{
    command::Request,
    decision::{Decision, Input, Refused},
};
use crate::payment::{Context, Ignored};

/// The version of the private and public state that these rules write; they refuse a newer one.
pub const STATE_VERSION: i32 = 1;

/// Decides what an input does to a payment method.
pub fn decide(state: Option<&PaymentMethodChangelog>, input: &Input, cx: Context<'_>) -> Decision {
    match (input, state) {
        (Input::Command(command), Some(state)) => command::apply(command, state, cx),
        (Input::Command(command), None) => match &command.request {
            Request::Create(create) => command::create(command, create, cx),
            Request::Confirm(_) | Request::Remove(_) => Decision::Refused(Box::new(Refused {
                state: None,
                outcome: outcome::refused(command, cx.now, Refusal::NotFound),
            })),
        },
        (Input::Result(result), Some(state)) => result::judge(state, result, cx),
        (Input::Timer, Some(state)) => timer::fire(state, cx),
        (Input::Result(_), None) => Decision::Ignored(Ignored::UnknownAttempt),
        (Input::Timer, None) => Decision::Ignored(Ignored::NothingPending),
    }
}

/// When the method's earliest timer is due.
pub(crate) fn due_at(state: &PaymentMethodChangelog) -> Option<Timestamp> {
    timer::earliest(state).map(|timer| timer.due_at)
}

#[cfg(test)]
mod tests;
