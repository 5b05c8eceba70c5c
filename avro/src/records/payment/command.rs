//! What clients ask of a payment, and what became of it.

use serde::{Deserialize, Serialize};

use super::{MetadataPair, PaymentMethod};
use crate::{
    ids::CommandId,
    money::{Currency, MinorUnits},
    records::{Bytes, Envelope, Fingerprint, Sealed},
    words::{CaptureMethod, Initiator, OutcomeStatus},
};

/// Command: take a payment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CreatePayment {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// What the request said.
    pub fingerprint: Fingerprint,
    /// Amount to take, in minor units of `currency` (ISO 4217 exponent), below 2^53.
    pub amount: MinorUnits,
    /// ISO 4217 alphabetic code, e.g. `EUR`.
    pub currency: Currency,
    /// `automatic` or `manual`.
    pub capture: CaptureMethod,
    /// How it is paid.
    pub payment_method: PaymentMethod,
    /// Name of the gateway account; empty to let the routing rules choose.
    pub gateway_account: String,
    /// `customer` or `merchant`.
    pub initiator: Initiator,
    /// Use of a stored credential: `first`, `recurring`, `installment` or `unscheduled`.
    pub stored_credential: Option<String>,
    /// `{"reference", "description", "metadata"}`.
    pub sealed: Option<Sealed>,
    /// Where the gateway sends the customer back to.
    pub return_url: Option<String>,
    /// Whether it waits for a person before it is sent.
    #[serde(default)]
    pub hold: bool,
    /// How often a soft decline is tried again.
    #[serde(default)]
    pub declines_retried_max: i32,
    /// The saved payment method, `pm_…`.
    pub payment_method_id: Option<String>,
    /// The scheme's id of the charge that this one goes back to.
    pub network_transaction_id: Option<String>,
    /// The members of its metadata that the tenant's routing rules ask for, in the clear.
    #[serde(default)]
    pub routing_metadata: Vec<MetadataPair>,
    /// The version of the configuration that the request was read by: it is not decided by an older one.
    #[serde(default)]
    pub configuration_version: i64,
    /// Tokens by which its reference and metadata can be looked for: HMACs under a key of the tenant, in no order that says anything. Absent in records of older builds, and if there is no text.
    pub search_tokens: Option<Vec<Bytes>>,
}

/// What became of a client's command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// `cmd_…`.
    pub command_id: CommandId,
    /// Name of the request, e.g. `payments.create`.
    pub operation: String,
    /// Of the request that was applied or refused under this command id.
    pub fingerprint: Fingerprint,
    /// `applied` or `refused`.
    pub status: OutcomeStatus,
    /// Applied: the sequence that it led to.
    pub sequence: Option<i64>,
    /// Refused: stable code.
    pub code: Option<String>,
    /// Refused: for a person.
    pub reason: Option<String>,
    /// Applied: the operation that it began, `cap_…`, `voi_…` or `ref_…`.
    pub operation_id: Option<String>,
}
