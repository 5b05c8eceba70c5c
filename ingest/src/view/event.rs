//! What happened, and who caused it.

use std::net::IpAddr;

use quittance_avro::{
    ids::{CommandId, EventId},
    words::ActorKind,
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::reads::HistoryEvent;

/// An event of a payment, or of a saved payment method.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub struct EventView {
    #[schema(value_type = EventId)]
    id: String,
    #[schema(pattern = "^event$")]
    object: &'static str,
    /// What happened, such as `payment.captured`. There will be more of them.
    r#type: String,
    /// Id of the payment, or payment method, that it happened to.
    #[schema(pattern = "^(pay|pm)_[0-9a-f]{32}$")]
    resource: String,
    /// Its number among those of the resource, without gaps from 1 on.
    sequence: i64,
    #[schema(format = DateTime)]
    occurred_at: String,
    actor: ActorView,
    /// The command that it is a consequence of, if it is one.
    #[schema(value_type = Option<CommandId>)]
    command: Value,
    /// The event's record but for what every record carries and what is sealed: its members differ by `type`.
    #[schema(value_type = Object)]
    data: Value,
}

/// Who caused it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Actor)]
struct ActorView {
    #[schema(value_type = ActorKind)]
    kind: Value,
    /// Its name.
    #[schema(value_type = String)]
    subject: Value,
    /// Id of the credential that it came with.
    #[schema(value_type = Option<String>)]
    credential_id: Value,
    /// Where the request came from, as far as is known: told to admins, with the history of a payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    address: Option<IpAddr>,
}

/// An event. `data` is its record as it is stored, without what every record carries, and without what is sealed: that is told with the
/// payment. The address is that of who caused it, for those who are to know.
pub(crate) fn event(event: HistoryEvent, address: Option<IpAddr>) -> EventView {
    let HistoryEvent { id, aggregate_id: resource, sequence, kind, occurred_at, mut data } = event;
    let mut envelope = Value::Null;
    if let Some(members) = data.as_object_mut() {
        envelope = members.remove("envelope").unwrap_or_default();
        members.remove("sealed");
    }
    let said = |pointer: &str| envelope.pointer(pointer).cloned().unwrap_or_default();
    EventView {
        id,
        object: "event",
        r#type: kind,
        resource,
        sequence,
        occurred_at,
        actor: ActorView {
            kind: said("/actor/kind"),
            subject: said("/actor/subject"),
            credential_id: said("/actor/credential_id"),
            address,
        },
        command: said("/cause"),
        data,
    }
}

impl EventView {
    /// Its type.
    pub(crate) fn kind(&self) -> &str {
        &self.r#type
    }
}
