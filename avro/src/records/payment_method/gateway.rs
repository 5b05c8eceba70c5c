//! What goes to a gateway to set a payment method up, and what comes back.

use serde::{Deserialize, Serialize};

use crate::{
    ids::{AttemptId, EffectId},
    records::{Envelope, Failure, GatewayDetails, NextAction, PaymentMethod},
    time::Timestamp,
    words::{SetUpKind, SetUpOutcome},
};

/// Effect: one try to set a payment method up at a gateway, or one query for what became of it. No money moves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SetUpEffect {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// `set_up`, or `query` for what became of it.
    pub kind: SetUpKind,
    /// The attempt, `att_…`; the idempotency key at the gateway.
    pub attempt_id: AttemptId,
    /// From 1, tries and queries counted apart.
    pub try_number: i32,
    /// Name of the gateway account.
    pub gateway_account: String,
    /// The payment method's token at this gateway account.
    pub token: String,
    /// The gateway's id of the set-up, for a query.
    pub gateway_reference: Option<String>,
    /// Where the gateway sends the customer back to.
    pub return_url: Option<String>,
    /// Past this it must not be carried out; the result then says `expired`.
    pub not_after: Timestamp,
}

/// Result: what became of one try to set a payment method up, or of one query.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SetUpResult {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// The effect, `eff_…`.
    pub effect_id: EffectId,
    /// `set_up`, or `query` for what became of it.
    pub kind: SetUpKind,
    /// The attempt.
    pub attempt_id: AttemptId,
    /// Name of the gateway account.
    pub gateway_account: String,
    /// `approved` (it is set up), `action_required` (the customer has to act), `pending` (taken, and not settled), `declined`, `rejected` (not done, and trying again is pointless), `not_processed` (may be tried again), `expired` (not carried out, past `not_after`), `absent` (a query found nothing) or `unknown`.
    pub outcome: SetUpOutcome,
    /// Approved: the token to charge from now on.
    pub token: Option<String>,
    /// Why not, unless approved.
    pub failure: Option<Failure>,
    /// What the gateway said.
    pub details: GatewayDetails,
    /// Facts about the card that the gateway reported.
    pub card: Option<PaymentMethod>,
    /// What the customer has to do.
    pub next_action: Option<NextAction>,
}
