//! Giving back what was captured.

use quittance_avro::{
    money::MinorUnits,
    records::RefundPayment,
    refusals::Refusal,
    words::{OperationKind, Origin},
};

use super::distinct;
use crate::payment::{
    command::Command,
    decide::{
        dispute::{self, Disputed},
        draft::Draft,
        operation::{Asked, account_of, request},
        standing::AUTHORIZATION,
    },
};

/// Asks for a refund. Gives its id.
pub(super) fn refund(draft: &mut Draft<'_>, command: &Command, asked: &RefundPayment) -> Result<String, Refusal> {
    let payment = draft.payment();
    if payment.captured_amount == MinorUnits::ZERO {
        return Err(Refusal::NotRefundable);
    }
    if dispute::of(payment, AUTHORIZATION) != Disputed::No {
        return Err(Refusal::PaymentDisputed);
    }
    let left = draft.refundable();
    let amount = asked.amount.unwrap_or(left);
    if amount > left || left == MinorUnits::ZERO {
        return Err(Refusal::RefundExceedsCaptured);
    }
    MinorUnits::payable(amount.get()).map_err(|_| Refusal::AmountInvalid)?;
    let can = draft.cx.gateways.capabilities(&account_of(draft, AUTHORIZATION)).ok_or(Refusal::NoRoute)?;
    if amount < payment.captured_amount && !can.partial_refund {
        return Err(Refusal::NotSupportedByGateway);
    }
    let asked = Asked {
        kind: OperationKind::Refund,
        authorization: AUTHORIZATION,
        amount,
        origin: Origin::Api,
        unwanted: false,
        is_final: None,
        reason: asked.reason.clone(),
    };
    Ok(request(draft, &asked, &[&distinct(command)]))
}
