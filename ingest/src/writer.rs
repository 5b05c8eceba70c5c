//! Writing to the log. While it is known that Kafka cannot be reached, that is said at once instead of being found out anew by everybody.

use std::{
    future::{Future, pending},
    sync::Arc,
    time::Duration,
};

use quittance_log::{LogError, NewRecord, ProduceError, Producer, TopicPartition};
use tokio::{
    sync::{Semaphore, watch},
    time::timeout,
};

use crate::problem::Problem;

/// How long the leader of a partition may take to tell its end.
const END_MAX: Duration = Duration::from_secs(5);
/// How many may be asked for at a time.
const ASKING_MAX: usize = 4;

/// The one way from a request to the log. Cheap to clone.
#[derive(Clone)]
pub struct Writer {
    producer: Producer,
    /// Whether Kafka answered when it was asked last.
    reached: watch::Receiver<bool>,
    /// So many may ask for an end at a time, which blocks a thread.
    asking: Arc<Semaphore>,
}

impl Writer {
    /// Somebody else asks Kafka now and then, and tells `reached`.
    pub fn new(producer: Producer, reached: watch::Receiver<bool>) -> Self {
        Self { producer, reached, asking: Arc::new(Semaphore::new(ASKING_MAX)) }
    }

    /// Returns the record's offset once all in-sync replicas have it.
    ///
    /// # Errors
    /// [`Problem::Unavailable`] if that is not known in time, or Kafka cannot be reached. The record may be in the log all the same.
    pub(crate) async fn write(&self, record: &NewRecord) -> Result<i64, Problem> {
        if !*self.reached.borrow() {
            return Err(UNREACHED);
        }
        let (_, offset) =
            self.while_reached(self.producer.produce(record)).await?.map_err(|error| unwritten(&error))?;
        Ok(offset)
    }

    /// The offset behind the last record of a partition.
    pub(crate) async fn end(&self, at: TopicPartition) -> Result<i64, Problem> {
        if !*self.reached.borrow() {
            return Err(UNREACHED);
        }
        let turn = timeout(END_MAX, Arc::clone(&self.asking).acquire_owned());
        let Ok(Ok(turn)) = self.while_reached(turn).await? else { return Err(UNREACHED) };
        let producer = self.producer.clone();
        let asked = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            producer.end(&at, END_MAX)
        });
        let answered = self.while_reached(asked).await?;
        let answered: Result<i64, LogError> =
            answered.map_err(|error| Problem::internal("asking for an end", error))?;
        answered.map_err(|error| {
            tracing::warn!(%error, "the end of a topic is not to be had");
            UNREACHED
        })
    }

    /// Waits for what needs Kafka, unless and until that cannot be reached.
    pub(crate) async fn while_reached<T>(&self, asked: impl Future<Output = T>) -> Result<T, Problem> {
        tokio::select! {
            biased;
            answered = asked => Ok(answered),
            () = self.lost() => Err(UNREACHED),
        }
    }

    async fn lost(&self) {
        if self.reached.clone().wait_for(|is_reached| !is_reached).await.is_err() {
            // Nobody asks any more.
            pending::<()>().await;
        }
    }
}

const UNREACHED: Problem = Problem::Unavailable("the log");

/// What a client is told of a record that is not known to be in the log.
fn unwritten(error: &ProduceError) -> Problem {
    match error {
        ProduceError::TooLarge { .. } => Problem::internal("a bounded request made too large a record", error),
        ProduceError::Unacknowledged { .. } | ProduceError::Dead { .. } => {
            tracing::warn!(%error, "a record was not acknowledged");
            UNREACHED
        }
    }
}
