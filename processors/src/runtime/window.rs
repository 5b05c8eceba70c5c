//! What a window has done so far: everything that becomes true, or nothing of it, when its transaction ends.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use quittance_log::{OffsetCommit, Record, TopicPartition};

use super::{partition::Partition, processor::Class};

/// A window is committed as soon as no input is waiting, or at the first of these bounds.
pub(super) const RECORDS_MAX: usize = 2_000;
const BYTES_MAX: usize = 4 << 20;
const AGE_MAX: Duration = Duration::from_millis(100);
/// Of records that nobody waits for, so many: what comes in meanwhile has its turn after them.
const BULK_MAX: usize = 200;

/// An open window.
pub(super) struct Window<S> {
    /// Unique; found again in the committed positions if the commit's end is unknown.
    pub(super) id: String,
    overlay: BTreeMap<i32, BTreeMap<String, Option<S>>>,
    read: BTreeMap<TopicPartition, Read>,
    /// What became of its inputs, and why records were buried: counted once it is committed.
    pub(super) results: BTreeMap<&'static str, u64>,
    pub(super) buried: BTreeMap<&'static str, u64>,
    touched: BTreeSet<i32>,
    pub(super) records: usize,
    bulk: usize,
    bytes: usize,
    /// By the uptime of the worker.
    opened: Duration,
}

/// How far an input was read.
#[derive(Debug, Clone, Copy)]
struct Read {
    next: i64,
    count: usize,
    /// Of the last record.
    timestamp_ms: Option<i64>,
}

impl<S: Clone> Window<S> {
    pub(super) fn new(id: String, opened: Duration) -> Self {
        Self {
            id,
            overlay: BTreeMap::new(),
            read: BTreeMap::new(),
            results: BTreeMap::new(),
            buried: BTreeMap::new(),
            touched: BTreeSet::new(),
            records: 0,
            bulk: 0,
            bytes: 0,
            opened,
        }
    }

    /// The state as this window has left it, if it has changed it: none if it has removed it.
    pub(super) fn state(&self, number: i32, key: &str) -> Option<Option<&S>> {
        self.overlay.get(&number)?.get(key).map(Option::as_ref)
    }

    /// Whether nothing was read and nothing written.
    pub(super) fn is_empty(&self) -> bool {
        self.read.is_empty() && self.touched.is_empty()
    }

    /// Whether it has to end.
    pub(super) fn is_full(&self, uptime: Duration) -> bool {
        let age = uptime.saturating_sub(self.opened);
        self.records >= RECORDS_MAX || self.bulk >= BULK_MAX || self.bytes >= BYTES_MAX || age >= AGE_MAX
    }

    /// Notes a new state, or that there is none any more.
    pub(super) fn put(&mut self, number: i32, key: String, state: Option<S>) {
        self.touched.insert(number);
        self.overlay.entry(number).or_default().insert(key, state);
    }

    /// Notes that something was written for a partition.
    pub(super) fn touch(&mut self, number: i32) {
        self.touched.insert(number);
    }

    /// The next offset to read of a partition that this window has read from.
    pub(super) fn position(&self, at: &TopicPartition) -> Option<i64> {
        self.read.get(at).map(|read| read.next)
    }

    /// How many records of a partition this window has read.
    pub(super) fn count(&self, at: &TopicPartition) -> usize {
        self.read.get(at).map_or(0, |read| read.count)
    }

    /// Notes that a record was read.
    pub(super) fn read(&mut self, record: &Record, class: Class) {
        let read = Read { next: record.offset + 1, count: 1, timestamp_ms: record.timestamp_ms };
        match self.read.get_mut(&record.at) {
            Some(before) => *before = Read { count: before.count + 1, ..read },
            None => {
                self.read.insert(record.at.clone(), read);
            }
        }
        self.records += 1;
        self.bulk += usize::from(class == Class::Bulk);
        self.bytes += record.bytes();
    }

    /// The positions to commit: one for each input that was read, and one for each partition that was written without
    /// reading (its timers fired), so that every transaction leaves its id behind.
    pub(super) fn positions(&self, partitions: &BTreeMap<i32, Partition<S>>, writer: &str) -> Vec<OffsetCommit> {
        let metadata = self.metadata(writer);
        let commit = |at: TopicPartition, offset| OffsetCommit { at, offset, metadata: metadata.clone() };
        let mut commits: Vec<_> = self.read.iter().map(|(at, read)| commit(at.clone(), read.next)).collect();
        for number in &self.touched {
            let is_read = self.read.keys().any(|at| at.partition == *number);
            let input = partitions.get(number).and_then(|partition| partition.inputs.first_key_value());
            if let (false, Some((topic, input))) = (is_read, input) {
                commits.push(commit(TopicPartition { topic: Arc::clone(topic), partition: *number }, input.position));
            }
        }
        commits
    }

    /// What is kept beside the positions: the window's id, and the writer's transactional ids so that whoever takes
    /// over can fence it.
    fn metadata(&self, writer: &str) -> String {
        format!("{} {writer}", self.id)
    }

    /// The time of the last record of each input, milliseconds since the epoch.
    pub(super) fn latest(&self) -> impl Iterator<Item = (&TopicPartition, i64)> {
        self.read.iter().filter_map(|(at, read)| Some((at, read.timestamp_ms?)))
    }

    /// What was done, by partition.
    pub(super) fn into_states(self) -> BTreeMap<i32, BTreeMap<String, Option<S>>> {
        self.overlay
    }
}

/// The transactional ids of whoever committed this.
pub(super) fn writers(metadata: &str) -> impl Iterator<Item = &str> {
    metadata.split(' ').skip(1)
}

/// The id of the window that committed this.
pub(super) fn window_id(metadata: &str) -> &str {
    metadata.split(' ').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use quittance_log::Headers;

    use super::*;
    use crate::runtime::{partition::Input, store::MemoryStore};

    fn window() -> Window<u32> {
        Window::new("run-7".to_owned(), Duration::from_secs(1))
    }

    fn at(topic: &str, partition: i32) -> TopicPartition {
        TopicPartition { topic: Arc::from(topic), partition }
    }

    fn record(at: &TopicPartition, offset: i64, bytes: usize) -> Record {
        let (at, value) = (at.clone(), Some(vec![0; bytes]));
        Record { at, offset, timestamp_ms: Some(100 + offset), key: None, value, headers: Headers::default() }
    }

    /// After how many records of a kind it has to end.
    fn full_after(class: Class, bytes: usize) -> Option<i64> {
        let (mut window, at) = (window(), at("commands", 0));
        (1..10_000).find(|count| {
            window.read(&record(&at, *count, bytes), class);
            window.is_full(Duration::from_secs(1))
        })
    }

    #[test]
    fn a_window_ends_at_the_first_of_its_bounds() {
        assert_eq!((full_after(Class::Commands, 1), full_after(Class::Results, 1)), (Some(2_000), Some(2_000)));
        assert_eq!((full_after(Class::Bulk, 1), full_after(Class::Commands, 1 << 20)), (Some(200), Some(4)));
        let is_full = |ms| window().is_full(Duration::from_millis(ms));
        assert_eq!((is_full(500), is_full(1_099), is_full(1_100)), (false, false, true), "it was opened at 1 s");
    }

    #[test]
    fn it_knows_what_it_has_read_and_made() {
        let (mut window, here, there) = (window(), at("commands", 0), at("commands", 1));
        assert!(window.is_empty());
        window.read(&record(&here, 5, 1), Class::Commands);
        window.read(&record(&here, 8, 1), Class::Commands);
        window.put(0, "a".to_owned(), Some(3));
        window.put(0, "c".to_owned(), None);
        assert!(!window.is_empty());
        assert_eq!((window.position(&here), window.count(&here), window.records), (Some(9), 2, 2));
        assert_eq!((window.position(&there), window.count(&there)), (None, 0));
        assert_eq!((window.state(0, "a"), window.state(0, "b"), window.state(1, "a")), (Some(Some(&3)), None, None));
        assert_eq!(window.state(0, "c"), Some(None), "it was removed");
        assert_eq!(window.latest().collect::<Vec<_>>(), [(&here, 108)]);
        assert_eq!(
            window.into_states(),
            BTreeMap::from([(0, BTreeMap::from([("a".to_owned(), Some(3)), ("c".to_owned(), None)]))])
        );
    }

    #[test]
    fn it_commits_a_position_wherever_it_read_or_wrote() {
        let partition = |position| {
            let inputs = BTreeMap::from([(Arc::from("commands"), Input::at(position, String::new()))]);
            Partition::new(Box::new(MemoryStore::default()), inputs)
        };
        let partitions =
            BTreeMap::from([(0, partition(1)), (1, partition(20)), (2, partition(30)), (3, partition(40))]);
        let mut window = window();
        window.read(&record(&at("results", 0), 5, 1), Class::Results);
        window.put(0, "a".to_owned(), Some(3));
        window.put(1, "b".to_owned(), Some(3));
        window.touch(2);
        assert!(!window.is_empty());
        let metadata = "run-7 one-a one-b";
        let commit = |at, offset| OffsetCommit { at, offset, metadata: metadata.to_owned() };
        let expected = [commit(at("results", 0), 6), commit(at("commands", 1), 20), commit(at("commands", 2), 30)];
        assert_eq!(window.positions(&partitions, "one-a one-b"), expected);
        assert_eq!((window_id(metadata), writers(metadata).collect::<Vec<_>>()), ("run-7", vec!["one-a", "one-b"]));
    }
}
