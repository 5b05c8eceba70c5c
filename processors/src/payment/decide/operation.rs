//! Captures, voids and refunds: asking for them, and booking what they did.

use quittance_avro::{
    ids::{CaptureId, DisputeId, RefundId, VoidId, derive},
    money::MinorUnits,
    records::{GatewayDetails, Operation, PaymentCaptured, PaymentOperationRequested, PaymentRefunded, PaymentVoided},
    time::Timestamp,
    words::{Closing, OperationKind, OperationStatus, Origin},
};

use super::{
    attempt, dispute,
    draft::{Draft, Place},
    failing::named,
    standing::{AUTHORIZATION, is_open},
};
use crate::payment::event::Event;

/// What is asked for.
pub(super) struct Asked {
    pub(super) kind: OperationKind,
    /// Index of the authorization that it acts on.
    pub(super) authorization: usize,
    pub(super) amount: MinorUnits,
    pub(super) origin: Origin,
    pub(super) unwanted: bool,
    pub(super) is_final: Option<bool>,
    pub(super) reason: Option<String>,
}

/// The id of a capture, void or refund, by what tells it from others of the payment.
pub(super) fn id(draft: &Draft<'_>, kind: OperationKind, distinct: &[&str]) -> String {
    let payment_id = draft.payment().envelope.aggregate_id.as_str();
    let uuid = derive(&[&[kind.as_str(), payment_id], distinct].concat());
    match kind {
        OperationKind::Authorize => quittance_avro::ids::AuthorizationId::new(uuid).to_string(),
        OperationKind::Capture => CaptureId::new(uuid).to_string(),
        OperationKind::Void => VoidId::new(uuid).to_string(),
        OperationKind::Refund => RefundId::new(uuid).to_string(),
        OperationKind::Dispute => DisputeId::new(uuid).to_string(),
    }
}

/// Adds an operation and asks its gateway for it. Gives its id.
pub(super) fn request(draft: &mut Draft<'_>, asked: &Asked, distinct: &[&str]) -> String {
    let operation = add(draft, asked, distinct);
    let account = account_of(draft, asked.authorization);
    let place = attempt::add(draft, operation, &account);
    let operation_id = draft.operation(operation).id.clone();
    let (currency, id) = (draft.payment().currency, operation_id.clone());
    draft.event(|envelope, standing| {
        Event::OperationRequested(PaymentOperationRequested {
            envelope,
            operation_id: id,
            kind: asked.kind,
            gateway_account: account,
            amount: asked.amount,
            currency,
            is_final: asked.is_final,
            origin: asked.origin,
            reason: asked.reason.clone(),
            standing,
        })
    });
    attempt::send(draft, place);
    operation_id
}

/// Adds an operation of which nothing is asked yet. Gives its index.
pub(super) fn add(draft: &mut Draft<'_>, asked: &Asked, distinct: &[&str]) -> usize {
    let now = draft.cx.now;
    let id = id(draft, asked.kind, distinct);
    let parent_id = draft.operation(asked.authorization).id.clone();
    draft.state.state.operations.push(Operation {
        id,
        kind: asked.kind,
        amount: asked.amount,
        status: OperationStatus::Pending,
        reason: asked.reason.clone(),
        origin: asked.origin,
        gateway_reference: None,
        attempts: Vec::new(),
        created_at: now,
        updated_at: now,
        is_final: asked.is_final,
        parent_id: Some(parent_id),
        unwanted: asked.unwanted,
        transfers: 0,
        fee_amount: None,
        fee_version: None,
    });
    draft.payment().operations.len() - 1
}

/// The gateway account at which an authorization is.
pub(super) fn account_of(draft: &Draft<'_>, authorization: usize) -> String {
    let attempt = draft.operation(authorization).attempts.last();
    attempt.map_or_else(|| draft.payment().gateway_account.clone(), |attempt| attempt.gateway_account.clone())
}

/// A capture, void or refund was done.
pub(super) fn done(draft: &mut Draft<'_>, place: Place, details: &GatewayDetails, as_of: Timestamp) {
    draft.settle(place, OperationStatus::Succeeded, details, as_of);
    book(draft, place, details, as_of);
}

/// What follows from a capture, void or refund that was done.
pub(super) fn book(draft: &mut Draft<'_>, place: Place, details: &GatewayDetails, as_of: Timestamp) {
    match draft.operation(place.operation).kind {
        OperationKind::Authorize => {}
        OperationKind::Capture => captured(draft, place, details, as_of),
        OperationKind::Void => voided(draft, place, details),
        OperationKind::Refund => refunded(draft, place, details, as_of),
        OperationKind::Dispute => {
            draft.post(place.operation, as_of, false);
            dispute::closed(draft, place, true, details);
        }
    }
}

fn captured(draft: &mut Draft<'_>, place: Place, details: &GatewayDetails, as_of: Timestamp) {
    let found = draft.operation(place.operation);
    let (amount, is_final) = (found.amount, found.is_final.unwrap_or(true));
    let (operation_id, attempt_id, gateway_account) = named(draft, place);
    draft.post(place.operation, as_of, false);
    let (currency, details) = (draft.payment().currency, details.clone());
    draft.event(|envelope, standing| {
        Event::Captured(PaymentCaptured {
            envelope,
            operation_id,
            attempt_id,
            gateway_account,
            amount,
            currency,
            captured_amount: standing.as_ref().map_or(amount, |standing| standing.captured_amount),
            is_final,
            details,
            standing,
        })
    });
}

fn voided(draft: &mut Draft<'_>, place: Place, details: &GatewayDetails) {
    let parent = draft.parent(place.operation);
    let found = draft.operation(place.operation);
    let (amount, origin) = (found.amount, found.origin);
    let (operation_id, attempt_id, gateway_account) = named(draft, place);
    // A void that was not asked of us ends the payment too, unless it has failed before.
    if parent == AUTHORIZATION && draft.operation(parent).status != OperationStatus::Failed {
        draft.state.state.closing.get_or_insert(Closing::Canceled);
    }
    if is_open(draft.operation(parent))
        && let Some(authorization) = draft.latest(parent)
    {
        // The customer did not act, and cannot any more.
        let known = draft.attempt(authorization).details.clone().unwrap_or_default();
        draft.settle(authorization, OperationStatus::Failed, &known, draft.cx.now);
        draft.end_action();
    }
    let (currency, details) = (draft.payment().currency, details.clone());
    draft.event(|envelope, standing| {
        Event::Voided(PaymentVoided {
            envelope,
            operation_id,
            attempt_id,
            gateway_account,
            amount,
            currency,
            origin,
            details,
            standing,
        })
    });
}

fn refunded(draft: &mut Draft<'_>, place: Place, details: &GatewayDetails, as_of: Timestamp) {
    let found = draft.operation(place.operation);
    let (amount, origin) = (found.amount, found.origin);
    let (operation_id, attempt_id, gateway_account) = named(draft, place);
    draft.post(place.operation, as_of, false);
    let (currency, details) = (draft.payment().currency, details.clone());
    draft.event(|envelope, standing| {
        Event::Refunded(PaymentRefunded {
            envelope,
            operation_id,
            attempt_id,
            gateway_account,
            amount,
            currency,
            refunded_amount: standing.as_ref().map_or(amount, |standing| standing.refunded_amount),
            origin,
            details,
            standing,
        })
    });
}
