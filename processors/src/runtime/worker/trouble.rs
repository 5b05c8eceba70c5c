//! What keeps a worker from going on.

use std::{io, time::Duration};

use quittance_avro::wire::EncodeError;
use quittance_log::{Log, LogError, ReadError, TopicPartition};

use super::{Processor, Worker};
use crate::runtime::{store::StoreError, suspects::InHand};

/// Why a worker cannot go on. The process ends; the next start begins from what was committed.
#[derive(Debug, thiserror::Error)]
pub enum Fatal {
    /// The log cannot be used any more.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A state on the changelog cannot be read; going on without it would lose an aggregate.
    #[error("the state of {key} on {at} cannot be read: {cause}")]
    State {
        /// Key of the aggregate.
        key: String,
        /// Partition of the changelog.
        at: TopicPartition,
        /// Why.
        cause: Box<ReadError>,
    },
    /// A shared table is of another log than the one that it was read from. The next start reads it from its beginning.
    #[error("{at} was read up to offset {offset} and ends at {end}: the topic was made anew")]
    Table {
        /// Where the table stands.
        at: TopicPartition,
        /// Up to where it was read.
        offset: i64,
        /// Where it ends now.
        end: i64,
    },
    /// A record of ours does not fit its schema.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The store is not what it should be any more; it is made good at the next start.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What has to outlive the process cannot be noted.
    #[error("the note of the record in hand cannot be kept in QUITTANCE_DATA_DIR: {0}")]
    Notepad(io::Error),
    /// The topics of one partition number came apart: they must have the same number of partitions.
    #[error("partition {0} was assigned without all input topics; they must have the same number of partitions")]
    NotCopartitioned(i32),
}

/// Why a step did not come to its end.
pub(super) enum Trouble {
    /// Things are different now: begin the next step at once.
    Again,
    /// The same may succeed later.
    Later(String),
    /// The process has to end.
    Fatal(Fatal),
}

impl From<LogError> for Trouble {
    fn from(error: LogError) -> Self {
        if error.is_transient() { Self::Later(error.to_string()) } else { Self::Fatal(error.into()) }
    }
}

impl From<Fatal> for Trouble {
    fn from(error: Fatal) -> Self {
        Self::Fatal(error)
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Fatal(error.into())
    }
}

impl<P: Processor, L: Log> Worker<P, L> {
    /// Does something that may be the end of the process, and notes meanwhile what was in hand.
    pub(super) fn noted<T>(
        &mut self,
        at: &TopicPartition,
        in_hand: &InHand,
        work: impl FnOnce(&mut Self) -> T,
    ) -> Result<T, Fatal> {
        self.suspects.take_in_hand(at, in_hand).map_err(Fatal::Notepad)?;
        let done = work(self);
        self.suspects.put_down().map_err(Fatal::Notepad)?;
        Ok(done)
    }

    /// Waits before something is tried again. Gives for how long.
    pub(super) fn put_off(&mut self, why: &str) -> Duration {
        tracing::warn!(error = why, "waiting");
        self.settings.latch.unready(why.to_owned());
        let delay = self.backoff.next_delay_by(&mut self.rng);
        self.waits_until = Some(self.now.uptime + delay);
        delay
    }

    /// Something went well that could have gone wrong.
    pub(super) fn went_well(&mut self) {
        self.backoff.reset();
        match self.obstacle.why() {
            None => self.settings.latch.ready(),
            Some(why) => self.settings.latch.unready(why),
        }
    }
}
