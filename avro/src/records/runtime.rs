//! Records of `schemas/runtime/`.

use serde::{Deserialize, Serialize};

use super::Bytes;
use crate::{
    ids::{InstallationId, KeyId},
    tenant::Tenant,
    time::Timestamp,
    words::Mode,
};

/// A record that can never be processed, whole, with where it stood and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// Which consuming part gave it up, e.g. `processor-payments`.
    pub part: String,
    /// `undecodable`, `invalid`, `panicked`, `output_too_large`, `process_died`, or `rejected` by a store.
    pub reason: String,
    /// For an operator; no content of the record.
    pub detail: String,
    /// Where it was read.
    pub topic: String,
    /// Where it was read.
    pub partition: i32,
    /// Where it was read.
    pub offset: i64,
    /// The record's Kafka timestamp, milliseconds since the epoch.
    pub timestamp: Option<i64>,
    /// The record's key.
    pub key: Option<Bytes>,
    /// The record's value.
    pub value: Option<Bytes>,
    /// The record's headers.
    pub headers: Vec<Header>,
    /// When it was given up.
    pub occurred_at: Timestamp,
}

/// A Kafka header.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// Name.
    pub key: String,
    /// Value as it was.
    pub value: Option<Bytes>,
}

/// What was chosen when the topics were first created; never changed after.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Installation {
    /// `ins_…`; stores refuse to mix the data of two installations.
    pub id: InstallationId,
    /// Partitions of every keyed topic.
    pub partitions: i32,
    /// When.
    pub created_at: Timestamp,
}

/// A tenant's data key, wrapped by the installation's master key. A tombstone erases what it sealed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TenantKey {
    /// `key_…`.
    pub key_id: KeyId,
    /// `live` or `test`.
    pub mode: Mode,
    /// Whose key.
    pub tenant: Tenant,
    /// Fingerprint of the master key that wraps it.
    pub master_key_id: String,
    /// `xchacha20poly1305`.
    pub algorithm: String,
    /// Nonce of the wrapping, 24 bytes.
    pub nonce: Bytes,
    /// The data key, encrypted; the additional data binds it to id, mode and tenant.
    pub wrapped: Bytes,
    /// When.
    pub created_at: Timestamp,
}
