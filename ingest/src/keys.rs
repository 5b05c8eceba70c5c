//! The tenants' data keys: read from their topic, created for a tenant that has none.

use std::{
    sync::{
        Arc, PoisonError, RwLock, RwLockWriteGuard,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

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
use quittance_log::{
    Headers, KafkaArgs, LogError, NewRecord, ProduceError, Producer, ReadError, Record, Schemas, Tail, Tailed,
};
use quittance_service::{backoff::Backoff, health::Latch, shutdown::Shutdown, throttle::Throttle};
use tokio::{
    sync::{Mutex, watch},
    time::{Instant, timeout_at},
};
use uuid::Uuid;

/// How long a new key may take to come back from the log.
const CREATE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a key that another instance created may take to come.
const FOREIGN_KEY_TIMEOUT: Duration = Duration::from_secs(1);
const POLL: Duration = Duration::from_millis(100);

/// The data keys, kept up to date by a thread that follows the keys topic. Cheap to clone.
#[derive(Clone)]
pub struct Keys {
    shared: Arc<Shared>,
}

struct Shared {
    keyring: RwLock<Keyring>,
    /// Counts what was taken in, so that those who wait look again.
    changes: watch::Sender<u64>,
    /// Whether all that was on the topic when it was first followed has been read.
    caught_up: AtomicBool,
    /// Held by the one request that creates a key.
    creating: Mutex<()>,
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
        let shared = Shared {
            keyring,
            changes: watch::Sender::new(0),
            caught_up: AtomicBool::new(false),
            creating: Mutex::new(()),
            master,
            producer,
            encoder,
            topic,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Follows the topic until shutdown, on the calling thread. Ready once all that was there at the start is read.
    pub fn follow(&self, kafka: &KafkaArgs, schemas: &mut Schemas, latch: &Latch, shutdown: &Shutdown) {
        let (mut backoff, mut log) = (Backoff::default(), Throttle::LOG);
        while !shutdown.is_requested() {
            if let Err(error) = self.follow_once(kafka, schemas, latch, shutdown, &mut backoff) {
                if log.is_due() {
                    tracing::error!(%error, "the tenants' keys cannot be followed; trying again");
                }
                // What other instances create meanwhile is not seen.
                self.shared.caught_up.store(false, Ordering::Release);
                latch.unready(error.to_string());
                std::thread::sleep(backoff.next_delay());
            }
        }
    }

    fn follow_once(
        &self,
        kafka: &KafkaArgs,
        schemas: &mut Schemas,
        latch: &Latch,
        shutdown: &Shutdown,
        backoff: &mut Backoff,
    ) -> Result<(), FollowError> {
        let mut tail = Tail::open(kafka, &self.shared.topic)?;
        while !shutdown.is_requested() {
            match tail.poll(POLL)? {
                Some(Tailed::Record(record)) => self.take_in(&record, schemas)?,
                Some(Tailed::End) => {
                    if !self.shared.caught_up.swap(true, Ordering::AcqRel) {
                        self.shared.changes.send_modify(|count| *count += 1);
                    }
                    backoff.reset();
                    latch.ready();
                }
                None => {}
            }
        }
        Ok(())
    }

    fn take_in(&self, record: &Record, schemas: &mut Schemas) -> Result<(), FollowError> {
        match &record.value {
            Some(value) => {
                // Reading may fetch a schema over the runtime, so it is done before the lock that requests wait for.
                let record: TenantKey = schemas.read(|decoder| decoder.decode(value))?;
                let key = self.shared.master.unwrap(&record)?;
                self.keyring_mut().add(record.mode, &record.tenant, key);
            }
            None => {
                let key = record.key.as_deref().and_then(|key| std::str::from_utf8(key).ok());
                if let Some(id) = key.and_then(|key| key.parse().ok()) {
                    self.keyring_mut().erase(id);
                }
            }
        }
        self.shared.changes.send_modify(|count| *count += 1);
        Ok(())
    }

    fn keyring_mut(&self) -> RwLockWriteGuard<'_, Keyring> {
        self.shared.keyring.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The key to seal a tenant's data with; creates one for a tenant that has none.
    ///
    /// One request creates it while the others wait. Two instances may still create one at the same time: both then use
    /// the one that comes first in the log.
    pub async fn sealing_key(&self, mode: Mode, tenant: &Tenant) -> Result<DataKey, KeysError> {
        if let Some(key) = self.current(mode, tenant) {
            return Ok(key);
        }
        let found = tokio::time::timeout(CREATE_TIMEOUT, async {
            let _turn = self.shared.creating.lock().await;
            let mut changes = self.shared.changes.subscribe();
            if !self.wait_until_caught_up(&mut changes).await {
                return Err(KeysError::Late);
            }
            if self.current(mode, tenant).is_none() {
                self.create(mode, tenant).await?;
            }
            loop {
                changes.borrow_and_update();
                if let Some(key) = self.current(mode, tenant) {
                    return Ok(key);
                }
                changes.changed().await.map_err(|_| KeysError::Late)?;
            }
        });
        found.await.unwrap_or(Err(KeysError::Late))
    }

    /// Before the topic has been read, a tenant without a key may well have one.
    async fn wait_until_caught_up(&self, changes: &mut watch::Receiver<u64>) -> bool {
        while !self.shared.caught_up.load(Ordering::Acquire) {
            if changes.changed().await.is_err() {
                return false;
            }
        }
        true
    }

    /// Opens what was sealed. A key that is not known may have been created by another instance a moment ago, so it is
    /// waited for. Whoever has read the whole topic and then waited in vain takes it for erased: in time, compaction
    /// removes what told so.
    ///
    /// # Errors
    /// [`OpenError::NoKey`] if the topic has not been read yet.
    pub async fn open(&self, binding: Binding<'_>, sealed: &Sealed) -> Result<Vec<u8>, OpenError> {
        let deadline = Instant::now() + FOREIGN_KEY_TIMEOUT;
        let mut changes = self.shared.changes.subscribe();
        loop {
            changes.borrow_and_update();
            let opened = self.open_now(binding, sealed);
            let Err(OpenError::NoKey(id)) = opened else { return opened };
            if timeout_at(deadline, changes.changed()).await.is_err() {
                if self.shared.caught_up.load(Ordering::Acquire) {
                    self.keyring_mut().presume_erased(id);
                }
                return self.open_now(binding, sealed);
            }
        }
    }

    fn open_now(&self, binding: Binding<'_>, sealed: &Sealed) -> Result<Vec<u8>, OpenError> {
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
