//! What a client is told of its command. What was decided some time ago is told as that of a payment is.

use quittance_avro::{records::Outcome, refusals::Refusal, time::Timestamp, words::OutcomeStatus};

use crate::{payment::outcome::envelope, payment_method::command::Command};

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
