//! What happened to a payment.

use serde::{Deserialize, Serialize};

use super::{Failure, GatewayDetails, PaymentMethod, Routing, Standing};
use crate::{
    ids::AttemptId,
    money::{Currency, MinorUnits},
    records::{Envelope, Sealed},
    words::{CaptureMethod, Initiator, ReviewReason},
};

/// Event `payment.created`: the payment was accepted and is being authorized.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentCreated {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// Amount to take, in minor units of `currency` (ISO 4217 exponent), below 2^53.
    pub amount: MinorUnits,
    /// ISO 4217 alphabetic code, e.g. `EUR`.
    pub currency: Currency,
    /// `automatic` or `manual`.
    pub capture: CaptureMethod,
    /// How it is paid.
    pub payment_method: PaymentMethod,
    /// Name of the gateway account.
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
    /// How its gateway accounts were chosen.
    pub routing: Option<Routing>,
    /// Where the payment stands after this event; absent in events of older builds.
    pub standing: Option<Standing>,
}

/// Event `payment.authorized`: the amount is reserved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentAuthorized {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// The operation, `aut_…` or `cap_…`.
    pub operation_id: String,
    /// The attempt, `att_…`.
    pub attempt_id: AttemptId,
    /// Name of the gateway account.
    pub gateway_account: String,
    /// Amount authorized by this operation, in minor units of `currency` (ISO 4217 exponent), below 2^53.
    pub amount: MinorUnits,
    /// ISO 4217 alphabetic code, e.g. `EUR`.
    pub currency: Currency,
    /// Amount authorized in all, in minor units of `currency` (ISO 4217 exponent), below 2^53.
    pub authorized_amount: MinorUnits,
    /// What the gateway said.
    pub details: GatewayDetails,
    /// Where the payment stands after this event; absent in events of older builds.
    pub standing: Option<Standing>,
}

/// Event `payment.captured`: the amount was taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentCaptured {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// The operation, `aut_…` or `cap_…`.
    pub operation_id: String,
    /// The attempt, `att_…`.
    pub attempt_id: AttemptId,
    /// Name of the gateway account.
    pub gateway_account: String,
    /// Amount captured by this operation, in minor units of `currency` (ISO 4217 exponent), below 2^53.
    pub amount: MinorUnits,
    /// ISO 4217 alphabetic code, e.g. `EUR`.
    pub currency: Currency,
    /// Amount captured in all, in minor units of `currency` (ISO 4217 exponent), below 2^53.
    pub captured_amount: MinorUnits,
    /// Whether what is left of the authorization is released.
    #[serde(rename = "final")]
    pub is_final: bool,
    /// What the gateway said.
    pub details: GatewayDetails,
    /// Where the payment stands after this event; absent in events of older builds.
    pub standing: Option<Standing>,
}

/// Event `payment.declined`: the gateway processed it and said no.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentDeclined {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// The operation, `aut_…` or `cap_…`.
    pub operation_id: String,
    /// The attempt, `att_…`.
    pub attempt_id: AttemptId,
    /// Name of the gateway account.
    pub gateway_account: String,
    /// Why.
    pub failure: Failure,
    /// What the gateway said.
    pub details: GatewayDetails,
    /// Where the payment stands after this event; absent in events of older builds.
    pub standing: Option<Standing>,
}

/// Event `payment.failed`: it was definitely not processed and will not be tried again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentFailed {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// The operation, `aut_…` or `cap_…`.
    pub operation_id: String,
    /// The attempt, `att_…`.
    pub attempt_id: AttemptId,
    /// Name of the gateway account.
    pub gateway_account: String,
    /// Why.
    pub failure: Failure,
    /// What the gateway said.
    pub details: GatewayDetails,
    /// Where the payment stands after this event; absent in events of older builds.
    pub standing: Option<Standing>,
}

/// Event `payment.review_opened`: nobody but a person can tell what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentReviewOpened {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// The operation, `aut_…` or `cap_…`.
    pub operation_id: String,
    /// The attempt, `att_…`.
    pub attempt_id: AttemptId,
    /// Name of the gateway account.
    pub gateway_account: String,
    /// `outcome_unknown`, `contradicting_result`, `unwanted_success` or `gateway_excess`.
    pub reason: ReviewReason,
    /// What the gateway said.
    pub details: GatewayDetails,
    /// Where the payment stands after this event; absent in events of older builds.
    pub standing: Option<Standing>,
}
