//! What a client is told of its command.

use quittance_avro::{
    ids::CommandId,
    records::{Envelope, Outcome, RememberedCommand, RememberedRefusal},
    refusals::{REFUSALS_KEPT_MS, Refusal},
    time::Timestamp,
    words::OutcomeStatus,
};

use super::draft::{Draft, system};
use crate::payment::command::Command;

/// Until when a refusal is told again.
pub(crate) fn remembered_until(refusal: &RememberedRefusal) -> Timestamp {
    refusal.refused_at.plus_ms(REFUSALS_KEPT_MS)
}

/// Whether it is still told again.
pub(crate) fn is_remembered(refusal: &RememberedRefusal, now: Timestamp) -> bool {
    remembered_until(refusal) > now
}

/// What is remembered of a refusal, by what its client was told.
pub(crate) fn remembered(outcome: &Outcome) -> RememberedRefusal {
    RememberedRefusal {
        command_id: outcome.command_id,
        operation: outcome.operation.clone(),
        fingerprint: outcome.fingerprint.clone(),
        code: outcome.code.clone().unwrap_or_default(),
        reason: outcome.reason.clone().unwrap_or_default(),
        refused_at: outcome.envelope.occurred_at,
    }
}

/// A command that was applied, once or some time ago. It says when, as far as that is remembered.
pub(crate) fn applied(of: &Envelope, remembered: &RememberedCommand, now: Timestamp) -> Outcome {
    let command_id = remembered.command_id;
    Outcome {
        envelope: envelope(command_id, of, remembered.decided_at.unwrap_or(now)),
        command_id,
        operation: remembered.operation.clone(),
        fingerprint: remembered.fingerprint.clone(),
        status: OutcomeStatus::Applied,
        sequence: Some(remembered.sequence),
        code: None,
        reason: None,
        operation_id: remembered.operation_id.clone(),
    }
}

/// A command that is turned down, with the request's own fingerprint: nothing was applied under its id.
pub(crate) fn refused(command: &Command, now: Timestamp, refusal: Refusal) -> Outcome {
    let command_id = command.id;
    Outcome {
        envelope: envelope(command_id, command.request.envelope(), now),
        command_id,
        operation: command.request.operation().to_owned(),
        fingerprint: command.request.fingerprint().clone(),
        status: OutcomeStatus::Refused,
        sequence: None,
        code: Some(refusal.code().to_owned()),
        reason: Some(refusal.text().to_owned()),
        operation_id: None,
    }
}

/// A command that was turned down some time ago. It says when, so that all forget it together.
pub(crate) fn refused_before(of: &Envelope, remembered: &RememberedRefusal) -> Outcome {
    let command_id = remembered.command_id;
    Outcome {
        envelope: envelope(command_id, of, remembered.refused_at),
        command_id,
        operation: remembered.operation.clone(),
        fingerprint: remembered.fingerprint.clone(),
        status: OutcomeStatus::Refused,
        sequence: None,
        code: Some(remembered.code.clone()),
        reason: Some(remembered.reason.clone()),
        operation_id: None,
    }
}

/// The envelope of the outcome of a command, by that of what it was asked of.
pub(crate) fn envelope(command_id: CommandId, of: &Envelope, now: Timestamp) -> Envelope {
    let (id, cause) = (Draft::outcome_id(&command_id.to_string()), Some(command_id));
    Envelope { id, sequence: None, occurred_at: now, actor: system(), cause, ..of.clone() }
}
