//! What a saved payment method is, to others and to the processor.

use serde::{Deserialize, Serialize};

use crate::{
    ids::{AttemptId, EffectId},
    records::{Envelope, Failure, NextAction, PaymentMethod, RememberedCommand, RememberedRefusal, Timer},
    time::Timestamp,
    words::{PaymentMethodStatus, SetUpStatus},
};

/// The public view of a saved payment method after its latest event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentMethodState {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// Version of the rules' state; a processor refuses a newer one.
    pub state_version: i32,
    /// `pending`, `requires_action`, `active`, `failed` or `removed`.
    pub status: PaymentMethodStatus,
    /// What is saved, with the tokens that can be charged or may yet be.
    pub payment_method: PaymentMethod,
    /// What gateways are asked, one for each account that has to be.
    pub set_ups: Vec<SetUp>,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// What the customer has to do.
    pub next_action: Option<NextAction>,
    /// Where the gateway sends the customer back to.
    pub return_url: Option<String>,
    /// The scheme's id of the first set-up, where a gateway reports it.
    pub network_transaction_id: Option<String>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A set-up at one gateway account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SetUp {
    /// The attempt, `att_…`; the idempotency key at the gateway.
    pub attempt_id: AttemptId,
    /// Name of the gateway account.
    pub gateway_account: String,
    /// `pending`, `succeeded` or `failed`.
    pub status: SetUpStatus,
    /// How many tries were asked for, queries not counted.
    pub tries: i32,
    /// How many queries were asked for.
    pub queries: i32,
    /// How many tries since its last answer may have been carried out and were not answered.
    pub unanswered: i32,
    /// The latest effect, `eff_…`, whose result is awaited or was judged last.
    pub last_effect_id: Option<EffectId>,
    /// When its first try was asked for.
    pub started_at: Timestamp,
    /// When its latest try or query was asked for.
    pub asked_at: Timestamp,
    /// The gateway's id of it.
    pub gateway_reference: Option<String>,
    /// What the customer has to do.
    pub next_action: Option<NextAction>,
    /// Until when the customer has to have acted, once they had to.
    pub action_expires_at: Option<Timestamp>,
    /// Why it failed.
    pub failure: Option<Failure>,
}

/// Private state of a saved payment method; nobody else's contract.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentMethodChangelog {
    /// Version of this state; a processor refuses a newer one.
    pub state_version: i32,
    /// The public view.
    pub state: PaymentMethodState,
    /// Applied commands.
    pub commands: Vec<RememberedCommand>,
    /// Commands that were refused lately, oldest first.
    pub refusals: Vec<RememberedRefusal>,
    /// What happens next if nothing else does.
    pub timers: Vec<Timer>,
    /// W3C trace context of the command, for what timers cause.
    pub traceparent: String,
    /// Seed of the jitter of retries.
    pub retry_seed: i64,
}
