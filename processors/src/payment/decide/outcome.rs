//! What a client is told of its command.

use quittance_avro::{
    records::{Envelope, Outcome, PaymentChangelog, RememberedCommand, RememberedRefusal},
    refusals::Refusal,
    time::Timestamp,
    words::OutcomeStatus,
};

use super::draft::{Draft, system};
use crate::payment::command::Command;

/// A command that was applied, once or some time ago.
pub(super) fn applied(state: &PaymentChangelog, remembered: &RememberedCommand, now: Timestamp) -> Outcome {
    let command_id = remembered.command_id;
    Outcome {
        envelope: envelope(&command_id.to_string(), Some(command_id), &state.state.envelope, now),
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
        envelope: envelope(&command_id.to_string(), Some(command_id), command.request.envelope(), now),
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

/// A command that was turned down some time ago.
pub(super) fn refused_before(state: &PaymentChangelog, remembered: &RememberedRefusal, now: Timestamp) -> Outcome {
    let command_id = remembered.command_id;
    Outcome {
        envelope: envelope(&command_id.to_string(), Some(command_id), &state.state.envelope, now),
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

fn envelope(command: &str, cause: Option<quittance_avro::ids::CommandId>, of: &Envelope, now: Timestamp) -> Envelope {
    Envelope { id: Draft::outcome_id(command), sequence: None, occurred_at: now, actor: system(), cause, ..of.clone() }
}
