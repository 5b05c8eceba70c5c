//! What a payment is, to others and to the processor.

use serde::{Deserialize, Serialize};

use super::{Failure, GatewayDetails, Hold, NextAction, PaymentMethod, Routing};
use crate::{
    ids::{AttemptId, CommandId, EffectId},
    money::{Currency, MinorUnits},
    records::{Bytes, Envelope, Fingerprint, Sealed},
    time::Timestamp,
    words::{
        CaptureMethod, Closing, Initiator, OperationKind, OperationStatus, Origin, PaymentStatus, ReviewReason,
        TimerKind,
    },
};

/// The public view of a payment after its latest event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentState {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// Version of the rules' state; a processor refuses a newer one.
    pub state_version: i32,
    /// `requires_action`, `on_hold`, `processing`, `requires_capture`, `succeeded`, `failed`, `canceled` or `expired`.
    pub status: PaymentStatus,
    /// Amount asked for, in minor units of `currency` (ISO 4217 exponent), below 2^53.
    pub amount: MinorUnits,
    /// ISO 4217 alphabetic code, e.g. `EUR`.
    pub currency: Currency,
    /// `automatic` or `manual`.
    pub capture: CaptureMethod,
    /// Amount authorized, in minor units of `currency` (ISO 4217 exponent), below 2^53.
    pub authorized_amount: MinorUnits,
    /// Amount captured, in minor units of `currency` (ISO 4217 exponent), below 2^53.
    pub captured_amount: MinorUnits,
    /// Amount that may still be captured, in minor units of `currency` (ISO 4217 exponent), below 2^53.
    pub capturable_amount: MinorUnits,
    /// Amount refunded, in minor units of `currency` (ISO 4217 exponent), below 2^53.
    pub refunded_amount: MinorUnits,
    /// How it is paid.
    pub payment_method: PaymentMethod,
    /// Name of the gateway account.
    pub gateway_account: String,
    /// `customer` or `merchant`.
    pub initiator: Initiator,
    /// Use of a stored credential: `first`, `recurring`, `installment` or `unscheduled`.
    pub stored_credential: Option<String>,
    /// Oldest first.
    pub operations: Vec<Operation>,
    /// Why it was declined or failed.
    pub failure: Option<Failure>,
    /// Set while it waits for a person.
    pub review: Option<Review>,
    /// `{"reference", "description", "metadata"}`.
    pub sealed: Option<Sealed>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Where the gateway sends the customer back to.
    pub return_url: Option<String>,
    /// Set while the customer has to do something.
    pub next_action: Option<NextAction>,
    /// Set while it is held back.
    pub hold: Option<Hold>,
    /// Why what is not captured is released, or is to be: `canceled`, `expired`, `rejected` or `partially_approved`.
    pub closing: Option<Closing>,
    /// Why it was canceled or rejected, in a word of the one who asked.
    pub closing_reason: Option<String>,
    /// Until when what is authorized has to be captured.
    pub authorization_expires_at: Option<Timestamp>,
    /// Until when the customer has to act.
    pub action_expires_at: Option<Timestamp>,
    /// How often a soft decline is tried again.
    #[serde(default)]
    pub declines_retried_max: i32,
    /// How its gateway accounts were chosen.
    pub routing: Option<Routing>,
    /// The saved payment method, `pm_…`.
    pub payment_method_id: Option<String>,
    /// The scheme's id of the charge that this one goes back to.
    pub network_transaction_id: Option<String>,
    /// Tokens by which its reference and metadata can be looked for: HMACs under a key of the tenant, in no order that says anything. Absent in records of older builds, and if there is no text.
    pub search_tokens: Option<Vec<Bytes>>,
    /// The sequence of the event that its text came with. Absent in records of older builds, and as long as it is that of its creation.
    pub text_sequence: Option<i64>,
}

impl PaymentState {
    /// The sequence of the event that its text came with: the first, unless it was changed since.
    pub fn text_came_with(&self) -> i64 {
        self.text_sequence.unwrap_or(1)
    }
}

/// Something that was asked of a gateway for a payment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Operation {
    /// `aut_…`, `cap_…`, `voi_…` or `ref_…`.
    pub id: String,
    /// `authorize`, `capture`, `void`, `refund` or `dispute`.
    pub kind: OperationKind,
    /// Amount of the operation, in minor units of `currency` (ISO 4217 exponent), below 2^53.
    pub amount: MinorUnits,
    /// `pending`, `succeeded`, `failed` or `unknown`.
    pub status: OperationStatus,
    /// Why, in a word of the one who asked: lower-case letters, digits and `_`.
    pub reason: Option<String>,
    /// `api`, `gateway` (made at the gateway, not by us) or `system`.
    pub origin: Origin,
    /// The gateway's id of it.
    pub gateway_reference: Option<String>,
    /// Oldest first.
    pub attempts: Vec<Attempt>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Captures: whether what is left of the authorization is released.
    #[serde(rename = "final")]
    pub is_final: Option<bool>,
    /// Captures, voids and refunds: the authorization that they act on, `aut_…`.
    pub parent_id: Option<String>,
    /// True of a success that nobody wants any more, and of what gives it back.
    #[serde(default)]
    pub unwanted: bool,
    /// How many transfers of the ledger it has caused.
    #[serde(default)]
    pub transfers: i32,
    /// Captures: what the merchant pays for it; refunds: what of that the merchant gets back; in minor units of `currency` of the payment (ISO 4217 exponent), below 2^53.
    pub fee_amount: Option<MinorUnits>,
    /// The version of the tenant's fees by which that was reckoned.
    pub fee_version: Option<i64>,
}

/// An operation at one gateway account. Its id is the idempotency key there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// `att_…`.
    pub id: AttemptId,
    /// Name of the gateway account.
    pub gateway_account: String,
    /// `pending`, `succeeded`, `failed` or `unknown`.
    pub status: OperationStatus,
    /// How many tries were asked for, queries not counted.
    pub tries: i32,
    /// How many status queries were asked for.
    pub queries: i32,
    /// How many tries ended with an unknown outcome.
    pub unknowns: i32,
    /// True once any try may have been processed without our knowing.
    pub ambiguous: bool,
    /// The latest effect, `eff_…`, whose result is awaited or was judged last.
    pub last_effect_id: Option<EffectId>,
    /// Past this no try asked for so far is carried out; queries do not count.
    pub last_not_after: Timestamp,
    /// When its first try was asked for.
    pub started_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// What the gateway said.
    pub details: Option<GatewayDetails>,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// Authorizations in two steps: true once the first, which moves nothing, is done.
    #[serde(default)]
    pub confirming: bool,
    /// True once the gateway has taken it and has yet to settle it.
    #[serde(default)]
    pub accepted: bool,
    /// As of when the gateway's word holds that settled it; 0 while none has.
    #[serde(default)]
    pub as_of: Timestamp,
    /// How many queries have said nothing since something contradicted how it was settled.
    #[serde(default)]
    pub verifications: i32,
    /// True while something contradicts how it was settled, and the gateway is asked what is true.
    #[serde(default)]
    pub contradicted: bool,
    /// Whether the gateway told of something while it was being asked, so that it has to be asked again.
    #[serde(default)]
    pub noticed: bool,
}

/// A payment that waits for a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Review {
    /// `outcome_unknown`, `contradicting_result`, `unwanted_success` or `gateway_excess`.
    pub reason: ReviewReason,
    /// Since when.
    pub opened_at: Timestamp,
}

/// Private state of the payment processor; nobody else's contract.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentChangelog {
    /// Version of this state; a processor refuses a newer one.
    pub state_version: i32,
    /// The public view.
    pub state: PaymentState,
    /// Applied commands.
    pub commands: Vec<RememberedCommand>,
    /// Version 1: its only timer.
    pub timer: Option<Timer>,
    /// W3C trace context of the command, for what timers cause.
    pub traceparent: String,
    /// Seed of the jitter of retries.
    pub retry_seed: i64,
    /// What happens next if nothing else does.
    #[serde(default)]
    pub timers: Vec<Timer>,
    /// Commands that were refused lately, oldest first.
    #[serde(default)]
    pub refusals: Vec<RememberedRefusal>,
}

/// A command that was applied, remembered as long as the payment lives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RememberedCommand {
    /// `cmd_…`.
    pub command_id: CommandId,
    /// Name of the request, e.g. `payments.create`.
    pub operation: String,
    /// What the request said.
    pub fingerprint: Fingerprint,
    /// The sequence that it led to.
    pub sequence: i64,
    /// The operation that it began.
    pub operation_id: Option<String>,
    /// When it was applied. Absent in records of older builds.
    pub decided_at: Option<Timestamp>,
}

/// Something to be done at a time unless the state changes first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Timer {
    /// `retry` (next try or query of an attempt), `try_lost` (no result came in time), `authorization_expiry` or `action_expiry`.
    pub kind: TimerKind,
    /// When.
    pub due_at: Timestamp,
    /// Clock domain: `real`, or the id of a tenant's test clock.
    pub clock: String,
    /// The attempt that it is about, `att_…`.
    pub attempt_id: Option<AttemptId>,
}

/// A command that was refused, remembered for some days.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RememberedRefusal {
    /// `cmd_…`.
    pub command_id: CommandId,
    /// Name of the request, e.g. `payments.capture`.
    pub operation: String,
    /// What the request said.
    pub fingerprint: Fingerprint,
    /// Stable code.
    pub code: String,
    /// For a person.
    pub reason: String,
    /// When.
    pub refused_at: Timestamp,
}

/// A payment that is not there since its creation was refused, remembered for some days so that the same request is told the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RefusedCreation {
    /// Who, what, when and why of the request.
    pub envelope: Envelope,
    /// Version of this state; a processor refuses a newer one.
    pub state_version: i32,
    /// What the client was told.
    pub refusal: RememberedRefusal,
}

/// What the payment processor keeps of a payment that came to its end long ago: enough to tell a repeated request what became of
/// it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentStub {
    /// Who, what, when and why of the payment's latest event; its sequence included.
    pub envelope: Envelope,
    /// Version of this state; a processor refuses a newer one.
    pub state_version: i32,
    /// How it ended: `requires_action`, `on_hold`, `processing`, `requires_capture`, `succeeded`, `failed`, `canceled` or `expired`.
    pub status: PaymentStatus,
    /// Applied commands.
    pub commands: Vec<RememberedCommand>,
    /// When the rest was let go.
    pub retired_at: Timestamp,
}
