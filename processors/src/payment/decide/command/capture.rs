//! Taking what is authorized.

use quittance_avro::{
    money::MinorUnits,
    records::{CapturePayment, Operation},
    refusals::Refusal,
    words::{OperationKind, OperationStatus, Origin},
};

use super::distinct;
use crate::payment::{
    command::Command,
    decide::{
        draft::Draft,
        operation::{Asked, account_of, request},
        standing::AUTHORIZATION,
    },
};

/// Asks for a capture. Gives its id.
pub(super) fn capture(draft: &mut Draft<'_>, command: &Command, asked: &CapturePayment) -> Result<String, Refusal> {
    let payment = draft.payment();
    let is_authorized = payment.operations[AUTHORIZATION].status == OperationStatus::Succeeded;
    if !is_authorized || payment.capturable_amount == MinorUnits::ZERO && !has_open_capture(draft) {
        return Err(Refusal::NotCapturable);
    }
    let left = payment.capturable_amount;
    let amount = asked.amount.unwrap_or(left);
    if amount > left || left == MinorUnits::ZERO {
        return Err(Refusal::CaptureExceedsAuthorized);
    }
    MinorUnits::payable(amount.get()).map_err(|_| Refusal::AmountInvalid)?;
    let can = draft.cx.gateways.capabilities(&account_of(draft, AUTHORIZATION)).ok_or(Refusal::NoRoute)?;
    let is_second = captures(draft).any(|found| found.status != OperationStatus::Failed);
    let is_partial = amount < payment.authorized_amount;
    let leaves_rest = !asked.is_final && amount < left;
    if is_partial && !can.partial_capture || (is_second || leaves_rest) && !can.multiple_captures {
        return Err(Refusal::NotSupportedByGateway);
    }
    let asked = Asked {
        kind: OperationKind::Capture,
        authorization: AUTHORIZATION,
        amount,
        origin: Origin::Api,
        unwanted: false,
        // What takes all that is left leaves nothing to release.
        is_final: Some(asked.is_final || amount == left),
        reason: asked.reason.clone(),
    };
    Ok(request(draft, &asked, &[&distinct(command)]))
}

fn captures<'d>(draft: &'d Draft<'_>) -> impl Iterator<Item = &'d Operation> + use<'d> {
    draft.payment().operations.iter().filter(|found| found.kind == OperationKind::Capture && !found.unwanted)
}

/// Whether a capture is under way that may yet come to nothing.
pub(super) fn has_open_capture(draft: &Draft<'_>) -> bool {
    captures(draft).any(super::is_open)
}
