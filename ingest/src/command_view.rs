//! What became of a command, as clients see it. Pure.

use quittance_avro::{
    ids::{AggregateId, CommandId},
    records::Outcome,
    words::OutcomeStatus,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A command: what was asked for by one request, and what became of it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Command)]
pub(crate) struct CommandView {
    id: CommandId,
    #[schema(pattern = "^command$")]
    object: String,
    /// Name of the request, such as `payments.create`.
    operation: String,
    status: CommandStatus,
    /// Id of the payment, or payment method, that it was asked of.
    #[schema(pattern = "^(pay|pm)_[0-9a-f]{32}$")]
    resource: String,
    /// Of one that was applied: the number of the event that it led to.
    sequence: Option<i64>,
    /// Id of the operation that it began, if it began one.
    #[serde(default)]
    operation_id: Option<String>,
    /// Of one that was refused: why, by a code that keeps its meaning.
    code: Option<String>,
    /// The same for a person.
    reason: Option<String>,
    /// When it was applied or refused.
    #[schema(format = DateTime)]
    decided_at: Option<String>,
}

/// What became of a command: `pending` (that is not known yet), `applied`, or `refused`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CommandStatus {
    Pending,
    Applied,
    Refused,
}

impl From<OutcomeStatus> for CommandStatus {
    fn from(status: OutcomeStatus) -> Self {
        match status {
            OutcomeStatus::Applied => Self::Applied,
            OutcomeStatus::Refused => Self::Refused,
        }
    }
}

/// A command whose outcome is known.
pub(crate) fn known(outcome: Outcome) -> CommandView {
    CommandView {
        id: outcome.command_id,
        object: "command".to_owned(),
        operation: outcome.operation,
        status: outcome.status.into(),
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
        status: CommandStatus::Pending,
        resource: resource.to_string(),
        sequence: None,
        operation_id: None,
        code: None,
        reason: None,
        decided_at: None,
    }
}
