//! Giving a payment up.

use quittance_avro::{
    money::MinorUnits,
    records::{CancelPayment, PaymentCancelRequested},
    refusals::Refusal,
    words::{Closing, OperationKind, OperationStatus, Origin},
};

use super::{capture::has_open_capture, distinct};
use crate::payment::{
    command::Command,
    decide::{
        draft::Draft,
        failing::{Why, fail},
        operation::{Asked, account_of, request},
        standing::AUTHORIZATION,
    },
    event::Event,
};

/// Gives the payment up: at once if nothing was sent, by a void if it is authorized, and while it is being authorized as a
/// wish, which voids what may yet succeed. Gives the id of the void, if one is asked for.
pub(super) fn cancel(
    draft: &mut Draft<'_>,
    command: &Command,
    asked: &CancelPayment,
) -> Result<Option<String>, Refusal> {
    if draft.payment().closing.is_some() {
        return Err(Refusal::NotCancelable);
    }
    match draft.operation(AUTHORIZATION).status {
        OperationStatus::Failed => Err(Refusal::NotCancelable),
        OperationStatus::Pending | OperationStatus::Unknown => {
            wish(draft, asked);
            Ok(None)
        }
        OperationStatus::Succeeded if has_open_capture(draft) => Err(Refusal::OperationInProgress),
        OperationStatus::Succeeded if draft.payment().capturable_amount == MinorUnits::ZERO => {
            Err(Refusal::NotCancelable)
        }
        OperationStatus::Succeeded => void(draft, command, asked).map(Some),
    }
}

fn wish(draft: &mut Draft<'_>, asked: &CancelPayment) {
    close(draft, asked);
    let reason = asked.reason.clone();
    draft.event(|envelope, standing| Event::CancelRequested(PaymentCancelRequested { envelope, reason, standing }));
    let Some(place) = draft.latest(AUTHORIZATION) else {
        // It is on hold, and no gateway has heard of it.
        draft.state.state.hold = None;
        draft.operation_mut(AUTHORIZATION).status = OperationStatus::Failed;
        return;
    };
    let attempt = draft.attempt(place);
    if attempt.tries == 0 {
        // It waits to be tried again after a decline.
        let (why, known) = (Why::given_up(attempt), attempt.details.clone().unwrap_or_default());
        fail(draft, place, &why, &known, draft.cx.now);
    }
}

fn void(draft: &mut Draft<'_>, command: &Command, asked: &CancelPayment) -> Result<String, Refusal> {
    let can = draft.cx.gateways.capabilities(&account_of(draft, AUTHORIZATION)).ok_or(Refusal::NoRoute)?;
    if draft.payment().captured_amount > MinorUnits::ZERO && !can.partial_void {
        return Err(Refusal::NotSupportedByGateway);
    }
    let amount = draft.payment().capturable_amount;
    close(draft, asked);
    let asked = Asked {
        kind: OperationKind::Void,
        authorization: AUTHORIZATION,
        amount,
        origin: Origin::Api,
        unwanted: false,
        is_final: None,
        reason: asked.reason.clone(),
    };
    Ok(request(draft, &asked, &[&distinct(command)]))
}

fn close(draft: &mut Draft<'_>, asked: &CancelPayment) {
    draft.state.state.closing = Some(Closing::Canceled);
    draft.state.state.closing_reason.clone_from(&asked.reason);
}
