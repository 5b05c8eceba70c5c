//! API keys: who is let in by one, and that it was used.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use quittance_avro::{
    records::{ApiKey, ApiKeyUse},
    registry::{Registry, RegistryError},
    time::Timestamp,
    topics::Topic,
    wire::{EncodeError, Encoder},
    words::ActorKind,
};
use quittance_service::shutdown::Shutdown;
use quittance_tables::{ApiKeyFolding, ApiKeyRecord, Followed};
use tokio::time::timeout;

use crate::{
    auth::{ApiSecret, Caller, Role},
    configure::ApiKeyStatus,
    problem::Problem,
    table::Table,
    writer::Writer,
};

/// How often it is told which keys were used.
const TELL_EVERY: Duration = Duration::from_secs(60);
/// How long that may take.
const TELL_TIMEOUT: Duration = Duration::from_secs(2);
/// By how much the time that is told may be behind: a key that is used all the time is told of so seldom.
const USE_APART_MS: i64 = 5 * 60 * 1_000;

/// Which keys were used, by their ids, and when last.
type Uses = HashMap<String, (Arc<ApiKey>, Timestamp)>;

/// The API keys of all tenants, and the writer of them. Cheap to clone.
#[derive(Clone)]
pub struct ApiKeyTable {
    table: Table<ApiKeyFolding>,
    encoders: Arc<(Encoder<ApiKey>, Encoder<ApiKeyUse>)>,
    /// Keys that were used and are not told of yet.
    used: Arc<Mutex<Uses>>,
}

impl ApiKeyTable {
    /// Looks the ids of this build's schemas up. The table is followed by somebody else.
    pub async fn look_up(
        registry: &Registry,
        writer: Writer,
        followed: Followed<ApiKeyFolding>,
    ) -> Result<Self, RegistryError> {
        let encoders = (registry.encoder(Topic::ApiKeys).await?, registry.encoder(Topic::ApiKeys).await?);
        let table = Table::new(followed, writer, "the API keys");
        Ok(Self { table, encoders: Arc::new(encoders), used: Arc::default() })
    }

    /// Who asks by that key.
    ///
    /// # Errors
    /// [`Problem::InvalidToken`] if it is none, or none any more.
    pub(crate) fn caller(&self, secret: &ApiSecret, now: Timestamp) -> Result<Caller, Problem> {
        let key = self.table.known()?.read().by_digest(&secret.digest().0).cloned();
        // What is found by its digest was made here, so it is what it says.
        let key =
            key.filter(|key| key.envelope.mode == secret.mode() && is_good(key, now)).ok_or(Problem::InvalidToken)?;
        let id = key.envelope.aggregate_id.clone();
        self.used.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), (Arc::clone(&key), now));
        Ok(Caller {
            mode: key.envelope.mode,
            kind: ActorKind::ApiKey,
            tenant: key.envelope.tenant.clone(),
            subject: key.name.clone(),
            credential_id: Some(id),
            roles: key.roles.iter().filter_map(|name| Role::from_name(name)).collect(),
            expires_at: key.expires_at,
        })
    }

    /// Returns when the key that somebody was let in by is revoked; never if it was no key.
    pub(crate) async fn revoked(&self, caller: &Caller) {
        let id = caller.credential_id.as_deref().filter(|_| caller.kind == ActorKind::ApiKey);
        let (Some(id), Ok(known)) = (id.and_then(|id| id.parse().ok()), self.table.known()) else {
            return std::future::pending().await;
        };
        let mut changes = known.changes();
        let is_revoked = || {
            let table = known.read();
            table.one(caller.mode, &caller.tenant, id).is_none_or(|key| key.revoked_at.is_some())
        };
        while !is_revoked() {
            if changes.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }

    /// What is known of them.
    pub(crate) fn known(&self) -> Result<&Followed<ApiKeyFolding>, Problem> {
        self.table.known()
    }

    /// The same, once this instance knows all that is in the log now.
    pub(crate) async fn latest(&self) -> Result<&Followed<ApiKeyFolding>, Problem> {
        self.table.latest().await
    }

    /// Writes a key as it is now. Returns once this instance goes by it; others do a moment later.
    pub(crate) async fn write(&self, key: ApiKey) -> Result<(), Problem> {
        let record = ApiKeyRecord::Key(key);
        let value = self.encode(&record)?;
        self.table.write(record.key(), value).await
    }

    /// Tells which keys were used, now and then, until shutdown.
    pub async fn tell_uses(&self, shutdown: Shutdown) {
        while shutdown.run_until_requested(tokio::time::sleep(TELL_EVERY)).await.is_some() {
            self.tell_now().await;
        }
    }

    /// Tells which keys were used since the last time. Whether anybody hears of it now or later makes no difference, so it takes no
    /// longer than it may.
    pub(crate) async fn tell_now(&self) {
        let used = std::mem::take(&mut *self.used.lock().unwrap_or_else(PoisonError::into_inner));
        let told = futures::future::join_all(used.values().map(|(key, used_at)| self.tell_use(key, *used_at)));
        match timeout(TELL_TIMEOUT, told).await {
            Ok(told) => told.into_iter().filter_map(Result::err).for_each(|problem| {
                tracing::debug!(?problem, "the use of an API key is not told");
            }),
            Err(_) => tracing::debug!("the use of API keys is not told in time"),
        }
    }

    async fn tell_use(&self, key: &ApiKey, used_at: Timestamp) -> Result<(), Problem> {
        let known = self.table.known()?.read().used_at(&key.envelope.aggregate_id);
        if known.is_some_and(|known| used_at < known.plus_ms(USE_APART_MS)) {
            return Ok(());
        }
        let record = ApiKeyRecord::Use(ApiKeyUse { envelope: key.envelope.clone(), used_at });
        let value = self.encode(&record)?;
        self.table.tell(record.key(), value).await.map(drop)
    }

    fn encode(&self, record: &ApiKeyRecord) -> Result<Vec<u8>, Problem> {
        let (key, used) = &*self.encoders;
        let value: Result<Vec<u8>, EncodeError> = match record {
            ApiKeyRecord::Key(record) => key.encode(record),
            ApiKeyRecord::Use(record) => used.encode(record),
        };
        value.map_err(|error| Problem::internal("an API key cannot be written", error))
    }
}

/// Whether it lets anybody in.
pub(crate) fn is_good(key: &ApiKey, now: Timestamp) -> bool {
    ApiKeyStatus::of(key, now) == ApiKeyStatus::Active
}
