//! A table that a topic comes to, and changing it: what is written is read back before it is told.

use std::{sync::Arc, time::Duration};

use quittance_log::{Headers, NewRecord, TopicPartition};
use quittance_tables::{Folding, Followed, HasVersion};
use tokio::time::{Instant, timeout_at};

use crate::{problem::Problem, writer::Writer};

/// How long a record may take to come back from its topic.
const BACK_MAX: Duration = Duration::from_secs(5);

/// A table and the writer of its topic. Cheap to clone.
pub(crate) struct Table<F: Folding> {
    followed: Followed<F>,
    writer: Writer,
    /// What clients are told cannot be reached.
    name: &'static str,
}

impl<F: Folding> Clone for Table<F> {
    fn clone(&self) -> Self {
        Self { followed: self.followed.clone(), writer: self.writer.clone(), name: self.name }
    }
}

impl<F: Folding> Table<F>
where
    F::Table: HasVersion,
{
    /// The table is followed by somebody else.
    pub(crate) fn new(followed: Followed<F>, writer: Writer, name: &'static str) -> Self {
        Self { followed, writer, name }
    }

    /// What holds, as far as this instance knows. There is nothing to go by before it has been read once.
    pub(crate) fn known(&self) -> Result<&Followed<F>, Problem> {
        if self.followed.is_filled() { Ok(&self.followed) } else { Err(Problem::Unavailable(self.name)) }
    }

    /// The same, once this instance knows all that is in the log now: a change that builds on what is there must not build on what
    /// another instance has replaced.
    pub(crate) async fn latest(&self) -> Result<&Followed<F>, Problem> {
        let end = self.writer.end(self.at()).await?;
        self.reaches(end).await?;
        self.known()
    }

    /// Writes a record. Returns once it is in the log and this instance goes by it.
    pub(crate) async fn write(&self, key: String, value: Vec<u8>) -> Result<(), Problem> {
        let offset = self.tell(key, value).await?;
        self.reaches(offset + 1).await
    }

    /// Writes a record and does not wait until it is read back. Gives its offset.
    pub(crate) async fn tell(&self, key: String, value: Vec<u8>) -> Result<i64, Problem> {
        let record = NewRecord {
            topic: Arc::clone(self.followed.topic()),
            partition: None,
            key: key.into_bytes(),
            value: Some(value),
            headers: Headers::default(),
        };
        self.writer.write(&record).await
    }

    fn at(&self) -> TopicPartition {
        TopicPartition { topic: Arc::clone(self.followed.topic()), partition: 0 }
    }

    /// Waits until the table has that version.
    async fn reaches(&self, version: i64) -> Result<(), Problem> {
        let deadline = Instant::now() + BACK_MAX;
        let mut changes = self.followed.changes();
        while self.followed.read().version() < version {
            if !matches!(timeout_at(deadline, changes.changed()).await, Ok(Ok(()))) {
                return Err(Problem::Unavailable(self.name));
            }
        }
        Ok(())
    }
}
