//! Payments: the rules and their place in the runtime, which they share with saved payment methods.

mod accounts;
mod command;
mod decide;
mod decision;
mod event;
mod gateways;
mod incoming;
mod kept;
mod message;
mod policy;
mod processor;
mod routing;
#[cfg(test)]
mod samples;

#[cfg(test)]
pub(crate) use self::policy::policy;
pub use self::{
    command::{Command, Request},
    decide::{STATE_VERSION, decide},
    decision::{Change, Context, Decision, Ignored, Input, Refused},
    event::Event,
    gateways::Gateways,
    incoming::Incoming,
    kept::Kept,
    policy::{KEY_AGE_MAX_MS, Policy},
    processor::{Encoders, PaymentProcessor},
};
pub(crate) use self::{decide::outcome, processor::headers};
