//! A transactional producer whose every transaction ends in one of four known ways.

use std::{
    thread,
    time::{Duration, Instant},
};

use rdkafka::{
    Offset, TopicPartitionList,
    consumer::ConsumerGroupMetadata,
    error::{KafkaError, RDKafkaErrorCode},
    producer::{BaseProducer, BaseRecord, Producer as _, PurgeConfig},
};

use super::{
    config::KafkaArgs,
    context::Plain,
    error::{failed, settings, unavailable},
    metrics::{LogMetrics, Phase},
};
use crate::{Ended, LogError, NewRecord, OffsetCommit, SendError};

/// After how long the broker aborts a transaction whose producer went silent. Readers see nothing newer until then.
const TRANSACTION_TIMEOUT: Duration = Duration::from_secs(10);
/// How long to wait before it is looked again whether all records of a transaction have arrived.
const DRAIN_PAUSE: Duration = Duration::from_micros(200);
const INIT_TIMEOUT: Duration = Duration::from_secs(10);

/// One transactional id. Opening it fences whoever held the id before and ends what that one left open.
pub struct TransactionalProducer {
    producer: BaseProducer<Plain>,
    id: String,
    metrics: LogMetrics,
    /// How long the end of a transaction is asked for before it counts as unknown.
    end_timeout: Duration,
}

enum Remedy {
    Fenced,
    /// Another member has the owner's place in the group: nothing has to be repeated by this one.
    PlaceTaken,
    Abort,
    Retry,
    Destroy,
}

/// Whether it says that another holder has the id, or that the brokers have given this one up.
fn is_fenced(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(code, Code::Fenced | Code::ProducerFenced | Code::InvalidProducerEpoch | Code::InvalidProducerIdMapping)
}

fn remedy(error: &KafkaError) -> Remedy {
    let fenced = error.rdkafka_error_code().is_some_and(is_fenced);
    match error {
        _ if error.rdkafka_error_code() == Some(RDKafkaErrorCode::FencedInstanceId) => Remedy::PlaceTaken,
        KafkaError::Transaction(cause) if cause.is_fatal() && fenced => Remedy::Fenced,
        KafkaError::Transaction(cause) if cause.is_fatal() => Remedy::Destroy,
        KafkaError::Transaction(cause) if cause.txn_requires_abort() => Remedy::Abort,
        KafkaError::Transaction(cause) if cause.is_retriable() => Remedy::Retry,
        _ if fenced => Remedy::Fenced,
        // What the client cannot class, later codes included: a new producer and the committed positions tell.
        _ => Remedy::Destroy,
    }
}

impl TransactionalProducer {
    /// Takes over a transactional id: afterwards no earlier holder can commit, and what it left open is aborted.
    pub fn open(args: &KafkaArgs, id: &str, metrics: LogMetrics) -> Result<Self, LogError> {
        let timeout_ms = TRANSACTION_TIMEOUT.as_millis().to_string();
        let producer: BaseProducer<Plain> = args
            .client()
            .set("transactional.id", id)
            .set("transaction.timeout.ms", &timeout_ms)
            .set("message.timeout.ms", &timeout_ms)
            .set("partitioner", "murmur2_random")
            .set("linger.ms", "1")
            // At the default of 100 ms back-to-back transactions wait for the markers of the last one in steps of it.
            .set("retry.backoff.ms", "1")
            .set("retry.backoff.max.ms", "100")
            .create_with_context(Plain::default())
            .map_err(settings(format!("transactional id {id}")))?;
        producer.init_transactions(INIT_TIMEOUT).map_err(unavailable(format!("taking over transactional id {id}")))?;
        Ok(Self { producer, id: id.to_owned(), metrics, end_timeout: Duration::from_millis(args.commit_timeout_ms) })
    }

    /// Begins a transaction. Purely local.
    ///
    /// Who was fenced stays fenced. librdkafka alone would not keep to that: it reports a fatal error twice, and if the second
    /// report comes while the call that the first one ended is about to return, it passes for the next call's success.
    pub fn begin(&self) -> Result<(), LogError> {
        let what = format!("beginning a transaction of {}", self.id);
        match self.producer.client().fatal_error() {
            Some((code, cause)) if is_fenced(code) => Err(LogError::Fenced { cause }),
            Some((_, cause)) => Err(LogError::Client { what, cause: cause.into() }),
            None => self.producer.begin_transaction().map_err(failed(what)),
        }
    }

    /// Adds a record. It is on its way when this returns; whether it arrived, the commit says.
    pub fn send(&self, record: &NewRecord) -> Result<(), SendError> {
        let mut kafka_record = BaseRecord::<[u8], [u8]>::to(&record.topic).key(&record.key);
        kafka_record.payload = record.value.as_deref();
        kafka_record.partition = record.partition;
        kafka_record = kafka_record.headers(record.headers.to_kafka());
        let deadline = Instant::now() + TRANSACTION_TIMEOUT;
        loop {
            let Err((cause, unsent)) = self.producer.send(kafka_record) else { return Ok(()) };
            match cause.rdkafka_error_code() {
                Some(RDKafkaErrorCode::QueueFull) if Instant::now() < deadline => {
                    self.producer.poll(Duration::from_millis(1));
                    kafka_record = unsent;
                }
                Some(RDKafkaErrorCode::MessageSizeTooLarge) => {
                    return Err(SendError::too_large(record));
                }
                _ => return Err(SendError::Failed { topic: record.topic.to_string(), cause: cause.into() }),
            }
        }
    }

    /// Ends the transaction with the positions that it is the outcome of.
    ///
    /// Offsets go first and the records are drained after: both then travel at the same time. Draining before the commit
    /// keeps librdkafka from waiting in steps of 100 ms inside it. Sleeping is ours to do: a poll never returns early, and
    /// one of less than a millisecond spins for that long on a core that the brokers may need.
    pub fn commit(&self, offsets: &[OffsetCommit], group: &ConsumerGroupMetadata) -> Ended {
        let list = match self.offsets(offsets) {
            Ok(list) => list,
            Err(error) => return self.abort(&error.to_string()),
        };
        let mut watch = Stopwatch { metrics: &self.metrics, last: Instant::now() };
        let deadline = Instant::now() + self.end_timeout;
        let sent = self.until(deadline, || self.producer.send_offsets_to_transaction(&list, group, left(deadline)));
        if let Err(error) = sent {
            return self.end_without_commit(&error);
        }
        watch.took(Phase::Positions);
        self.drain(deadline);
        watch.took(Phase::Records);
        let ended = self.until(deadline, || self.producer.commit_transaction(left(deadline)));
        watch.took(Phase::End);
        let Err(error) = ended else { return Ended::Committed };
        let ended = match remedy(&error) {
            Remedy::Fenced => Ended::Fenced(error.to_string()),
            Remedy::Abort => self.try_abort(&error.to_string()),
            Remedy::PlaceTaken | Remedy::Retry | Remedy::Destroy => Ended::Unknown(error.to_string()),
        };
        self.metrics.failed(&ended, &error);
        ended
    }

    /// Ends the transaction without any of it, because of `cause`.
    pub fn abort(&self, cause: &str) -> Ended {
        let ended = self.try_abort(cause);
        self.metrics.given_up(&ended);
        ended
    }

    fn try_abort(&self, cause: &str) -> Ended {
        let deadline = Instant::now() + self.end_timeout;
        // What has not been sent need not be; what has is waited for here, since librdkafka waits inside the abort for
        // acknowledgements that nobody takes in meanwhile.
        self.producer.purge(PurgeConfig::default().queue());
        self.drain(deadline);
        let aborted = self.until(deadline, || self.producer.abort_transaction(left(deadline)));
        match aborted {
            Ok(()) => Ended::Aborted(cause.to_owned()),
            Err(error) => match remedy(&error) {
                Remedy::Fenced => Ended::Fenced(error.to_string()),
                Remedy::Abort | Remedy::PlaceTaken | Remedy::Retry | Remedy::Destroy => {
                    Ended::Unknown(error.to_string())
                }
            },
        }
    }

    /// Waits until all records of the transaction have arrived, or failed to.
    fn drain(&self, deadline: Instant) {
        let mut in_flight = self.producer.in_flight_count();
        while in_flight > 0 && Instant::now() < deadline {
            // Takes in the acknowledgements of one batch.
            self.producer.poll(Duration::ZERO);
            let left = self.producer.in_flight_count();
            if left == in_flight {
                thread::sleep(DRAIN_PAUSE);
            }
            in_flight = left;
        }
    }

    fn end_without_commit(&self, error: &KafkaError) -> Ended {
        let ended = match remedy(error) {
            Remedy::Fenced => Ended::Fenced(error.to_string()),
            Remedy::PlaceTaken => {
                // Readers need not wait until it times out. However that ends, nothing was committed.
                let _ = self.try_abort(&error.to_string());
                Ended::Fenced(error.to_string())
            }
            Remedy::Abort | Remedy::Retry => self.try_abort(&error.to_string()),
            Remedy::Destroy => Ended::Unknown(error.to_string()),
        };
        self.metrics.failed(&ended, error);
        ended
    }

    fn offsets(&self, offsets: &[OffsetCommit]) -> Result<TopicPartitionList, KafkaError> {
        let mut list = TopicPartitionList::new();
        for commit in offsets {
            let mut element = list.add_partition(&commit.at.topic, commit.at.partition);
            element.set_offset(Offset::Offset(commit.offset))?;
            element.set_metadata(&commit.metadata);
        }
        Ok(list)
    }

    /// Repeats a call that may be repeated, until the deadline.
    fn until(&self, deadline: Instant, call: impl Fn() -> Result<(), KafkaError>) -> Result<(), KafkaError> {
        loop {
            match call() {
                Err(error) if matches!(remedy(&error), Remedy::Retry) && Instant::now() < deadline => {
                    tracing::debug!(id = self.id, %error, "a transaction call is repeated");
                    self.producer.poll(Duration::from_millis(1));
                }
                result => return result,
            }
        }
    }
}

/// Tells how long each phase took.
struct Stopwatch<'a> {
    metrics: &'a LogMetrics,
    last: Instant,
}

impl Stopwatch<'_> {
    fn took(&mut self, phase: Phase) {
        let now = Instant::now();
        self.metrics.took(phase, now - self.last);
        self.last = now;
    }
}

fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1))
}
