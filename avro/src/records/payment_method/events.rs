//! What happened to a saved payment method.

use serde::{Deserialize, Serialize};

use crate::{
    ids::AttemptId,
    records::{Envelope, Failure, GatewayDetails, NextAction, PaymentMethod},
    words::PaymentMethodStatus,
};

/// Event `payment_method.created`: it was accepted and is being set up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentMethodCreated {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// What is to be saved.
    pub payment_method: PaymentMethod,
    /// Where the gateway sends the customer back to.
    pub return_url: Option<String>,
    /// `pending`, `requires_action`, `active`, `failed` or `removed`, after this event.
    pub status: PaymentMethodStatus,
}

/// Event `payment_method.action_required`: the customer has to act before a gateway goes on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentMethodActionRequired {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// The attempt, `att_…`; the idempotency key at the gateway.
    pub attempt_id: AttemptId,
    /// Name of the gateway account.
    pub gateway_account: String,
    /// What is to be done.
    pub next_action: NextAction,
    /// `pending`, `requires_action`, `active`, `failed` or `removed`, after this event.
    pub status: PaymentMethodStatus,
}

/// Event `payment_method.confirmed`: the customer has acted, says the merchant, and the gateway is asked what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentMethodConfirmed {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// `pending`, `requires_action`, `active`, `failed` or `removed`, after this event.
    pub status: PaymentMethodStatus,
}

/// Event `payment_method.set_up`: it can be charged at this gateway account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentMethodSetUp {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// The attempt, `att_…`; the idempotency key at the gateway.
    pub attempt_id: AttemptId,
    /// Name of the gateway account.
    pub gateway_account: String,
    /// What the gateway said.
    pub details: GatewayDetails,
    /// `pending`, `requires_action`, `active`, `failed` or `removed`, after this event.
    pub status: PaymentMethodStatus,
}

/// Event `payment_method.set_up_failed`: it cannot be charged at this gateway account, whose token is dropped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentMethodSetUpFailed {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// The attempt, `att_…`; the idempotency key at the gateway.
    pub attempt_id: AttemptId,
    /// Name of the gateway account.
    pub gateway_account: String,
    /// Why.
    pub failure: Failure,
    /// `pending`, `requires_action`, `active`, `failed` or `removed`, after this event.
    pub status: PaymentMethodStatus,
}

/// Event `payment_method.activated`: it can be used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentMethodActivated {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// What is saved, with the tokens to charge.
    pub payment_method: PaymentMethod,
    /// `pending`, `requires_action`, `active`, `failed` or `removed`, after this event.
    pub status: PaymentMethodStatus,
}

/// Event `payment_method.failed`: it can be charged nowhere.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentMethodFailed {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// Why.
    pub failure: Failure,
    /// `pending`, `requires_action`, `active`, `failed` or `removed`, after this event.
    pub status: PaymentMethodStatus,
}

/// Event `payment_method.removed`: it is not to be used any more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentMethodRemoved {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// `pending`, `requires_action`, `active`, `failed` or `removed`, after this event.
    pub status: PaymentMethodStatus,
}
