//! What was asked of gateways for a payment, and what they told of their own accord.

use quittance_avro::{
    ids::{AttemptId, DisputeId, PaymentId},
    money::{Currency, MinorUnits},
    records::{Attempt, Failure, Operation, PaymentState},
    words::{OperationKind, OperationStatus, Origin},
};
use serde::Serialize;
use utoipa::ToSchema;

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
pub(super) struct DisputeView<'a> {
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
pub(super) fn operations(state: &PaymentState, kind: OperationKind) -> Vec<OperationView<'_>> {
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
pub(super) fn disputes(state: &PaymentState) -> impl Iterator<Item = DisputeView<'_>> {
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
