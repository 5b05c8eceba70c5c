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

    /// Notes that the record of that offset says nothing, or nothing that this build can read.
    fn pass(table: &mut Self::Table, offset: i64) {
        let _ = (table, offset);
    }
}

/// A table that knows how far its topic was read.
pub trait HasVersion {
    /// The offset behind the latest record that was taken in or passed over.
    fn version(&self) -> i64;
}

/// Why a topic cannot be followed any further.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A record cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A key cannot be opened.
    #[error("a key cannot be opened: {0}; is QUITTANCE_MASTER_KEY that of this installation?")]
    Open(#[from] OpenError),
}

impl FollowError {
    /// Whether the same record may be readable later.
    fn is_transient(&self) -> bool {
        match self {
            Self::Log(error) => error.is_transient(),
            Self::Read(error) => error.is_transient(),
            // Another master key may be configured at the next start, and no key is to be passed over.
            Self::Open(_) => true,
        }
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
    /// Whether all that was on the topic when it was followed last has been read.
    caught_up: AtomicBool,
    /// Whether that was ever so.
    filled: AtomicBool,
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
                filled: AtomicBool::new(false),
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
        // What is read again is put together beside the table, which holds until all of that is there: it never goes back.
        let mut fresh = Some(F::Table::default());
        while !shutdown.is_requested() {
            match tail.poll(POLL)? {
                Some(Tailed::Record(record)) => self.take_in(&record, schemas, fresh.as_mut())?,
                Some(Tailed::End) => {
                    if let Some(table) = fresh.take() {
                        *self.write() = table;
                        self.shared.filled.store(true, Ordering::Release);
                        self.shared.caught_up.store(true, Ordering::Release);
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

    /// One that can never be read is passed over, as all that hold the table do: what was there before it holds.
    fn take_in(&self, record: &Record, schemas: &mut Schemas, fresh: Option<&mut F::Table>) -> Result<(), FollowError> {
        // Reading may fetch a schema over the runtime, so it is done before the lock that requests wait for.
        let item = match self.shared.folding.read(record, schemas) {
            Ok(item) => item,
            Err(error) if error.is_transient() => return Err(error),
            Err(error) => {
                tracing::error!(%error, at = %record.at, offset = record.offset, "a record of a table cannot be read");
                None
            }
        };
        let take = |table: &mut F::Table| match item {
            Some(item) => F::fold(table, item),
            None => F::pass(table, record.offset),
        };
        match fresh {
            Some(table) => take(table),
            None => {
                take(&mut self.write());
                self.tell();
            }
        }
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

    /// Whether it has been read as a whole once. It may be behind since: see [`Self::is_caught_up`].
    pub fn is_filled(&self) -> bool {
        self.shared.filled.load(Ordering::Acquire)
    }

    /// Whether all that was on the topic when it was followed last has been read, and it is followed on.
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
