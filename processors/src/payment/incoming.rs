//! What comes in, by what it is for.

use quittance_avro::records::Envelope;

use super::decision::Input;
use crate::payment_method;

/// What comes in. The id that it comes under says which of the two it is.
#[derive(Debug, Clone, PartialEq)]
pub enum Incoming {
    /// For a payment.
    Payment(Input),
    /// For a saved payment method.
    Method(payment_method::Input),
}

impl Incoming {
    /// Who, what, when and why of its record.
    pub(super) fn envelope(&self) -> Option<&Envelope> {
        match self {
            Self::Payment(input) => input.envelope(),
            Self::Method(input) => input.envelope(),
        }
    }

    /// Whether a client asks for something.
    #[cfg(test)]
    pub(super) fn is_command(&self) -> bool {
        matches!(self, Self::Payment(Input::Command(_)) | Self::Method(payment_method::Input::Command(_)))
    }

    /// The version of the configuration that it must not be decided without.
    pub(super) fn awaits(&self) -> i64 {
        match self {
            Self::Payment(input) => input.awaits(),
            Self::Method(input) => input.awaits(),
        }
    }
}
