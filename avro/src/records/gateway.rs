//! What gateways tell of their own accord, and whether they can be reached.

use serde::{Deserialize, Serialize};

use super::{Envelope, Sealed};
use crate::{
    ids::AttemptId,
    tenant::Tenant,
    time::Timestamp,
    words::{HealthStatus, Mode, NoticeTrouble},
};

/// Whether a gateway account can be reached, as a process that calls it sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GatewayHealth {
    /// `live` or `test`.
    pub mode: Mode,
    /// The tenant whose account it is; absent for an account of the installation.
    pub tenant: Option<Tenant>,
    /// Name of the gateway account.
    pub gateway_account: String,
    /// `up` or `down`.
    pub status: HealthStatus,
    /// Down: when it is tried again, milliseconds since the epoch, UTC. After that this says nothing any more.
    pub retry_at: Option<Timestamp>,
    /// How many calls in a row came to nothing.
    pub failures: i32,
    /// Which process saw it.
    pub observer: String,
    /// When, milliseconds since the epoch, UTC.
    pub occurred_at: Timestamp,
}

/// A webhook of a gateway, verified: something happened to a payment there. What it was, the gateway is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GatewayNotice {
    /// Who, what, when and why of this record; `aggregate_id` is the payment's id, or that of the notice, `ntc_…`, if it names no payment.
    pub envelope: Envelope,
    /// The gateway's id of the notice, the same however often it is sent.
    pub notice_id: Option<String>,
    /// What happened, in the gateway's word.
    pub kind: Option<String>,
    /// Name of the gateway account.
    pub gateway_account: String,
    /// The gateway's id of the payment.
    pub gateway_reference: Option<String>,
    /// The attempt that the gateway keeps with it, `att_…`.
    pub attempt_id: Option<AttemptId>,
    /// Why it concerns no payment: `malformed`, `no_payment` (it names none of ours), `unknown_payment`, `unknown_attempt` or `not_a_payment` (it is about something else, and nobody has to look).
    pub unread: Option<NoticeTrouble>,
    /// The body as it came, in base64: `{"body"}`.
    pub sealed: Option<Sealed>,
}

/// Something a gateway told that fits nothing we know. A person has to look.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GatewayAnomaly {
    /// Who, what, when and why of this record; `aggregate_id` is that of the notice.
    pub envelope: Envelope,
    /// `malformed`, `no_payment`, `unknown_payment`, `unknown_attempt` or `not_a_payment`.
    pub reason: NoticeTrouble,
    /// The gateway's id of the notice.
    pub notice_id: Option<String>,
    /// What happened, in the gateway's word.
    pub kind: Option<String>,
    /// Name of the gateway account.
    pub gateway_account: String,
    /// The gateway's id of the payment.
    pub gateway_reference: Option<String>,
    /// The attempt that the gateway keeps with it, `att_…`.
    pub attempt_id: Option<AttemptId>,
    /// The body of the notice as it came, sealed for the notice.
    pub sealed: Option<Sealed>,
}
