//! The tenants' data keys: read from their topic, created for a tenant that has none.

use std::{sync::Arc, time::Duration};

use quittance_avro::{
    ids::KeyId,
    records::{Sealed, TenantKey},
    registry::{Registry, RegistryError},
    seal::{Binding, DataKey, Keyring, MasterKey, OpenError},
    tenant::Tenant,
    time::Timestamp,
    topics::Topic,
    wire::Encoder,
    words::Mode,
};
use quittance_log::{Headers, KafkaArgs, NewRecord, ProduceError, Producer, Record, Schemas};
use tokio::{
    sync::{Mutex, watch},
    time::{Instant, timeout_at},
};
use uuid::Uuid;

use crate::{Folding, FollowError, Followed};

/// How long a new key may take to come back from the log.
const CREATE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a key that another instance created may take to come.
const FOREIGN_KEY_TIMEOUT: Duration = Duration::from_secs(1);

/// Folds the keys topic, by the master key that wraps what is on it.
pub struct KeyFolding {
    master: MasterKey,
}

/// What a record of the keys topic says.
pub enum KeyChange {
    /// There is a key.
    Add(Mode, Tenant, DataKey),
    /// There is none any more.
    Erase(KeyId),
}

impl KeyFolding {
    /// Opens keys by that master key.
    pub fn new(master: MasterKey) -> Self {
        Self { master }
    }
}

impl Folding for KeyFolding {
    type Table = Keyring;
    type Item = KeyChange;

    fn read(&self, record: &Record, schemas: &mut Schemas) -> Result<Option<KeyChange>, FollowError> {
        match &record.value {
            Some(value) => {
                let record: TenantKey = schemas.read(|decoder| decoder.decode(value))?;
                let key = self.master.unwrap(&record)?;
                Ok(Some(KeyChange::Add(record.mode, record.tenant, key)))
            }
            None => {
                let key = record.key.as_deref().and_then(|key| std::str::from_utf8(key).ok());
                Ok(key.and_then(|key| key.parse().ok()).map(KeyChange::Erase))
            }
        }
    }

    fn fold(keyring: &mut Keyring, change: KeyChange) {
        match change {
            KeyChange::Add(mode, tenant, key) => keyring.add(mode, &tenant, key),
            KeyChange::Erase(id) => keyring.erase(id),
        }
    }
}

impl Followed<KeyFolding> {
    /// The keys of the installation that has its topics under this prefix.
    pub fn of_keys(topic_prefix: &str, master: MasterKey) -> Self {
        Self::new(Topic::TenantKeys.name(topic_prefix), KeyFolding::new(master))
    }

    /// Opens what was sealed. A key that is not known may have been created by another instance a moment ago, so it is
    /// waited for. Whoever has read the whole topic and then waited in vain takes it for erased: in time, compaction
    /// removes what told so.
    ///
    /// # Errors
    /// [`OpenError::NoKey`] if the topic has not been read yet.
    pub async fn open(&self, binding: Binding<'_>, sealed: &Sealed) -> Result<Vec<u8>, OpenError> {
        match self.open_if_known(binding, sealed).await {
            Err(OpenError::NoKey(id)) if self.is_caught_up() => {
                self.write().presume_erased(id);
                self.read().open(binding, sealed)
            }
            opened => opened,
        }
    }

    /// The same of what a client sends. It may name a key that there never was, which is nothing to keep in mind.
    ///
    /// # Errors
    /// [`OpenError::NoKey`] if no such key is known.
    pub async fn open_if_known(&self, binding: Binding<'_>, sealed: &Sealed) -> Result<Vec<u8>, OpenError> {
        let deadline = Instant::now() + FOREIGN_KEY_TIMEOUT;
        let mut changes = self.changes();
        loop {
            changes.borrow_and_update();
            let opened = self.read().open(binding, sealed);
            if !matches!(opened, Err(OpenError::NoKey(_))) || timeout_at(deadline, changes.changed()).await.is_err() {
                return opened;
            }
        }
    }

    fn current(&self, mode: Mode, tenant: &Tenant) -> Option<DataKey> {
        self.read().current(mode, tenant).cloned()
    }
}

/// The data keys for those who seal. Cheap to clone.
#[derive(Clone)]
pub struct Keys {
    followed: Followed<KeyFolding>,
    /// Held by the one request that creates a key.
    creating: Arc<Mutex<()>>,
    producer: Producer,
    encoder: Encoder<TenantKey>,
}

/// Why a tenant's key is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// It could not be written.
    #[error("a new key could not be written: {0}")]
    Produce(#[from] ProduceError),
    /// It was written but did not come back in time.
    #[error("a new key did not come back from its topic in time")]
    Late,
    /// A record of ours does not fit its schema.
    #[error(transparent)]
    Encode(#[from] quittance_avro::wire::EncodeError),
}

impl Keys {
    /// Keys that are not followed yet: see [`Keys::followed`].
    pub async fn new(
        kafka: &KafkaArgs,
        registry: &Registry,
        producer: Producer,
        master: MasterKey,
    ) -> Result<Self, RegistryError> {
        let encoder = registry.encoder(Topic::TenantKeys).await?;
        let followed = Followed::of_keys(&kafka.topic_prefix, master);
        Ok(Self { followed, creating: Arc::default(), producer, encoder })
    }

    /// The keys that are known, to be followed.
    pub fn followed(&self) -> &Followed<KeyFolding> {
        &self.followed
    }

    /// The key to seal a tenant's data with; creates one for a tenant that has none.
    ///
    /// One request creates it while the others wait. Two instances may still create one at the same time: both then use
    /// the one that comes first in the log.
    pub async fn sealing_key(&self, mode: Mode, tenant: &Tenant) -> Result<DataKey, KeysError> {
        if let Some(key) = self.followed.current(mode, tenant) {
            return Ok(key);
        }
        let found = tokio::time::timeout(CREATE_TIMEOUT, async {
            let _turn = self.creating.lock().await;
            let mut changes = self.followed.changes();
            if !self.wait_until_caught_up(&mut changes).await {
                return Err(KeysError::Late);
            }
            if self.followed.current(mode, tenant).is_none() {
                self.create(mode, tenant).await?;
            }
            loop {
                changes.borrow_and_update();
                if let Some(key) = self.followed.current(mode, tenant) {
                    return Ok(key);
                }
                changes.changed().await.map_err(|_| KeysError::Late)?;
            }
        });
        found.await.unwrap_or(Err(KeysError::Late))
    }

    /// Every key that a tenant's text may have been sealed with, to look for it; none if the topic has not been read yet.
    pub fn all(&self, mode: Mode, tenant: &Tenant) -> Option<Vec<DataKey>> {
        let followed = &self.followed;
        followed.is_caught_up().then(|| followed.read().all(mode, tenant).cloned().collect())
    }

    /// Before the topic has been read, a tenant without a key may well have one.
    async fn wait_until_caught_up(&self, changes: &mut watch::Receiver<u64>) -> bool {
        while !self.followed.is_caught_up() {
            if changes.changed().await.is_err() {
                return false;
            }
        }
        true
    }

    /// Opens what was sealed: see [`Followed::open`].
    ///
    /// # Errors
    /// [`OpenError::NoKey`] if the topic has not been read yet.
    pub async fn open(&self, binding: Binding<'_>, sealed: &Sealed) -> Result<Vec<u8>, OpenError> {
        self.followed.open(binding, sealed).await
    }

    async fn create(&self, mode: Mode, tenant: &Tenant) -> Result<(), KeysError> {
        let key = DataKey::draw(KeyId::new(Uuid::new_v4()));
        let record = self.followed.folding().master.wrap(&key, mode, tenant, Timestamp::now());
        let value = self.encoder.encode(&record)?;
        tracing::info!(key = %key.id, %mode, %tenant, "creating a tenant's data key");
        let record = NewRecord {
            topic: Arc::clone(self.followed.topic()),
            partition: None,
            key: key.id.to_string().into_bytes(),
            value: Some(value),
            headers: Headers::default(),
        };
        self.producer.produce(&record).await?;
        Ok(())
    }
}
