//! The payment rules: pure functions of state, input and time.

mod approval;
pub(super) mod create;
mod draft;
mod ending;
mod result;
mod timer;

use quittance_avro::{records::PaymentChangelog, time::Timestamp};

use super::{
    decision::{Decision, Ignored, Input},
    policy::Policy,
};

/// The version of the private and public state that these rules write; they refuse a newer one.
pub const STATE_VERSION: i32 = 1;

/// Decides what an input does to a payment.
///
/// `traceparent` is the input's W3C trace context, kept for what timers cause later.
pub fn decide(
    state: Option<&PaymentChangelog>,
    input: &Input,
    traceparent: &str,
    now: Timestamp,
    policy: &Policy,
) -> Decision {
    match (input, state) {
        (Input::Create { id, command }, None) => create::create(*id, command, traceparent, now, policy),
        (Input::Create { id, command }, Some(state)) => create::again(*id, command, state, now),
        (Input::Result(result), Some(state)) => result::judge(state, result, now, policy),
        (Input::Timer, Some(state)) => timer::fire(state, now, policy),
        (Input::Result(_), None) => Decision::Ignored(Ignored::UnknownAttempt),
        (Input::Timer, None) => Decision::Ignored(Ignored::NothingPending),
    }
}

#[cfg(test)]
mod tests;
