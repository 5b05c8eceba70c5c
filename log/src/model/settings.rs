//! What differs between one model and another.

use std::time::Duration;

/// What differs between one model and another.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Decides all that a real cluster leaves to chance.
    pub seed: u64,
    /// What the clock says at first, milliseconds since the epoch.
    pub start_ms: i64,
    /// After how long the coordinator gives up an open transaction (`transaction.timeout.ms`).
    pub transaction_timeout: Duration,
    /// How much later it may get round to it (`transaction.abort.timed.out.transaction.cleanup.interval.ms`).
    pub sweep_max: Duration,
    /// How long after the end of a transaction the last of its markers may be written.
    pub marker_delay_max: Duration,
    /// A client sends what it has so far at one in so many records, before the commit; never if 0.
    pub early_once_in: u32,
    /// The largest record that a client takes (`message.max.bytes`).
    pub client_bytes_max: usize,
    /// The largest record that a topic takes (`max.message.bytes`). A larger one fails the transaction.
    pub topic_bytes_max: usize,
    /// How long the cleaner keeps tombstones (`delete.retention.ms`).
    pub tombstones_kept: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 0,
            start_ms: 1_700_000_000_000,
            transaction_timeout: Duration::from_secs(10),
            sweep_max: Duration::from_secs(10),
            marker_delay_max: Duration::from_millis(20),
            early_once_in: 4,
            client_bytes_max: 2_097_152,
            topic_bytes_max: 1_048_588,
            tombstones_kept: Duration::from_secs(24 * 3600),
        }
    }
}

/// What becomes of a topic's old records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cleanup {
    /// They stay, until [`delete_before`](super::Model::delete_before).
    Delete,
    /// The latest of each key stays when it is [compacted](super::Model::compact).
    Compact,
}
