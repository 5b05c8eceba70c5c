//! What can go wrong with the log, by what is to be done about it.

use crate::{Cause, TopicPartition};

/// A failure of the log. Each names what it was about.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The settings are refused by the client library.
    #[error("the Kafka client refuses its settings ({what}): {cause}")]
    Settings {
        /// What was being opened.
        what: String,
        /// What the client said.
        cause: Cause,
    },
    /// The brokers did not answer in time. Try again.
    #[error("Kafka does not answer ({what}): {cause}")]
    Unavailable {
        /// What was asked.
        what: String,
        /// What the client said.
        cause: Cause,
    },
    /// A topic is not there.
    #[error("the topic {topic} is not there; run `quittance topics apply`")]
    NoTopic {
        /// Its name.
        topic: String,
    },
    /// A group has no position on a partition, or one that the log no longer has.
    #[error("the group has lost its position on {at}: {detail}; somebody has to decide where it goes on")]
    LostPosition {
        /// The partition, or the topic if the client did not say.
        at: String,
        /// What is known.
        detail: String,
    },
    /// Somebody else took this instance's place, or the brokers gave it up for being silent too long.
    #[error("the place of this instance was taken over or given up: {cause}")]
    Fenced {
        /// What the client said.
        cause: String,
    },
    /// Nothing moved for too long.
    #[error("reading {at} made no progress for {seconds} s at offset {offset} of {target}")]
    NoProgress {
        /// The partition.
        at: TopicPartition,
        /// How long.
        seconds: u64,
        /// How far it got.
        offset: i64,
        /// How far it should get.
        target: i64,
    },
    /// The client library gave up for good.
    #[error("the Kafka client failed ({what}): {cause}")]
    Client {
        /// What was being done.
        what: String,
        /// What the client said.
        cause: Cause,
    },
}

impl LogError {
    /// Whether the same call may succeed later without anybody doing anything.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unavailable { .. } | Self::NoProgress { .. } => true,
            Self::Settings { .. }
            | Self::NoTopic { .. }
            | Self::LostPosition { .. }
            | Self::Fenced { .. }
            | Self::Client { .. } => false,
        }
    }
}
