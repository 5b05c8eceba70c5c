//! Records that were read and wait for their turn: results before commands before bulk.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use quittance_log::{Record, TopicPartition};

use super::processor::{Class, Source};

/// A lane that holds so much is read no further until it holds less.
const RECORDS_HIGH: usize = 4_000;
const BYTES_HIGH: usize = 16 << 20;
/// What it has to fall to before it is read on: pausing throws away what was fetched ahead.
const RECORDS_LOW: usize = 500;
const BYTES_LOW: usize = 2 << 20;

/// What waits, by class.
#[derive(Debug)]
pub(super) struct Inbox {
    lanes: BTreeMap<Class, Lane>,
    classes: BTreeMap<Arc<str>, Class>,
}

#[derive(Debug, Default)]
struct Lane {
    records: VecDeque<Record>,
    bytes: usize,
    is_paused: bool,
}

impl Lane {
    fn is_high(&self) -> bool {
        self.records.len() >= RECORDS_HIGH || self.bytes >= BYTES_HIGH
    }
}

/// What is to be done about the partitions of a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    /// Read no more of them.
    Pause(Class),
    /// Read on.
    Resume(Class),
}

impl Inbox {
    pub(super) fn new(sources: &[Source]) -> Self {
        let classes = sources.iter().map(|source| (Arc::clone(&source.topic), source.class)).collect();
        Self { lanes: sources.iter().map(|source| (source.class, Lane::default())).collect(), classes }
    }

    pub(super) fn push(&mut self, record: Record) {
        let Some(lane) = self.classes.get(&record.at.topic).and_then(|class| self.lanes.get_mut(class)) else { return };
        lane.bytes += record.bytes();
        lane.records.push_back(record);
    }

    /// Puts a record back that was taken and could not be dealt with yet.
    pub(super) fn put_back(&mut self, class: Class, record: Record) {
        if let Some(lane) = self.lanes.get_mut(&class) {
            lane.bytes += record.bytes();
            lane.records.push_front(record);
        }
    }

    /// Takes the record whose turn it is.
    pub(super) fn pop(&mut self) -> Option<(Class, Record)> {
        let (class, lane) = self.lanes.iter_mut().find(|(_, lane)| !lane.records.is_empty())?;
        let record = lane.records.pop_front()?;
        lane.bytes -= record.bytes();
        Some((*class, record))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lanes.values().all(|lane| lane.records.is_empty())
    }

    /// Whether something of this input waits, or could not have come because its class is full.
    pub(super) fn holds_up(&self, at: &TopicPartition) -> bool {
        let lane = self.classes.get(&at.topic).and_then(|class| self.lanes.get(class));
        lane.is_some_and(|lane| lane.is_paused || lane.records.iter().any(|record| record.at == *at))
    }

    /// Whether a lane that is read on has as much as it may hold.
    pub(super) fn is_high(&self) -> bool {
        self.lanes.values().any(|lane| !lane.is_paused && lane.is_high())
    }

    /// What has changed about what may be read.
    pub(super) fn flow(&mut self) -> Option<Flow> {
        self.lanes.iter_mut().find_map(|(&class, lane)| {
            let is_high = lane.is_high();
            let is_low = lane.records.len() <= RECORDS_LOW && lane.bytes <= BYTES_LOW;
            match (lane.is_paused, is_high, is_low) {
                (false, true, _) => {
                    lane.is_paused = true;
                    Some(Flow::Pause(class))
                }
                (true, _, true) => {
                    lane.is_paused = false;
                    Some(Flow::Resume(class))
                }
                _ => None,
            }
        })
    }

    /// Drops everything, which will be read again or is somebody else's. Gives the classes that were paused.
    pub(super) fn clear(&mut self) -> Vec<Class> {
        let paused = self.lanes.iter().filter(|(_, lane)| lane.is_paused).map(|(class, _)| *class).collect();
        self.lanes.values_mut().for_each(|lane| *lane = Lane::default());
        paused
    }

    /// The partitions of these numbers on the topics of a class.
    pub(super) fn partitions(&self, class: Class, numbers: &[i32]) -> Vec<TopicPartition> {
        let topics = self.classes.iter().filter(|(_, found)| **found == class);
        let at = |topic: &Arc<str>, partition| TopicPartition { topic: Arc::clone(topic), partition };
        topics.flat_map(|(topic, _)| numbers.iter().map(move |&partition| at(topic, partition))).collect()
    }
}

#[cfg(test)]
mod tests {
    use quittance_log::Headers;

    use super::*;

    fn inbox() -> Inbox {
        let source = |topic: &str, class| Source { topic: Arc::from(topic), class };
        Inbox::new(&[source("b", Class::Bulk), source("c", Class::Commands), source("r", Class::Results)])
    }

    fn record(topic: &str, offset: i64) -> Record {
        let at = TopicPartition { topic: Arc::from(topic), partition: 0 };
        Record { at, offset, timestamp_ms: None, key: None, value: None, headers: Headers::default() }
    }

    #[test]
    fn results_come_before_commands_and_bulk_comes_last() {
        let mut inbox = inbox();
        assert!(inbox.is_empty());
        for (topic, offset) in [("b", 0), ("c", 0), ("c", 1), ("r", 0), ("b", 1)] {
            inbox.push(record(topic, offset));
            assert!(!inbox.is_empty());
        }
        let held = |topic: &str, partition| inbox.holds_up(&TopicPartition { topic: Arc::from(topic), partition });
        assert_eq!((held("b", 0), held("b", 1), held("none of these", 0)), (true, false, false));
        let order: Vec<_> =
            std::iter::from_fn(|| inbox.pop()).map(|(_, record)| (record.at.topic, record.offset)).collect();
        let want = [("r", 0), ("c", 0), ("c", 1), ("b", 0), ("b", 1)];
        assert_eq!(order, want.map(|(topic, offset)| (Arc::from(topic), offset)));
    }

    #[test]
    fn a_flood_of_one_class_is_held_back_and_no_other() {
        let mut inbox = inbox();
        for offset in 0..4_000 {
            assert_eq!(inbox.flow(), None, "{offset}");
            inbox.push(record("c", offset));
        }
        assert_eq!((inbox.flow(), inbox.flow()), (Some(Flow::Pause(Class::Commands)), None));
        let held = |topic: &str| inbox.holds_up(&TopicPartition { topic: Arc::from(topic), partition: 7 });
        assert_eq!((held("c"), held("r")), (true, false));
        for _ in 0..3_500 {
            assert_eq!(inbox.flow(), None);
            inbox.pop();
        }
        assert_eq!((inbox.flow(), inbox.flow()), (Some(Flow::Resume(Class::Commands)), None));
        assert!(inbox.clear().is_empty() && inbox.is_empty());
    }

    #[test]
    fn bytes_count_too_those_of_keys_as_well() {
        let mut inbox = inbox();
        let large = |offset| Record { key: Some(vec![0; 1 << 20]), ..record("c", offset) };
        for offset in 0..16 {
            assert!(!inbox.is_high() && inbox.flow().is_none(), "{offset}");
            inbox.push(large(offset));
        }
        assert!(inbox.is_high());
        assert_eq!(inbox.flow(), Some(Flow::Pause(Class::Commands)));
        assert!(!inbox.is_high(), "others are read on");
        for left in (3..16).rev() {
            let (class, record) = inbox.pop().expect("a record");
            inbox.put_back(class, record);
            inbox.pop();
            assert_eq!(inbox.flow(), None, "{left} MiB are left");
        }
        inbox.pop();
        assert_eq!(inbox.flow(), Some(Flow::Resume(Class::Commands)));
    }

    #[test]
    fn a_class_has_partitions_of_its_own_topics() {
        let at = |partition| TopicPartition { topic: Arc::from("c"), partition };
        assert_eq!(inbox().partitions(Class::Commands, &[0, 2]), [at(0), at(2)]);
    }
}
