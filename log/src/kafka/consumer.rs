//! A member of a consumer group. What librdkafka tells in callbacks comes out of [`GroupConsumer::poll`] as values.
//!
//! A rebalance is not acknowledged inside librdkafka's callback but by the owner, when it is ready: after
//! [`Event::Assigned`] by [`GroupConsumer::start`], after [`Event::Revoked`] by [`GroupConsumer::release`]. Until then
//! the group waits, so an owner can end its transaction before its partitions go to somebody else.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::channel,
    },
    time::Duration,
};

use quittance_service::throttle::Throttle;
pub use rdkafka::consumer::ConsumerGroupMetadata as GroupMetadata;
use rdkafka::{
    ClientContext, Message, Offset, TopicPartitionList,
    consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext},
    error::{KafkaError, RDKafkaErrorCode},
    types::RDKafkaRespErr,
};

use super::{
    config::KafkaArgs,
    context::Errors,
    error::{Consuming, consuming, failed, settings, unavailable},
};
use crate::{Committed, Event, LogError, Membership, Record, TopicPartition};

/// How long a partition's leader may take to tell its bounds.
const BOUNDS_MAX: Duration = Duration::from_secs(3);
/// How long a coordinator may take to tell what a group committed: while a transaction that would change it is open,
/// the client asks again and again.
const COMMITTED_MAX: Duration = Duration::from_secs(1);
/// How long a commit may take that is waited for.
const COMMIT_MAX: Duration = Duration::from_secs(5);
/// How long an owner may take between two polls before the group gives it up: longer than any call in between may take.
const POLL_INTERVAL_MAX: Duration = Duration::from_secs(600);
/// How long closing may take before it is left to itself: librdkafka's waits for a coordinator that may be down.
const CLOSE_MAX: Duration = Duration::from_secs(3);

/// A member of a consumer group.
pub struct GroupConsumer {
    /// Taken out only when this is dropped. Shared with a commit that is waited for.
    consumer: Option<Arc<BaseConsumer<Rebalances>>>,
    topics: HashMap<String, Arc<str>>,
    log: Mutex<Throttle>,
}

#[derive(Default)]
struct Rebalances {
    queue: Mutex<VecDeque<Rebalance>>,
    /// Set when the consumer is being dropped: nobody takes events any more.
    closing: AtomicBool,
    errors: Errors,
}

enum Rebalance {
    Assign(TopicPartitionList),
    Revoke { partitions: TopicPartitionList, lost: bool },
}

impl ClientContext for Rebalances {
    fn error(&self, error: KafkaError, reason: &str) {
        self.errors.note(&error, reason);
    }
}

impl ConsumerContext for Rebalances {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, error: RDKafkaRespErr, list: &mut TopicPartitionList) {
        if self.closing.load(Ordering::Relaxed) {
            // Closing waits for the last revocation to be acknowledged.
            if let Err(error) = consumer.unassign() {
                tracing::warn!(%error, "partitions cannot be given back while closing");
            }
            return;
        }
        let rebalance = if error == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            Rebalance::Assign(list.clone())
        } else {
            Rebalance::Revoke { partitions: list.clone(), lost: consumer.assignment_lost() }
        };
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).push_back(rebalance);
    }
}

impl GroupConsumer {
    /// Joins the group; partitions come by [`Event::Assigned`].
    pub fn join(args: &KafkaArgs, membership: &Membership, topics: &[&str]) -> Result<Self, LogError> {
        let what = format!("member {} of group {}", membership.instance, membership.group);
        let mut config = args.consumer(&membership.group);
        config
            .set("group.instance.id", &membership.instance)
            .set("session.timeout.ms", membership.session_timeout.as_millis().to_string())
            .set("heartbeat.interval.ms", (membership.session_timeout.as_millis() / 4).to_string())
            .set("max.poll.interval.ms", POLL_INTERVAL_MAX.as_millis().to_string())
            // Eager: under the cooperative protocol a generation bump can fence a retained partition's transaction
            // without a callback.
            .set("partition.assignment.strategy", "range");
        let consumer: BaseConsumer<Rebalances> =
            config.create_with_context(Rebalances::default()).map_err(settings(&what))?;
        consumer.subscribe(topics).map_err(settings(&what))?;
        let topics = topics.iter().map(|&topic| (topic.to_owned(), Arc::from(topic))).collect();
        Ok(Self { consumer: Some(Arc::new(consumer)), topics, log: Mutex::new(Throttle::LOG) })
    }

    fn consumer(&self) -> &Arc<BaseConsumer<Rebalances>> {
        self.consumer.as_ref().expect("only drop takes the consumer")
    }

    /// The next thing that happened, waiting for it at most so long.
    pub fn poll(&self, timeout: Duration) -> Result<Event, LogError> {
        if let Some(event) = self.rebalance() {
            return Ok(event);
        }
        match self.consumer().poll(timeout) {
            Some(Ok(message)) => Ok(Event::Record(Record::read(&message, self.topic(message.topic())))),
            Some(Err(error)) => match consuming(error.clone()) {
                Consuming::GoesOn => {
                    if self.log.lock().unwrap_or_else(PoisonError::into_inner).is_due() {
                        tracing::warn!(%error, "the consumer goes on after an error");
                    }
                    Ok(Event::Idle)
                }
                Consuming::Fails(error) => Err(error),
            },
            None => Ok(self.rebalance().unwrap_or(Event::Idle)),
        }
    }

    /// Reads these partitions from these offsets, and no others. Also how reading goes back after an abort: a seek may be
    /// refused while a partition is just being taken up, and what was read since would be skipped.
    pub fn start(&self, positions: &[(TopicPartition, i64)]) -> Result<(), LogError> {
        let what = "taking over partitions";
        let list = list(positions.iter().map(|(at, offset)| (at, Offset::Offset(*offset)))).map_err(failed(what))?;
        self.consumer().assign(&list).map_err(failed(what))
    }

    /// Gives all partitions back.
    pub fn release(&self) -> Result<(), LogError> {
        self.consumer().unassign().map_err(failed("giving partitions back"))
    }

    /// Reads no more of these partitions until [`Self::resume`].
    pub fn pause(&self, partitions: &[TopicPartition]) -> Result<(), LogError> {
        let list = list(partitions.iter().map(|at| (at, Offset::Invalid))).map_err(failed("pausing"))?;
        self.consumer().pause(&list).map_err(failed("pausing"))
    }

    /// Undoes [`Self::pause`].
    pub fn resume(&self, partitions: &[TopicPartition]) -> Result<(), LogError> {
        let list = list(partitions.iter().map(|at| (at, Offset::Invalid))).map_err(failed("resuming"))?;
        self.consumer().resume(&list).map_err(failed("resuming"))
    }

    /// What the group committed, once no transaction that would change it is open (KIP-447).
    pub fn committed(&self, partitions: &[TopicPartition]) -> Result<Vec<(TopicPartition, Committed)>, LogError> {
        let what = "asking for committed offsets";
        let list = list(partitions.iter().map(|at| (at, Offset::Invalid))).map_err(failed(what))?;
        let list = self.consumer().committed_offsets(list, COMMITTED_MAX).map_err(unavailable(what))?;
        list.elements()
            .iter()
            .map(|element| {
                let at = TopicPartition { topic: self.topic(element.topic()), partition: element.partition() };
                element.error().map_err(unavailable(format!("{what} of {at}")))?;
                match element.offset() {
                    Offset::Offset(offset) => Ok((at, Committed { offset, metadata: element.metadata().to_owned() })),
                    _ => Err(LogError::LostPosition {
                        at: at.to_string(),
                        detail:
                            "nothing was ever committed; `quittance topics apply` sets a new group's first position"
                                .to_owned(),
                    }),
                }
            })
            .collect()
    }

    /// The first offset and the end of what may be read of a partition now: the last stable offset.
    pub fn bounds(&self, at: &TopicPartition) -> Result<(i64, i64), LogError> {
        self.consumer()
            .fetch_watermarks(&at.topic, at.partition, BOUNDS_MAX)
            .map_err(unavailable(format!("asking for the end of {at}")))
    }

    /// Who we are in the group's current generation; fences transactions of earlier ones.
    pub fn group_metadata(&self) -> Option<GroupMetadata> {
        self.consumer().group_metadata()
    }

    /// Commits positions without waiting: for those who keep the truth elsewhere or can do work twice.
    pub fn commit(&self, positions: &[(TopicPartition, i64)]) -> Result<(), LogError> {
        let what = "committing positions";
        let list = list(positions.iter().map(|(at, offset)| (at, Offset::Offset(*offset)))).map_err(failed(what))?;
        self.consumer().commit(&list, CommitMode::Async).map_err(unavailable(what))
    }

    /// Commits positions and waits until the group has them, for so long as that may take. librdkafka's call waits for a
    /// coordinator without end, so it is made on a thread that can be left behind.
    pub fn commit_and_wait(&self, positions: &[(TopicPartition, i64)]) -> Result<(), LogError> {
        let what = "committing positions";
        let list = list(positions.iter().map(|(at, offset)| (at, Offset::Offset(*offset)))).map_err(failed(what))?;
        let (consumer, (done, ended)) = (Arc::clone(self.consumer()), channel());
        let commit = move || {
            // Nobody waits any more if it took too long.
            let _ = done.send(consumer.commit(&list, CommitMode::Sync));
        };
        let spawned = std::thread::Builder::new().name("committing".to_owned()).spawn(commit);
        let late = KafkaError::ConsumerCommit(RDKafkaErrorCode::OperationTimedOut);
        match spawned.ok().and_then(|_| ended.recv_timeout(COMMIT_MAX).ok()) {
            Some(result) => result.map_err(unavailable(what)),
            None => Err(LogError::Unavailable { what: what.to_owned(), cause: late.into() }),
        }
    }

    fn rebalance(&self) -> Option<Event> {
        let queue = &self.consumer().client().context().queue;
        let rebalance = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front()?;
        Some(match rebalance {
            Rebalance::Assign(list) => Event::Assigned(self.partitions(&list)),
            Rebalance::Revoke { partitions, lost: false } => Event::Revoked(self.partitions(&partitions)),
            Rebalance::Revoke { partitions, lost: true } => Event::Lost(self.partitions(&partitions)),
        })
    }

    fn partitions(&self, list: &TopicPartitionList) -> Vec<TopicPartition> {
        let elements = list.elements();
        let mut partitions: Vec<_> = elements
            .iter()
            .map(|element| TopicPartition { topic: self.topic(element.topic()), partition: element.partition() })
            .collect();
        partitions.sort();
        partitions
    }

    fn topic(&self, name: &str) -> Arc<str> {
        self.topics.get(name).map_or_else(|| Arc::from(name), Arc::clone)
    }
}

impl Drop for GroupConsumer {
    fn drop(&mut self) {
        let Some(consumer) = self.consumer.take() else { return };
        consumer.client().context().closing.store(true, Ordering::Relaxed);
        // A revocation that was told and never acknowledged would keep the close waiting, too.
        if let Err(error) = consumer.unassign() {
            tracing::debug!(%error, "nothing to give back");
        }
        let (done, closed) = channel();
        let close = move || {
            drop(consumer);
            let _ = done.send(());
        };
        let closing = std::thread::Builder::new().name("closing".to_owned()).spawn(close);
        if closing.is_err() || closed.recv_timeout(CLOSE_MAX).is_err() {
            tracing::warn!("a member of a group cannot be closed in time; the group notices that it is silent");
        }
    }
}

pub(super) fn list<'a>(
    partitions: impl Iterator<Item = (&'a TopicPartition, Offset)>,
) -> Result<TopicPartitionList, KafkaError> {
    let mut list = TopicPartitionList::new();
    for (at, offset) in partitions {
        list.add_partition_offset(&at.topic, at.partition, offset)?;
    }
    Ok(list)
}
