//! Reading without a group: a whole topic up to its end, or its tail as it grows.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

use rdkafka::{
    ClientConfig, Offset,
    consumer::{BaseConsumer, Consumer},
    error::KafkaError,
};

use super::{
    admin::partitions_of,
    config::{CALL_TIMEOUT, KafkaArgs},
    consumer::list,
    context::Plain,
    error::{Consuming, consuming, failed, settings, unavailable},
};
use crate::{LogError, Record, TopicPartition};

/// How long a read may stand still before it is given up.
const NO_PROGRESS: Duration = Duration::from_secs(60);
/// Readers never join a group; librdkafka wants a name all the same, and looks for its coordinator.
pub(super) fn no_group(args: &KafkaArgs) -> String {
    format!("{}.reader", args.topic_prefix)
}

/// Settings of a consumer that reads up to an end and wants to be told of it soon: the brokers tell when they have waited
/// so long for more.
pub(super) fn reading(args: &KafkaArgs) -> ClientConfig {
    let mut config = args.consumer(&no_group(args));
    config.set("enable.partition.eof", "true").set("fetch.wait.max.ms", "20");
    config
}

/// Reads whole partitions of one topic.
pub struct Reader {
    topic: Arc<str>,
    committed: BaseConsumer<Plain>,
    uncommitted: BaseConsumer<Plain>,
}

impl Reader {
    /// A reader of a topic. Does not read yet.
    pub fn new(args: &KafkaArgs, topic: &str) -> Result<Self, LogError> {
        let open = |isolation: &str| {
            let consumer = reading(args).set("isolation.level", isolation).create_with_context(Plain::default());
            consumer.map_err(settings(format!("a reader of {topic}")))
        };
        let (committed, uncommitted) = (open("read_committed")?, open("read_uncommitted")?);
        Ok(Self { topic: Arc::from(topic), committed, uncommitted })
    }

    /// How many partitions the topic has.
    pub fn partitions(&self) -> Result<i32, LogError> {
        let metadata = self.committed.fetch_metadata(Some(&self.topic), CALL_TIMEOUT);
        let metadata = metadata.map_err(unavailable(format!("asking for {}", self.topic)))?;
        partitions_of(&metadata, &self.topic)
    }

    /// Reads every committed record that stands in these partitions now, in the order of each partition.
    ///
    /// "Now" is the high watermark, above whatever transactions are still open. It is first waited for that these
    /// end: a read bounded by the last stable offset would miss committed records above an open transaction
    /// (KAFKA-10167).
    pub fn read_all(&self, partitions: &[i32], each: impl FnMut(Record)) -> Result<(), LogError> {
        // A topic that is not there is told as such, and not waited for.
        self.partitions()?;
        let mut targets = BTreeMap::new();
        for &partition in partitions {
            targets.insert(partition, self.end(&self.uncommitted, partition)?);
        }
        self.wait_until_stable(&targets)?;
        // From here on the end of a partition lies at or behind its target.
        self.read_to_ends(&self.committed, targets, each)
    }

    /// Reads every record that stands in these partitions, those of aborted and open transactions included: to find out
    /// what came to nothing.
    pub fn read_all_uncommitted(&self, partitions: &[i32], each: impl FnMut(Record)) -> Result<(), LogError> {
        let mut targets = BTreeMap::new();
        for &partition in partitions {
            targets.insert(partition, self.end(&self.uncommitted, partition)?);
        }
        self.read_to_ends(&self.uncommitted, targets, each)
    }

    fn read_to_ends(
        &self,
        consumer: &BaseConsumer<Plain>,
        mut targets: BTreeMap<i32, i64>,
        mut each: impl FnMut(Record),
    ) -> Result<(), LogError> {
        let starts: Vec<_> = targets.keys().map(|&partition| self.at(partition)).collect();
        let list = list(starts.iter().map(|at| (at, Offset::Beginning))).map_err(self.failed())?;
        consumer.assign(&list).map_err(self.failed())?;
        let mut moved = Instant::now();
        while !targets.is_empty() {
            match consumer.poll(Duration::from_millis(100)) {
                Some(Ok(message)) => {
                    moved = Instant::now();
                    each(Record::read(&message, Arc::clone(&self.topic)));
                }
                Some(Err(KafkaError::PartitionEOF(partition))) => {
                    moved = Instant::now();
                    targets.remove(&partition);
                }
                Some(Err(error)) => {
                    if let Consuming::Fails(error) = consuming(error) {
                        return Err(error);
                    }
                }
                None => {}
            }
            if let Some((&partition, &target)) = targets.first_key_value()
                && moved.elapsed() > NO_PROGRESS
            {
                return Err(self.no_progress(partition, -1, target));
            }
        }
        consumer.unassign().map_err(self.failed())
    }

    fn wait_until_stable(&self, targets: &BTreeMap<i32, i64>) -> Result<(), LogError> {
        for (&partition, &target) in targets {
            let (mut moved, mut last) = (Instant::now(), -1);
            loop {
                let stable = self.end(&self.committed, partition)?;
                if stable >= target {
                    break;
                }
                if stable > last {
                    (moved, last) = (Instant::now(), stable);
                } else if moved.elapsed() > NO_PROGRESS {
                    return Err(self.no_progress(partition, stable, target));
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        Ok(())
    }

    fn end(&self, client: &BaseConsumer<Plain>, partition: i32) -> Result<i64, LogError> {
        let what = format!("asking for the end of {}", self.at(partition));
        client.fetch_watermarks(&self.topic, partition, CALL_TIMEOUT).map(|(_, end)| end).map_err(unavailable(what))
    }

    fn at(&self, partition: i32) -> TopicPartition {
        TopicPartition { topic: Arc::clone(&self.topic), partition }
    }

    fn failed(&self) -> impl Fn(KafkaError) -> LogError + use<> {
        let what = format!("reading {}", self.topic);
        move |cause| failed(&*what)(cause)
    }

    fn no_progress(&self, partition: i32, offset: i64, target: i64) -> LogError {
        LogError::NoProgress { at: self.at(partition), seconds: NO_PROGRESS.as_secs(), offset, target }
    }
}

/// Follows all partitions of a topic from their beginning, for ever.
pub struct Tail {
    consumer: BaseConsumer<Plain>,
    topic: Arc<str>,
    /// Partitions whose end was not met yet.
    unread: BTreeSet<i32>,
}

/// What a [`Tail`] met.
#[derive(Debug)]
pub enum Tailed {
    /// A record.
    Record(Record),
    /// The end, for now: all that was there when the following began has been read.
    End,
}

impl Tail {
    /// Starts at the beginning.
    pub fn open(args: &KafkaArgs, topic: &str) -> Result<Self, LogError> {
        let reader = Reader::new(args, topic)?;
        let topic = Arc::clone(&reader.topic);
        let consumer: BaseConsumer<Plain> = reading(args)
            // It follows for ever: there is no hurry to be told of ends again and again.
            .set("fetch.wait.max.ms", "500")
            .create_with_context(Plain::default())
            .map_err(settings(format!("a tail of {topic}")))?;
        let unread: BTreeSet<i32> = (0..reader.partitions()?).collect();
        let starts: Vec<_> = unread.iter().map(|&partition| reader.at(partition)).collect();
        let list = list(starts.iter().map(|at| (at, Offset::Beginning))).map_err(reader.failed())?;
        consumer.assign(&list).map_err(reader.failed())?;
        Ok(Self { consumer, topic, unread })
    }

    /// The next thing, if it comes in time.
    pub fn poll(&mut self, timeout: Duration) -> Result<Option<Tailed>, LogError> {
        match self.consumer.poll(timeout) {
            Some(Ok(message)) => Ok(Some(Tailed::Record(Record::read(&message, Arc::clone(&self.topic))))),
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                self.unread.remove(&partition);
                Ok(self.unread.is_empty().then_some(Tailed::End))
            }
            Some(Err(error)) => match consuming(error) {
                Consuming::GoesOn => Ok(None),
                Consuming::Fails(error) => Err(error),
            },
            None => Ok(None),
        }
    }
}
