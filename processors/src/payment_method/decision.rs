//! What the rules of saved payment methods are given and what they say. They look at the same beside it as those of payments.

use quittance_avro::records::{Envelope, Outcome, PaymentMethodChangelog, SetUpEffect, SetUpResult};

use super::{
    command::{Command, Request},
    event::Event,
};
use crate::payment::Ignored;

/// Something that happened to a payment method from outside its state.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// A client asks for something.
    Command(Box<Command>),
    /// A try or query of a set-up came to an end.
    Result(Box<SetUpResult>),
    /// The method's earliest timer is due.
    Timer,
}

impl Input {
    /// Who, what, when and why of its record.
    pub(crate) fn envelope(&self) -> Option<&Envelope> {
        match self {
            Self::Command(command) => Some(command.request.envelope()),
            Self::Result(result) => Some(&result.envelope),
            Self::Timer => None,
        }
    }

    /// The version of the configuration that it must not be decided without.
    pub(crate) fn awaits(&self) -> i64 {
        match self {
            Self::Command(command) => match &command.request {
                Request::Create(asked) => asked.configuration_version,
                Request::Confirm(_) | Request::Remove(_) => 0,
            },
            Self::Result(_) | Self::Timer => 0,
        }
    }
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// The method changes.
    Applied(Box<Change>),
    /// A command that was decided before: its outcome is told again, nothing changes.
    Repeated(Box<Outcome>),
    /// A command that may not be applied.
    Refused(Box<Refused>),
    /// Nothing is to be done.
    Ignored(Ignored),
}

/// A method's change, all of which is written in one transaction.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The state afterwards.
    pub state: PaymentMethodChangelog,
    /// What happened, in order; one for each new sequence number. None if only private state changed.
    pub events: Vec<Event>,
    /// What is asked of gateways.
    pub effects: Vec<SetUpEffect>,
    /// What the client's command led to.
    pub outcome: Option<Outcome>,
}

/// A command that may not be applied. Of the method nothing changes but what it remembers of refusals.
#[derive(Debug, Clone, PartialEq)]
pub struct Refused {
    /// The state afterwards, if there is a method.
    pub state: Option<PaymentMethodChangelog>,
    /// What the client is told.
    pub outcome: Outcome,
}
