//! What a transaction spends its time on, and what keeps it from its end.

use std::time::Duration;

use prometheus::{HistogramVec, IntCounterVec};
use quittance_service::metrics::{LATENCY_BUCKETS_SECONDS, Metrics};
use rdkafka::error::KafkaError;

use crate::Ended;

/// Durations of the calls that end a transaction, and how it failed.
#[derive(Clone)]
pub struct LogMetrics {
    commit: HistogramVec,
    failed: IntCounterVec,
}

/// A part of a commit.
#[derive(Debug, Clone, Copy)]
pub(super) enum Phase {
    /// The group takes the positions.
    Positions,
    /// The last records arrive.
    Records,
    /// The coordinator decides.
    End,
}

impl LogMetrics {
    /// Registers them.
    pub fn new(metrics: &Metrics) -> Self {
        let commit = "Duration of a transaction's commit, by phase: positions, records, end";
        let failed =
            "Transactions that were not committed because of an error, by end and cause: Kafka's error, or given_up";
        Self {
            commit: metrics.histogram("log_commit_seconds", commit, &["phase"], LATENCY_BUCKETS_SECONDS),
            failed: metrics.counter("log_transactions_failed_total", failed, &["end", "cause"]),
        }
    }

    /// A transaction ended so because of an error.
    pub(super) fn failed(&self, ended: &Ended, error: &KafkaError) {
        // The set of Kafka's error codes is bounded, and so are the series.
        let cause = error.rdkafka_error_code().map_or("none".to_owned(), |code| format!("{code:?}"));
        self.count(ended, &cause);
    }

    /// A transaction ended so because its owner gave it up.
    pub(super) fn given_up(&self, ended: &Ended) {
        self.count(ended, "given_up");
    }

    fn count(&self, ended: &Ended, cause: &str) {
        let end = match ended {
            Ended::Committed => return,
            Ended::Aborted(_) => "aborted",
            Ended::Fenced(_) => "fenced",
            Ended::Unknown(_) => "unknown",
        };
        self.failed.with_label_values(&[end, cause]).inc();
    }

    pub(super) fn took(&self, phase: Phase, time: Duration) {
        let phase = match phase {
            Phase::Positions => "positions",
            Phase::Records => "records",
            Phase::End => "end",
        };
        self.commit.with_label_values(&[phase]).observe(time.as_secs_f64());
    }
}
