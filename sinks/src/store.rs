//! Stores: databases that fold the log, each record at most once.
//!
//! There is one loop, [`run`], for every store. A [`Store`] turns records into rows and writes a batch of them together
//! with the *progress*: for each partition the offset that the store wants next and the epoch of its writer. Progress is
//! compared before anything is written, in the same transaction, so that
//!
//! - a crash before the transaction's end leaves nothing, and the batch is read again;
//! - a crash after it leaves the batch *and* the offset behind it, and the batch is not read again;
//! - a writer that lost its partitions without knowing it yet finds a newer epoch, and writes nothing.
//!
//! Where reading starts, only the store says. The positions committed to Kafka are for those who watch the lag. So a
//! store that was dropped is rebuilt from the log's beginning by starting its sink.

mod entry;
mod error;
mod fields;
mod filling;
mod metrics;
mod worker;

use quittance_avro::{ids::InstallationId, records::DeadLetter, registry::Registry, topics::Part, wire::Encoder};
use quittance_log::{KafkaArgs, Membership, ReadError, TopicPartition};
use quittance_service::{
    health::{Heartbeat, Latch},
    shutdown::Shutdown,
};
use tokio::runtime::Handle;

pub use self::{
    entry::Entry,
    error::{StoreError, StoreFatal},
    fields::Fields,
    filling::{Advance, Batch},
    metrics::StoreMetrics,
    worker::StoreWorker,
};

/// A database that folds the log.
pub trait Store {
    /// What a record becomes in this store.
    type Row;

    /// What a record becomes; `None` if this store has no use for it. Pure.
    ///
    /// # Errors
    /// When the record makes no sense: it goes to the dead letters.
    fn row(&self, entry: Entry, now_ms: i64) -> Result<Option<Self::Row>, ReadError>;

    /// Makes the caller the writer of these partitions: raises their epochs, and says where each goes on. A partition
    /// that was never seen goes on at 0.
    ///
    /// A crash after it leaves a higher epoch and no other trace.
    fn claim(&mut self, installation: InstallationId, partitions: &[TopicPartition]) -> Result<Vec<Claim>, StoreError>;

    /// Writes a batch and its progress in one transaction, if the progress is still what the batch starts from.
    ///
    /// An error does not say that nothing was written: when the answer was lost, all of it may have been.
    fn apply(&mut self, batch: &Batch<Self::Row>) -> Result<(), StoreError>;
}

/// The right to write what comes from a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Which partition.
    pub at: TopicPartition,
    /// The offset that the store wants next.
    pub next: i64,
    /// The epoch of this writer, higher than that of any before.
    pub epoch: i64,
}

/// What the loop of a store is made of.
pub struct StoreSettings {
    /// How to reach Kafka.
    pub kafka: KafkaArgs,
    /// The group, and the slot of this instance in it.
    pub membership: Membership,
    /// The installation that the topics belong to.
    pub installation: InstallationId,
    /// Which store; says what it consumes and where it buries.
    pub part: Part,
    /// Where schemas come from.
    pub registry: Registry,
    /// Writes dead letters.
    pub dead_letter_encoder: Encoder<DeadLetter>,
    /// What the loop shows of itself.
    pub metrics: StoreMetrics,
    /// Ready while partitions are claimed and batches end well.
    pub latch: Latch,
    /// Beats on every turn of the loop. One turn may wait for each of Kafka, the registry and the store in vain, so
    /// allow it a minute.
    pub heartbeat: Heartbeat,
    /// Ends the loop.
    pub shutdown: Shutdown,
    /// The runtime of the clients of the registry and the store. The loop blocks on it, so it runs on another thread.
    pub handle: Handle,
}

/// Folds the log into a store until shutdown is requested. Blocks: give it a thread of its own.
///
/// # Errors
/// When somebody has to act; what was applied so far stays.
pub fn run<S: Store>(store: S, settings: StoreSettings) -> Result<(), StoreFatal> {
    let shutdown = settings.shutdown.clone();
    let mut worker = StoreWorker::join(store, settings)?;
    let mut worked = Ok(());
    while worked.is_ok() && !shutdown.is_requested() {
        worked = worker.step();
    }
    worked.and(worker.stop())
}
