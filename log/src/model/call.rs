//! The calls of a process.

use std::{fmt, sync::Arc, time::Duration};

use crate::{Isolation, OffsetCommit, Span, TopicPartition};

/// What a process is about to do, or a request that its client is about to make. Shown, it is a line of a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// Joins a group. Local: the client joins in the background.
    Join {
        /// The group.
        group: String,
        /// The slot.
        instance: String,
    },
    /// Asks for the next event. Without an answer, nothing came.
    Poll {
        /// The slot.
        instance: String,
        /// How long.
        timeout: Duration,
    },
    /// Starts reading. Local.
    Start {
        /// The slot.
        instance: String,
        /// Where.
        positions: Vec<(TopicPartition, i64)>,
    },
    /// Gives all partitions back. Local.
    Release {
        /// The slot.
        instance: String,
    },
    /// Reads no more of these. Local.
    Pause {
        /// The slot.
        instance: String,
        /// Which.
        partitions: Vec<TopicPartition>,
    },
    /// Reads them again. Local.
    Resume {
        /// The slot.
        instance: String,
        /// Which.
        partitions: Vec<TopicPartition>,
    },
    /// Looks at the client's generation. Local.
    Generation {
        /// The slot.
        instance: String,
    },
    /// Asks for what the group committed, once that is stable.
    Committed {
        /// The group.
        group: String,
        /// Of which partitions.
        partitions: Vec<TopicPartition>,
    },
    /// Asks for what a group committed so far.
    CommittedSoFar {
        /// The group.
        group: String,
        /// Of which partitions.
        partitions: Vec<TopicPartition>,
    },
    /// Asks for the end of a partition.
    End {
        /// The partition.
        at: TopicPartition,
        /// Which end.
        isolation: Isolation,
    },
    /// Opens a reader of spans. Local.
    OpenRange {
        /// The topic.
        topic: Arc<str>,
        /// The spans.
        spans: Vec<Span>,
    },
    /// Asks for the next record of the spans.
    PollRange {
        /// The topic.
        topic: Arc<str>,
        /// How long.
        timeout: Duration,
    },
    /// Takes over a transactional id (`InitProducerId`). Late, it fences whoever has the id by then.
    TakeOver {
        /// The id.
        id: String,
    },
    /// Begins a transaction. Local.
    Begin {
        /// The id.
        id: String,
    },
    /// Hands a record to the client. Local.
    Send {
        /// The id.
        id: String,
        /// Where to.
        at: TopicPartition,
    },
    /// Adds a partition to the transaction (`AddPartitionsToTxn`).
    AddPartition {
        /// The id.
        id: String,
        /// The partition.
        at: TopicPartition,
    },
    /// A batch of records is on its way (`Produce`). Late, it comes too late if its transaction is over by then.
    Produce {
        /// The id.
        id: String,
        /// Where to.
        at: TopicPartition,
        /// How many.
        records: usize,
    },
    /// Adds a group to the transaction (`AddOffsetsToTxn`).
    AddOffsets {
        /// The id.
        id: String,
        /// The group.
        group: String,
    },
    /// Commits positions with the transaction (`TxnOffsetCommit`); here the generation is looked at, and only here.
    /// Late, it counts for a later transaction of the same holder that has the group in it.
    CommitOffsets {
        /// The id.
        id: String,
        /// The group.
        group: String,
        /// The positions.
        positions: Vec<OffsetCommit>,
    },
    /// Ends the transaction (`EndTxn`). Late, it ends a later one of the same holder.
    EndTransaction {
        /// The id.
        id: String,
        /// Well, or not.
        is_commit: bool,
    },
}

impl Call {
    /// Whether it concerns the client alone, so that it cannot go wrong.
    pub fn is_local(&self) -> bool {
        match self {
            Self::Join { .. }
            | Self::Start { .. }
            | Self::Release { .. }
            | Self::Pause { .. }
            | Self::Resume { .. }
            | Self::Generation { .. }
            | Self::OpenRange { .. }
            | Self::Begin { .. }
            | Self::Send { .. } => true,
            Self::Poll { .. }
            | Self::Committed { .. }
            | Self::CommittedSoFar { .. }
            | Self::End { .. }
            | Self::PollRange { .. }
            | Self::TakeOver { .. }
            | Self::AddPartition { .. }
            | Self::Produce { .. }
            | Self::AddOffsets { .. }
            | Self::CommitOffsets { .. }
            | Self::EndTransaction { .. } => false,
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Join { group, instance } => write!(f, "{instance}: join {group}"),
            Self::Poll { instance, timeout } => write!(f, "{instance}: poll for {timeout:?}"),
            Self::Start { instance, positions } => {
                write!(f, "{instance}: start")?;
                positions.iter().try_for_each(|(at, offset)| write!(f, " {at}@{offset}"))
            }
            Self::Release { instance } => write!(f, "{instance}: release"),
            Self::Pause { instance, partitions } => write!(f, "{instance}: pause {}", Listed(partitions)),
            Self::Resume { instance, partitions } => write!(f, "{instance}: resume {}", Listed(partitions)),
            Self::Generation { instance } => write!(f, "{instance}: generation"),
            Self::Committed { group, partitions } => write!(f, "{group}: committed of {}", Listed(partitions)),
            Self::CommittedSoFar { group, partitions } => {
                write!(f, "{group}: committed so far of {}", Listed(partitions))
            }
            Self::End { at, isolation } => write!(f, "end of {at}, {isolation}"),
            Self::OpenRange { topic, spans } => {
                write!(f, "open a range of {topic}")?;
                spans.iter().try_for_each(|span| match span.from {
                    Some(from) => write!(f, " [{}] {from}..{}", span.partition, span.to),
                    None => write!(f, " [{}] ..{}", span.partition, span.to),
                })
            }
            Self::PollRange { topic, timeout } => write!(f, "poll a range of {topic} for {timeout:?}"),
            Self::TakeOver { id } => write!(f, "{id}: take over"),
            Self::Begin { id } => write!(f, "{id}: begin"),
            Self::Send { id, at } => write!(f, "{id}: send to {at}"),
            Self::AddPartition { id, at } => write!(f, "{id}: add {at}"),
            Self::Produce { id, at, records } => write!(f, "{id}: produce {records} to {at}"),
            Self::AddOffsets { id, group } => write!(f, "{id}: add {group}"),
            Self::CommitOffsets { id, group, positions } => {
                write!(f, "{id}: commit for {group}")?;
                positions.iter().try_for_each(|commit| write!(f, " {}@{}", commit.at, commit.offset))
            }
            Self::EndTransaction { id, is_commit: true } => write!(f, "{id}: end with a commit"),
            Self::EndTransaction { id, is_commit: false } => write!(f, "{id}: end with an abort"),
        }
    }
}

struct Listed<'a>(&'a [TopicPartition]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, at) in self.0.iter().enumerate() {
            let comma = if index > 0 { ", " } else { "" };
            write!(f, "{comma}{at}")?;
        }
        Ok(())
    }
}
