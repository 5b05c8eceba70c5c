//! Payments: the rules and their place in the runtime.

mod decide;
mod decision;
mod message;
mod policy;
mod processor;
#[cfg(test)]
mod samples;

pub use self::{
    decide::{STATE_VERSION, decide},
    decision::{Change, Decision, Event, Ignored, Input},
    policy::{KEY_AGE_MAX_MS, Policy},
    processor::{Encoders, PaymentProcessor},
};
