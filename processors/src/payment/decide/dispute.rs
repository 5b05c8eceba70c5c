//! Disputes: the customer has their bank take the money back. The gateway tells of them; nothing is asked for.
//!
//! A dispute is an operation of gateway origin: pending while it is open, succeeded if the customer keeps the money (it is
//! lost), failed if the merchant does (it is won). While one is open or lost, nothing is refunded: the customer would get the money
//! twice.

use quittance_avro::{
    money::MinorUnits,
    records::{GatewayDetails, GatewayFact, PaymentDisputeClosed, PaymentDisputeOpened, PaymentState},
    time::Timestamp,
    words::{OperationKind, OperationStatus},
};

use super::{
    attempt::{later, note_reference},
    draft::{Draft, Place},
    failing::named,
    standing::{acting_on, is_open},
};
use crate::payment::event::Event;

/// Whether money may be given back, as far as disputes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Disputed {
    /// It may: there is none, or all are won.
    No,
    /// Not while one is open.
    Open,
    /// Not any more: one is lost.
    Lost,
}

/// How the disputes of what was taken by an authorization stand.
pub(super) fn of(payment: &PaymentState, authorization: usize) -> Disputed {
    let mut disputes = acting_on(payment, authorization, OperationKind::Dispute);
    if acting_on(payment, authorization, OperationKind::Dispute).any(is_open) {
        Disputed::Open
    } else if disputes.any(|found| found.status == OperationStatus::Succeeded) {
        Disputed::Lost
    } else {
        Disputed::No
    }
}

/// The customer's bank wants the money back.
pub(super) fn opened(draft: &mut Draft<'_>, place: Place, details: &GatewayDetails) {
    note_reference(draft.attempt_mut(place), details);
    let found = draft.operation_mut(place.operation);
    found.gateway_reference.clone_from(&details.gateway_reference);
    let (amount, reason) = (found.amount, found.reason.clone());
    let (operation_id, attempt_id, gateway_account) = named(draft, place);
    let (currency, details) = (draft.payment().currency, details.clone());
    draft.event(|envelope, standing| {
        Event::DisputeOpened(PaymentDisputeOpened {
            envelope,
            operation_id,
            attempt_id,
            gateway_account,
            amount,
            currency,
            reason,
            details,
            standing,
        })
    });
}

/// How much of what is disputed is lost or won, the bank says in the end.
pub(super) fn ends_at(draft: &mut Draft<'_>, place: Place, fact: &GatewayFact) {
    if fact.kind == OperationKind::Dispute && fact.amount > MinorUnits::ZERO {
        draft.operation_mut(place.operation).amount = fact.amount;
    }
}

/// What was decided is open again: the bank looks at it anew.
pub(super) fn reopened(draft: &mut Draft<'_>, place: Place, details: &GatewayDetails, as_of: Timestamp) {
    if draft.attempt(place).status == OperationStatus::Succeeded {
        draft.post(place.operation, as_of, true);
    }
    draft.settle(place, OperationStatus::Pending, details, as_of);
    opened(draft, place, details);
    later(draft, place);
}

/// It is known who keeps the money: the customer if it is lost, else the merchant.
pub(super) fn closed(draft: &mut Draft<'_>, place: Place, lost: bool, details: &GatewayDetails) {
    let amount = draft.operation(place.operation).amount;
    let (operation_id, attempt_id, gateway_account) = named(draft, place);
    let (currency, details) = (draft.payment().currency, details.clone());
    draft.event(|envelope, standing| {
        Event::DisputeClosed(PaymentDisputeClosed {
            envelope,
            operation_id,
            attempt_id,
            gateway_account,
            amount,
            currency,
            lost,
            details,
            standing,
        })
    });
}
