//! What the runtime needs of a log, and no more.
//!
//! Two logs keep to it: Kafka, and a [`model`](crate::model) of it in memory that fails by a seed. One suite of
//! contract tests runs against both, so that each claim of the model is held against real brokers.
//!
//! Nothing here waits for longer than it is told to, or than a bound of its own: what takes longer is an error that is
//! [transient](LogError::is_transient), and the caller comes back.

use std::{fmt, sync::Arc, time::Duration};

use crate::{LogError, NewRecord, Record, TopicPartition};

/// A log: partitioned topics, groups that share their partitions, and transactions over both.
pub trait Log {
    /// A generation of a group, as a member knows it. A transaction that carries one is fenced by the next.
    type Generation;
    /// A member of a group.
    type Member: Member<Generation = Self::Generation>;
    /// The holder of a transactional id.
    type Transactions: Transactions<Generation = Self::Generation>;
    /// A read of a span of the log.
    type Range: Range;

    /// Joins a group; partitions come by [`Event::Assigned`].
    fn join(&self, membership: &Membership, topics: &[Arc<str>]) -> Result<Self::Member, LogError>;

    /// Takes over a transactional id: afterwards no earlier holder can commit, and what it left open is aborted.
    fn take_over(&self, transactional_id: &str) -> Result<Self::Transactions, LogError>;

    /// The offset behind the last record: of those that may be read, or of all that were written.
    fn end(&self, at: &TopicPartition, isolation: Isolation) -> Result<i64, LogError>;

    /// What a group committed, whether or not an open transaction is about to change it: to find out who wrote it.
    fn committed_so_far(
        &self,
        group: &str,
        partitions: &[TopicPartition],
    ) -> Result<Vec<(TopicPartition, Committed)>, LogError>;

    /// Reads the committed records of these spans of a topic, all of them at the same time.
    fn range(&self, topic: &Arc<str>, spans: &[Span]) -> Result<Self::Range, LogError>;
}

/// A member of a group. It never guesses a position: [`Member::start`] says where to read.
pub trait Member {
    /// A generation of the group.
    type Generation;

    /// The next thing that happened, waiting for it at most so long.
    fn poll(&mut self, timeout: Duration) -> Result<Event, LogError>;

    /// Reads these partitions from these offsets, and no others. Also how reading goes back after an abort.
    fn start(&mut self, positions: &[(TopicPartition, i64)]) -> Result<(), LogError>;

    /// Gives all partitions back; the group goes on sharing out.
    fn release(&mut self) -> Result<(), LogError>;

    /// Reads no more of these partitions until [`Self::resume`].
    fn pause(&mut self, partitions: &[TopicPartition]) -> Result<(), LogError>;

    /// Undoes [`Self::pause`].
    fn resume(&mut self, partitions: &[TopicPartition]) -> Result<(), LogError>;

    /// What the group committed, once no transaction that would change it is open (KIP-447). A transient error while one
    /// is.
    fn committed(&self, partitions: &[TopicPartition]) -> Result<Vec<(TopicPartition, Committed)>, LogError>;

    /// The generation that we are a member of, if any.
    fn generation(&self) -> Option<Self::Generation>;
}

/// The holder of a transactional id. It has at most one transaction open.
pub trait Transactions {
    /// A generation of a group.
    type Generation;

    /// Begins a transaction. Purely local.
    fn begin(&mut self) -> Result<(), LogError>;

    /// Adds a record. It is on its way when this returns; whether it arrived, the commit says.
    fn send(&mut self, record: &NewRecord) -> Result<(), SendError>;

    /// Ends the transaction with the positions that it is the outcome of: records and positions become visible together,
    /// or neither does.
    fn commit(&mut self, positions: &[OffsetCommit], generation: &Self::Generation) -> Ended;

    /// Ends the transaction without any of it, because of `cause`.
    fn abort(&mut self, cause: &str) -> Ended;
}

/// A read that ends.
pub trait Range {
    /// The next thing, waiting for it at most so long.
    fn poll(&mut self, timeout: Duration) -> Result<Ranged, LogError>;
}

/// Who this is in its group.
#[derive(Debug, Clone)]
pub struct Membership {
    /// The group.
    pub group: String,
    /// The slot of this instance (static membership): it gets its partitions back when it comes back in time.
    pub instance: String,
    /// How long the group waits for a silent member before it shares out its partitions.
    pub session_timeout: Duration,
}

/// What a poll brought.
#[derive(Debug)]
pub enum Event {
    /// These partitions are ours from now on; nothing is read, and nothing more is heard of the group, before
    /// [`Member::start`], if only with no position.
    Assigned(Vec<TopicPartition>),
    /// These are to be given back in order, by [`Member::release`]. Until then the group waits, so that an owner can end
    /// its transaction before its partitions go to somebody else.
    Revoked(Vec<TopicPartition>),
    /// These were taken away: somebody else may own them already.
    Lost(Vec<TopicPartition>),
    /// A record.
    Record(Record),
    /// Nothing came in time.
    Idle,
}

/// A position that a group committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// The next offset to read.
    pub offset: i64,
    /// What was committed with it.
    pub metadata: String,
}

/// A position that is committed with a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OffsetCommit {
    /// Of which partition.
    pub at: TopicPartition,
    /// The next offset to read.
    pub offset: i64,
    /// What is kept beside it.
    pub metadata: String,
}

/// Which records count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Isolation {
    /// Those below the first transaction that is still open: Kafka's last stable offset.
    Committed,
    /// All that were written: Kafka's high watermark.
    Uncommitted,
}

/// A piece of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Number of the partition.
    pub partition: i32,
    /// The first offset to read; the beginning of what the log still has if `None`.
    pub from: Option<i64>,
    /// The offset to stop in front of. It is waited for that every transaction below it has ended.
    pub to: i64,
}

/// What came of reading a [`Range`].
#[derive(Debug)]
pub enum Ranged {
    /// A record.
    Record(Record),
    /// Every span has been read.
    End,
    /// Nothing came in time.
    Idle,
}

/// How a transaction ended, with the cause where it is not a good one.
#[derive(Debug)]
pub enum Ended {
    /// All of it is there.
    Committed,
    /// None of it is there. After a commit a request may still be on its way, so that the holder is not to be used again;
    /// after an abort it can go on.
    Aborted(String),
    /// Another holder took over this id, the brokers gave the transaction up, or another member has the owner's place in its
    /// group. None of it will be there, or the other one sees that it is. Whoever took the id over now would take it from the
    /// one that has the place.
    Fenced(String),
    /// Nobody knows. Drop the holder, take its id over again, then read the committed positions.
    Unknown(String),
}

/// What lies behind an error: the client's own.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a record could not be added to a transaction.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// It is larger than the topic takes. The transaction is not harmed.
    #[error("a record of {bytes} bytes is larger than {topic} takes")]
    TooLarge {
        /// Where to.
        topic: String,
        /// How large it is.
        bytes: usize,
    },
    /// The transaction cannot go on and has to be aborted.
    #[error("a record for {topic} could not be added to the transaction: {cause}")]
    Failed {
        /// Where to.
        topic: String,
        /// What the client said.
        cause: Cause,
    },
}

impl SendError {
    /// What stands for a record that is larger than its topic takes.
    pub fn too_large(record: &NewRecord) -> Self {
        Self::TooLarge { topic: record.topic.to_string(), bytes: record.bytes() }
    }
}

impl fmt::Display for Isolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Committed => "committed",
            Self::Uncommitted => "uncommitted",
        })
    }
}
