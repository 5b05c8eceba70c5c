//! What a person found out about a payment under review.

use quittance_avro::{
    money::MinorUnits,
    records::{GatewayDetails, PaymentReviewResolved, ResolveReview},
    refusals::Refusal,
    words::{CaptureMethod, OperationKind, OperationStatus, Origin, PaymentStatus, Resolution},
};

use crate::payment::{
    decide::{
        approval::{Approval, approve},
        closing::{conclude, left},
        draft::{Draft, Place},
        failing::{Why, fail, plain},
        operation,
        standing::{self, AUTHORIZATION},
    },
    event::Event,
};

/// Takes the person's word. The review stays open while anything else is unknown.
pub(super) fn resolve(draft: &mut Draft<'_>, asked: &ResolveReview) -> Result<(), Refusal> {
    if draft.payment().review.is_none() {
        return Err(Refusal::NotUnderReview);
    }
    let place = match (&asked.operation_id, asked.resolution) {
        (None, Resolution::Acknowledged) => None,
        (Some(id), Resolution::Succeeded | Resolution::Failed) => Some(open_to_a_word(draft, id, asked.resolution)?),
        (None, Resolution::Succeeded | Resolution::Failed) | (Some(_), Resolution::Acknowledged) => {
            return Err(Refusal::ResolutionInvalid);
        }
    };
    let still_unknown = draft.payment().operations.iter().enumerate().any(|(index, found)| {
        found.status == OperationStatus::Unknown && place.is_none_or(|place| place.operation != index)
    });
    match place {
        // Somebody has to find out; nothing else would ever end it.
        None if still_unknown => return Err(Refusal::ResolutionInvalid),
        Some(_) if still_unknown => {}
        None | Some(_) => draft.state.state.review = None,
    }
    let (resolution, asked) = (asked.resolution, asked.clone());
    let reference = asked.gateway_reference.clone();
    draft.event(|envelope, standing| {
        Event::ReviewResolved(PaymentReviewResolved {
            envelope,
            resolution,
            operation_id: asked.operation_id,
            gateway_reference: asked.gateway_reference,
            sealed: asked.sealed,
            standing,
        })
    });
    match place {
        Some(place) => settle(draft, place, resolution, reference),
        None => acknowledge(draft)?,
    }
    Ok(())
}

/// Nobody has to look any more: what can be done by rule is done, and there must be nothing that only somebody can see to.
fn acknowledge(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    conclude(draft);
    let is_processing = standing::of(draft.payment()).status == PaymentStatus::Processing;
    let is_left = is_processing && draft.state.timers.is_empty();
    if is_left || draft.payment().review.is_some() { Err(Refusal::ResolutionInvalid) } else { Ok(()) }
}

/// The operation of that id, if nobody knows what became of it, or if we could not do it and somebody has done it at the gateway.
fn open_to_a_word(draft: &Draft<'_>, id: &str, resolution: Resolution) -> Result<Place, Refusal> {
    let operation = draft.payment().operations.iter().position(|found| found.id == *id);
    let operation = operation.ok_or(Refusal::ResolutionInvalid)?;
    let found = draft.operation(operation);
    let may_be = match found.status {
        OperationStatus::Unknown => true,
        OperationStatus::Failed => {
            found.origin == Origin::System && resolution == Resolution::Succeeded && has_room(draft, operation)
        }
        OperationStatus::Pending | OperationStatus::Succeeded => false,
    };
    draft.latest(operation).filter(|_| may_be).ok_or(Refusal::ResolutionInvalid)
}

/// Whether there is still something for an operation to move that was taken for failed. What is unknown has its room kept for it;
/// what failed has not, and may have been made up for since. A person may easily name the wrong one of two, so more than there is
/// to move is not believed on their word: if the gateway did move it, it says so itself, and then that is an excess.
fn has_room(draft: &Draft<'_>, operation: usize) -> bool {
    let (found, parent) = (draft.operation(operation), draft.parent(operation));
    let left = left(draft.payment(), parent);
    match found.kind {
        OperationKind::Authorize | OperationKind::Dispute => false,
        OperationKind::Capture => found.amount <= standing::of(draft.payment()).capturable_amount,
        OperationKind::Void => found.amount <= left.held,
        OperationKind::Refund => found.amount <= left.taken,
    }
}

fn settle(draft: &mut Draft<'_>, place: Place, resolution: Resolution, reference: Option<String>) {
    let now = draft.cx.now;
    let known = draft.attempt(place).details.clone().unwrap_or_default();
    let details = GatewayDetails { gateway_reference: reference.or(known.gateway_reference.clone()), ..known };
    match (resolution, draft.operation(place.operation).kind) {
        (Resolution::Succeeded, OperationKind::Authorize) if place.operation == AUTHORIZATION => {
            let payment = draft.payment();
            let captured = match payment.capture {
                CaptureMethod::Automatic => payment.amount,
                CaptureMethod::Manual => MinorUnits::ZERO,
            };
            let approval = Approval {
                authorized: payment.amount,
                captured,
                currency: payment.currency,
                details,
                card: None,
                expires_at: None,
                as_of: now,
            };
            approve(draft, place, &approval);
        }
        (Resolution::Succeeded, _) => operation::done(draft, place, &details, now),
        (Resolution::Failed, _) => {
            let failure = plain("resolved_as_failed", "a person found that the gateway did not do it");
            fail(draft, place, &Why::Declined(failure), &details, now);
        }
        (Resolution::Acknowledged, _) => {}
    }
}
