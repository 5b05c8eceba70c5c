//! What a person found out about a payment under review.

use quittance_avro::{
    money::MinorUnits,
    records::{GatewayDetails, Operation, PaymentReviewResolved, ResolveReview},
    refusals::Refusal,
    words::{CaptureMethod, OperationKind, OperationStatus, Origin, PaymentStatus, Resolution},
};

use crate::payment::{
    decide::{
        approval::{Approval, approve},
        draft::{Draft, Place},
        failing::{Why, fail, plain},
        operation,
        standing::AUTHORIZATION,
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
    let is_left = draft.payment().status == PaymentStatus::Processing && draft.state.timers.is_empty();
    match place {
        // Somebody has to find out, or to see to it; nothing else would ever end it.
        None if still_unknown || is_left => return Err(Refusal::ResolutionInvalid),
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
    if let Some(place) = place {
        settle(draft, place, resolution, reference);
    }
    Ok(())
}

/// The operation of that id, if nobody knows what became of it, or if we could not do it and somebody has done it at the gateway.
fn open_to_a_word(draft: &Draft<'_>, id: &str, resolution: Resolution) -> Result<Place, Refusal> {
    let may_be = |found: &Operation| match found.status {
        OperationStatus::Unknown => true,
        OperationStatus::Failed => found.origin == Origin::System && resolution == Resolution::Succeeded,
        OperationStatus::Pending | OperationStatus::Succeeded => false,
    };
    let operation = draft.payment().operations.iter().position(|found| found.id == *id && may_be(found));
    operation.and_then(|operation| draft.latest(operation)).ok_or(Refusal::ResolutionInvalid)
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
