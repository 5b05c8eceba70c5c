//! What became of a command, as clients see it. Pure.

use quittance_avro::{
    ids::{AggregateId, CommandId},
    records::Outcome,
};
use serde::{Deserialize, Serialize};

/// A command.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CommandView {
    id: CommandId,
    object: String,
    operation: String,
    /// `pending`, `applied` or `refused`.
    status: String,
    resource: String,
    sequence: Option<i64>,
    #[serde(default)]
    operation_id: Option<String>,
    code: Option<String>,
    reason: Option<String>,
    decided_at: Option<String>,
}

/// A command whose outcome is known.
pub(crate) fn known(outcome: Outcome) -> CommandView {
    CommandView {
        id: outcome.command_id,
        object: "command".to_owned(),
        operation: outcome.operation,
        status: outcome.status.as_str().to_owned(),
        resource: outcome.envelope.aggregate_id,
        sequence: outcome.sequence,
        operation_id: outcome.operation_id,
        code: outcome.code,
        reason: outcome.reason,
        decided_at: Some(outcome.envelope.occurred_at.to_string()),
    }
}

/// A command that is durable, and whose outcome is not known yet.
pub(crate) fn pending(id: CommandId, operation: &str, resource: AggregateId) -> CommandView {
    CommandView {
        id,
        object: "command".to_owned(),
        operation: operation.to_owned(),
        status: "pending".to_owned(),
        resource: resource.to_string(),
        sequence: None,
        operation_id: None,
        code: None,
        reason: None,
        decided_at: None,
    }
}
