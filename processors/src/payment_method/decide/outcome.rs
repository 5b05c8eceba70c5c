//! What a client is told of its command.

use quittance_avro::{
    ids::{CommandId, OutcomeId, derive},
    records::{Envelope, Outcome, PaymentMethodChangelog, RememberedCommand, RememberedRefusal},
    refusals::Refusal,
    time::Timestamp,
    words::OutcomeStatus,
};

use super::draft::system;
use crate::payment_method::command::Command;

/// A command that was applied, once or some time ago.
pub(super) fn applied(state: &PaymentMethodChangelog, known: &RememberedCommand, now: Timestamp) -> Outcome {
    Outcome {
        envelope: envelope(known.command_id, &state.state.envelope, now),
        command_id: known.command_id,
        operation: known.operation.clone(),
        fingerprint: known.fingerprint.clone(),
        status: OutcomeStatus::Applied,
        sequence: Some(known.sequence),
        code: None,
        reason: None,
        operation_id: None,
    }
}

/// A command that is turned down, with the request's own fingerprint: nothing was applied under its id.
pub(crate) fn refused(command: &Command, now: Timestamp, refusal: Refusal) -> Outcome {
    Outcome {
        envelope: envelope(command.id, command.request.envelope(), now),
        command_id: command.id,
        operation: command.request.operation().to_owned(),
        fingerprint: command.request.fingerprint().clone(),
        status: OutcomeStatus::Refused,
        sequence: None,
        code: Some(refusal.code().to_owned()),
        reason: Some(refusal.text().to_owned()),
        operation_id: None,
    }
}

/// A command that was turned down some time ago.
pub(super) fn refused_before(state: &PaymentMethodChangelog, known: &RememberedRefusal, now: Timestamp) -> Outcome {
    Outcome {
        envelope: envelope(known.command_id, &state.state.envelope, now),
        command_id: known.command_id,
        operation: known.operation.clone(),
        fingerprint: known.fingerprint.clone(),
        status: OutcomeStatus::Refused,
        sequence: None,
        code: Some(known.code.clone()),
        reason: Some(known.reason.clone()),
        operation_id: None,
    }
}

fn envelope(command_id: CommandId, of: &Envelope, now: Timestamp) -> Envelope {
    Envelope {
        id: OutcomeId::new(derive(&["outcome", &command_id.to_string()])).to_string(),
        sequence: None,
        occurred_at: now,
        actor: system(),
        cause: Some(command_id),
        ..of.clone()
    }
}
