//! What happened to payments.

use quittance_avro::{
    records::{
        PaymentActionRequired, PaymentApproved, PaymentAttemptStarted, PaymentCancelRequested, PaymentCanceled,
        PaymentConfirmed, PaymentDisputeClosed, PaymentDisputeOpened, PaymentExpired, PaymentHeld,
        PaymentOperationCorrected, PaymentOperationFailed, PaymentOperationRequested, PaymentRefunded, PaymentRejected,
        PaymentReviewResolved, PaymentUnwantedSuccess, PaymentUpdated, PaymentVoided,
    },
    words::{OperationKind, OperationStatus, Origin, Resolution},
};

use super::{
    Fill,
    parts::{
        ATTEMPT, GATEWAY_ACCOUNT, OPERATION, amount, currency, details, envelope, failure, next_action, sealed,
        standing,
    },
};

pub(super) fn operation_requested(fill: Fill) -> PaymentOperationRequested {
    PaymentOperationRequested {
        envelope: envelope(fill),
        operation_id: OPERATION.to_owned(),
        kind: OperationKind::Refund,
        gateway_account: GATEWAY_ACCOUNT.to_owned(),
        amount: amount(250),
        currency: currency(),
        is_final: fill.option(true),
        origin: Origin::System,
        reason: fill.text("duplicate"),
        standing: fill.option(standing()),
    }
}

pub(super) fn operation_failed(fill: Fill) -> PaymentOperationFailed {
    PaymentOperationFailed {
        envelope: envelope(fill),
        operation_id: OPERATION.to_owned(),
        kind: OperationKind::Refund,
        attempt_id: ATTEMPT,
        gateway_account: GATEWAY_ACCOUNT.to_owned(),
        amount: amount(250),
        currency: currency(),
        failure: failure(fill),
        details: details(fill),
        standing: fill.option(standing()),
    }
}

pub(super) fn operation_corrected(fill: Fill) -> PaymentOperationCorrected {
    PaymentOperationCorrected {
        envelope: envelope(fill),
        operation_id: OPERATION.to_owned(),
        kind: OperationKind::Refund,
        attempt_id: ATTEMPT,
        gateway_account: GATEWAY_ACCOUNT.to_owned(),
        amount: amount(250),
        currency: currency(),
        from: OperationStatus::Failed,
        to: OperationStatus::Failed,
        failure: fill.option(failure(fill)),
        details: details(fill),
        standing: fill.option(standing()),
    }
}

pub(super) fn refunded(fill: Fill) -> PaymentRefunded {
    PaymentRefunded {
        envelope: envelope(fill),
        operation_id: OPERATION.to_owned(),
        attempt_id: ATTEMPT,
        gateway_account: GATEWAY_ACCOUNT.to_owned(),
        amount: amount(250),
        currency: currency(),
        refunded_amount: amount(250),
        origin: Origin::System,
        details: details(fill),
        standing: fill.option(standing()),
    }
}

pub(super) fn voided(fill: Fill) -> PaymentVoided {
    PaymentVoided {
        envelope: envelope(fill),
        operation_id: OPERATION.to_owned(),
        attempt_id: ATTEMPT,
        gateway_account: GATEWAY_ACCOUNT.to_owned(),
        amount: amount(250),
        currency: currency(),
        origin: Origin::System,
        details: details(fill),
        standing: fill.option(standing()),
    }
}

pub(super) fn action_required(fill: Fill) -> PaymentActionRequired {
    PaymentActionRequired {
        envelope: envelope(fill),
        operation_id: OPERATION.to_owned(),
        attempt_id: ATTEMPT,
        gateway_account: GATEWAY_ACCOUNT.to_owned(),
        next_action: next_action(fill),
        standing: fill.option(standing()),
    }
}

pub(super) fn confirmed(fill: Fill) -> PaymentConfirmed {
    PaymentConfirmed { envelope: envelope(fill), standing: fill.option(standing()) }
}

pub(super) fn cancel_requested(fill: Fill) -> PaymentCancelRequested {
    PaymentCancelRequested {
        envelope: envelope(fill),
        reason: fill.text("duplicate"),
        standing: fill.option(standing()),
    }
}

pub(super) fn canceled(fill: Fill) -> PaymentCanceled {
    PaymentCanceled { envelope: envelope(fill), reason: fill.text("duplicate"), standing: fill.option(standing()) }
}

pub(super) fn expired(fill: Fill) -> PaymentExpired {
    PaymentExpired { envelope: envelope(fill), standing: fill.option(standing()) }
}

pub(super) fn held(fill: Fill) -> PaymentHeld {
    PaymentHeld { envelope: envelope(fill), reason: "requested".to_owned(), standing: fill.option(standing()) }
}

pub(super) fn approved(fill: Fill) -> PaymentApproved {
    PaymentApproved { envelope: envelope(fill), reason: fill.text("duplicate"), standing: fill.option(standing()) }
}

pub(super) fn rejected(fill: Fill) -> PaymentRejected {
    PaymentRejected { envelope: envelope(fill), reason: fill.text("duplicate"), standing: fill.option(standing()) }
}

pub(super) fn review_resolved(fill: Fill) -> PaymentReviewResolved {
    PaymentReviewResolved {
        envelope: envelope(fill),
        resolution: Resolution::Succeeded,
        operation_id: fill.text(OPERATION),
        gateway_reference: fill.text("sim_1"),
        sealed: fill.option(sealed()),
        standing: fill.option(standing()),
    }
}

pub(super) fn attempt_started(fill: Fill) -> PaymentAttemptStarted {
    PaymentAttemptStarted {
        envelope: envelope(fill),
        operation_id: OPERATION.to_owned(),
        attempt_id: ATTEMPT,
        gateway_account: GATEWAY_ACCOUNT.to_owned(),
        after: failure(fill),
        standing: fill.option(standing()),
    }
}

pub(super) fn unwanted_success(fill: Fill) -> PaymentUnwantedSuccess {
    PaymentUnwantedSuccess {
        envelope: envelope(fill),
        operation_id: OPERATION.to_owned(),
        attempt_id: ATTEMPT,
        gateway_account: GATEWAY_ACCOUNT.to_owned(),
        authorized_amount: amount(250),
        captured_amount: amount(250),
        currency: currency(),
        details: details(fill),
        standing: fill.option(standing()),
    }
}

pub(super) fn updated(fill: Fill) -> PaymentUpdated {
    PaymentUpdated { envelope: envelope(fill), sealed: fill.option(sealed()), standing: fill.option(standing()) }
}

pub(super) fn dispute_opened(fill: Fill) -> PaymentDisputeOpened {
    PaymentDisputeOpened {
        envelope: envelope(fill),
        operation_id: OPERATION.to_owned(),
        attempt_id: ATTEMPT,
        gateway_account: GATEWAY_ACCOUNT.to_owned(),
        amount: amount(1250),
        currency: currency(),
        reason: fill.text("fraudulent"),
        details: details(fill),
        standing: fill.option(standing()),
    }
}

pub(super) fn dispute_closed(fill: Fill) -> PaymentDisputeClosed {
    PaymentDisputeClosed {
        envelope: envelope(fill),
        operation_id: OPERATION.to_owned(),
        attempt_id: ATTEMPT,
        gateway_account: GATEWAY_ACCOUNT.to_owned(),
        amount: amount(1250),
        currency: currency(),
        lost: true,
        details: details(fill),
        standing: fill.option(standing()),
    }
}
