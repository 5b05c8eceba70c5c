//! A payment as clients see it. Pure.

use quittance_avro::{
    ids::AttemptId,
    money::{Currency, MinorUnits},
    records::{
        Attempt, Failure, GatewayToken, NextAction, Operation, PaymentMethod, PaymentMethodState, PaymentState, Review,
        Routing, SetUp,
    },
    words::{
        CaptureMethod, Closing, Initiator, Mode, OperationKind, OperationStatus, Origin, PaymentMethodStatus,
        PaymentStatus, ReviewReason, SetUpStatus,
    },
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::reads::HistoryEvent;

/// The text of a payment that is sealed in the log.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Text {
    /// The merchant's own reference.
    #[serde(default)]
    pub reference: Option<String>,
    /// For people.
    #[serde(default)]
    pub description: Option<String>,
    /// The merchant's own data.
    #[serde(default)]
    pub metadata: serde_json::Map<String, Value>,
}

/// A payment. Amounts are in minor units of `currency`.
#[derive(Debug, Serialize)]
pub struct PaymentView<'a> {
    id: &'a str,
    object: &'static str,
    mode: Mode,
    status: PaymentStatus,
    amount: MinorUnits,
    currency: Currency,
    authorized_amount: MinorUnits,
    captured_amount: MinorUnits,
    capturable_amount: MinorUnits,
    refunded_amount: MinorUnits,
    capture: CaptureMethod,
    payment_method: PaymentMethodView<'a>,
    payment_method_id: Option<&'a str>,
    initiator: Initiator,
    stored_credential: Option<&'a str>,
    gateway_account: &'a str,
    #[serde(flatten)]
    text: Text,
    failure: Option<&'a Failure>,
    review: Option<ReviewView>,
    hold: Option<HoldView<'a>>,
    next_action: Option<NextActionView<'a>>,
    return_url: Option<&'a str>,
    closing: Option<Closing>,
    closing_reason: Option<&'a str>,
    authorization_expires_at: Option<String>,
    action_expires_at: Option<String>,
    routing: Option<&'a Routing>,
    authorization: Option<OperationView<'a>>,
    captures: Vec<OperationView<'a>>,
    refunds: Vec<OperationView<'a>>,
    voids: Vec<OperationView<'a>>,
    disputes: Vec<DisputeView<'a>>,
    sequence: Option<i64>,
    created_at: String,
    updated_at: String,
}

#[derive(Debug, Serialize)]
struct PaymentMethodView<'a> {
    kind: &'a str,
    tokens: &'a [GatewayToken],
    brand: Option<&'a str>,
    funding: Option<&'a str>,
    country: Option<&'a str>,
    last4: Option<&'a str>,
    exp_month: Option<i32>,
    exp_year: Option<i32>,
    wallet: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct ReviewView {
    reason: ReviewReason,
    opened_at: String,
}

#[derive(Debug, Serialize)]
struct HoldView<'a> {
    reason: &'a str,
    placed_at: String,
}

#[derive(Debug, Serialize)]
struct NextActionView<'a> {
    kind: &'a str,
    url: &'a str,
    expires_at: Option<String>,
}

/// Something that was asked of a gateway for a payment.
#[derive(Debug, Serialize)]
pub struct OperationView<'a> {
    id: &'a str,
    object: OperationKind,
    payment: &'a str,
    status: OperationStatus,
    amount: MinorUnits,
    #[serde(skip_serializing_if = "Option::is_none")]
    fee_amount: Option<MinorUnits>,
    currency: Currency,
    origin: Origin,
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#final: Option<bool>,
    gateway_account: Option<&'a str>,
    gateway_reference: Option<&'a str>,
    failure: Option<&'a Failure>,
    attempts: Vec<AttemptView<'a>>,
    created_at: String,
    updated_at: String,
}

/// A dispute of a payment: the customer's bank wants the money back.
#[derive(Debug, Serialize)]
struct DisputeView<'a> {
    id: &'a str,
    object: OperationKind,
    payment: &'a str,
    /// `open`, `won` (the merchant keeps the money), `lost` (the customer does) or `unknown`.
    status: &'static str,
    amount: MinorUnits,
    currency: Currency,
    reason: Option<&'a str>,
    gateway_account: Option<&'a str>,
    gateway_reference: Option<&'a str>,
    created_at: String,
    updated_at: String,
}

#[derive(Debug, Serialize)]
struct AttemptView<'a> {
    id: AttemptId,
    gateway_account: &'a str,
    status: OperationStatus,
    tries: i32,
    failure: Option<&'a Failure>,
}

/// The refund of that id.
pub fn refund<'a>(state: &'a PaymentState, id: &str) -> Option<OperationView<'a>> {
    let refund = |found: &&Operation| found.kind == OperationKind::Refund && !found.unwanted && found.id == id;
    state.operations.iter().find(refund).map(|found| operation(state, found))
}

/// The payment's operations of a kind. What gives back a success that nobody wants is no business of the merchant's.
fn operations(state: &PaymentState, kind: OperationKind) -> Vec<OperationView<'_>> {
    let wanted = state.operations.iter().filter(|found| found.kind == kind && !found.unwanted);
    wanted.map(|found| operation(state, found)).collect()
}

fn operation<'a>(state: &'a PaymentState, found: &'a Operation) -> OperationView<'a> {
    let latest = found.attempts.last();
    OperationView {
        id: &found.id,
        object: found.kind,
        payment: &state.envelope.aggregate_id,
        status: found.status,
        amount: found.amount,
        fee_amount: found.fee_amount,
        currency: state.currency,
        origin: found.origin,
        reason: found.reason.as_deref(),
        r#final: found.is_final,
        gateway_account: latest.map(|attempt| &*attempt.gateway_account),
        gateway_reference: found.gateway_reference.as_deref(),
        failure: latest.and_then(|attempt| attempt.failure.as_ref()),
        attempts: found.attempts.iter().map(attempt).collect(),
        created_at: found.created_at.to_string(),
        updated_at: found.updated_at.to_string(),
    }
}

/// All disputes, also those of what nobody wanted: the bank asks the merchant.
fn disputes(state: &PaymentState) -> impl Iterator<Item = DisputeView<'_>> {
    let disputes = state.operations.iter().filter(|found| found.kind == OperationKind::Dispute);
    disputes.map(|found| DisputeView {
        id: &found.id,
        object: found.kind,
        payment: &state.envelope.aggregate_id,
        status: match found.status {
            OperationStatus::Pending => "open",
            OperationStatus::Succeeded => "lost",
            OperationStatus::Failed => "won",
            OperationStatus::Unknown => "unknown",
        },
        amount: found.amount,
        currency: state.currency,
        reason: found.reason.as_deref(),
        gateway_account: found.attempts.last().map(|attempt| &*attempt.gateway_account),
        gateway_reference: found.gateway_reference.as_deref(),
        created_at: found.created_at.to_string(),
        updated_at: found.updated_at.to_string(),
    })
}

fn attempt(attempt: &Attempt) -> AttemptView<'_> {
    AttemptView {
        id: attempt.id,
        gateway_account: &attempt.gateway_account,
        status: attempt.status,
        tries: attempt.tries,
        failure: attempt.failure.as_ref(),
    }
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

fn payment_method(method: &PaymentMethod) -> PaymentMethodView<'_> {
    PaymentMethodView {
        kind: &method.kind,
        tokens: &method.tokens,
        brand: method.brand.as_deref(),
        funding: method.funding.as_deref(),
        country: method.country.as_deref(),
        last4: method.last4.as_deref(),
        exp_month: method.exp_month,
        exp_year: method.exp_year,
        wallet: method.wallet.as_deref(),
    }
}

/// A saved payment method.
#[derive(Debug, Serialize)]
pub struct MethodView<'a> {
    id: &'a str,
    object: &'static str,
    mode: Mode,
    status: PaymentMethodStatus,
    #[serde(flatten)]
    method: PaymentMethodView<'a>,
    set_ups: Vec<SetUpView<'a>>,
    failure: Option<&'a Failure>,
    next_action: Option<NextActionView<'a>>,
    return_url: Option<&'a str>,
    has_network_transaction_id: bool,
    sequence: Option<i64>,
    created_at: String,
    updated_at: String,
}

#[derive(Debug, Serialize)]
struct SetUpView<'a> {
    id: AttemptId,
    gateway_account: &'a str,
    status: SetUpStatus,
    gateway_reference: Option<&'a str>,
    action_expires_at: Option<String>,
    failure: Option<&'a Failure>,
}

/// The saved payment method, and whether it is known which transaction of the scheme later ones go back to.
pub fn method(state: &PaymentMethodState, has_network_transaction_id: bool) -> MethodView<'_> {
    MethodView {
        id: &state.envelope.aggregate_id,
        object: "payment_method",
        mode: state.envelope.mode,
        status: state.status,
        method: payment_method(&state.payment_method),
        set_ups: state.set_ups.iter().map(set_up).collect(),
        failure: state.failure.as_ref(),
        next_action: state.next_action.as_ref().map(next_action),
        return_url: state.return_url.as_deref(),
        has_network_transaction_id,
        sequence: state.envelope.sequence,
        created_at: state.created_at.to_string(),
        updated_at: state.updated_at.to_string(),
    }
}

fn set_up(set_up: &SetUp) -> SetUpView<'_> {
    SetUpView {
        id: set_up.attempt_id,
        gateway_account: &set_up.gateway_account,
        status: set_up.status,
        gateway_reference: set_up.gateway_reference.as_deref(),
        action_expires_at: set_up.action_expires_at.map(|at| at.to_string()),
        failure: set_up.failure.as_ref(),
    }
}

fn next_action(action: &NextAction) -> NextActionView<'_> {
    NextActionView { kind: &action.kind, url: &action.url, expires_at: action.expires_at.map(|at| at.to_string()) }
}

fn review(review: &Review) -> ReviewView {
    ReviewView { reason: review.reason, opened_at: review.opened_at.to_string() }
}

/// An event of a payment, or of a saved payment method.
#[derive(Debug, Serialize)]
pub struct EventView {
    id: String,
    object: &'static str,
    r#type: String,
    resource: String,
    sequence: i64,
    occurred_at: String,
    /// Who caused it.
    actor: Value,
    /// The command that it is a consequence of, if it is one.
    command: Value,
    data: Value,
}

/// Several of something.
#[derive(Debug, Serialize)]
pub struct List<T> {
    /// They.
    pub data: Vec<T>,
    /// Whether there are more.
    pub has_more: bool,
}

/// An event. `data` is its record as it is stored, without what every record carries, and without what is sealed: that is told with the
/// payment.
pub(crate) fn event(event: HistoryEvent) -> EventView {
    let HistoryEvent { id, aggregate_id: resource, sequence, kind, occurred_at, mut data } = event;
    let mut envelope = Value::Null;
    if let Some(members) = data.as_object_mut() {
        envelope = members.remove("envelope").unwrap_or_default();
        members.remove("sealed");
    }
    let said = |pointer: &str| envelope.pointer(pointer).cloned().unwrap_or_default();
    EventView {
        id,
        object: "event",
        r#type: kind,
        resource,
        sequence,
        occurred_at,
        actor: json!({
            "kind": said("/actor/kind"), "subject": said("/actor/subject"), "credential_id": said("/actor/credential_id"),
        }),
        command: said("/cause"),
        data,
    }
}

impl EventView {
    /// Its type.
    pub(crate) fn kind(&self) -> &str {
        &self.r#type
    }
}
