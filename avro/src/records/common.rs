//! Records of `schemas/common/`.

use serde::{Deserialize, Serialize};

use super::Bytes;
use crate::{
    ids::{CommandId, KeyId},
    tenant::Tenant,
    time::Timestamp,
    words::{ActorKind, Mode},
};

/// Who caused a record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Actor {
    /// `user` (a bearer token), `api_key`, `gateway` (told us by a gateway) or `system` (a rule or timer of ours).
    pub kind: ActorKind,
    /// Subject of the credential, or the name of the part of the system.
    pub subject: String,
    /// Id of the token (`jti`) or API key that was used.
    pub credential_id: Option<String>,
    /// The network address, `{"address": …}`.
    pub sealed: Option<Sealed>,
}

/// What every record carries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Envelope {
    /// Id of this record: `cmd_…`, `evt_…`, `eff_…`, `res_…`, `out_…`, `sta_…`.
    pub id: String,
    /// `live` or `test`; the two never see each other.
    pub mode: Mode,
    /// The tenant that owns the aggregate.
    pub tenant: Tenant,
    /// The tenant's merchant account; `default` unless the tenant has several.
    pub merchant_account: String,
    /// Id of the aggregate, also the record's key on Kafka.
    pub aggregate_id: String,
    /// Events and states: the aggregate's gapless sequence, from 1.
    pub sequence: Option<i64>,
    /// When it happened, milliseconds since the epoch, UTC.
    pub occurred_at: Timestamp,
    /// Who caused it.
    pub actor: Actor,
    /// Id of the command that this goes back to, `cmd_…`.
    pub cause: Option<CommandId>,
    /// Dated version of the API that the command came in by.
    pub api_version: String,
}

/// What a request said, so that a key reused with another body is noticed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// How it was made; fingerprints of different versions are never compared.
    pub version: i32,
    /// Version 1: HMAC-SHA-256 of the canonical JSON body as parsed, before defaults, under the Idempotency-Key.
    pub digest: Bytes,
}

/// Personal data and free text under an AEAD. Dropping the key erases the text from every kept log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sealed {
    /// Id of the tenant's key on the keys topic, `key_…`.
    pub key_id: KeyId,
    /// `xchacha20poly1305`.
    pub algorithm: String,
    /// Random nonce, 24 bytes.
    pub nonce: Bytes,
    /// JSON object, encrypted; the additional data binds it to mode, tenant, aggregate id and purpose.
    pub ciphertext: Bytes,
}
