//! Records of payments.

use quittance_avro::{
    money::{MINOR_UNITS_END, MinorUnits},
    records::{
        CreatePayment, GatewayEffect, GatewayResult, Outcome, PaymentAuthorized, PaymentCaptured, PaymentChangelog,
        PaymentCreated, PaymentDeclined, PaymentFailed, PaymentReviewOpened, PaymentState,
    },
    words::{CaptureMethod, EffectKind, Initiator, OutcomeStatus, PaymentStatus, ResultOutcome, ReviewReason},
};

use super::{
    Fill,
    parts::{
        ATTEMPT, COMMAND, EFFECT, GATEWAY_ACCOUNT, OPERATION, amount, currency, details, envelope, failure,
        fingerprint, operation, payment_method, remembered_command, review, sealed, time, timer,
    },
};

pub(super) fn create_payment(fill: Fill) -> CreatePayment {
    CreatePayment {
        envelope: envelope(fill),
        fingerprint: fingerprint(),
        amount: amount(MINOR_UNITS_END - 1),
        currency: currency(),
        capture: CaptureMethod::Automatic,
        payment_method: payment_method(fill),
        gateway_account: GATEWAY_ACCOUNT.to_owned(),
        initiator: Initiator::Customer,
        stored_credential: fill.text("first"),
        sealed: fill.option(sealed()),
    }
}

pub(super) fn created(fill: Fill) -> PaymentCreated {
    PaymentCreated {
        envelope: envelope(fill),
        amount: amount(1250),
        currency: currency(),
        capture: CaptureMethod::Manual,
        payment_method: payment_method(fill),
        gateway_account: GATEWAY_ACCOUNT.to_owned(),
        initiator: Initiator::Merchant,
        stored_credential: fill.text("recurring"),
        sealed: fill.option(sealed()),
    }
}

pub(super) fn authorized(fill: Fill) -> PaymentAuthorized {
    PaymentAuthorized {
        envelope: envelope(fill),
        operation_id: OPERATION.to_owned(),
        attempt_id: ATTEMPT,
        gateway_account: GATEWAY_ACCOUNT.to_owned(),
        amount: amount(1250),
        currency: currency(),
        authorized_amount: amount(1250),
        details: details(fill),
    }
}

pub(super) fn captured(fill: Fill) -> PaymentCaptured {
    PaymentCaptured {
        envelope: envelope(fill),
        operation_id: OPERATION.to_owned(),
        attempt_id: ATTEMPT,
        gateway_account: GATEWAY_ACCOUNT.to_owned(),
        amount: amount(250),
        currency: currency(),
        captured_amount: amount(1250),
        is_final: true,
        details: details(fill),
    }
}

pub(super) fn declined(fill: Fill) -> PaymentDeclined {
    PaymentDeclined {
        envelope: envelope(fill),
        operation_id: OPERATION.to_owned(),
        attempt_id: ATTEMPT,
        gateway_account: GATEWAY_ACCOUNT.to_owned(),
        failure: failure(fill),
        details: details(fill),
    }
}

pub(super) fn failed(fill: Fill) -> PaymentFailed {
    PaymentFailed {
        envelope: envelope(fill),
        operation_id: OPERATION.to_owned(),
        attempt_id: ATTEMPT,
        gateway_account: GATEWAY_ACCOUNT.to_owned(),
        failure: failure(fill),
        details: details(fill),
    }
}

pub(super) fn review_opened(fill: Fill) -> PaymentReviewOpened {
    PaymentReviewOpened {
        envelope: envelope(fill),
        operation_id: OPERATION.to_owned(),
        attempt_id: ATTEMPT,
        gateway_account: GATEWAY_ACCOUNT.to_owned(),
        reason: ReviewReason::ContradictingResult,
        details: details(fill),
    }
}

pub(super) fn state(fill: Fill) -> PaymentState {
    PaymentState {
        envelope: envelope(fill),
        state_version: 1,
        status: PaymentStatus::RequiresCapture,
        amount: amount(1250),
        currency: currency(),
        capture: CaptureMethod::Manual,
        authorized_amount: amount(1250),
        captured_amount: amount(1000),
        capturable_amount: amount(250),
        refunded_amount: MinorUnits::ZERO,
        payment_method: payment_method(fill),
        gateway_account: GATEWAY_ACCOUNT.to_owned(),
        initiator: Initiator::Merchant,
        stored_credential: fill.text("unscheduled"),
        operations: fill.list(operation(fill)),
        failure: fill.option(failure(fill)),
        review: fill.option(review()),
        sealed: fill.option(sealed()),
        created_at: time(0),
        updated_at: time(6),
    }
}

pub(super) fn changelog(fill: Fill) -> PaymentChangelog {
    PaymentChangelog {
        state_version: 1,
        state: state(fill),
        commands: fill.list(remembered_command()),
        timer: fill.option(timer()),
        traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned(),
        retry_seed: i64::MIN,
    }
}

pub(super) fn gateway_effect(fill: Fill) -> GatewayEffect {
    GatewayEffect {
        envelope: envelope(fill),
        kind: EffectKind::Query,
        operation_id: OPERATION.to_owned(),
        attempt_id: ATTEMPT,
        try_number: 2,
        amount: amount(1250),
        currency: currency(),
        capture: CaptureMethod::Automatic,
        gateway_account: GATEWAY_ACCOUNT.to_owned(),
        token: "tok_approve".to_owned(),
        gateway_reference: fill.text("sim_1"),
        initiator: Initiator::Customer,
        stored_credential: fill.text("installment"),
        network_transaction_id: fill.text("ntx_1"),
        not_after: time(30_000),
    }
}

pub(super) fn gateway_result(fill: Fill) -> GatewayResult {
    GatewayResult {
        envelope: envelope(fill),
        effect_id: EFFECT,
        kind: EffectKind::Authorize,
        operation_id: OPERATION.to_owned(),
        attempt_id: ATTEMPT,
        gateway_account: GATEWAY_ACCOUNT.to_owned(),
        outcome: ResultOutcome::Approved,
        authorized_amount: amount(1250),
        captured_amount: amount(1250),
        currency: currency(),
        failure: fill.option(failure(fill)),
        details: details(fill),
        card: fill.option(payment_method(fill)),
    }
}

pub(super) fn outcome(fill: Fill) -> Outcome {
    Outcome {
        envelope: envelope(fill),
        command_id: COMMAND,
        operation: "payments.create".to_owned(),
        fingerprint: fingerprint(),
        status: OutcomeStatus::Refused,
        sequence: fill.option(3),
        code: fill.text("key_reused"),
        reason: fill.text("The key was used with another body."),
    }
}
