//! Kafka as the runtime sees it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rdkafka::{
    Offset,
    consumer::{BaseConsumer, Consumer},
};

use super::{
    config::{CALL_TIMEOUT, END_MAX, KafkaArgs},
    consumer::{GroupConsumer, GroupMetadata, list},
    context::Plain,
    error::{failed, settings, unavailable},
    metrics::LogMetrics,
    range::RangeReader,
    reader::no_group,
    transaction::TransactionalProducer,
};
use crate::{
    Committed, Ended, Event, Isolation, Log, LogError, Member, Membership, NewRecord, OffsetCommit, SendError, Span,
    TopicPartition, Transactions,
};

/// How much a client that only asks may have to say at once.
const EVENTS_MAX: usize = 16;

/// Kafka. Clients that only ask are opened once and kept.
pub struct KafkaLog {
    args: KafkaArgs,
    metrics: LogMetrics,
    askers: Mutex<Askers>,
}

/// Clients that only ask, by group and isolation level.
type Askers = HashMap<(String, Isolation), Arc<BaseConsumer<Plain>>>;

impl KafkaLog {
    /// Does not connect yet.
    pub fn new(args: KafkaArgs, metrics: LogMetrics) -> Self {
        Self { args, metrics, askers: Mutex::default() }
    }

    /// A client that never joins its group. Kafka answers by the isolation level of who asks: the last stable offset and
    /// stable positions to a `read_committed` client, the high watermark and whatever is there to the other.
    fn asker(&self, group: &str, isolation: Isolation) -> Result<Arc<BaseConsumer<Plain>>, LogError> {
        let mut askers = self.askers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(asker) = askers.get(&(group.to_owned(), isolation)) {
            return Ok(Arc::clone(asker));
        }
        let mut config = self.args.consumer(group);
        config.set("isolation.level", format!("read_{isolation}"));
        let asker: BaseConsumer<Plain> = config
            .create_with_context(Plain::default())
            .map_err(settings(format!("a client that asks about group {group}")))?;
        let asker = Arc::new(asker);
        askers.insert((group.to_owned(), isolation), Arc::clone(&asker));
        Ok(asker)
    }
}

/// Takes in what a client has to say of itself, such as that a broker is gone: nobody else polls it, and it would pile up.
fn hear(asker: &BaseConsumer<Plain>) {
    for _ in 0..EVENTS_MAX {
        if asker.poll(Duration::ZERO).is_none() {
            break;
        }
    }
}

impl Log for KafkaLog {
    type Generation = GroupMetadata;
    type Member = GroupConsumer;
    type Transactions = TransactionalProducer;
    type Range = RangeReader;

    fn join(&self, membership: &Membership, topics: &[Arc<str>]) -> Result<GroupConsumer, LogError> {
        let topics: Vec<&str> = topics.iter().map(|topic| &**topic).collect();
        GroupConsumer::join(&self.args, membership, &topics)
    }

    fn take_over(&self, transactional_id: &str) -> Result<TransactionalProducer, LogError> {
        TransactionalProducer::open(&self.args, transactional_id, self.metrics.clone())
    }

    fn end(&self, at: &TopicPartition, isolation: Isolation) -> Result<i64, LogError> {
        let asker = self.asker(&no_group(&self.args), isolation)?;
        let bounds = asker.fetch_watermarks(&at.topic, at.partition, END_MAX);
        hear(&asker);
        bounds.map(|(_, end)| end).map_err(unavailable(format!("asking for the end of {at}")))
    }

    fn committed_so_far(
        &self,
        group: &str,
        partitions: &[TopicPartition],
    ) -> Result<Vec<(TopicPartition, Committed)>, LogError> {
        let what = "asking for the committed offsets of another member";
        let wanted = list(partitions.iter().map(|at| (at, Offset::Invalid))).map_err(failed(what))?;
        let asker = self.asker(group, Isolation::Uncommitted)?;
        let found = asker.committed_offsets(wanted, CALL_TIMEOUT);
        hear(&asker);
        let found = found.map_err(unavailable(what))?;
        let committed = partitions.iter().filter_map(|at| {
            let element = found.find_partition(&at.topic, at.partition)?;
            let Offset::Offset(offset) = element.offset() else { return None };
            Some((at.clone(), Committed { offset, metadata: element.metadata().to_owned() }))
        });
        Ok(committed.collect())
    }

    fn range(&self, topic: &Arc<str>, spans: &[Span]) -> Result<RangeReader, LogError> {
        RangeReader::open(&self.args, topic, spans)
    }
}

impl Member for GroupConsumer {
    type Generation = GroupMetadata;

    fn poll(&mut self, timeout: Duration) -> Result<Event, LogError> {
        Self::poll(self, timeout)
    }

    fn start(&mut self, positions: &[(TopicPartition, i64)]) -> Result<(), LogError> {
        Self::start(self, positions)
    }

    fn release(&mut self) -> Result<(), LogError> {
        Self::release(self)
    }

    fn pause(&mut self, partitions: &[TopicPartition]) -> Result<(), LogError> {
        Self::pause(self, partitions)
    }

    fn resume(&mut self, partitions: &[TopicPartition]) -> Result<(), LogError> {
        Self::resume(self, partitions)
    }

    fn committed(&self, partitions: &[TopicPartition]) -> Result<Vec<(TopicPartition, Committed)>, LogError> {
        Self::committed(self, partitions)
    }

    fn generation(&self) -> Option<GroupMetadata> {
        self.group_metadata()
    }
}

impl Transactions for TransactionalProducer {
    type Generation = GroupMetadata;

    fn begin(&mut self) -> Result<(), LogError> {
        Self::begin(self)
    }

    fn send(&mut self, record: &NewRecord) -> Result<(), SendError> {
        Self::send(self, record)
    }

    fn commit(&mut self, positions: &[OffsetCommit], generation: &GroupMetadata) -> Ended {
        Self::commit(self, positions, generation)
    }

    fn abort(&mut self, cause: &str) -> Ended {
        Self::abort(self, cause)
    }
}
