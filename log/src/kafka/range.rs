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
/// librdkafka tells of the end of a partition only when it has read up to what is committed. So it is first waited for
/// that no transaction is open below the ends of the spans; from then on the end of a partition lies at or behind them.
pub struct RangeReader {
    consumer: BaseConsumer<Plain>,
    topic: Arc<str>,
    /// What is still to be read: ends by partition.
    unread: BTreeMap<i32, i64>,
    starts: Vec<(TopicPartition, Offset)>,
    /// Spans below whose ends a transaction may be open.
    unstable: Vec<Span>,
    asked_at: Option<Instant>,
    is_reading: bool,
}

impl RangeReader {
    pub(super) fn open(args: &KafkaArgs, topic: &Arc<str>, spans: &[Span]) -> Result<Self, LogError> {
        let consumer = reading(args).create_with_context(Plain::default()).map_err(settings("a reader of spans"))?;
        let wanted: Vec<Span> = spans.iter().filter(|span| span.to > span.from.unwrap_or(0)).copied().collect();
        let at = |partition| TopicPartition { topic: Arc::clone(topic), partition };
        let start = |span: &Span| (at(span.partition), span.from.map_or(Offset::Beginning, Offset::Offset));
        Ok(Self {
            consumer,
            topic: Arc::clone(topic),
            starts: wanted.iter().map(start).collect(),
            unread: wanted.iter().map(|span| (span.partition, span.to)).collect(),
            unstable: wanted,
            asked_at: None,
            is_reading: false,
        })
    }

    /// Begins to read once all that is to be read is decided.
    fn settle(&mut self) -> Result<(), LogError> {
        while let Some(span) = self.unstable.last() {
            let what = || format!("asking for the end of {}[{}]", self.topic, span.partition);
            let bounds = self.consumer.fetch_watermarks(&self.topic, span.partition, END_MAX);
            let (_, stable) = bounds.map_err(unavailable(what()))?;
            if stable < span.to {
                self.asked_at = Some(Instant::now());
                return Ok(());
            }
            self.unstable.pop();
        }
        let what = "reading spans";
        let list = list(self.starts.iter().map(|(at, from)| (at, *from))).map_err(failed(what))?;
        self.consumer.assign(&list).map_err(failed(what))?;
        self.is_reading = true;
        Ok(())
    }

    /// Takes in a record, unless it stands behind its span.
    fn take(&mut self, record: Record) -> Ranged {
        let (partition, next) = (record.at.partition, record.offset + 1);
        match self.unread.get(&partition) {
            Some(&to) if next <= to => {
                if next == to {
                    self.unread.remove(&partition);
                }
                Ranged::Record(record)
            }
            Some(_) => {
                self.unread.remove(&partition);
                Ranged::Idle
            }
            None => Ranged::Idle,
        }
    }
}

impl Range for RangeReader {
    fn poll(&mut self, timeout: Duration) -> Result<Ranged, LogError> {
        if self.unread.is_empty() {
            return Ok(Ranged::End);
        }
        if !self.is_reading {
            if let Some(asked_at) = self.asked_at {
                std::thread::sleep(ASK_AGAIN.saturating_sub(asked_at.elapsed()).min(timeout));
            }
            self.settle()?;
            return Ok(Ranged::Idle);
        }
        match self.consumer.poll(timeout) {
            Some(Ok(message)) => {
                let record = Record::read(&message, Arc::clone(&self.topic));
                debug_assert_eq!(message.topic(), &*self.topic);
                Ok(self.take(record))
            }
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                self.unread.remove(&partition);
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
