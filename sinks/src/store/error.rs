//! What can go wrong with a store, by what is to be done about it.

use quittance_avro::{ids::InstallationId, wire::EncodeError};
use quittance_log::{LogError, ProduceError, TopicPartition};

/// Why a store did not do what it was asked to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// It is down, or too busy. It says nothing about the batch: try again.
    #[error("{0}")]
    Unavailable(String),
    /// Another writer claimed a partition after us. The group will say whose it is.
    #[error("another writer claimed {0}")]
    Fenced(TopicPartition),
    /// The progress is not what this writer left: the store was emptied or went back to an earlier point, or a batch
    /// whose answer was lost had been written after all. Claim again and go on where the store says.
    #[error("the store's progress on {0} is not what this writer left")]
    Stale(TopicPartition),
    /// It holds the data of another installation.
    #[error(
        "this store holds the data of installation {found}, the topics are those of {wanted}; give it a database of \
         its own, or drop what is there to have it rebuilt from the log"
    )]
    WrongInstallation {
        /// Whose data it holds.
        found: String,
        /// Whose topics are read.
        wanted: InstallationId,
    },
    /// It is up and refuses what is in the batch.
    #[error("the store refuses a batch: {0}")]
    Rejected(String),
    /// It cannot be used as it is. Somebody has to act.
    #[error("{0}")]
    Fatal(String),
}

impl StoreError {
    /// Its class, for metrics.
    pub fn class(&self) -> &'static str {
        match self {
            Self::Unavailable(_) => "unavailable",
            Self::Fenced(_) => "fenced",
            Self::Stale(_) => "stale",
            Self::WrongInstallation { .. } => "wrong_installation",
            Self::Rejected(_) => "rejected",
            Self::Fatal(_) => "fatal",
        }
    }
}

/// Why the loop of a store cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum StoreFatal {
    /// The log cannot be used any more.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A dead letter does not fit its schema.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// No dead letter can be written any more.
    #[error(transparent)]
    Unwritable(#[from] ProduceError),
    /// The store cannot be used as it is.
    #[error(transparent)]
    Store(StoreError),
    /// The store has more than the log.
    #[error(
        "the store has {at} up to offset {next}, and the log ends at {end}: the topic was created again or cut off; \
         drop the store's data to have it rebuilt from the log"
    )]
    Ahead {
        /// Which partition.
        at: TopicPartition,
        /// The offset that the store wants next.
        next: i64,
        /// The log's end.
        end: i64,
    },
}
