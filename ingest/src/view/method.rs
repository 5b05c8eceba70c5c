//! A payment method, of a payment and saved.

use quittance_avro::{
    ids::{AttemptId, PaymentMethodId},
    records::{Failure, GatewayToken, NextAction, PaymentMethod, PaymentMethodState, SetUp},
    words::{Mode, PaymentMethodStatus, SetUpStatus},
};
use serde::Serialize;
use utoipa::ToSchema;

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

/// What is known of a payment method. Card numbers never are.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PaymentMethodFacts)]
pub(super) struct PaymentMethodView<'a> {
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

/// What the customer has to do.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NextAction)]
pub(super) struct NextActionView<'a> {
    /// `redirect`: the browser has to go there.
    kind: &'a str,
    /// Where to send the customer.
    url: &'a str,
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

pub(super) fn payment_method(method: &PaymentMethod) -> PaymentMethodView<'_> {
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

pub(super) fn next_action(action: &NextAction) -> NextActionView<'_> {
    NextActionView { kind: &action.kind, url: &action.url, expires_at: action.expires_at.map(|at| at.to_string()) }
}
