//! Reading spans of a topic up to their ends.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use rdkafka::{
    Message, Offset,
    consumer::{BaseConsumer, Consumer},
    error::KafkaError,
};

use super::{
    config::{END_MAX, KafkaArgs},
    consumer::list,
    context::Plain,
    error::{Consuming, consuming, failed, settings, unavailable},
    reader::reading,
};
use crate::{LogError, Range, Ranged, Record, Span, TopicPartition};

/// How often it is asked whether the transactions below an end are over.
const ASK_AGAIN: Duration = Duration::from_millis(20);

/// Reads spans of committed records, all at the same time.
///
/// librdkafka tells of the end of a partition when it has read all that its leader calls committed. So it is first waited for
/// that no transaction is open below the ends of the spans. Even then a leader that has just become one may end too early: it
/// does not know yet how far its followers are. It does not answer the question for the end before it does (KIP-207), but
/// fetches it does. So what is told an end is asked for once more, and read on: only then an end is one.
pub struct RangeReader {
    consumer: BaseConsumer<Plain>,
    topic: Arc<str>,
    /// What is still to be read, by partition.
    unread: BTreeMap<i32, Unread>,
    /// Partitions below whose ends a transaction may be open, or whose leader may not know how far they go.
    unsettled: Vec<i32>,
    asked_at: Option<Instant>,
    is_reading: bool,
    /// Whether it was told once before that all that is left ends.
    is_second_time: bool,
}

struct Unread {
    /// Where to read on.
    next: Offset,
    /// Where the span ends.
    to: i64,
    /// Whether it was told of an end in front of that.
    is_told: bool,
}

impl RangeReader {
    pub(super) fn open(args: &KafkaArgs, topic: &Arc<str>, spans: &[Span]) -> Result<Self, LogError> {
        let consumer = reading(args).create_with_context(Plain::default()).map_err(settings("a reader of spans"))?;
        let wanted = spans.iter().filter(|span| span.to > span.from.unwrap_or(0));
        let unread = |span: &Span| {
            let next = span.from.map_or(Offset::Beginning, Offset::Offset);
            (span.partition, Unread { next, to: span.to, is_told: false })
        };
        let unread: BTreeMap<_, _> = wanted.map(unread).collect();
        Ok(Self {
            consumer,
            topic: Arc::clone(topic),
            unsettled: unread.keys().copied().collect(),
            unread,
            asked_at: None,
            is_reading: false,
            is_second_time: false,
        })
    }

    /// Begins to read once all that is to be read is decided.
    fn settle(&mut self) -> Result<(), LogError> {
        while let Some(&partition) = self.unsettled.last() {
            let what = || format!("asking for the end of {}[{partition}]", self.topic);
            let bounds = self.consumer.fetch_watermarks(&self.topic, partition, END_MAX);
            let stable = match bounds.map_err(unavailable(what())) {
                Ok((_, stable)) => stable,
                // Once it has begun to read, it goes on by itself.
                Err(error) if error.is_transient() && self.is_second_time => i64::MIN,
                Err(error) => return Err(error),
            };
            if self.unread.get(&partition).is_some_and(|unread| stable < unread.to) {
                self.asked_at = Some(Instant::now());
                return Ok(());
            }
            self.unsettled.pop();
        }
        let what = "reading spans";
        let at = |partition| TopicPartition { topic: Arc::clone(&self.topic), partition };
        let starts: Vec<_> = self.unread.iter().map(|(partition, unread)| (at(*partition), unread.next)).collect();
        let list = list(starts.iter().map(|(at, from)| (at, *from))).map_err(failed(what))?;
        self.consumer.assign(&list).map_err(failed(what))?;
        self.is_reading = true;
        Ok(())
    }

    /// Takes in a record, unless it stands behind its span.
    fn take(&mut self, record: Record) -> Ranged {
        let (partition, next) = (record.at.partition, record.offset + 1);
        let Some(unread) = self.unread.get_mut(&partition) else { return Ranged::Idle };
        let is_in_span = next <= unread.to;
        unread.next = Offset::Offset(next);
        if next >= unread.to {
            self.unread.remove(&partition);
        }
        if is_in_span { Ranged::Record(record) } else { Ranged::Idle }
    }

    /// It was told that a partition ends here.
    fn ends(&mut self, partition: i32) {
        if self.is_second_time {
            self.unread.remove(&partition);
        } else if let Some(unread) = self.unread.get_mut(&partition) {
            unread.is_told = true;
        }
    }

    /// Asks all that is left once more whether it ends, and reads on.
    fn read_again(&mut self) {
        self.unsettled = self.unread.keys().copied().collect();
        (self.is_reading, self.is_second_time) = (false, true);
    }
}

impl Range for RangeReader {
    fn poll(&mut self, timeout: Duration) -> Result<Ranged, LogError> {
        if self.unread.is_empty() {
            return Ok(Ranged::End);
        }
        if !self.is_second_time && self.unread.values().all(|unread| unread.is_told) {
            self.read_again();
        }
        if !self.is_reading {
            let rest = self.asked_at.map_or(Duration::ZERO, |asked_at| ASK_AGAIN.saturating_sub(asked_at.elapsed()));
            std::thread::sleep(rest.min(timeout));
            if rest <= timeout {
                self.settle()?;
            }
            return Ok(Ranged::Idle);
        }
        match self.consumer.poll(timeout) {
            Some(Ok(message)) => {
                let record = Record::read(&message, Arc::clone(&self.topic));
                debug_assert_eq!(message.topic(), &*self.topic);
                Ok(self.take(record))
            }
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                self.ends(partition);
                Ok(Ranged::Idle)
            }
            Some(Err(error)) => match consuming(error) {
                Consuming::GoesOn => Ok(Ranged::Idle),
                Consuming::Fails(error) => Err(error),
            },
            None => Ok(Ranged::Idle),
        }
    }
}
