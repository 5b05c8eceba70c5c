//! What a payment is, to others and to the processor.

use serde::{Deserialize, Serialize};

use super::{Failure, GatewayDetails, PaymentMethod};
use crate::{
    ids::{AttemptId, CommandId, EffectId},
    money::{Currency, MinorUnits},
    records::{Envelope, Fingerprint, Sealed},
    time::Timestamp,
    words::{CaptureMethod, Initiator, OperationKind, OperationStatus, Origin, PaymentStatus, ReviewReason, TimerKind},
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
}

/// Something that was asked of a gateway for a payment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Operation {
    /// `aut_…`, `cap_…`, `voi_…` or `ref_…`.
    pub id: String,
    /// `authorize`, `capture`, `void` or `refund`.
    pub kind: OperationKind,
    /// Amount of the operation, in minor units of `currency` (ISO 4217 exponent), below 2^53.
    pub amount: MinorUnits,
    /// `pending`, `succeeded`, `failed` or `unknown`.
    pub status: OperationStatus,
    /// Why it was asked for, in the words of the one who asked.
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
}

/// A payment that waits for a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Review {
    /// `outcome_unknown` or `contradicting_result`.
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
    /// What happens next if nothing else does.
    pub timer: Option<Timer>,
    /// W3C trace context of the command, for what timers cause.
    pub traceparent: String,
    /// Seed of the jitter of retries.
    pub retry_seed: i64,
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
}

/// Something to be done at a time unless the state changes first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Timer {
    /// `retry` (next try or query of the pending attempt) or `try_lost` (no result came in time).
    pub kind: TimerKind,
    /// When.
    pub due_at: Timestamp,
    /// Clock domain: `real`, or the id of a tenant's test clock.
    pub clock: String,
}
