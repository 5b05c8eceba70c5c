//! What clients ask of a payment that is there.

use serde::{Deserialize, Serialize};

use crate::{
    money::MinorUnits,
    records::{Bytes, Envelope, Fingerprint, Sealed},
    words::Resolution,
};

/// Command: take what is authorized, or a part of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CapturePayment {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// What the request said.
    pub fingerprint: Fingerprint,
    /// Amount to capture, in minor units of `currency` (ISO 4217 exponent), below 2^53; absent for all that is left.
    pub amount: Option<MinorUnits>,
    /// Whether what is left of the authorization is released.
    #[serde(rename = "final")]
    pub is_final: bool,
    /// Why, in a word of the one who asked: lower-case letters, digits and `_`.
    pub reason: Option<String>,
}

/// Command: give back what was captured, or a part of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RefundPayment {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// What the request said.
    pub fingerprint: Fingerprint,
    /// Amount to refund, in minor units of `currency` (ISO 4217 exponent), below 2^53; absent for all that is left.
    pub amount: Option<MinorUnits>,
    /// Why, in a word of the one who asked: lower-case letters, digits and `_`.
    pub reason: Option<String>,
}

/// Command: give the payment up, and release what is authorized.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CancelPayment {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// What the request said.
    pub fingerprint: Fingerprint,
    /// Why, in a word of the one who asked: lower-case letters, digits and `_`.
    pub reason: Option<String>,
}

/// Command: the customer has acted, so find out what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConfirmPayment {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// What the request said.
    pub fingerprint: Fingerprint,
}

/// Command: send a payment that is on hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ApprovePayment {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// What the request said.
    pub fingerprint: Fingerprint,
    /// Why, in a word of the one who asked: lower-case letters, digits and `_`.
    pub reason: Option<String>,
}

/// Command: give up a payment that is on hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RejectPayment {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// What the request said.
    pub fingerprint: Fingerprint,
    /// Why, in a word of the one who asked: lower-case letters, digits and `_`.
    pub reason: Option<String>,
}

/// Command: what a person found out about a payment under review.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResolveReview {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// What the request said.
    pub fingerprint: Fingerprint,
    /// The operation that it is about; absent if nothing is to be changed.
    pub operation_id: Option<String>,
    /// `succeeded` or `failed` (of the operation), or `acknowledged` (nothing is to be changed).
    pub resolution: Resolution,
    /// The gateway's id of what was done.
    pub gateway_reference: Option<String>,
    /// `{"note"}`.
    pub sealed: Option<Sealed>,
}

/// Command: replace the text of a payment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UpdatePayment {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// What the request said.
    pub fingerprint: Fingerprint,
    /// `{"reference", "description", "metadata"}`.
    pub sealed: Option<Sealed>,
    /// Tokens by which its reference and metadata can be looked for: HMACs under a key of the tenant, in no order that says anything. Absent in records of older builds, and if there is no text.
    pub search_tokens: Option<Vec<Bytes>>,
    /// The sequence of the event that the text came with which this one was made of: if there is a later one, the command is refused. Absent in records of older builds, which replace whatever is there.
    pub text_sequence: Option<i64>,
}
