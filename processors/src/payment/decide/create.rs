//! Creating a payment.

use quittance_avro::{
    ids::{AttemptId, AuthorizationId, CommandId, OutcomeId, derive},
    money::MinorUnits,
    records::{
        Attempt, CreatePayment, Envelope, Operation, Outcome, PaymentChangelog, PaymentCreated, PaymentState,
        RememberedCommand,
    },
    time::Timestamp,
    words::{EffectKind, OperationKind, OperationStatus, Origin, OutcomeStatus, PaymentStatus},
};

use super::{
    STATE_VERSION,
    draft::{Draft, system},
};
use crate::payment::{
    decision::{Decision, Event},
    policy::Policy,
};

/// Name of the request in outcomes and remembered commands.
const OPERATION: &str = "payments.create";

/// A payment that is not there yet.
pub(super) fn create(
    id: CommandId,
    command: &CreatePayment,
    traceparent: &str,
    now: Timestamp,
    policy: &Policy,
) -> Decision {
    if let Err(error) = MinorUnits::payable(command.amount.get()) {
        return refused(id, command, now, "amount_invalid", &format!("amount {error}"));
    }
    if !command.payment_method.tokens.iter().any(|token| token.gateway_account == command.gateway_account) {
        return refused(id, command, now, "no_token", "the payment method has no token for the gateway account");
    }
    let mut draft = Draft::new(created(id, command, traceparent, now), command.envelope.actor.clone(), now);
    draft.event(|envelope| {
        Event::Created(PaymentCreated {
            envelope,
            amount: command.amount,
            currency: command.currency,
            capture: command.capture,
            payment_method: command.payment_method.clone(),
            gateway_account: command.gateway_account.clone(),
            initiator: command.initiator,
            stored_credential: command.stored_credential.clone(),
            sealed: command.sealed.clone(),
        })
    });
    draft.ask(EffectKind::Authorize, policy);
    draft.outcome(applied(&draft.state, &draft.state.commands[0], now));
    draft.finish()
}

/// A payment that is there already: the same command is told its outcome again. Whether the body was the same, the
/// fingerprint tells whoever asks: it is that of the request that was applied.
pub(super) fn again(id: CommandId, command: &CreatePayment, state: &PaymentChangelog, now: Timestamp) -> Decision {
    match state.commands.iter().find(|remembered| remembered.command_id == id) {
        Some(remembered) => Decision::Repeated(Box::new(applied(state, remembered, now))),
        None => refused(id, command, now, "already_exists", "a payment with this id exists"),
    }
}

fn created(id: CommandId, command: &CreatePayment, traceparent: &str, now: Timestamp) -> PaymentChangelog {
    let payment_id = &command.envelope.aggregate_id;
    let authorization_id = AuthorizationId::new(derive(&["authorization", payment_id, "1"])).to_string();
    let attempt_uuid = derive(&["attempt", &authorization_id, &command.gateway_account, "1"]);
    let attempt = Attempt {
        id: AttemptId::new(attempt_uuid),
        gateway_account: command.gateway_account.clone(),
        status: OperationStatus::Pending,
        tries: 0,
        queries: 0,
        unknowns: 0,
        ambiguous: false,
        last_effect_id: None,
        last_not_after: now,
        started_at: now,
        updated_at: now,
        details: None,
        failure: None,
    };
    let authorization = Operation {
        id: authorization_id,
        kind: OperationKind::Authorize,
        amount: command.amount,
        status: OperationStatus::Pending,
        reason: None,
        origin: Origin::Api,
        gateway_reference: None,
        attempts: vec![attempt],
        created_at: now,
        updated_at: now,
    };
    let state = PaymentState {
        envelope: Envelope { sequence: Some(0), cause: Some(id), ..command.envelope.clone() },
        state_version: STATE_VERSION,
        status: PaymentStatus::Processing,
        amount: command.amount,
        currency: command.currency,
        capture: command.capture,
        authorized_amount: MinorUnits::ZERO,
        captured_amount: MinorUnits::ZERO,
        capturable_amount: MinorUnits::ZERO,
        refunded_amount: MinorUnits::ZERO,
        payment_method: command.payment_method.clone(),
        gateway_account: command.gateway_account.clone(),
        initiator: command.initiator,
        stored_credential: command.stored_credential.clone(),
        operations: vec![authorization],
        failure: None,
        review: None,
        sealed: command.sealed.clone(),
        created_at: now,
        updated_at: now,
    };
    let (_, retry_seed) = attempt_uuid.as_u64_pair();
    PaymentChangelog {
        state_version: STATE_VERSION,
        state,
        commands: vec![RememberedCommand {
            command_id: id,
            operation: OPERATION.to_owned(),
            fingerprint: command.fingerprint.clone(),
            sequence: 1,
        }],
        timer: None,
        traceparent: traceparent.to_owned(),
        retry_seed: retry_seed.cast_signed(),
    }
}

fn applied(state: &PaymentChangelog, remembered: &RememberedCommand, now: Timestamp) -> Outcome {
    Outcome {
        envelope: outcome_envelope(remembered.command_id, &state.state.envelope, now),
        command_id: remembered.command_id,
        operation: remembered.operation.clone(),
        fingerprint: remembered.fingerprint.clone(),
        status: OutcomeStatus::Applied,
        sequence: Some(remembered.sequence),
        code: None,
        reason: None,
    }
}

/// A refusal, with the request's own fingerprint: nothing was applied under this id.
fn refused(id: CommandId, command: &CreatePayment, now: Timestamp, code: &str, reason: &str) -> Decision {
    Decision::Refused(Box::new(refusal(id, command, now, code, reason)))
}

/// The outcome of a command that is turned down.
pub(crate) fn refusal(id: CommandId, command: &CreatePayment, now: Timestamp, code: &str, reason: &str) -> Outcome {
    Outcome {
        envelope: outcome_envelope(id, &command.envelope, now),
        command_id: id,
        operation: OPERATION.to_owned(),
        fingerprint: command.fingerprint.clone(),
        status: OutcomeStatus::Refused,
        sequence: None,
        code: Some(code.to_owned()),
        reason: Some(reason.to_owned()),
    }
}

fn outcome_envelope(id: CommandId, envelope: &Envelope, now: Timestamp) -> Envelope {
    Envelope {
        id: OutcomeId::new(derive(&["outcome", &id.to_string()])).to_string(),
        sequence: None,
        occurred_at: now,
        actor: system(),
        cause: Some(id),
        ..envelope.clone()
    }
}
