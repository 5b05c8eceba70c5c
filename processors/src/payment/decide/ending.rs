//! The ways in which an authorization comes to nothing.

use quittance_avro::{
    records::{Failure, GatewayDetails, GatewayResult, PaymentDeclined, PaymentFailed},
    words::{OperationStatus, PaymentStatus},
};

use super::draft::Draft;
use crate::payment::decision::Event;

/// The gateway processed it and said no.
pub(super) fn decline(draft: &mut Draft, result: &GatewayResult) {
    let failure = result.failure.clone().unwrap_or_else(|| plain("declined", "the gateway declined it"));
    let details = result.details.clone();
    fail(draft, &failure, &details);
    let (operation_id, attempt) = draft.latest();
    draft.event(|envelope| {
        Event::Declined(PaymentDeclined {
            envelope,
            operation_id,
            attempt_id: attempt.id,
            gateway_account: attempt.gateway_account,
            failure,
            details,
        })
    });
}

/// It was definitely not processed, and is not tried again.
pub(super) fn give_up(draft: &mut Draft, details: &GatewayDetails) {
    let failure = draft.attempt().failure.clone();
    let failure = failure
        .unwrap_or_else(|| plain("gateway_unavailable", "the gateway could not be reached, and nothing was processed"));
    fail(draft, &failure, details);
    let (operation_id, attempt) = draft.latest();
    let details = details.clone();
    draft.event(|envelope| {
        Event::Failed(PaymentFailed {
            envelope,
            operation_id,
            attempt_id: attempt.id,
            gateway_account: attempt.gateway_account,
            failure,
            details,
        })
    });
}

/// Why the gateway does not even take the request.
pub(super) fn rejection(result: &GatewayResult) -> Failure {
    result.failure.clone().unwrap_or_else(|| plain("rejected", "the gateway does not take this request"))
}

fn fail(draft: &mut Draft, failure: &Failure, details: &GatewayDetails) {
    draft.settle(OperationStatus::Failed, details, Some(failure.clone()));
    draft.state.state.status = PaymentStatus::Failed;
    draft.state.state.failure = Some(failure.clone());
}

fn plain(code: &str, message: &str) -> Failure {
    Failure { code: code.to_owned(), decline_code: None, network_code: None, advice: None, message: message.to_owned() }
}
