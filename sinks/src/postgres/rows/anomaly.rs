//! What an anomaly becomes.

use std::time::SystemTime;

use quittance_avro::{ids::NoticeId, tenant::Tenant, words::Mode};
use quittance_log::ReadError;
use serde_json::Value;

use crate::store::Fields;

/// Something that a gateway told and that fits nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct AnomalyRow {
    pub anomaly_id: NoticeId,
    pub mode: Mode,
    pub tenant: Tenant,
    pub gateway_account: String,
    pub reason: String,
    pub occurred_at: SystemTime,
    pub data: Value,
}

pub(super) fn anomaly(mut json: Value) -> Result<AnomalyRow, ReadError> {
    super::make_storable(&mut json);
    let fields = Fields(&json);
    Ok(AnomalyRow {
        anomaly_id: fields.parsed("envelope.id")?,
        mode: fields.mode("envelope.mode")?,
        tenant: fields.parsed("envelope.tenant")?,
        gateway_account: fields.text("gateway_account")?.to_owned(),
        reason: fields.text("reason")?.to_owned(),
        occurred_at: fields.time("envelope.occurred_at")?,
        data: json,
    })
}
