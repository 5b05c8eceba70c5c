//! What a transaction spends its time on.

use std::time::Duration;

use prometheus::HistogramVec;
use quittance_service::metrics::{LATENCY_BUCKETS_SECONDS, Metrics};

/// Durations of the calls that end a transaction.
#[derive(Clone)]
pub struct LogMetrics {
    commit: HistogramVec,
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
        let help = "Duration of a transaction's commit, by phase: positions, records, end";
        Self { commit: metrics.histogram("log_commit_seconds", help, &["phase"], LATENCY_BUCKETS_SECONDS) }
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
