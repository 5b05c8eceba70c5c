//! The API keys of all tenants, to let their owners in by.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use quittance_avro::{
    ids::{ApiKeyId, derive},
    records::{ApiKey, ApiKeyUse, Envelope, Record as _},
    tenant::Tenant,
    time::Timestamp,
    wire::{DecodeError, Decoder},
    words::Mode,
};
use quittance_log::{Record, Schemas};

use crate::{Folding, FollowError, HasVersion};

/// A record of the API keys' topic.
#[derive(Debug, Clone, PartialEq)]
pub enum ApiKeyRecord {
    /// A key as it is now.
    Key(ApiKey),
    /// That it was used.
    Use(ApiKeyUse),
}

impl ApiKeyRecord {
    /// Reads either.
    pub fn read(decoder: &Decoder, value: &[u8]) -> Result<Self, DecodeError> {
        match decoder.name_of(value)? {
            ApiKeyUse::NAME => decoder.decode(value).map(Self::Use),
            _ => decoder.decode(value).map(Self::Key),
        }
    }

    /// The key of the record: of a key, of its end and of its use there is one each. So that compaction keeps the end, should the creation
    /// come behind it, on a slow way.
    pub fn key(&self) -> String {
        match self {
            Self::Key(key) if key.revoked_at.is_some() => format!("{}/revoked", key.envelope.aggregate_id),
            Self::Key(key) => key.envelope.aggregate_id.clone(),
            Self::Use(used) => format!("{}/use", used.envelope.aggregate_id),
        }
    }

    fn envelope(&self) -> &Envelope {
        match self {
            Self::Key(key) => &key.envelope,
            Self::Use(used) => &used.envelope,
        }
    }
}

/// All keys.
#[derive(Debug, Clone, Default)]
pub struct ApiKeys {
    version: i64,
    by_digest: HashMap<Vec<u8>, Arc<ApiKey>>,
    by_tenant: HashMap<(Mode, Tenant), BTreeMap<String, Arc<ApiKey>>>,
    used_at: HashMap<String, Timestamp>,
}

impl ApiKeys {
    /// Takes in the record that stands at an offset.
    pub fn take_in(&mut self, record: ApiKeyRecord, offset: i64) {
        self.pass(offset);
        let Envelope { mode, tenant, aggregate_id, .. } = record.envelope().clone();
        match record {
            ApiKeyRecord::Key(key) => {
                let own = self.by_tenant.entry((mode, tenant)).or_default();
                let was_revoked = own.get(&aggregate_id).and_then(|before| before.revoked_at);
                let key = Arc::new(ApiKey { revoked_at: was_revoked.or(key.revoked_at), ..key });
                if let Some(before) = own.insert(aggregate_id, Arc::clone(&key)) {
                    self.by_digest.remove(&before.digest.0);
                }
                self.by_digest.insert(key.digest.0.clone(), key);
            }
            ApiKeyRecord::Use(used) => {
                let latest = self.used_at.entry(aggregate_id).or_insert(used.used_at);
                *latest = (*latest).max(used.used_at);
            }
        }
    }

    /// Passes over the record that stands at an offset.
    pub fn pass(&mut self, offset: i64) {
        self.version = offset.saturating_add(1);
    }

    /// The key of that digest, whoever's and in whatever state it is.
    pub fn by_digest(&self, digest: &[u8]) -> Option<&Arc<ApiKey>> {
        self.by_digest.get(digest)
    }

    /// A tenant's keys, by id.
    pub fn of(&self, mode: Mode, tenant: &Tenant) -> impl Iterator<Item = &Arc<ApiKey>> + Clone {
        self.by_tenant.get(&(mode, tenant.clone())).into_iter().flat_map(BTreeMap::values)
    }

    /// One of them.
    pub fn one(&self, mode: Mode, tenant: &Tenant, id: ApiKeyId) -> Option<&Arc<ApiKey>> {
        self.by_tenant.get(&(mode, tenant.clone()))?.get(&id.to_string())
    }

    /// When a key was used last, to within some minutes.
    pub fn used_at(&self, id: &str) -> Option<Timestamp> {
        self.used_at.get(id).copied()
    }
}

impl HasVersion for ApiKeys {
    fn version(&self) -> i64 {
        self.version
    }
}

/// Folds the API keys' topic.
#[derive(Debug, Clone, Copy, Default)]
pub struct ApiKeyFolding;

impl Folding for ApiKeyFolding {
    type Table = ApiKeys;
    type Item = (ApiKeyRecord, i64);

    fn read(&self, record: &Record, schemas: &mut Schemas) -> Result<Option<Self::Item>, FollowError> {
        let Some(value) = &record.value else { return Ok(None) };
        let read = schemas.read(|decoder| ApiKeyRecord::read(decoder, value))?;
        Ok(Some((read, record.offset)))
    }

    fn fold(table: &mut ApiKeys, (record, offset): Self::Item) {
        table.take_in(record, offset);
    }

    fn pass(table: &mut ApiKeys, offset: i64) {
        table.pass(offset);
    }
}

#[cfg(test)]
mod tests;

/// Id of the API key that a request makes, by its Idempotency-Key.
pub fn api_key_id(mode: Mode, tenant: &Tenant, idempotency_key: &str) -> ApiKeyId {
    ApiKeyId::new(derive(&["api key", mode.as_str(), tenant.as_str(), idempotency_key]))
}
