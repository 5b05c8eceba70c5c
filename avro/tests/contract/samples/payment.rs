//! Records of payments.

use quittance_avro::{
    money::{MINOR_UNITS_END, MinorUnits},
    records::{
        CreatePayment, GatewayEffect, GatewayFact, GatewayReport, GatewayResult, MetadataPair, Outcome,
        PaymentAuthorized, PaymentCaptured, PaymentChangelog, PaymentCreated, PaymentDeclined, PaymentFailed,
        PaymentReviewOpened, PaymentState, PaymentStub, RefusedCreation,
    },
    words::{
        CaptureMethod, Closing, EffectKind, FactStatus, Initiator, OperationKind, OutcomeStatus, PaymentStatus,
        ResultOutcome, ReviewReason,
    },
};

use super::{
    Fill,
    parts::{
        ATTEMPT, COMMAND, EFFECT, GATEWAY_ACCOUNT, OPERATION, amount, currency, details, envelope, failure,
        fingerprint, hold, next_action, operation, payment_method, remembered_command, remembered_refusal, review,
        routing, sealed, search_tokens, standing, time, timer,
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
        return_url: fill.text("https://shop.example/thanks"),
        hold: true,
        declines_retried_max: 2,
        payment_method_id: fill.text("pm_00000000000000000000000000000001"),
        network_transaction_id: fill.text("ntx_1"),
        routing_metadata: fill.list(MetadataPair { key: "shop".to_owned(), value: "bücher".to_owned() }),
        configuration_version: 3,
        search_tokens: fill.option(search_tokens()),
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
        return_url: fill.text("https://shop.example/thanks"),
        hold: true,
        declines_retried_max: 2,
        payment_method_id: fill.text("pm_00000000000000000000000000000001"),
        network_transaction_id: fill.text("ntx_1"),
        routing: fill.option(routing(fill)),
        standing: fill.option(standing()),
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
        standing: fill.option(standing()),
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
        standing: fill.option(standing()),
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
        standing: fill.option(standing()),
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
        standing: fill.option(standing()),
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
        standing: fill.option(standing()),
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
        return_url: fill.text("https://shop.example/thanks"),
        next_action: fill.option(next_action(fill)),
        hold: fill.option(hold()),
        closing: fill.option(Closing::Canceled),
        closing_reason: fill.text("out_of_stock"),
        authorization_expires_at: fill.option(time(600_000)),
        action_expires_at: fill.option(time(300_000)),
        declines_retried_max: 1,
        routing: fill.option(routing(fill)),
        payment_method_id: fill.text("pm_00000000000000000000000000000001"),
        network_transaction_id: fill.text("ntx_1"),
        search_tokens: fill.option(search_tokens()),
        text_sequence: fill.option(4),
    }
}

pub(super) fn changelog(fill: Fill) -> PaymentChangelog {
    PaymentChangelog {
        state_version: 1,
        state: state(fill),
        commands: fill.list(remembered_command(fill)),
        timer: fill.option(timer(fill)),
        traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned(),
        retry_seed: i64::MIN,
        timers: fill.list(timer(fill)),
        refusals: fill.list(remembered_refusal()),
    }
}

pub(super) fn refused_creation(fill: Fill) -> RefusedCreation {
    RefusedCreation { envelope: envelope(fill), state_version: 2, refusal: remembered_refusal() }
}

pub(super) fn stub(fill: Fill) -> PaymentStub {
    PaymentStub {
        envelope: envelope(fill),
        state_version: 2,
        status: PaymentStatus::Succeeded,
        commands: fill.list(remembered_command(fill)),
        retired_at: time(34_560_000_000),
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
        operation_kind: OperationKind::Capture,
        payment_reference: fill.text("sim_1"),
        is_final: false,
        return_url: fill.text("https://shop.example/thanks"),
        reason: fill.text("duplicate"),
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
        operation_kind: OperationKind::Authorize,
        amount: MinorUnits::ZERO,
        next_action: fill.option(next_action(fill)),
        authorization_expires_at: fill.option(time(600_000)),
        report: fill.option(report(fill)),
    }
}

fn report(fill: Fill) -> GatewayReport {
    let fact = GatewayFact {
        kind: OperationKind::Refund,
        status: FactStatus::Succeeded,
        attempt_id: fill.option(ATTEMPT),
        gateway_reference: fill.text("re_1"),
        amount: amount(250),
        currency: currency(),
        reason: fill.text("expired"),
        failure: fill.option(failure(fill)),
        next_action: fill.option(next_action(fill)),
        details: details(fill),
    };
    GatewayReport { gateway_reference: "sim_1".to_owned(), facts: fill.list(fact) }
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
        operation_id: fill.text(OPERATION),
    }
}
