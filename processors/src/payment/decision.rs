//! What the rules are given and what they say.

use quittance_avro::{
    ids::CommandId,
    records::{
        CreatePayment, GatewayEffect, GatewayResult, Outcome, PaymentAuthorized, PaymentCaptured, PaymentChangelog,
        PaymentCreated, PaymentDeclined, PaymentFailed, PaymentReviewOpened,
    },
};

/// Something that happened to a payment from outside its state.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// A client asked for a payment.
    Create {
        /// Id of the command.
        id: CommandId,
        /// What was asked for.
        command: Box<CreatePayment>,
    },
    /// A try or query at a gateway came to an end.
    Result(Box<GatewayResult>),
    /// The payment's timer is due.
    Timer,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// The payment changes.
    Applied(Box<Change>),
    /// A command that was applied before: its outcome is told again, nothing changes.
    Repeated(Box<Outcome>),
    /// A command that may not be applied; nothing changes.
    Refused(Box<Outcome>),
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
    /// What is asked of a gateway.
    pub effect: Option<GatewayEffect>,
    /// What the client's command led to.
    pub outcome: Option<Outcome>,
}

/// A fact about a payment.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// `payment.created`
    Created(PaymentCreated),
    /// `payment.authorized`
    Authorized(PaymentAuthorized),
    /// `payment.captured`
    Captured(PaymentCaptured),
    /// `payment.declined`
    Declined(PaymentDeclined),
    /// `payment.failed`
    Failed(PaymentFailed),
    /// `payment.review_opened`
    ReviewOpened(PaymentReviewOpened),
}
