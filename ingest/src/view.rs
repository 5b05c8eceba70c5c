//! A payment as clients see it. Pure.

use quittance_avro::{
    money::{Currency, MinorUnits},
    records::{Failure, GatewayToken, PaymentMethod, PaymentState, Review},
    words::{CaptureMethod, Mode, PaymentStatus, ReviewReason},
};
use serde::Serialize;
use serde_json::Value;

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
    gateway_account: &'a str,
    #[serde(flatten)]
    text: Text,
    failure: Option<&'a Failure>,
    review: Option<ReviewView>,
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
        gateway_account: &state.gateway_account,
        text,
        failure: state.failure.as_ref(),
        review: state.review.as_ref().map(review),
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

fn review(review: &Review) -> ReviewView {
    ReviewView { reason: review.reason, opened_at: review.opened_at.to_string() }
}

/// One event of a payment's history.
#[derive(Debug, Serialize)]
pub struct EventView {
    id: String,
    sequence: i64,
    r#type: String,
    occurred_at: String,
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

/// One event of a payment's history. `data` is the event's record as it is stored.
pub fn event(id: String, sequence: i64, kind: String, occurred_at: String, mut data: Value) -> EventView {
    if let Some(members) = data.as_object_mut() {
        // What every record carries is told beside it; sealed text is told with the payment.
        members.remove("envelope");
        members.remove("sealed");
    }
    EventView { id, sequence, r#type: kind, occurred_at, data }
}
