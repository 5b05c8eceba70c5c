//! What a client asks of a saved payment method.

use quittance_avro::{
    ids::CommandId,
    records::{ConfirmPaymentMethod, CreatePaymentMethod, Envelope, Fingerprint, RemovePaymentMethod},
};

/// A command with the id that it is remembered by.
#[derive(Debug, Clone, PartialEq)]
pub struct Command {
    /// `cmd_…`, as it stands in the envelope.
    pub id: CommandId,
    /// What is asked for.
    pub request: Request,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// Save it.
    Create(Box<CreatePaymentMethod>),
    /// The customer has acted.
    Confirm(Box<ConfirmPaymentMethod>),
    /// Use it no more.
    Remove(Box<RemovePaymentMethod>),
}

impl Request {
    /// Name of the request in outcomes and remembered commands.
    pub fn operation(&self) -> &'static str {
        match self {
            Self::Create(_) => "payment_methods.create",
            Self::Confirm(_) => "payment_methods.confirm",
            Self::Remove(_) => "payment_methods.remove",
        }
    }

    /// Who, what, when and why of its record.
    pub fn envelope(&self) -> &Envelope {
        match self {
            Self::Create(record) => &record.envelope,
            Self::Confirm(record) => &record.envelope,
            Self::Remove(record) => &record.envelope,
        }
    }

    /// What the request said.
    pub fn fingerprint(&self) -> &Fingerprint {
        match self {
            Self::Create(record) => &record.fingerprint,
            Self::Confirm(record) => &record.fingerprint,
            Self::Remove(record) => &record.fingerprint,
        }
    }
}

impl From<CreatePaymentMethod> for Request {
    fn from(record: CreatePaymentMethod) -> Self {
        Self::Create(Box::new(record))
    }
}

impl From<ConfirmPaymentMethod> for Request {
    fn from(record: ConfirmPaymentMethod) -> Self {
        Self::Confirm(Box::new(record))
    }
}

impl From<RemovePaymentMethod> for Request {
    fn from(record: RemovePaymentMethod) -> Self {
        Self::Remove(Box::new(record))
    }
}
