//! What a window has done so far: everything that becomes true, or nothing of it, when its transaction ends.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Instant,
};

use quittance_log::{GroupMetadata, OffsetCommit, Record, TopicPartition};

use super::partition::Partition;

/// An open window.
pub(super) struct Window<S> {
    /// Unique; found again in the committed positions if the commit's end is unknown.
    pub(super) id: String,
    /// Who we were in the group when the window began; never refreshed, so that a rebalance since then fences it.
    pub(super) group: GroupMetadata,
    overlay: BTreeMap<(i32, String), S>,
    read: BTreeMap<TopicPartition, i64>,
    touched: BTreeSet<i32>,
    pub(super) records: usize,
    pub(super) bytes: usize,
    pub(super) opened: Instant,
}

impl<S> Window<S> {
    pub(super) fn new(id: String, group: GroupMetadata) -> Self {
        Self {
            id,
            group,
            overlay: BTreeMap::new(),
            read: BTreeMap::new(),
            touched: BTreeSet::new(),
            records: 0,
            bytes: 0,
            opened: Instant::now(),
        }
    }

    /// The state as this window sees it.
    pub(super) fn state<'a>(&'a self, partition: &'a Partition<S>, number: i32, key: &str) -> Option<&'a S> {
        self.overlay.get(&(number, key.to_owned())).or_else(|| partition.state(key))
    }

    /// Whether nothing was read and nothing written.
    pub(super) fn is_empty(&self) -> bool {
        self.read.is_empty() && self.touched.is_empty()
    }

    /// Notes a new state.
    pub(super) fn put(&mut self, number: i32, key: String, state: S) {
        self.touched.insert(number);
        self.overlay.insert((number, key), state);
    }

    /// Notes that something was written for a partition.
    pub(super) fn touch(&mut self, number: i32) {
        self.touched.insert(number);
    }

    /// The next offset to read of a partition that this window has read from.
    pub(super) fn position(&self, at: &TopicPartition) -> Option<i64> {
        self.read.get(at).copied()
    }

    /// Notes that a record was read.
    pub(super) fn read(&mut self, record: &Record) {
        self.read.insert(record.at.clone(), record.offset + 1);
        self.records += 1;
        self.bytes += record.value.as_ref().map_or(0, Vec::len);
    }

    /// The positions to commit: one for each input that was read, and one for each partition that was written without
    /// reading (its timers fired), so that every transaction leaves its id behind.
    pub(super) fn positions(&self, partitions: &BTreeMap<i32, Partition<S>>, writer: &str) -> Vec<OffsetCommit> {
        let metadata = self.metadata(writer);
        let commit = |at: TopicPartition, offset| OffsetCommit { at, offset, metadata: metadata.clone() };
        let mut commits: Vec<_> = self.read.iter().map(|(at, offset)| commit(at.clone(), *offset)).collect();
        for number in &self.touched {
            let is_read = self.read.keys().any(|at| at.partition == *number);
            let position = partitions.get(number).and_then(|partition| partition.positions.first_key_value());
            if let (false, Some((topic, offset))) = (is_read, position) {
                commits.push(commit(TopicPartition { topic: Arc::clone(topic), partition: *number }, *offset));
            }
        }
        commits
    }

    /// What is kept beside the positions: the window's id, and the writer's transactional ids so that whoever takes
    /// over can fence it.
    fn metadata(&self, writer: &str) -> String {
        format!("{} {writer}", self.id)
    }

    /// Whether committed metadata is that of this window.
    pub(super) fn wrote(&self, metadata: &str) -> bool {
        metadata.split(' ').next() == Some(&self.id)
    }

    /// Moves what was done into the partitions. Only after the commit is known.
    pub(super) fn promote(self, partitions: &mut BTreeMap<i32, Partition<S>>, due_ms: impl Fn(&S) -> Option<i64>) {
        for (at, offset) in self.read {
            if let Some(partition) = partitions.get_mut(&at.partition) {
                partition.positions.insert(at.topic, offset);
            }
        }
        for ((number, key), state) in self.overlay {
            if let Some(partition) = partitions.get_mut(&number) {
                let due_ms = due_ms(&state);
                partition.put(key, state, due_ms);
            }
        }
    }
}
