//! What comes in: told apart, and held against the key it came under.

use quittance_avro::{
    ids::{NoticeId, PaymentId},
    records::{
        ApprovePayment, CancelPayment, CapturePayment, ConfirmPayment, CreatePayment, GatewayNotice, GatewayResult,
        PaymentChangelog, Record, RefundPayment, RejectPayment, ResolveReview, UpdatePayment,
    },
    wire::{DecodeError, Decoder},
};
use quittance_log::ReadError;

use super::{
    command::{Command, Request},
    decide::STATE_VERSION,
    decision::Input,
    kept::Kept,
};

/// A record that came in.
#[derive(Debug, PartialEq)]
pub(super) enum Message {
    /// A client's command.
    Command(Box<Request>),
    /// What became of an effect.
    Result(Box<GatewayResult>),
    /// What a gateway told of its own accord.
    Notice(Box<GatewayNotice>),
}

impl Message {
    /// Reads any of them.
    pub(super) fn read(decoder: &Decoder, value: &[u8]) -> Result<Self, DecodeError> {
        match decoder.name_of(value)? {
            GatewayResult::NAME => decoder.decode(value).map(Box::new).map(Self::Result),
            GatewayNotice::NAME => decoder.decode(value).map(Box::new).map(Self::Notice),
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

    /// The payment it is for, and what it says. Under another key it may be on another partition than the payment,
    /// where it would begin a second one with the same id.
    pub(super) fn addressed(self, key: Option<&[u8]>) -> Result<(String, Input), ReadError> {
        let envelope = match &self {
            Self::Command(request) => request.envelope(),
            Self::Result(result) => &result.envelope,
            Self::Notice(notice) => &notice.envelope,
        };
        let aggregate_id = envelope.aggregate_id.clone();
        // A notice that names no payment stands for itself.
        let is_unnamed = matches!(self, Self::Notice(_)) && aggregate_id.parse::<NoticeId>().is_ok();
        if aggregate_id.parse::<PaymentId>().is_err() && !is_unnamed {
            return Err(ReadError::Invalid("envelope.aggregate_id"));
        }
        if key != Some(aggregate_id.as_bytes()) {
            return Err(ReadError::Invalid("key"));
        }
        let input = match self {
            Self::Command(request) => {
                let id = request.envelope().id.parse().map_err(|_| ReadError::Invalid("envelope.id"))?;
                Input::Command(Box::new(Command { id, request: *request }))
            }
            Self::Result(result) => Input::Result(result),
            Self::Notice(notice) => Input::Notice(notice),
        };
        Ok((aggregate_id, input))
    }
}

/// Refuses a state that a newer build wrote: this one would drop what it does not know. One of version 1 had a single timer,
/// which was for the only attempt.
pub(super) fn of_known_version(mut kept: Kept) -> Result<Kept, ReadError> {
    if kept.version() > STATE_VERSION {
        return Err(ReadError::Newer { found: kept.version(), known: STATE_VERSION });
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
