//! Names in the cache: what the Redis sink writes and ingest reads.

use crate::{
    ids::{CommandId, PaymentId},
    tenant::Tenant,
    words::Mode,
};

/// Key of a payment's public state: a hash with `sequence` (decimal) and `state` (JSON of `PaymentState`).
pub fn payment_key(prefix: &str, mode: Mode, tenant: &Tenant, id: PaymentId) -> String {
    format!("{prefix}:{mode}:{tenant}:payment:{id}")
}

/// Key of a command's outcome: a string, JSON of `Outcome`.
pub fn outcome_key(prefix: &str, mode: Mode, tenant: &Tenant, id: CommandId) -> String {
    format!("{prefix}:{mode}:{tenant}:outcome:{id}")
}

/// Channel on which the id of every payment is told after its state or an outcome of it was written, and that of every payment method
/// after an outcome of it was.
pub fn notices_channel(prefix: &str) -> String {
    format!("{prefix}:notices")
}
