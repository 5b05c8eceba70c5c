//! Disputes: the customer has their bank take the money back. The gateway tells of them; nothing is asked for.
//!
//! A dispute is an operation of gateway origin: pending while it is open, succeeded if the customer keeps the money (it is
//! lost), failed if the merchant does (it is won). While one is open or lost, nothing is refunded: the customer would get the money
//! twice.

use quittance_avro::{
    records::{GatewayDetails, PaymentDisputeClosed, PaymentDisputeOpened, PaymentState},
    words::{OperationKind, OperationStatus},
};

use super::{
    attempt::note_reference,
    draft::{Draft, Place},
    failing::named,
    standing::is_open,
};
use crate::payment::event::Event;

/// Whether money of a payment may be given back, as far as disputes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Disputed {
    /// It may: there is none, or all are won.
    No,
    /// Not while one is open.
    Open,
    /// Not any more: one is lost.
    Lost,
}

/// How the disputes of a payment stand.
pub(super) fn of(payment: &PaymentState) -> Disputed {
    let mut disputes = payment.operations.iter().filter(|found| found.kind == OperationKind::Dispute);
    if disputes.clone().any(is_open) {
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
