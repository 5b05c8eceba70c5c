//! What clients ask of a saved payment method.

use serde::{Deserialize, Serialize};

use crate::records::{Envelope, Fingerprint, PaymentMethod};

/// Command: save a payment method.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CreatePaymentMethod {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// What the request said.
    pub fingerprint: Fingerprint,
    /// What is to be saved.
    pub payment_method: PaymentMethod,
    /// Where the gateway sends the customer back to.
    pub return_url: Option<String>,
    /// The version of the configuration that the request was read by: it is not decided by an older one.
    pub configuration_version: i64,
}

/// Command: the customer has acted, so find out what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConfirmPaymentMethod {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// What the request said.
    pub fingerprint: Fingerprint,
}

/// Command: use it no more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RemovePaymentMethod {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// What the request said.
    pub fingerprint: Fingerprint,
}
