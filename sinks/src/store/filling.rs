//! A batch: what is written in one transaction of the store.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use quittance_avro::ids::InstallationId;
use quittance_log::{Record, TopicPartition};

/// A batch is written as soon as nothing more is waiting, or at the first of these bounds.
pub(super) const RECORDS_MAX: usize = 1_000;
const BYTES_MAX: usize = 4 << 20;
const AGE_MAX: Duration = Duration::from_millis(100);

/// What is written in one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch<R> {
    /// Whose topics the rows come from.
    pub installation: InstallationId,
    /// The rows, in the order of the log within each partition.
    pub rows: Vec<R>,
    /// How far the batch goes in each partition that it touches.
    pub advances: BTreeMap<TopicPartition, Advance>,
}

/// A step of a partition's progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Advance {
    /// The epoch of the writer.
    pub epoch: i64,
    /// The offset that the store must want next for the batch to fit.
    pub from: i64,
    /// The offset that it wants after.
    pub to: i64,
}

/// A batch that is being filled, with the records that it is made of.
pub(super) struct Filling<R> {
    pub(super) batch: Batch<R>,
    pub(super) records: Vec<Record>,
    bytes: usize,
    opened: Option<Instant>,
}

impl<R> Filling<R> {
    pub(super) fn new(installation: InstallationId) -> Self {
        let batch = Batch { installation, rows: Vec::new(), advances: BTreeMap::new() };
        Self { batch, records: Vec::new(), bytes: 0, opened: None }
    }

    /// Adds a record and what it became. A record that became nothing still moves the progress.
    pub(super) fn push(&mut self, record: Record, row: Option<R>, epoch: i64, stored: i64) {
        self.opened.get_or_insert_with(Instant::now);
        self.bytes += record.value.as_ref().map_or(0, Vec::len);
        self.batch.rows.extend(row);
        let new = Advance { epoch, from: stored, to: 0 };
        self.batch.advances.entry(record.at.clone()).or_insert(new).to = record.offset + 1;
        self.records.push(record);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    pub(super) fn is_full(&self, records_max: usize) -> bool {
        self.records.len() >= records_max
            || self.bytes >= BYTES_MAX
            || self.opened.is_some_and(|opened| opened.elapsed() >= AGE_MAX)
    }
}

#[cfg(test)]
mod tests {
    use quittance_log::Headers;

    use super::*;

    #[test]
    fn progress_goes_from_what_is_stored_to_behind_the_last_record() {
        let at = |partition| TopicPartition { topic: "events".into(), partition };
        let record = |partition, offset| Record {
            at: at(partition),
            offset,
            timestamp_ms: None,
            key: None,
            value: Some(vec![0; 10]),
            headers: Headers::default(),
        };
        let mut filling = Filling::new("ins_00000000000000000000000000000001".parse().expect("an id"));
        assert!(filling.is_empty());
        filling.push(record(0, 7), Some("a"), 3, 5);
        filling.push(record(1, 2), None, 4, 2);
        filling.push(record(0, 9), Some("b"), 3, 5);
        assert_eq!(filling.batch.rows, ["a", "b"]);
        let advances = [(at(0), Advance { epoch: 3, from: 5, to: 10 }), (at(1), Advance { epoch: 4, from: 2, to: 3 })];
        assert_eq!(filling.batch.advances, BTreeMap::from(advances));
        assert!(filling.is_full(3) && !filling.is_full(4));
    }
}
