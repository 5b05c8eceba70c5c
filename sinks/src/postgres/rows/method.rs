//! What the state of a saved payment method becomes.

use std::time::SystemTime;

use quittance_avro::{ids::PaymentMethodId, tenant::Tenant, words::Mode};
use quittance_log::ReadError;
use serde_json::Value;

use crate::store::Fields;

/// A saved payment method as it is after its latest event.
#[derive(Debug, Clone, PartialEq)]
pub struct MethodRow {
    pub payment_method_id: PaymentMethodId,
    pub mode: Mode,
    pub tenant: Tenant,
    pub sequence: i64,
    pub status: String,
    pub created_at: SystemTime,
    pub updated_at: SystemTime,
    pub state: Value,
}

pub(super) fn method(mut json: Value) -> Result<MethodRow, ReadError> {
    super::make_storable(&mut json);
    let fields = Fields(&json);
    Ok(MethodRow {
        payment_method_id: fields.parsed("envelope.aggregate_id")?,
        mode: fields.mode("envelope.mode")?,
        tenant: fields.parsed("envelope.tenant")?,
        sequence: fields.integer("envelope.sequence")?,
        status: fields.text("status")?.to_owned(),
        created_at: fields.time("created_at")?,
        updated_at: fields.time("updated_at")?,
        state: json,
    })
}
