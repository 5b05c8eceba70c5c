//! What comes in: told apart, and held against the key it came under.

use quittance_avro::{
    ids::PaymentId,
    records::{CreatePayment, GatewayResult, PaymentChangelog, Record as _},
    wire::{DecodeError, Decoder},
};
use quittance_log::ReadError;

use super::{decide::STATE_VERSION, decision::Input};

/// A record that came in.
#[derive(Debug, PartialEq)]
pub(super) enum Message {
    /// A client's command.
    Create(Box<CreatePayment>),
    /// What became of an effect.
    Result(Box<GatewayResult>),
}

impl Message {
    /// Reads either of them.
    pub(super) fn read(decoder: &Decoder, value: &[u8]) -> Result<Self, DecodeError> {
        if decoder.name_of(value)? == GatewayResult::NAME {
            decoder.decode(value).map(Box::new).map(Self::Result)
        } else {
            decoder.decode(value).map(Box::new).map(Self::Create)
        }
    }

    /// The payment it is for, and what it says. Under another key it may be on another partition than the payment,
    /// where it would begin a second one with the same id.
    pub(super) fn addressed(self, key: Option<&[u8]>) -> Result<(String, Input), ReadError> {
        let envelope = match &self {
            Self::Create(command) => &command.envelope,
            Self::Result(result) => &result.envelope,
        };
        let id = envelope.aggregate_id.clone();
        if id.parse::<PaymentId>().is_err() {
            return Err(ReadError::Invalid("envelope.aggregate_id"));
        }
        if key != Some(id.as_bytes()) {
            return Err(ReadError::Invalid("key"));
        }
        let input = match self {
            Self::Create(command) => {
                let id = command.envelope.id.parse().map_err(|_| ReadError::Invalid("envelope.id"))?;
                Input::Create { id, command }
            }
            Self::Result(result) => Input::Result(result),
        };
        Ok((id, input))
    }
}

/// Refuses a state that a newer build wrote: this one would drop what it does not know.
pub(super) fn of_known_version(state: PaymentChangelog) -> Result<PaymentChangelog, ReadError> {
    if state.state_version > STATE_VERSION {
        return Err(ReadError::Newer { found: state.state_version, known: STATE_VERSION });
    }
    Ok(state)
}

#[cfg(test)]
mod tests;
