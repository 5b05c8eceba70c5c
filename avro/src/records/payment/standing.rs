//! Where a payment stands, and what it waits for.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{money::MinorUnits, time::Timestamp, words::PaymentStatus};

/// What the customer has to do before the gateway goes on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NextAction {
    /// `redirect`.
    pub kind: String,
    /// Where the customer is to be sent.
    pub url: String,
    /// Until when, where the gateway says so.
    pub expires_at: Option<Timestamp>,
}

/// Where a payment stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// `requires_action`, `on_hold`, `processing`, `requires_capture`, `succeeded`, `failed`, `canceled` or `expired`.
    pub status: PaymentStatus,
    /// Amount authorized, in minor units of `currency` (ISO 4217 exponent), below 2^53.
    pub authorized_amount: MinorUnits,
    /// Amount captured, in minor units of `currency` (ISO 4217 exponent), below 2^53.
    pub captured_amount: MinorUnits,
    /// Amount that may still be captured, in minor units of `currency` (ISO 4217 exponent), below 2^53.
    pub capturable_amount: MinorUnits,
    /// Amount refunded, in minor units of `currency` (ISO 4217 exponent), below 2^53.
    pub refunded_amount: MinorUnits,
}

/// A payment that is held back before it is sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hold {
    /// Why: `requested`.
    pub reason: String,
    /// Since when.
    pub placed_at: Timestamp,
}

/// How the gateway accounts of a payment were chosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Routing {
    /// Version of the routing rules; 0 if there were none.
    pub version: i64,
    /// Name of the rule that applied.
    pub rule: Option<String>,
    /// For a person.
    pub why: String,
    /// Gateway accounts in the order in which they are tried.
    pub candidates: Vec<String>,
}
