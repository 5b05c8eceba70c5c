//! What comes in: told apart, and held against the key it came under.

use quittance_avro::{
    ids::{NoticeId, PaymentId, PaymentMethodId},
    records::{
        ApprovePayment, CancelPayment, CapturePayment, ConfirmPayment, ConfirmPaymentMethod, CreatePayment,
        CreatePaymentMethod, Envelope, GatewayNotice, GatewayResult, PaymentChangelog, Record, RefundPayment,
        RejectPayment, RemovePaymentMethod, ResolveReview, SetUpResult, UpdatePayment,
    },
    wire::{DecodeError, Decoder},
};
use quittance_log::ReadError;

use super::{
    command::{Command, Request},
    decide::STATE_VERSION,
    decision::Input,
    incoming::Incoming,
    kept::Kept,
};
use crate::payment_method;

/// A record that came in.
#[derive(Debug, PartialEq)]
pub(super) enum Message {
    /// A client's command.
    Command(Box<Request>),
    /// What became of an effect.
    Result(Box<GatewayResult>),
    /// What a gateway told of its own accord.
    Notice(Box<GatewayNotice>),
    /// A client's command to a payment method.
    MethodCommand(Box<payment_method::Request>),
    /// What became of the effect of a set-up.
    SetUpResult(Box<SetUpResult>),
}

impl Message {
    /// Reads any of them.
    pub(super) fn read(decoder: &Decoder, value: &[u8]) -> Result<Self, DecodeError> {
        match decoder.name_of(value)? {
            GatewayResult::NAME => decoder.decode(value).map(Box::new).map(Self::Result),
            GatewayNotice::NAME => decoder.decode(value).map(Box::new).map(Self::Notice),
            SetUpResult::NAME => decoder.decode(value).map(Box::new).map(Self::SetUpResult),
            CreatePaymentMethod::NAME => Self::method_command::<CreatePaymentMethod>(decoder, value),
            ConfirmPaymentMethod::NAME => Self::method_command::<ConfirmPaymentMethod>(decoder, value),
            RemovePaymentMethod::NAME => Self::method_command::<RemovePaymentMethod>(decoder, value),
            CapturePayment::NAME => Self::command::<CapturePayment>(decoder, value),
            RefundPayment::NAME => Self::command::<RefundPayment>(decoder, value),
            CancelPayment::NAME => Self::command::<CancelPayment>(decoder, value),
            ConfirmPayment::NAME => Self::command::<ConfirmPayment>(decoder, value),
            ApprovePayment::NAME => Self::command::<ApprovePayment>(decoder, value),
            RejectPayment::NAME => Self::command::<RejectPayment>(decoder, value),
            ResolveReview::NAME => Self::command::<ResolveReview>(decoder, value),
            UpdatePayment::NAME => Self::command::<UpdatePayment>(decoder, value),
            // Whatever else it is, it is none that the decoder takes for this.
            _ => Self::command::<CreatePayment>(decoder, value),
        }
    }

    fn command<R: Record + Into<Request>>(decoder: &Decoder, value: &[u8]) -> Result<Self, DecodeError> {
        decoder.decode::<R>(value).map(|record| Self::Command(Box::new(record.into())))
    }

    fn method_command<R: Record + Into<payment_method::Request>>(
        decoder: &Decoder,
        value: &[u8],
    ) -> Result<Self, DecodeError> {
        decoder.decode::<R>(value).map(|record| Self::MethodCommand(Box::new(record.into())))
    }

    fn envelope(&self) -> &Envelope {
        match self {
            Self::Command(request) => request.envelope(),
            Self::Result(result) => &result.envelope,
            Self::Notice(notice) => &notice.envelope,
            Self::MethodCommand(request) => request.envelope(),
            Self::SetUpResult(result) => &result.envelope,
        }
    }

    /// Whether that is an id of what it is for. A notice that names no payment stands for itself.
    fn is_for(&self, aggregate_id: &str) -> bool {
        match self {
            Self::Command(_) | Self::Result(_) => aggregate_id.parse::<PaymentId>().is_ok(),
            Self::Notice(_) => aggregate_id.parse::<PaymentId>().is_ok() || aggregate_id.parse::<NoticeId>().is_ok(),
            Self::MethodCommand(_) | Self::SetUpResult(_) => aggregate_id.parse::<PaymentMethodId>().is_ok(),
        }
    }

    /// The payment, or payment method, it is for, and what it says. Under another key it may be on another partition than the payment,
    /// where it would begin a second one with the same id.
    pub(super) fn addressed(self, key: Option<&[u8]>) -> Result<(String, Incoming), ReadError> {
        let aggregate_id = self.envelope().aggregate_id.clone();
        if !self.is_for(&aggregate_id) {
            return Err(ReadError::Invalid("envelope.aggregate_id"));
        }
        if key != Some(aggregate_id.as_bytes()) {
            return Err(ReadError::Invalid("key"));
        }
        let command_id = |envelope: &Envelope| envelope.id.parse().map_err(|_| ReadError::Invalid("envelope.id"));
        let incoming = match self {
            Self::Command(request) => {
                let id = command_id(request.envelope())?;
                Incoming::Payment(Input::Command(Box::new(Command { id, request: *request })))
            }
            Self::Result(result) => Incoming::Payment(Input::Result(result)),
            Self::Notice(notice) => Incoming::Payment(Input::Notice(notice)),
            Self::MethodCommand(request) => {
                let id = command_id(request.envelope())?;
                let command = payment_method::Command { id, request: *request };
                Incoming::Method(payment_method::Input::Command(Box::new(command)))
            }
            Self::SetUpResult(result) => Incoming::Method(payment_method::Input::Result(result)),
        };
        Ok((aggregate_id, incoming))
    }
}

/// Refuses a state that a newer build wrote: this one would drop what it does not know. One of version 1 had a single timer,
/// which was for the only attempt.
pub(super) fn of_known_version(mut kept: Kept) -> Result<Kept, ReadError> {
    if kept.version() > kept.known_version() {
        return Err(ReadError::Newer { found: kept.version(), known: kept.known_version() });
    }
    if let Kept::Payment(payment) = &mut kept {
        upgrade(payment);
    }
    Ok(kept)
}

fn upgrade(state: &mut PaymentChangelog) {
    let latest = state.state.operations.first().and_then(|operation| operation.attempts.last());
    if let (Some(mut timer), Some(attempt)) = (state.timer.take(), latest) {
        timer.attempt_id = Some(attempt.id);
        state.timers.push(timer);
    }
    (state.state_version, state.state.state_version) = (STATE_VERSION, STATE_VERSION);
}

#[cfg(test)]
mod tests;
