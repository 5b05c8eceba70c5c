//! A gateway did what it was asked for, or something like it.

use quittance_avro::{
    ids::{CaptureId, derive},
    money::MinorUnits,
    records::{
        GatewayResult, Operation, PaymentAuthorized, PaymentCaptured, PaymentChangelog, PaymentMethod, PaymentState,
    },
    words::{CaptureMethod, OperationKind, OperationStatus, Origin, PaymentStatus, ReviewReason},
};

use super::draft::Draft;
use crate::payment::decision::Event;

/// Whether the amounts of an approval can be booked at all: money in another currency, or more taken than reserved,
/// has no place in a payment.
pub(super) fn is_bookable(state: &PaymentState, result: &GatewayResult) -> bool {
    result.currency == state.currency
        && MinorUnits::payable(result.authorized_amount.get()).is_ok()
        && (MinorUnits::ZERO..=result.authorized_amount).contains(&result.captured_amount)
}

/// Whether an approval says the same as the one that was booked. Two references under one key are two charges.
pub(super) fn is_booked(state: &PaymentChangelog, result: &GatewayResult) -> bool {
    let state = &state.state;
    let authorization = state.operations.iter().find(|operation| operation.kind == OperationKind::Authorize);
    let booked = authorization.and_then(|operation| operation.gateway_reference.as_ref());
    let other_charge = booked.zip(result.details.gateway_reference.as_ref()).is_some_and(|(one, other)| one != other);
    !other_charge
        && result.currency == state.currency
        && result.authorized_amount == state.authorized_amount
        && result.captured_amount == state.captured_amount
}

/// Books an approval. One that is not what was asked for is booked as the gateway says, and a person looks at it.
pub(super) fn approve(draft: &mut Draft, result: &GatewayResult) {
    draft.settle(OperationStatus::Succeeded, &result.details, None);
    let state = &mut draft.state.state;
    state.authorized_amount = result.authorized_amount;
    state.capturable_amount = result.authorized_amount;
    state.status = PaymentStatus::RequiresCapture;
    // The customer's payment method as this gateway knows it: facts fill in what the client did not say.
    if let Some(card) = &result.card {
        fill_in(&mut state.payment_method, card);
    }
    let (operation_id, attempt) = draft.latest();
    draft.event(|envelope| {
        Event::Authorized(PaymentAuthorized {
            envelope,
            operation_id,
            attempt_id: attempt.id,
            gateway_account: attempt.gateway_account,
            amount: result.authorized_amount,
            currency: result.currency,
            authorized_amount: result.authorized_amount,
            details: result.details.clone(),
        })
    });
    if result.captured_amount > MinorUnits::ZERO {
        capture(draft, result);
    }
    let state = &draft.state.state;
    let promised = match state.capture {
        CaptureMethod::Automatic => state.amount,
        CaptureMethod::Manual => MinorUnits::ZERO,
    };
    if state.authorized_amount != state.amount || state.captured_amount != promised {
        draft.review(ReviewReason::ContradictingResult, &result.details);
    }
}

/// The capture that came with the authorization: an operation of its own, at the same attempt.
fn capture(draft: &mut Draft, result: &GatewayResult) {
    let now = draft.now;
    let (_, attempt) = draft.latest();
    let state = &mut draft.state.state;
    let operation_id = CaptureId::new(derive(&["capture", &state.envelope.aggregate_id, "1"])).to_string();
    state.captured_amount = result.captured_amount;
    state.capturable_amount = result.authorized_amount.saturating_sub(result.captured_amount);
    // Nobody said that the rest of a partial capture is released.
    let is_final = state.capturable_amount == MinorUnits::ZERO;
    if is_final {
        state.status = PaymentStatus::Succeeded;
    }
    state.operations.push(Operation {
        id: operation_id.clone(),
        kind: OperationKind::Capture,
        amount: result.captured_amount,
        status: OperationStatus::Succeeded,
        reason: None,
        origin: Origin::Api,
        gateway_reference: result.details.gateway_reference.clone(),
        attempts: Vec::new(),
        created_at: now,
        updated_at: now,
    });
    draft.event(|envelope| {
        Event::Captured(PaymentCaptured {
            envelope,
            operation_id,
            attempt_id: attempt.id,
            gateway_account: attempt.gateway_account,
            amount: result.captured_amount,
            currency: result.currency,
            captured_amount: result.captured_amount,
            is_final,
            details: result.details.clone(),
        })
    });
}

fn fill_in(method: &mut PaymentMethod, card: &PaymentMethod) {
    let texts = [
        (&mut method.fingerprint, &card.fingerprint),
        (&mut method.brand, &card.brand),
        (&mut method.funding, &card.funding),
        (&mut method.country, &card.country),
        (&mut method.iin, &card.iin),
        (&mut method.last4, &card.last4),
        (&mut method.wallet, &card.wallet),
    ];
    for (known, reported) in texts {
        if known.is_none() {
            known.clone_from(reported);
        }
    }
    method.exp_month = method.exp_month.or(card.exp_month);
    method.exp_year = method.exp_year.or(card.exp_year);
}
