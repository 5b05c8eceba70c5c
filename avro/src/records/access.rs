//! By what a tenant's servers are let in.

use serde::{Deserialize, Serialize};

use super::{Bytes, Envelope};
use crate::time::Timestamp;

/// A key by which a tenant's server asks. What it is, only its owner knows: here is its digest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Who, what, when and why of this record; `aggregate_id` is the key's id, `apk_…`.
    pub envelope: Envelope,
    /// What its owner calls it; 1 to 64 characters of a-z, 0-9, - and _.
    pub name: String,
    /// What it is for: `viewer`, `merchant`, `reviewer`, `admin`.
    pub roles: Vec<String>,
    /// SHA-256 of the whole key, 32 bytes. The key has 256 bits of chance, so that no salt is needed.
    pub digest: Bytes,
    /// The last four characters of the key, to know it by.
    pub ending: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Subject of the credential that asked for it.
    pub created_by: String,
    /// For how many days it was asked for; for ever if there is none.
    pub days: Option<i64>,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// When it was ended.
    pub revoked_at: Option<Timestamp>,
}

/// When an API key was used last, to within some minutes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ApiKeyUse {
    /// Who, what, when and why of this record; `aggregate_id` is the key's id, `apk_…`.
    pub envelope: Envelope,
    /// When.
    pub used_at: Timestamp,
}
