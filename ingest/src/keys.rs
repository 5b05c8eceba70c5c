//! The tenants' data keys: read from their topic, created for a tenant that has none.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use quittance_avro::records::Sealed;
use quittance_avro::{
    ids::KeyId,
    records::TenantKey,
    registry::{Registry, RegistryError},
    seal::{Binding, DataKey, Keyring, MasterKey, OpenError},
    tenant::Tenant,
    time::Timestamp,
    topics::Topic,
    wire::Encoder,
    words::Mode,
};
use quittance_log::{
    Headers, KafkaArgs, LogError, NewRecord, ProduceError, Producer, ReadError, Record, Schemas, Tail,
};
use quittance_service::{health::Latch, shutdown::Shutdown};
use tokio::sync::watch;
use uuid::Uuid;

/// How long a new key may take to come back from the log.
const CREATE_TIMEOUT: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(100);

/// The data keys, kept up to date by a thread that follows the keys topic. Cheap to clone.
#[derive(Clone)]
pub struct Keys {
    shared: Arc<Shared>,
}

struct Shared {
    keyring: RwLock<Keyring>,
    changes: watch::Sender<u64>,
    master: MasterKey,
    producer: Producer,
    encoder: Encoder<TenantKey>,
    topic: Arc<str>,
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

/// Why the keys cannot be followed any further.
#[derive(Debug, thiserror::Error)]
enum FollowError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error("a record of the keys topic cannot be read: {0}")]
    Read(#[from] ReadError),
    #[error("a key cannot be opened: {0}; is QUITTANCE_MASTER_KEY that of this installation?")]
    Open(#[from] OpenError),
}

impl Keys {
    /// Keys that are not followed yet: see [`Keys::follow`].
    pub async fn new(
        kafka: &KafkaArgs,
        registry: &Registry,
        producer: Producer,
        master: MasterKey,
    ) -> Result<Self, RegistryError> {
        let topic = Arc::from(Topic::TenantKeys.name(&kafka.topic_prefix));
        let encoder = registry.encoder(Topic::TenantKeys).await?;
        let keyring = RwLock::default();
        let shared = Shared { keyring, changes: watch::Sender::new(0), master, producer, encoder, topic };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Follows the topic until shutdown, on the calling thread. Ready once all that was there at the start is read.
    pub fn follow(&self, kafka: &KafkaArgs, schemas: &mut Schemas, latch: &Latch, shutdown: &Shutdown) {
        while !shutdown.is_requested() {
            if let Err(error) = self.follow_once(kafka, schemas, latch, shutdown) {
                tracing::error!(%error, "the tenants' keys cannot be followed; trying again");
                latch.unready(error.to_string());
                std::thread::sleep(Duration::from_secs(1));
            }
        }
    }

    fn follow_once(
        &self,
        kafka: &KafkaArgs,
        schemas: &mut Schemas,
        latch: &Latch,
        shutdown: &Shutdown,
    ) -> Result<(), FollowError> {
        let tail = Tail::open(kafka, &self.shared.topic)?;
        let end = tail.end()?;
        let mut read_to = 0;
        while !shutdown.is_requested() {
            if read_to >= end {
                latch.ready();
            }
            if let Some(record) = tail.poll(POLL)? {
                read_to = record.offset + 1;
                self.take_in(&record, schemas)?;
            }
        }
        Ok(())
    }

    fn take_in(&self, record: &Record, schemas: &mut Schemas) -> Result<(), FollowError> {
        let mut keyring = self.shared.keyring.write().unwrap_or_else(PoisonError::into_inner);
        match &record.value {
            Some(value) => {
                let record: TenantKey = schemas.read(|decoder| decoder.decode(value))?;
                let key = self.shared.master.unwrap(&record)?;
                keyring.add(record.mode, &record.tenant, key);
            }
            None => {
                let key = record.key.as_deref().and_then(|key| std::str::from_utf8(key).ok());
                if let Some(id) = key.and_then(|key| key.parse().ok()) {
                    keyring.erase(id);
                }
            }
        }
        drop(keyring);
        self.shared.changes.send_modify(|count| *count += 1);
        Ok(())
    }

    /// The key to seal a tenant's data with; creates one for a tenant that has none.
    ///
    /// Two instances may create one at the same time. Both then use the one that comes first in the log.
    pub async fn sealing_key(&self, mode: Mode, tenant: &Tenant) -> Result<DataKey, KeysError> {
        if let Some(key) = self.current(mode, tenant) {
            return Ok(key);
        }
        let mut changes = self.shared.changes.subscribe();
        self.create(mode, tenant).await?;
        let found = tokio::time::timeout(CREATE_TIMEOUT, async {
            loop {
                changes.borrow_and_update();
                if let Some(key) = self.current(mode, tenant) {
                    return Some(key);
                }
                changes.changed().await.ok()?;
            }
        });
        found.await.ok().flatten().ok_or(KeysError::Late)
    }

    /// Opens what was sealed.
    pub fn open(&self, binding: Binding<'_>, sealed: &Sealed) -> Result<Vec<u8>, OpenError> {
        self.shared.keyring.read().unwrap_or_else(PoisonError::into_inner).open(binding, sealed)
    }

    fn current(&self, mode: Mode, tenant: &Tenant) -> Option<DataKey> {
        self.shared.keyring.read().unwrap_or_else(PoisonError::into_inner).current(mode, tenant).cloned()
    }

    async fn create(&self, mode: Mode, tenant: &Tenant) -> Result<(), KeysError> {
        let key = DataKey::draw(KeyId::new(Uuid::new_v4()));
        let record = self.shared.master.wrap(&key, mode, tenant, Timestamp::now());
        let value = self.shared.encoder.encode(&record)?;
        tracing::info!(key = %key.id, %mode, %tenant, "creating a tenant's data key");
        let record = NewRecord {
            topic: Arc::clone(&self.shared.topic),
            partition: None,
            key: key.id.to_string().into_bytes(),
            value: Some(value),
            headers: Headers::default(),
        };
        self.shared.producer.produce(&record).await?;
        Ok(())
    }
}
