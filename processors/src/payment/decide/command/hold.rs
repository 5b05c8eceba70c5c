//! Payments that wait for a person before they are sent.

use quittance_avro::{
    records::{ApprovePayment, PaymentApproved, PaymentRejected, RejectPayment},
    refusals::Refusal,
    words::{Closing, OperationStatus},
};

use crate::payment::{
    decide::{attempt, draft::Draft, failing::plain, standing::AUTHORIZATION},
    event::Event,
};

/// Sends it.
pub(super) fn approve(draft: &mut Draft<'_>, asked: &ApprovePayment) -> Result<(), Refusal> {
    draft.state.state.hold.take().ok_or(Refusal::NotOnHold)?;
    let reason = asked.reason.clone();
    let account = draft.payment().gateway_account.clone();
    let place = attempt::add(draft, AUTHORIZATION, &account);
    draft.event(|envelope, standing| Event::Approved(PaymentApproved { envelope, reason, standing }));
    attempt::send(draft, place);
    Ok(())
}

/// Does not.
pub(super) fn reject(draft: &mut Draft<'_>, asked: &RejectPayment) -> Result<(), Refusal> {
    draft.state.state.hold.take().ok_or(Refusal::NotOnHold)?;
    let (now, reason) = (draft.cx.now, asked.reason.clone());
    let state = &mut draft.state.state;
    state.closing = Some(Closing::Rejected);
    state.closing_reason.clone_from(&reason);
    state.failure = Some(plain("rejected_by_reviewer", "a person did not let the payment be sent"));
    let authorization = draft.operation_mut(AUTHORIZATION);
    authorization.status = OperationStatus::Failed;
    authorization.updated_at = now;
    draft.event(|envelope, standing| Event::Rejected(PaymentRejected { envelope, reason, standing }));
    Ok(())
}
