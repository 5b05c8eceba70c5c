//! Records of saved payment methods.

use quittance_avro::{
    records::{
        ConfirmPaymentMethod, CreatePaymentMethod, PaymentMethodActionRequired, PaymentMethodActivated,
        PaymentMethodChangelog, PaymentMethodConfirmed, PaymentMethodCreated, PaymentMethodFailed,
        PaymentMethodRemoved, PaymentMethodSetUp, PaymentMethodSetUpFailed, PaymentMethodState, RemovePaymentMethod,
        SetUp, SetUpEffect, SetUpResult,
    },
    words::{PaymentMethodStatus, SetUpKind, SetUpOutcome, SetUpStatus},
};

use super::{
    Fill,
    parts::{
        ATTEMPT, EFFECT, GATEWAY_ACCOUNT, details, envelope, failure, fingerprint, next_action, payment_method,
        remembered_command, remembered_refusal, time, timer,
    },
};

pub(super) fn create_payment_method(fill: Fill) -> CreatePaymentMethod {
    CreatePaymentMethod {
        envelope: envelope(fill),
        fingerprint: fingerprint(),
        payment_method: payment_method(fill),
        return_url: fill.text("https://shop.example/thanks"),
        configuration_version: 3,
    }
}

pub(super) fn confirm_payment_method(fill: Fill) -> ConfirmPaymentMethod {
    ConfirmPaymentMethod { envelope: envelope(fill), fingerprint: fingerprint() }
}

pub(super) fn remove_payment_method(fill: Fill) -> RemovePaymentMethod {
    RemovePaymentMethod { envelope: envelope(fill), fingerprint: fingerprint() }
}

pub(super) fn set_up_effect(fill: Fill) -> SetUpEffect {
    SetUpEffect {
        envelope: envelope(fill),
        kind: SetUpKind::Query,
        attempt_id: ATTEMPT,
        try_number: 2,
        gateway_account: GATEWAY_ACCOUNT.to_owned(),
        token: "tok_approve".to_owned(),
        gateway_reference: fill.text("seti_1"),
        return_url: fill.text("https://shop.example/thanks"),
        not_after: time(30_000),
    }
}

pub(super) fn set_up_result(fill: Fill) -> SetUpResult {
    SetUpResult {
        envelope: envelope(fill),
        effect_id: EFFECT,
        kind: SetUpKind::Query,
        attempt_id: ATTEMPT,
        gateway_account: GATEWAY_ACCOUNT.to_owned(),
        outcome: SetUpOutcome::ActionRequired,
        token: fill.text("tok_approve"),
        failure: fill.option(failure(fill)),
        details: details(fill),
        card: fill.option(payment_method(fill)),
        next_action: fill.option(next_action(fill)),
    }
}

pub(super) fn payment_method_created(fill: Fill) -> PaymentMethodCreated {
    PaymentMethodCreated {
        envelope: envelope(fill),
        payment_method: payment_method(fill),
        return_url: fill.text("https://shop.example/thanks"),
        status: PaymentMethodStatus::RequiresAction,
    }
}

pub(super) fn payment_method_action_required(fill: Fill) -> PaymentMethodActionRequired {
    PaymentMethodActionRequired {
        envelope: envelope(fill),
        attempt_id: ATTEMPT,
        gateway_account: GATEWAY_ACCOUNT.to_owned(),
        next_action: next_action(fill),
        status: PaymentMethodStatus::RequiresAction,
    }
}

pub(super) fn payment_method_confirmed(fill: Fill) -> PaymentMethodConfirmed {
    PaymentMethodConfirmed { envelope: envelope(fill), status: PaymentMethodStatus::RequiresAction }
}

pub(super) fn payment_method_set_up(fill: Fill) -> PaymentMethodSetUp {
    PaymentMethodSetUp {
        envelope: envelope(fill),
        attempt_id: ATTEMPT,
        gateway_account: GATEWAY_ACCOUNT.to_owned(),
        details: details(fill),
        status: PaymentMethodStatus::RequiresAction,
    }
}

pub(super) fn payment_method_set_up_failed(fill: Fill) -> PaymentMethodSetUpFailed {
    PaymentMethodSetUpFailed {
        envelope: envelope(fill),
        attempt_id: ATTEMPT,
        gateway_account: GATEWAY_ACCOUNT.to_owned(),
        failure: failure(fill),
        status: PaymentMethodStatus::RequiresAction,
    }
}

pub(super) fn payment_method_activated(fill: Fill) -> PaymentMethodActivated {
    PaymentMethodActivated {
        envelope: envelope(fill),
        payment_method: payment_method(fill),
        status: PaymentMethodStatus::RequiresAction,
    }
}

pub(super) fn payment_method_failed(fill: Fill) -> PaymentMethodFailed {
    PaymentMethodFailed {
        envelope: envelope(fill),
        failure: failure(fill),
        status: PaymentMethodStatus::RequiresAction,
    }
}

pub(super) fn payment_method_removed(fill: Fill) -> PaymentMethodRemoved {
    PaymentMethodRemoved { envelope: envelope(fill), status: PaymentMethodStatus::RequiresAction }
}

pub(super) fn payment_method_state(fill: Fill) -> PaymentMethodState {
    PaymentMethodState {
        envelope: envelope(fill),
        state_version: 2,
        status: PaymentMethodStatus::RequiresAction,
        payment_method: payment_method(fill),
        set_ups: fill.list(set_up(fill)),
        failure: fill.option(failure(fill)),
        next_action: fill.option(next_action(fill)),
        return_url: fill.text("https://shop.example/thanks"),
        network_transaction_id: fill.text("ntx_1"),
        created_at: time(30_000),
        updated_at: time(30_000),
    }
}

fn set_up(fill: Fill) -> SetUp {
    SetUp {
        attempt_id: ATTEMPT,
        gateway_account: GATEWAY_ACCOUNT.to_owned(),
        status: SetUpStatus::Pending,
        tries: 2,
        queries: 2,
        unanswered: 2,
        last_effect_id: fill.option(EFFECT),
        started_at: time(30_000),
        asked_at: time(30_000),
        gateway_reference: fill.text("seti_1"),
        next_action: fill.option(next_action(fill)),
        action_expires_at: fill.option(time(30_000)),
        failure: fill.option(failure(fill)),
    }
}

pub(super) fn payment_method_changelog(fill: Fill) -> PaymentMethodChangelog {
    PaymentMethodChangelog {
        state_version: 2,
        state: payment_method_state(fill),
        commands: fill.list(remembered_command(fill)),
        refusals: fill.list(remembered_refusal()),
        timers: fill.list(timer(fill)),
        traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned(),
        retry_seed: i64::MIN,
    }
}
