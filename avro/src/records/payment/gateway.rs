//! What goes to a gateway and what comes back.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{GatewayReport, NextAction, PaymentMethod, ThreeDSecure};
use crate::{
    ids::{AttemptId, EffectId},
    money::{Currency, MinorUnits},
    records::Envelope,
    time::Timestamp,
    words::{CaptureMethod, EffectKind, Initiator, OperationKind, ResultOutcome},
};

/// Effect: one try of an attempt at a gateway, or one query for its outcome.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GatewayEffect {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// `authorize` (captures too if `capture` is `automatic`), `confirm` (the second step of an authorization that was only created), `capture`, `void`, `refund` or `query`.
    pub kind: EffectKind,
    /// The operation, `aut_…`, `cap_…`, `voi_…` or `ref_…`.
    pub operation_id: String,
    /// The attempt, `att_…`; the idempotency key at the gateway.
    pub attempt_id: AttemptId,
    /// From 1, tries and queries counted apart.
    pub try_number: i32,
    /// Amount of the operation, in minor units of `currency` (ISO 4217 exponent), below 2^53.
    pub amount: MinorUnits,
    /// ISO 4217 alphabetic code, e.g. `EUR`.
    pub currency: Currency,
    /// `automatic` or `manual`.
    pub capture: CaptureMethod,
    /// Name of the gateway account.
    pub gateway_account: String,
    /// The payment method's token at this gateway account.
    pub token: String,
    /// The gateway's id, for a query that can use it.
    pub gateway_reference: Option<String>,
    /// `customer` or `merchant`.
    pub initiator: Initiator,
    /// Use of a stored credential: `first`, `recurring`, `installment` or `unscheduled`.
    pub stored_credential: Option<String>,
    /// Of the first charge of a stored credential.
    pub network_transaction_id: Option<String>,
    /// Past this it must not be carried out; the result then says `expired`.
    pub not_after: Timestamp,
    /// `authorize`, `capture`, `void`, `refund` or `dispute`.
    pub operation_kind: OperationKind,
    /// Captures, voids and refunds: the gateway's id of the payment that they act on.
    pub payment_reference: Option<String>,
    /// Captures: whether what is left of the authorization is released.
    #[serde(rename = "final")]
    pub is_final: bool,
    /// Where the gateway sends the customer back to.
    pub return_url: Option<String>,
    /// Why, in a word of the one who asked.
    pub reason: Option<String>,
}

/// Result: what became of one try or query.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GatewayResult {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// The effect, `eff_…`.
    pub effect_id: EffectId,
    /// `authorize`, `confirm`, `capture`, `void`, `refund` or `query`.
    pub kind: EffectKind,
    /// The operation.
    pub operation_id: String,
    /// The attempt.
    pub attempt_id: AttemptId,
    /// Name of the gateway account.
    pub gateway_account: String,
    /// `approved`, `created` (the first step of an authorization is done, and nothing was moved), `action_required` (the customer has to act), `pending` (taken, and not settled), `declined`, `rejected` (definitely not processed, and trying again is pointless), `not_processed` (definitely not, may be tried again), `expired` (not carried out, past `not_after`), `reported` (a query found what `report` says), `absent` (a query found nothing) or `unknown`.
    pub outcome: ResultOutcome,
    /// Amount authorized, 0 unless approved, in minor units of `currency` (ISO 4217 exponent), below 2^53.
    pub authorized_amount: MinorUnits,
    /// Amount captured, 0 unless approved and captured, in minor units of `currency` (ISO 4217 exponent), below 2^53.
    pub captured_amount: MinorUnits,
    /// ISO 4217 alphabetic code, e.g. `EUR`.
    pub currency: Currency,
    /// Why not, unless approved.
    pub failure: Option<Failure>,
    /// What the gateway said.
    pub details: GatewayDetails,
    /// Facts about the card that the gateway reported.
    pub card: Option<PaymentMethod>,
    /// `authorize`, `capture`, `void`, `refund` or `dispute`.
    pub operation_kind: OperationKind,
    /// Captures, voids and refunds: the amount that was moved, 0 unless approved, in minor units of `currency` (ISO 4217 exponent), below 2^53.
    #[serde(default)]
    pub amount: MinorUnits,
    /// What the customer has to do.
    pub next_action: Option<NextAction>,
    /// Until when what is authorized has to be captured.
    pub authorization_expires_at: Option<Timestamp>,
    /// Queries: all that the gateway says of the payment.
    pub report: Option<GatewayReport>,
}

/// What the gateway said, beside the plain result.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GatewayDetails {
    /// The gateway's id of what it did.
    pub gateway_reference: Option<String>,
    /// The scheme's transaction id, to be sent with later charges.
    pub network_transaction_id: Option<String>,
    /// The issuer's authorization code.
    pub authorization_code: Option<String>,
    /// The gateway's own decline or error code, untranslated.
    pub raw_code: Option<String>,
    /// The gateway's own advice, untranslated.
    pub raw_advice: Option<String>,
    /// Result of the address check, never the address.
    pub avs_result: Option<String>,
    /// Result of the security-code check, never the code.
    pub cvc_result: Option<String>,
    /// 3-D Secure result.
    pub three_d_secure: Option<ThreeDSecure>,
}

/// Why something did not succeed, in our vocabulary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Failure {
    /// `declined`, `rejected`, `gateway_unavailable` or `outcome_unknown`.
    pub code: String,
    /// Our code of a decline, e.g. `insufficient_funds`.
    pub decline_code: Option<String>,
    /// The scheme's code, where reported.
    pub network_code: Option<String>,
    /// `do_not_try_again`, `try_again_later` or absent.
    pub advice: Option<String>,
    /// For a person; no personal data.
    pub message: String,
}
