//! A payment as clients see it. Pure.

use quittance_avro::{
    ids::{AttemptId, CommandId, DisputeId, EventId, PaymentId, PaymentMethodId},
    money::{Currency, MinorUnits},
    records::{
        Attempt, Failure, GatewayToken, NextAction, Operation, PaymentMethod, PaymentMethodState, PaymentState, Review,
        Routing, SetUp,
    },
    words::{
        ActorKind, CaptureMethod, Closing, Initiator, Mode, OperationKind, OperationStatus, Origin,
        PaymentMethodStatus, PaymentStatus, ReviewReason, SetUpStatus,
    },
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::reads::HistoryEvent;

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

/// What is known of a payment method. Card numbers never are.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PaymentMethodFacts)]
struct PaymentMethodView<'a> {
    /// `card`.
    kind: &'a str,
    /// One for each gateway account that may take it, in the order in which they are tried.
    tokens: &'a [GatewayToken],
    /// The scheme in lower case, such as `visa`.
    brand: Option<&'a str>,
    /// `credit`, `debit` or `prepaid`.
    funding: Option<&'a str>,
    /// The issuer's country (ISO 3166-1 alpha-2).
    country: Option<&'a str>,
    /// The last four digits.
    last4: Option<&'a str>,
    /// The month of its end, 1 to 12.
    exp_month: Option<i32>,
    /// The year of its end.
    exp_year: Option<i32>,
    /// The wallet that it came by.
    wallet: Option<&'a str>,
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

/// What the customer has to do.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NextAction)]
struct NextActionView<'a> {
    /// `redirect`: the browser has to go there.
    kind: &'a str,
    /// Where to send the customer.
    url: &'a str,
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

/// Something that was asked of a gateway for a payment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Operation)]
pub struct OperationView<'a> {
    /// `aut_…`, `cap_…`, `voi_…` or `ref_…`, by what it is.
    #[schema(pattern = "^(aut|cap|voi|ref)_[0-9a-f]{32}$")]
    id: &'a str,
    object: OperationKind,
    #[schema(value_type = PaymentId)]
    payment: &'a str,
    status: OperationStatus,
    amount: MinorUnits,
    /// What the merchant pays for it; absent as long as that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = MinorUnits, required = false)]
    fee_amount: Option<MinorUnits>,
    currency: Currency,
    origin: Origin,
    /// The word that was given for it.
    reason: Option<&'a str>,
    /// Of a capture: whether what it leaves is released.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = bool, required = false)]
    r#final: Option<bool>,
    /// Name of the gateway account that was asked last.
    gateway_account: Option<&'a str>,
    /// The gateway's own name of it.
    gateway_reference: Option<&'a str>,
    /// Why it did not succeed.
    failure: Option<&'a Failure>,
    attempts: Vec<AttemptView<'a>>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

/// A dispute of a payment: the customer's bank wants the money back.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Dispute)]
struct DisputeView<'a> {
    #[schema(value_type = DisputeId)]
    id: &'a str,
    object: OperationKind,
    #[schema(value_type = PaymentId)]
    payment: &'a str,
    status: DisputeStatus,
    amount: MinorUnits,
    currency: Currency,
    /// The gateway's word for why.
    reason: Option<&'a str>,
    /// Name of the gateway account that told of it.
    gateway_account: Option<&'a str>,
    /// The gateway's own name of it.
    gateway_reference: Option<&'a str>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

/// Where a dispute stands: `open`, `won` (the merchant keeps the money), `lost` (the customer does) or `unknown`.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum DisputeStatus {
    Open,
    Won,
    Lost,
    Unknown,
}

/// One try, or several under one key, at one gateway account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Attempt)]
struct AttemptView<'a> {
    id: AttemptId,
    /// Name of the gateway account.
    gateway_account: &'a str,
    status: OperationStatus,
    /// How often it was tried.
    tries: i32,
    /// Why it did not succeed.
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
            OperationStatus::Pending => DisputeStatus::Open,
            OperationStatus::Succeeded => DisputeStatus::Lost,
            OperationStatus::Failed => DisputeStatus::Won,
            OperationStatus::Unknown => DisputeStatus::Unknown,
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
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PaymentMethod)]
pub struct MethodView<'a> {
    #[schema(value_type = PaymentMethodId)]
    id: &'a str,
    #[schema(pattern = "^payment_method$")]
    object: &'static str,
    mode: Mode,
    status: PaymentMethodStatus,
    #[serde(flatten)]
    method: PaymentMethodView<'a>,
    /// What gateways are asked for before it can be charged without the customer.
    set_ups: Vec<SetUpView<'a>>,
    /// Why it can be charged nowhere.
    failure: Option<&'a Failure>,
    /// What the customer has to do.
    next_action: Option<NextActionView<'a>>,
    /// Where the customer is sent back to.
    return_url: Option<&'a str>,
    /// Whether the scheme's name of its first use is known, which later charges go back to.
    has_network_transaction_id: bool,
    /// Number of its latest event, without gaps from 1 on.
    sequence: Option<i64>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

/// What one gateway account was asked for to save a payment method.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SetUp)]
struct SetUpView<'a> {
    id: AttemptId,
    /// Name of the gateway account.
    gateway_account: &'a str,
    status: SetUpStatus,
    /// The gateway's own name of it.
    gateway_reference: Option<&'a str>,
    /// Until when the customer has to have acted.
    #[schema(format = DateTime)]
    action_expires_at: Option<String>,
    /// Why it did not succeed.
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
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub struct EventView {
    #[schema(value_type = EventId)]
    id: String,
    #[schema(pattern = "^event$")]
    object: &'static str,
    /// What happened, such as `payment.captured`. There will be more of them.
    r#type: String,
    /// Id of the payment, or payment method, that it happened to.
    #[schema(pattern = "^(pay|pm)_[0-9a-f]{32}$")]
    resource: String,
    /// Its number among those of the resource, without gaps from 1 on.
    sequence: i64,
    #[schema(format = DateTime)]
    occurred_at: String,
    actor: ActorView,
    /// The command that it is a consequence of, if it is one.
    #[schema(value_type = Option<CommandId>)]
    command: Value,
    /// The event's record but for what every record carries and what is sealed: its members differ by `type`.
    #[schema(value_type = Object)]
    data: Value,
}

/// Who caused it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Actor)]
struct ActorView {
    #[schema(value_type = ActorKind)]
    kind: Value,
    /// Its name.
    #[schema(value_type = String)]
    subject: Value,
    /// Id of the credential that it came with.
    #[schema(value_type = Option<String>)]
    credential_id: Value,
}

/// Several of something.
#[derive(Debug, Serialize, ToSchema)]
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
        actor: ActorView {
            kind: said("/actor/kind"),
            subject: said("/actor/subject"),
            credential_id: said("/actor/credential_id"),
        },
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
