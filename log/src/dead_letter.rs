//! Records that can never be processed.

use quittance_avro::{
    records::{Bytes, DeadLetter, Header},
    time::Timestamp,
};

use crate::Record;

/// A record with where it stood and why it was given up. `detail` is for an operator and holds nothing of its content.
pub fn dead_letter(part: &str, record: &Record, reason: &str, detail: String, now: Timestamp) -> DeadLetter {
    let header =
        |(key, value): &(String, Option<Vec<u8>>)| Header { key: key.clone(), value: value.clone().map(Bytes) };
    DeadLetter {
        part: part.to_owned(),
        reason: reason.to_owned(),
        detail,
        topic: record.at.topic.to_string(),
        partition: record.at.partition,
        offset: record.offset,
        timestamp: record.timestamp_ms,
        key: record.key.clone().map(Bytes),
        value: record.value.clone().map(Bytes),
        headers: record.headers.0.iter().map(header).collect(),
        occurred_at: now,
    }
}
