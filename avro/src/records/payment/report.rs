//! What a gateway says of a payment when it is asked.

use serde::{Deserialize, Serialize};

use super::{Failure, GatewayDetails, NextAction};
use crate::{
    ids::AttemptId,
    money::{Currency, MinorUnits},
    words::{FactStatus, OperationKind},
};

/// All that a gateway says of a payment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GatewayReport {
    /// The gateway's id of the payment.
    pub gateway_reference: String,
    /// What was done to it, oldest first.
    pub facts: Vec<GatewayFact>,
}

/// Something that was done to a payment at a gateway, by us or not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GatewayFact {
    /// `authorize`, `capture`, `void`, `refund` or `dispute`.
    pub kind: OperationKind,
    /// `pending`, `action_required`, `succeeded` or `failed`.
    pub status: FactStatus,
    /// The attempt of ours that asked for it, as the gateway kept it.
    pub attempt_id: Option<AttemptId>,
    /// The gateway's id of it.
    pub gateway_reference: Option<String>,
    /// Amount of it, in minor units of `currency` (ISO 4217 exponent), below 2^53.
    pub amount: MinorUnits,
    /// ISO 4217 alphabetic code, e.g. `EUR`.
    pub currency: Currency,
    /// Voids: `expired` if the gateway released it by itself.
    pub reason: Option<String>,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// What the customer has to do.
    pub next_action: Option<NextAction>,
    /// What the gateway said.
    pub details: GatewayDetails,
}
