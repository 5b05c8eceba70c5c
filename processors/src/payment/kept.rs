//! What is kept under a payment's id: the payment, or what has to be remembered where there is none.
//!
//! | Kept | Until |
//! |---|---|
//! | the payment | 400 days after its latest event, if it is at its end |
//! | a stub of it | for ever |
//! | that its creation was refused | 7 days after |
//! | a saved payment method | for ever, without its tokens once it is removed |
//!
//! A stub tells repeated requests what became of them, and refuses others.

use quittance_avro::{
    records::{
        CreatePayment, Envelope, GatewayAnomaly, Outcome, PaymentChangelog, PaymentMethodChangelog, PaymentStub,
        Record, RefusedCreation,
    },
    refusals::Refusal,
    time::Timestamp,
    wire::{DecodeError, Decoder},
    words::NoticeTrouble,
};

use super::{
    command::{Command, Request},
    decide::{STATE_VERSION, anomaly, decide, due_at, is_at_rest, outcome},
    decision::{Context, Decision, Ignored, Input},
};
use crate::{payment_method, runtime::StateChange};

/// How long after its latest event a payment that is at its end is kept whole, milliseconds.
const KEPT_WHOLE_MS: i64 = 400 * 86_400_000;

/// What the changelog has of a payment.
#[derive(Debug, Clone, PartialEq)]
pub enum Kept {
    /// All of it.
    Payment(Box<PaymentChangelog>),
    /// That it was not created.
    Refused(Box<RefusedCreation>),
    /// That it ended long ago, and how.
    Stub(Box<PaymentStub>),
    /// A saved payment method, which has ids of its own.
    Method(Box<PaymentMethodChangelog>),
}

/// What is to be done about an input.
#[derive(Debug, PartialEq)]
pub(super) enum Said {
    /// What the payment rules say.
    ByRules(Decision),
    /// A client is told this, and this becomes of what is kept.
    Told(Box<Outcome>, StateChange<Kept>),
    /// A gateway told something that nobody can be asked about.
    Anomalous(Box<GatewayAnomaly>),
    /// Nobody is told anything.
    Silent(StateChange<Kept>),
}

impl Kept {
    /// Reads any of them.
    pub(super) fn read(decoder: &Decoder, value: &[u8]) -> Result<Self, DecodeError> {
        match decoder.name_of(value)? {
            RefusedCreation::NAME => decoder.decode(value).map(Box::new).map(Self::Refused),
            PaymentStub::NAME => decoder.decode(value).map(Box::new).map(Self::Stub),
            PaymentMethodChangelog::NAME => decoder.decode(value).map(Box::new).map(Self::Method),
            _ => decoder.decode(value).map(Box::new).map(Self::Payment),
        }
    }

    /// The payment, if it is kept whole.
    pub fn payment(&self) -> Option<&PaymentChangelog> {
        match self {
            Self::Payment(payment) => Some(payment),
            Self::Refused(_) | Self::Stub(_) | Self::Method(_) => None,
        }
    }

    /// Whose it is.
    pub(super) fn envelope(&self) -> &Envelope {
        match self {
            Self::Payment(payment) => &payment.state.envelope,
            Self::Refused(refused) => &refused.envelope,
            Self::Stub(stub) => &stub.envelope,
            Self::Method(method) => &method.state.envelope,
        }
    }

    /// The trace that its timers go on with.
    pub(super) fn traceparent(&self) -> &str {
        match self {
            Self::Payment(payment) => &payment.traceparent,
            Self::Refused(_) | Self::Stub(_) => "",
            Self::Method(method) => &method.traceparent,
        }
    }

    /// The version of the rules that wrote it.
    pub(super) fn version(&self) -> i32 {
        match self {
            Self::Payment(payment) => payment.state_version,
            Self::Refused(refused) => refused.state_version,
            Self::Stub(stub) => stub.state_version,
            Self::Method(method) => method.state_version,
        }
    }

    /// The newest version of its rules that this build knows.
    pub(super) fn known_version(&self) -> i32 {
        match self {
            Self::Payment(_) | Self::Refused(_) | Self::Stub(_) => STATE_VERSION,
            Self::Method(_) => payment_method::STATE_VERSION,
        }
    }

    /// When something becomes of it unless something else happens first.
    pub(crate) fn due_at(&self) -> Option<Timestamp> {
        match self {
            Self::Payment(payment) => due_at(payment).or_else(|| retires_at(payment)),
            Self::Refused(refused) => Some(outcome::remembered_until(&refused.refusal)),
            Self::Stub(_) => None,
            Self::Method(method) => payment_method::due_at(method),
        }
    }
}

/// When all but a stub of a payment is let go: not before its latest refusals are forgotten.
fn retires_at(payment: &PaymentChangelog) -> Option<Timestamp> {
    let refusals = payment.refusals.iter().map(outcome::remembered_until);
    is_at_rest(payment).then(|| refusals.fold(payment.state.updated_at.plus_ms(KEPT_WHOLE_MS), Timestamp::max))
}

/// Decides what an input does.
pub(super) fn decide_kept(kept: Option<&Kept>, input: &Input, cx: Context<'_>) -> Said {
    match (kept, input) {
        (Some(Kept::Payment(payment)), Input::Timer) if due_at(payment).is_none() => {
            Said::Silent(retire(payment, cx.now))
        }
        (Some(Kept::Payment(payment)), input) => Said::ByRules(decide(Some(payment), input, cx)),
        (Some(Kept::Stub(stub)), input) => of_stub(stub, input, cx.now),
        (Some(Kept::Refused(refused)), Input::Timer) => {
            let is_over = !outcome::is_remembered(&refused.refusal, cx.now);
            Said::Silent(if is_over { StateChange::Removed } else { StateChange::Unchanged })
        }
        (Some(Kept::Refused(refused)), Input::Command(command)) if is_told_again(refused, command, cx.now) => {
            let told = outcome::refused_before(&refused.envelope, &refused.refusal);
            Said::Told(Box::new(told), StateChange::Unchanged)
        }
        (Some(Kept::Refused(_)) | None, input) => of_nothing(input, cx),
        // No input for a payment comes under the id of a method.
        (Some(Kept::Method(_)), _) => Said::ByRules(Decision::Ignored(Ignored::UnknownAttempt)),
    }
}

fn is_told_again(refused: &RefusedCreation, command: &Command, now: Timestamp) -> bool {
    refused.refusal.command_id == command.id && outcome::is_remembered(&refused.refusal, now)
}

/// There is no payment. That one could not be created is remembered; whatever else is asked of it leaves nothing behind.
fn of_nothing(input: &Input, cx: Context<'_>) -> Said {
    match (decide(None, input, cx), input) {
        (Decision::Refused(refused), Input::Command(command)) => {
            let kept = match &command.request {
                Request::Create(asked) => StateChange::Put(refusal_of(asked, &refused.outcome)),
                _ => StateChange::Unchanged,
            };
            Said::Told(Box::new(refused.outcome), kept)
        }
        (decision, _) => Said::ByRules(decision),
    }
}

fn refusal_of(asked: &CreatePayment, told: &Outcome) -> Kept {
    Kept::Refused(Box::new(RefusedCreation {
        envelope: asked.envelope.clone(),
        state_version: STATE_VERSION,
        refusal: outcome::remembered(told),
    }))
}

fn retire(payment: &PaymentChangelog, now: Timestamp) -> StateChange<Kept> {
    if retires_at(payment).is_none_or(|at| at > now) {
        return StateChange::Unchanged;
    }
    StateChange::Put(Kept::Stub(Box::new(PaymentStub {
        envelope: payment.state.envelope.clone(),
        state_version: STATE_VERSION,
        status: payment.state.status,
        commands: payment.commands.clone(),
        retired_at: now,
    })))
}

fn of_stub(stub: &PaymentStub, input: &Input, now: Timestamp) -> Said {
    match input {
        Input::Command(command) => {
            let known = stub.commands.iter().find(|known| known.command_id == command.id);
            let told = known.map_or_else(
                || outcome::refused(command, now, Refusal::PaymentArchived),
                |known| outcome::applied(&stub.envelope, known, now),
            );
            Said::Told(Box::new(told), StateChange::Unchanged)
        }
        Input::Notice(notice) => Said::Anomalous(Box::new(anomaly(notice, NoticeTrouble::UnknownPayment))),
        // It has no such attempt any more.
        Input::Result(_) => Said::ByRules(Decision::Ignored(Ignored::UnknownAttempt)),
        Input::Timer => Said::Silent(StateChange::Unchanged),
    }
}

#[cfg(test)]
mod tests;
