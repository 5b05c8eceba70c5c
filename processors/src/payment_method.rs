//! Saved payment methods: the rules. Their place in the runtime is that of payments.
//!
//! A method has a set-up for each of its gateway accounts that wants one; the others can charge its tokens as they are. It moves no
//! money, so that much is simpler than with a payment: nobody has to be sure of what became of a set-up that is given up.

mod command;
mod decide;
mod decision;
mod event;
mod kept;
mod processor;
#[cfg(test)]
pub(crate) mod samples;

pub use self::{
    command::{Command, Request},
    decide::{STATE_VERSION, decide},
    decision::{Change, Decision, Input, Refused},
    event::Event,
};
pub(crate) use self::{
    decide::due_at,
    processor::{Encoders, Methods},
};
