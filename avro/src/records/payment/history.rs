//! What else happened to a payment, after it was created and authorized.

use serde::{Deserialize, Serialize};

use super::{Failure, GatewayDetails, NextAction, Standing};
use crate::{
    ids::AttemptId,
    money::{Currency, MinorUnits},
    records::{Envelope, Sealed},
    words::{OperationKind, OperationStatus, Origin, Resolution},
};

/// Event `payment.operation_requested`: a capture, void or refund was accepted, and a gateway is asked for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentOperationRequested {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// The operation, `cap_…`, `voi_…` or `ref_…`.
    pub operation_id: String,
    /// `authorize`, `capture`, `void`, `refund` or `dispute`.
    pub kind: OperationKind,
    /// Name of the gateway account.
    pub gateway_account: String,
    /// Amount of the operation, in minor units of `currency` (ISO 4217 exponent), below 2^53.
    pub amount: MinorUnits,
    /// ISO 4217 alphabetic code, e.g. `EUR`.
    pub currency: Currency,
    /// Captures: whether what is left of the authorization is released.
    #[serde(rename = "final")]
    pub is_final: Option<bool>,
    /// `api`, `gateway` (made at the gateway, not by us) or `system`.
    pub origin: Origin,
    /// Why, in a word of the one who asked: lower-case letters, digits and `_`.
    pub reason: Option<String>,
    /// Where the payment stands after this event; absent in events of older builds.
    pub standing: Option<Standing>,
}

/// Event `payment.operation_failed`: a capture, void or refund was definitely not done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentOperationFailed {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// The operation, `cap_…`, `voi_…` or `ref_…`.
    pub operation_id: String,
    /// `authorize`, `capture`, `void`, `refund` or `dispute`.
    pub kind: OperationKind,
    /// The attempt, `att_…`.
    pub attempt_id: AttemptId,
    /// Name of the gateway account.
    pub gateway_account: String,
    /// Amount of the operation, in minor units of `currency` (ISO 4217 exponent), below 2^53.
    pub amount: MinorUnits,
    /// ISO 4217 alphabetic code, e.g. `EUR`.
    pub currency: Currency,
    /// Why.
    pub failure: Failure,
    /// What the gateway said.
    pub details: GatewayDetails,
    /// Where the payment stands after this event; absent in events of older builds.
    pub standing: Option<Standing>,
}

/// Event `payment.operation_corrected`: the gateway took back what it had said of an operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentOperationCorrected {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// The operation.
    pub operation_id: String,
    /// `authorize`, `capture`, `void`, `refund` or `dispute`.
    pub kind: OperationKind,
    /// The attempt, `att_…`.
    pub attempt_id: AttemptId,
    /// Name of the gateway account.
    pub gateway_account: String,
    /// Amount of the operation, in minor units of `currency` (ISO 4217 exponent), below 2^53.
    pub amount: MinorUnits,
    /// ISO 4217 alphabetic code, e.g. `EUR`.
    pub currency: Currency,
    /// What it was taken for: `pending`, `succeeded`, `failed` or `unknown`.
    pub from: OperationStatus,
    /// What it is: `pending`, `succeeded`, `failed` or `unknown`.
    pub to: OperationStatus,
    /// Why it failed after all.
    pub failure: Option<Failure>,
    /// What the gateway said.
    pub details: GatewayDetails,
    /// Where the payment stands after this event; absent in events of older builds.
    pub standing: Option<Standing>,
}

/// Event `payment.refunded`: the amount was given back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentRefunded {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// The operation, `ref_…`.
    pub operation_id: String,
    /// The attempt, `att_…`.
    pub attempt_id: AttemptId,
    /// Name of the gateway account.
    pub gateway_account: String,
    /// Amount refunded by this operation, in minor units of `currency` (ISO 4217 exponent), below 2^53.
    pub amount: MinorUnits,
    /// ISO 4217 alphabetic code, e.g. `EUR`.
    pub currency: Currency,
    /// Amount refunded in all, in minor units of `currency` (ISO 4217 exponent), below 2^53.
    pub refunded_amount: MinorUnits,
    /// `api`, `gateway` (made at the gateway, not by us) or `system`.
    pub origin: Origin,
    /// What the gateway said.
    pub details: GatewayDetails,
    /// Where the payment stands after this event; absent in events of older builds.
    pub standing: Option<Standing>,
}

/// Event `payment.voided`: what was authorized and not captured is released.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentVoided {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// The operation, `voi_…`.
    pub operation_id: String,
    /// The attempt, `att_…`.
    pub attempt_id: AttemptId,
    /// Name of the gateway account.
    pub gateway_account: String,
    /// Amount released, in minor units of `currency` (ISO 4217 exponent), below 2^53.
    pub amount: MinorUnits,
    /// ISO 4217 alphabetic code, e.g. `EUR`.
    pub currency: Currency,
    /// `api`, `gateway` (made at the gateway, not by us) or `system`.
    pub origin: Origin,
    /// What the gateway said.
    pub details: GatewayDetails,
    /// Where the payment stands after this event; absent in events of older builds.
    pub standing: Option<Standing>,
}

/// Event `payment.action_required`: the customer has to act before the gateway goes on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentActionRequired {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// The operation, `aut_…`.
    pub operation_id: String,
    /// The attempt, `att_…`.
    pub attempt_id: AttemptId,
    /// Name of the gateway account.
    pub gateway_account: String,
    /// What is to be done.
    pub next_action: NextAction,
    /// Where the payment stands after this event; absent in events of older builds.
    pub standing: Option<Standing>,
}

/// Event `payment.confirmed`: the customer has acted, says the merchant, and the gateway is asked what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentConfirmed {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// Where the payment stands after this event; absent in events of older builds.
    pub standing: Option<Standing>,
}

/// Event `payment.cancel_requested`: the payment is given up as soon as the gateway agrees.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentCancelRequested {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// Why, in a word of the one who asked: lower-case letters, digits and `_`.
    pub reason: Option<String>,
    /// Where the payment stands after this event; absent in events of older builds.
    pub standing: Option<Standing>,
}

/// Event `payment.canceled`: the payment is given up, and nothing of it was taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentCanceled {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// Why, in a word of the one who asked: lower-case letters, digits and `_`.
    pub reason: Option<String>,
    /// Where the payment stands after this event; absent in events of older builds.
    pub standing: Option<Standing>,
}

/// Event `payment.expired`: nothing was captured, or done by the customer, in time, and nothing was taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentExpired {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// Where the payment stands after this event; absent in events of older builds.
    pub standing: Option<Standing>,
}

/// Event `payment.held`: it waits for a person before it is sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentHeld {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// Why: `requested`.
    pub reason: String,
    /// Where the payment stands after this event; absent in events of older builds.
    pub standing: Option<Standing>,
}

/// Event `payment.approved`: a person lets it be sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentApproved {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// Why, in a word of the one who asked: lower-case letters, digits and `_`.
    pub reason: Option<String>,
    /// Where the payment stands after this event; absent in events of older builds.
    pub standing: Option<Standing>,
}

/// Event `payment.rejected`: a person does not let it be sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentRejected {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// Why, in a word of the one who asked: lower-case letters, digits and `_`.
    pub reason: Option<String>,
    /// Where the payment stands after this event; absent in events of older builds.
    pub standing: Option<Standing>,
}

/// Event `payment.review_resolved`: a person found out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentReviewResolved {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// `succeeded` or `failed` (of the operation), or `acknowledged` (nothing is to be changed).
    pub resolution: Resolution,
    /// The operation that it is about.
    pub operation_id: Option<String>,
    /// The gateway's id of what was done.
    pub gateway_reference: Option<String>,
    /// `{"note"}`.
    pub sealed: Option<Sealed>,
    /// Where the payment stands after this event; absent in events of older builds.
    pub standing: Option<Standing>,
}

/// Event `payment.attempt_started`: an attempt definitely failed, and another one is made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentAttemptStarted {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// The operation, `aut_…`.
    pub operation_id: String,
    /// The attempt, `att_…`.
    pub attempt_id: AttemptId,
    /// Name of the gateway account.
    pub gateway_account: String,
    /// Why the one before failed.
    pub after: Failure,
    /// Where the payment stands after this event; absent in events of older builds.
    pub standing: Option<Standing>,
}

/// Event `payment.unwanted_success`: a gateway did what nobody wants any more; it is given back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentUnwantedSuccess {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// The operation, `aut_…`.
    pub operation_id: String,
    /// The attempt, `att_…`.
    pub attempt_id: AttemptId,
    /// Name of the gateway account.
    pub gateway_account: String,
    /// Amount authorized, in minor units of `currency` (ISO 4217 exponent), below 2^53.
    pub authorized_amount: MinorUnits,
    /// Amount captured, in minor units of `currency` (ISO 4217 exponent), below 2^53.
    pub captured_amount: MinorUnits,
    /// ISO 4217 alphabetic code, e.g. `EUR`.
    pub currency: Currency,
    /// What the gateway said.
    pub details: GatewayDetails,
    /// Where the payment stands after this event; absent in events of older builds.
    pub standing: Option<Standing>,
}

/// Event `payment.updated`: its text was replaced.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentUpdated {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// `{"reference", "description", "metadata"}`.
    pub sealed: Option<Sealed>,
    /// Where the payment stands after this event; absent in events of older builds.
    pub standing: Option<Standing>,
}

/// Event `payment.dispute_opened`: the customer's bank wants the money back, and nothing can be refunded meanwhile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentDisputeOpened {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// The dispute, `dsp_…`.
    pub operation_id: String,
    /// The attempt, `att_…`.
    pub attempt_id: AttemptId,
    /// Name of the gateway account.
    pub gateway_account: String,
    /// Amount that is disputed, in minor units of `currency` (ISO 4217 exponent), below 2^53.
    pub amount: MinorUnits,
    /// ISO 4217 alphabetic code, e.g. `EUR`.
    pub currency: Currency,
    /// Why, in the gateway's word.
    pub reason: Option<String>,
    /// What the gateway said.
    pub details: GatewayDetails,
    /// Where the payment stands after this event; absent in events of older builds.
    pub standing: Option<Standing>,
}

/// Event `payment.dispute_closed`: it is known who keeps the money.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentDisputeClosed {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// The dispute, `dsp_…`.
    pub operation_id: String,
    /// The attempt, `att_…`.
    pub attempt_id: AttemptId,
    /// Name of the gateway account.
    pub gateway_account: String,
    /// Amount that is disputed, in minor units of `currency` (ISO 4217 exponent), below 2^53.
    pub amount: MinorUnits,
    /// ISO 4217 alphabetic code, e.g. `EUR`.
    pub currency: Currency,
    /// Whether the customer keeps the money; otherwise the merchant does.
    pub lost: bool,
    /// What the gateway said.
    pub details: GatewayDetails,
    /// Where the payment stands after this event; absent in events of older builds.
    pub standing: Option<Standing>,
}
