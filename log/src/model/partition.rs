//! A partition's log, as its leader keeps it.
//!
//! Markers of transactions take offsets (KIP-98). The last stable offset is the first offset of the earliest transaction
//! that is open here; readers of committed records stop in front of it, and never see markers or what was aborted.

use std::collections::BTreeMap;

use crate::{Headers, Isolation, NewRecord};

#[derive(Debug, Default)]
pub(super) struct Partition {
    /// The first offset that the log still has.
    start: i64,
    /// The high watermark.
    next: i64,
    /// In the order of their offsets, with gaps where something was cleaned away.
    entries: Vec<Entry>,
    producers: BTreeMap<i64, Writer>,
}

/// What the leader knows about a transactional producer.
#[derive(Debug)]
struct Writer {
    epoch: i16,
    /// The first offset of its open transaction.
    first: Option<i64>,
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) offset: i64,
    pub(super) timestamp_ms: i64,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Record { standing: Standing, content: Content },
    Marker,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Committed,
    Open { producer_id: i64 },
    Aborted,
}

#[derive(Debug)]
pub(super) struct Content {
    pub(super) key: Vec<u8>,
    pub(super) value: Option<Vec<u8>>,
    pub(super) headers: Headers,
}

impl Partition {
    pub(super) fn start(&self) -> i64 {
        self.start
    }

    pub(super) fn end(&self, isolation: Isolation) -> i64 {
        let firsts = self.producers.values().filter_map(|writer| writer.first);
        match isolation {
            Isolation::Uncommitted => self.next,
            Isolation::Committed => firsts.min().unwrap_or(self.next),
        }
    }

    /// Whether reading may begin there; a position outside of the log is lost.
    pub(super) fn holds(&self, position: i64) -> bool {
        (self.start..=self.next).contains(&position)
    }

    /// Whether a newer epoch of the producer has been seen here.
    pub(super) fn is_fenced(&self, producer_id: i64, epoch: i16) -> bool {
        self.producers.get(&producer_id).is_some_and(|writer| writer.epoch > epoch)
    }

    pub(super) fn is_open(&self, producer_id: i64) -> bool {
        self.producers.get(&producer_id).is_some_and(|writer| writer.first.is_some())
    }

    /// Appends a record without a transaction.
    pub(super) fn append(&mut self, record: &NewRecord, timestamp_ms: i64) -> i64 {
        self.write(record, timestamp_ms, Standing::Committed)
    }

    /// Appends a record of a transaction, which is open here from now on.
    pub(super) fn append_open(&mut self, record: &NewRecord, timestamp_ms: i64, producer_id: i64, epoch: i16) {
        let offset = self.write(record, timestamp_ms, Standing::Open { producer_id });
        let writer = self.producers.entry(producer_id).or_insert(Writer { epoch, first: None });
        writer.epoch = epoch;
        writer.first.get_or_insert(offset);
    }

    fn write(&mut self, record: &NewRecord, timestamp_ms: i64, standing: Standing) -> i64 {
        let content = Content { key: record.key.clone(), value: record.value.clone(), headers: record.headers.clone() };
        self.push(timestamp_ms, Body::Record { standing, content })
    }

    fn push(&mut self, timestamp_ms: i64, body: Body) -> i64 {
        let offset = self.next;
        self.next += 1;
        self.entries.push(Entry { offset, timestamp_ms, body });
        offset
    }

    /// Ends a producer's transaction by a marker, which is written even if nothing else was.
    pub(super) fn mark(&mut self, producer_id: i64, epoch: i16, is_commit: bool, timestamp_ms: i64) {
        let outcome = if is_commit { Standing::Committed } else { Standing::Aborted };
        let first = self.producers.get(&producer_id).and_then(|writer| writer.first).unwrap_or(self.next);
        let from = self.entries.partition_point(|entry| entry.offset < first);
        for entry in &mut self.entries[from..] {
            match &mut entry.body {
                Body::Record { standing, .. } if *standing == (Standing::Open { producer_id }) => *standing = outcome,
                Body::Record { .. } | Body::Marker => {}
            }
        }
        self.producers.insert(producer_id, Writer { epoch, first: None });
        self.push(timestamp_ms, Body::Marker);
    }

    /// The first record at or behind a position that a reader may see.
    pub(super) fn read(&self, position: i64, isolation: Isolation) -> Option<(&Entry, &Content)> {
        self.visible(position, isolation).next()
    }

    /// All that a reader may see from a position on.
    pub(super) fn visible(&self, position: i64, isolation: Isolation) -> impl Iterator<Item = (&Entry, &Content)> {
        let end = self.end(isolation);
        let from = self.entries.partition_point(|entry| entry.offset < position);
        self.entries[from..].iter().take_while(move |entry| entry.offset < end).filter_map(move |entry| {
            match &entry.body {
                Body::Record { standing: Standing::Committed, content } => Some((entry, content)),
                Body::Record { content, .. } if isolation == Isolation::Uncommitted => Some((entry, content)),
                Body::Record { .. } | Body::Marker => None,
            }
        })
    }

    /// Keeps the latest record of each key, as the cleaner does below the last stable offset. What was aborted goes, and
    /// so do markers and tombstones from before `tombstones_from_ms`. Offsets stay.
    pub(super) fn compact(&mut self, tombstones_from_ms: i64) {
        let stable = self.end(Isolation::Committed);
        let mut latest = BTreeMap::new();
        for (entry, content) in self.visible(self.start, Isolation::Committed) {
            latest.insert(content.key.clone(), entry.offset);
        }
        self.entries.retain(|entry| {
            let is_recent = entry.timestamp_ms >= tombstones_from_ms;
            entry.offset >= stable
                || match &entry.body {
                    Body::Record { standing: Standing::Committed, content } => {
                        latest.get(&content.key) == Some(&entry.offset) && (content.value.is_some() || is_recent)
                    }
                    Body::Record { .. } => false,
                    Body::Marker => is_recent,
                }
        });
    }

    /// Forgets what lies in front of an offset, as retention does.
    pub(super) fn delete_before(&mut self, offset: i64) {
        self.start = self.start.max(offset.min(self.end(Isolation::Committed)));
        self.entries.retain(|entry| entry.offset >= self.start);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn record(key: &str, value: Option<&str>) -> NewRecord {
        NewRecord {
            topic: Arc::from("t"),
            partition: None,
            key: key.into(),
            value: value.map(Into::into),
            headers: Headers::default(),
        }
    }

    fn keys(partition: &Partition, isolation: Isolation) -> Vec<(i64, String)> {
        let visible = partition.visible(0, isolation);
        visible.map(|(entry, content)| (entry.offset, String::from_utf8_lossy(&content.key).into_owned())).collect()
    }

    #[test]
    fn a_reader_stops_in_front_of_the_earliest_open_transaction() {
        let mut partition = Partition::default();
        partition.append(&record("plain", Some("")), 0);
        partition.append_open(&record("slow", Some("")), 0, 1, 0);
        partition.append_open(&record("quick", Some("")), 0, 2, 0);
        partition.mark(2, 0, true, 0);
        assert_eq!((partition.end(Isolation::Committed), partition.end(Isolation::Uncommitted)), (1, 4));
        assert_eq!(keys(&partition, Isolation::Committed), [(0, "plain".into())]);
        partition.mark(1, 0, false, 0);
        assert_eq!(partition.end(Isolation::Committed), 5);
        assert_eq!(keys(&partition, Isolation::Committed), [(0, "plain".into()), (2, "quick".into())]);
        assert_eq!(keys(&partition, Isolation::Uncommitted).len(), 3);
    }

    #[test]
    fn a_marker_with_a_newer_epoch_fences_the_older_one() {
        let mut partition = Partition::default();
        partition.append_open(&record("a", None), 0, 1, 4);
        assert!(!partition.is_fenced(1, 4) && partition.is_open(1));
        partition.mark(1, 5, false, 0);
        assert!(partition.is_fenced(1, 4) && !partition.is_fenced(1, 5) && !partition.is_open(1));
    }

    #[test]
    fn the_cleaner_keeps_the_latest_of_each_key_below_what_is_open() {
        let mut partition = Partition::default();
        for (key, value) in [("a", Some("1")), ("b", Some("1")), ("a", Some("2")), ("b", None)] {
            partition.append(&record(key, value), 10);
        }
        partition.append_open(&record("a", Some("open")), 10, 1, 0);
        partition.append(&record("a", Some("above")), 10);
        partition.compact(10);
        assert_eq!(keys(&partition, Isolation::Committed), [(2, "a".into()), (3, "b".into())]);
        partition.compact(11);
        assert_eq!(keys(&partition, Isolation::Committed), [(2, "a".into())]);
        partition.mark(1, 0, false, 11);
        assert_eq!(keys(&partition, Isolation::Committed), [(2, "a".into()), (5, "a".into())]);
        partition.compact(11);
        assert_eq!(keys(&partition, Isolation::Committed), [(5, "a".into())]);
        assert_eq!(partition.end(Isolation::Committed), 7);
    }

    #[test]
    fn a_position_in_front_of_the_log_or_behind_it_is_lost() {
        let mut partition = Partition::default();
        for _ in 0..3 {
            partition.append(&record("a", None), 0);
        }
        partition.delete_before(2);
        let held: Vec<bool> = (0..=4).map(|position| partition.holds(position)).collect();
        assert_eq!(held, [false, false, true, true, false]);
    }
}
