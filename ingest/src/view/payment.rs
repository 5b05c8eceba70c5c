//! A payment.

use quittance_avro::{
    ids::{PaymentId, PaymentMethodId},
    money::{Currency, MinorUnits},
    records::{Failure, PaymentState, Review, Routing},
    words::{CaptureMethod, Closing, Initiator, Mode, OperationKind, PaymentStatus, ReviewReason},
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    method::{NextActionView, PaymentMethodView, next_action, payment_method},
    operation::{DisputeView, OperationView, disputes, operations},
};

/// The text of a payment that is sealed in the log.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize, ToSchema)]
#[schema(as = PaymentText)]
pub struct Text {
    /// The merchant's own reference.
    #[serde(default)]
    pub reference: Option<String>,
    /// For people.
    #[serde(default)]
    pub description: Option<String>,
    /// The merchant's own data.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, String>)]
    pub metadata: serde_json::Map<String, Value>,
}

/// A payment. Amounts are in minor units of `currency`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Payment)]
pub struct PaymentView<'a> {
    #[schema(value_type = PaymentId)]
    id: &'a str,
    #[schema(pattern = "^payment$")]
    object: &'static str,
    mode: Mode,
    status: PaymentStatus,
    amount: MinorUnits,
    currency: Currency,
    authorized_amount: MinorUnits,
    captured_amount: MinorUnits,
    /// What can still be captured.
    capturable_amount: MinorUnits,
    refunded_amount: MinorUnits,
    capture: CaptureMethod,
    payment_method: PaymentMethodView<'a>,
    /// The saved payment method that it is paid with, if it is one.
    #[schema(value_type = Option<PaymentMethodId>)]
    payment_method_id: Option<&'a str>,
    initiator: Initiator,
    /// What a stored card is used for: `first`, `recurring`, `installment` or `unscheduled`.
    stored_credential: Option<&'a str>,
    /// Name of the gateway account that it is at; empty before it is sent to one.
    gateway_account: &'a str,
    #[serde(flatten)]
    text: Text,
    /// Why it did not succeed.
    failure: Option<&'a Failure>,
    /// Why a person has to look at it, beside its status.
    review: Option<ReviewView>,
    /// Why it is held back.
    hold: Option<HoldView<'a>>,
    /// What the customer has to do.
    next_action: Option<NextActionView<'a>>,
    /// Where the customer is sent back to.
    return_url: Option<&'a str>,
    closing: Option<Closing>,
    /// The word that was given with `closing`.
    closing_reason: Option<&'a str>,
    /// Until when it has to be captured.
    #[schema(format = DateTime)]
    authorization_expires_at: Option<String>,
    /// Until when the customer has to have acted.
    #[schema(format = DateTime)]
    action_expires_at: Option<String>,
    /// How its gateway account was chosen.
    routing: Option<&'a Routing>,
    /// What reserves the amount; there is none before it is asked for.
    authorization: Option<OperationView<'a>>,
    captures: Vec<OperationView<'a>>,
    refunds: Vec<OperationView<'a>>,
    voids: Vec<OperationView<'a>>,
    disputes: Vec<DisputeView<'a>>,
    /// Number of its latest event, without gaps from 1 on.
    sequence: Option<i64>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

/// Why a person has to look at a payment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Review)]
struct ReviewView {
    reason: ReviewReason,
    #[schema(format = DateTime)]
    opened_at: String,
}

/// Why a payment is held back before it is sent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Hold)]
struct HoldView<'a> {
    /// A word.
    reason: &'a str,
    #[schema(format = DateTime)]
    placed_at: String,
}

/// The payment with its text, which is sealed in the state.
pub fn payment(state: &PaymentState, text: Text) -> PaymentView<'_> {
    PaymentView {
        id: &state.envelope.aggregate_id,
        object: "payment",
        mode: state.envelope.mode,
        status: state.status,
        amount: state.amount,
        currency: state.currency,
        authorized_amount: state.authorized_amount,
        captured_amount: state.captured_amount,
        capturable_amount: state.capturable_amount,
        refunded_amount: state.refunded_amount,
        capture: state.capture,
        payment_method: payment_method(&state.payment_method),
        payment_method_id: state.payment_method_id.as_deref(),
        initiator: state.initiator,
        stored_credential: state.stored_credential.as_deref(),
        gateway_account: &state.gateway_account,
        text,
        failure: state.failure.as_ref(),
        review: state.review.as_ref().map(review),
        hold: state.hold.as_ref().map(|hold| HoldView { reason: &hold.reason, placed_at: hold.placed_at.to_string() }),
        next_action: state.next_action.as_ref().map(next_action),
        return_url: state.return_url.as_deref(),
        closing: state.closing,
        closing_reason: state.closing_reason.as_deref(),
        authorization_expires_at: state.authorization_expires_at.map(|at| at.to_string()),
        action_expires_at: state.action_expires_at.map(|at| at.to_string()),
        routing: state.routing.as_ref(),
        authorization: operations(state, OperationKind::Authorize).into_iter().next(),
        captures: operations(state, OperationKind::Capture),
        refunds: operations(state, OperationKind::Refund),
        voids: operations(state, OperationKind::Void),
        disputes: disputes(state).collect(),
        sequence: state.envelope.sequence,
        created_at: state.created_at.to_string(),
        updated_at: state.updated_at.to_string(),
    }
}

fn review(review: &Review) -> ReviewView {
    ReviewView { reason: review.reason, opened_at: review.opened_at.to_string() }
}
