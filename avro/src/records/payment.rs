//! Records of `schemas/payment/`.

use serde::{Deserialize, Serialize};

use super::{Envelope, Fingerprint, Sealed};
use crate::{
    ids::{AttemptId, CommandId, EffectId},
    money::{Currency, MinorUnits},
    time::Timestamp,
    words::{
        CaptureMethod, EffectKind, Initiator, OperationKind, OperationStatus, Origin, OutcomeStatus, PaymentStatus,
        ResultOutcome, ReviewReason, TimerKind,
    },
};

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

/// Command: take a payment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CreatePayment {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// What the request said.
    pub fingerprint: Fingerprint,
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
}

/// Why something did not succeed, in our vocabulary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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

/// Effect: one try of an attempt at a gateway, or one query for its outcome.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GatewayEffect {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// `authorize` (captures too if `capture` is `automatic`) or `query`.
    pub kind: EffectKind,
    /// The operation, `aut_…`.
    pub operation_id: String,
    /// The attempt, `att_…`; the idempotency key at the gateway.
    pub attempt_id: AttemptId,
    /// From 1, tries and queries counted apart.
    pub try_number: i32,
    /// Amount to authorize, in minor units of `currency` (ISO 4217 exponent), below 2^53.
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
}

/// Result: what became of one try or query.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GatewayResult {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// The effect, `eff_…`.
    pub effect_id: EffectId,
    /// `authorize` or `query`.
    pub kind: EffectKind,
    /// The operation.
    pub operation_id: String,
    /// The attempt.
    pub attempt_id: AttemptId,
    /// Name of the gateway account.
    pub gateway_account: String,
    /// `approved`, `declined`, `rejected` (definitely not processed, and trying again is pointless), `not_processed` (definitely not, may be tried again), `expired` (not carried out, past `not_after`), `absent` (a query found nothing) or `unknown`.
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
}

impl PaymentMethod {
    /// A method of which nothing is known but its tokens.
    pub fn of_tokens(kind: String, tokens: Vec<GatewayToken>) -> Self {
        Self {
            kind,
            tokens,
            fingerprint: None,
            brand: None,
            funding: None,
            country: None,
            iin: None,
            last4: None,
            exp_month: None,
            exp_year: None,
            wallet: None,
        }
    }
}

/// A payment method as one gateway account knows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GatewayToken {
    /// Name of the gateway account.
    pub gateway_account: String,
    /// The gateway's token; never a card number.
    pub token: String,
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

/// What became of a client's command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Who, what, when and why of this record.
    pub envelope: Envelope,
    /// `cmd_…`.
    pub command_id: CommandId,
    /// Name of the request, e.g. `payments.create`.
    pub operation: String,
    /// Of the request that was applied or refused under this command id.
    pub fingerprint: Fingerprint,
    /// `applied` or `refused`.
    pub status: OutcomeStatus,
    /// Applied: the sequence that it led to.
    pub sequence: Option<i64>,
    /// Refused: stable code.
    pub code: Option<String>,
    /// Refused: for a person.
    pub reason: Option<String>,
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
}

/// How it is paid. Facts about the card are as reported; no card number anywhere.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentMethod {
    /// `card`.
    pub kind: String,
    /// One token for each gateway account that may be used.
    pub tokens: Vec<GatewayToken>,
    /// Same for the same card, as the gateway reports it.
    pub fingerprint: Option<String>,
    /// Lower-case scheme, e.g. `visa`.
    pub brand: Option<String>,
    /// `credit`, `debit` or `prepaid`.
    pub funding: Option<String>,
    /// Issuer's country, ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// Issuer identification number, 6 to 8 digits.
    pub iin: Option<String>,
    /// Last four digits.
    pub last4: Option<String>,
    /// 1 to 12.
    pub exp_month: Option<i32>,
    /// Four digits.
    pub exp_year: Option<i32>,
    /// e.g. `apple_pay`.
    pub wallet: Option<String>,
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
    /// `outcome_unknown` or `contradicting_result`.
    pub reason: ReviewReason,
    /// What the gateway said.
    pub details: GatewayDetails,
}

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

/// A payment that waits for a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Review {
    /// `outcome_unknown` or `contradicting_result`.
    pub reason: ReviewReason,
    /// Since when.
    pub opened_at: Timestamp,
}

/// Result of a 3-D Secure authentication.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ThreeDSecure {
    /// Protocol version, e.g. `2.2.0`.
    pub version: Option<String>,
    /// Electronic commerce indicator, two digits.
    pub eci: Option<String>,
    /// The directory server's transaction id.
    pub ds_transaction_id: Option<String>,
    /// `issuer` or `merchant`.
    pub liability: Option<String>,
    /// Exemption asked for, e.g. `low_value`.
    pub exemption: Option<String>,
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
