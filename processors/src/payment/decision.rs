//! What the rules are given and what they say.

use quittance_avro::{
    records::{
        Envelope, GatewayAnomaly, GatewayEffect, GatewayNotice, GatewayResult, Outcome, PaymentChangelog, Transfer,
    },
    time::Timestamp,
};

use super::{
    command::{Command, Request},
    event::Event,
    gateways::Gateways,
    policy::Policy,
};

/// Something that happened to a payment from outside its state.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// A client asks for something.
    Command(Box<Command>),
    /// A try or query at a gateway came to an end.
    Result(Box<GatewayResult>),
    /// A gateway tells that something happened.
    Notice(Box<GatewayNotice>),
    /// The payment's earliest timer is due.
    Timer,
}

impl Input {
    /// Who, what, when and why of its record.
    pub(super) fn envelope(&self) -> Option<&Envelope> {
        match self {
            Self::Command(command) => Some(command.request.envelope()),
            Self::Result(result) => Some(&result.envelope),
            Self::Notice(notice) => Some(&notice.envelope),
            Self::Timer => None,
        }
    }

    /// The version of the configuration that it must not be decided without.
    pub(super) fn awaits(&self) -> i64 {
        match self {
            Self::Command(command) => match &command.request {
                Request::Create(asked) => asked.configuration_version,
                _ => 0,
            },
            Self::Result(_) | Self::Notice(_) | Self::Timer => 0,
        }
    }
}

/// What the rules may look at beside the payment and the input. All of it is data: deciding again gives the same.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// Now.
    pub now: Timestamp,
    /// The input's W3C trace context, kept for what timers cause later.
    pub traceparent: &'a str,
    /// The bounds that the rules keep to.
    pub policy: &'a Policy,
    /// The gateway accounts of the payment's tenant, and how it wants them to be used.
    pub gateways: &'a Gateways,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// The payment changes.
    Applied(Box<Change>),
    /// A command that was decided before: its outcome is told again, nothing changes.
    Repeated(Box<Outcome>),
    /// A command that may not be applied.
    Refused(Box<Refused>),
    /// A gateway told something that fits nothing we know: it is kept for a person, and nothing changes.
    Anomalous(Box<GatewayAnomaly>),
    /// Nothing is to be done.
    Ignored(Ignored),
}

/// Why nothing is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ignored {
    /// The operation is settled, and this says nothing new of it.
    AlreadySettled,
    /// A newer try of the same attempt is under way.
    Superseded,
    /// The timer was for something that is over.
    NothingPending,
    /// There is no such payment or attempt: not a record of ours.
    UnknownAttempt,
}

/// A payment's change, all of which is written in one transaction.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The state afterwards.
    pub state: PaymentChangelog,
    /// What happened, in order; one for each new sequence number. None if only private state changed.
    pub events: Vec<Event>,
    /// What is asked of gateways.
    pub effects: Vec<GatewayEffect>,
    /// What moves in the ledger.
    pub transfers: Vec<Transfer>,
    /// What the client's command led to.
    pub outcome: Option<Outcome>,
}

/// A command that may not be applied. Of the payment nothing changes but what it remembers of refusals.
#[derive(Debug, Clone, PartialEq)]
pub struct Refused {
    /// The state afterwards, if there is a payment.
    pub state: Option<PaymentChangelog>,
    /// What the client is told.
    pub outcome: Outcome,
}
