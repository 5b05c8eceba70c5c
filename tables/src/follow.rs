//! Following a small topic on a thread.

use std::{
    sync::{
        Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use quittance_avro::seal::OpenError;
use quittance_log::{KafkaArgs, LogError, ReadError, Record, Schemas, Tail, Tailed};
use quittance_service::{backoff::Backoff, health::Latch, shutdown::Shutdown, throttle::Throttle};
use tokio::sync::watch;

const POLL: Duration = Duration::from_millis(100);

/// How the records of a topic make a table.
pub trait Folding: Send + Sync + 'static {
    /// What they come to.
    type Table: Default + Send + Sync;
    /// A record, read.
    type Item;

    /// Reads a record; none if it says nothing. May block to fetch a schema, so nothing is locked meanwhile.
    fn read(&self, record: &Record, schemas: &mut Schemas) -> Result<Option<Self::Item>, FollowError>;

    /// Takes it in.
    fn fold(table: &mut Self::Table, item: Self::Item);
}

/// Why a topic cannot be followed any further.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A record cannot be read.
    #[error("a record of {topic} cannot be read: {cause}", topic = .0, cause = .1)]
    Read(Arc<str>, ReadError),
    /// A key cannot be opened.
    #[error("a key cannot be opened: {0}; is QUITTANCE_MASTER_KEY that of this installation?")]
    Open(#[from] OpenError),
}

impl From<ReadError> for FollowError {
    fn from(error: ReadError) -> Self {
        Self::Read(Arc::from("a table"), error)
    }
}

/// A table, kept up to date by a thread that follows its topic. Cheap to clone.
pub struct Followed<F: Folding> {
    shared: Arc<Shared<F>>,
}

struct Shared<F: Folding> {
    folding: F,
    topic: Arc<str>,
    table: RwLock<F::Table>,
    /// Counts what was taken in, so that those who wait look again.
    changes: watch::Sender<u64>,
    /// Whether all that was on the topic when it was first followed has been read.
    caught_up: AtomicBool,
}

impl<F: Folding> Clone for Followed<F> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<F: Folding> Followed<F> {
    /// An empty table of a topic that is not followed yet: see [`Self::follow`].
    pub fn new(topic: impl Into<Arc<str>>, folding: F) -> Self {
        Self {
            shared: Arc::new(Shared {
                folding,
                topic: topic.into(),
                table: RwLock::default(),
                changes: watch::Sender::new(0),
                caught_up: AtomicBool::new(false),
            }),
        }
    }

    /// Follows the topic until shutdown, on the calling thread. Ready once all that was there at the start is read.
    pub fn follow(&self, kafka: &KafkaArgs, schemas: &mut Schemas, latch: &Latch, shutdown: &Shutdown) {
        let (mut backoff, mut log) = (Backoff::default(), Throttle::LOG);
        while !shutdown.is_requested() {
            if let Err(error) = self.follow_once(kafka, schemas, latch, shutdown, &mut backoff) {
                if log.is_due() {
                    tracing::error!(%error, topic = %self.shared.topic, "a topic cannot be followed; trying again");
                }
                // What others write meanwhile is not seen.
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
                        self.tell();
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
        // Reading may fetch a schema over the runtime, so it is done before the lock that requests wait for.
        if let Some(item) = self.shared.folding.read(record, schemas)? {
            F::fold(&mut self.write(), item);
        }
        self.tell();
        Ok(())
    }

    fn tell(&self) {
        self.shared.changes.send_modify(|count| *count += 1);
    }

    /// The table as it is now. Not to be held while anything is waited for.
    pub fn read(&self) -> RwLockReadGuard<'_, F::Table> {
        self.shared.table.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, F::Table> {
        self.shared.table.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hears of what is taken in.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.shared.changes.subscribe()
    }

    /// Whether all that was on the topic when it was first followed has been read.
    pub fn is_caught_up(&self) -> bool {
        self.shared.caught_up.load(Ordering::Acquire)
    }

    /// Its topic.
    pub fn topic(&self) -> &Arc<str> {
        &self.shared.topic
    }

    /// How its records are read.
    pub fn folding(&self) -> &F {
        &self.shared.folding
    }
}
