//! What the runtime shows of itself.

use prometheus::{Histogram, IntCounterVec, IntGaugeVec};
use quittance_service::metrics::{LATENCY_BUCKETS_SECONDS, Metrics};

/// Metrics of a worker.
#[derive(Clone)]
pub struct RuntimeMetrics {
    /// Windows by how they ended: `committed`, `aborted`, `unknown_applied`, `unknown_replayed`, `lost`.
    pub windows: IntCounterVec,
    /// Inputs by what came of them: `processed`, `timer`, `dead_letter`.
    pub inputs: IntCounterVec,
    /// From the end of a window's last input to the known end of its transaction, seconds.
    pub commit_seconds: Histogram,
    /// Inputs in a window.
    pub window_records: Histogram,
    /// Aggregates held, by partition.
    pub states: IntGaugeVec,
    /// Timers pending, by partition.
    pub timers: IntGaugeVec,
    /// Age of the latest input when it was read, milliseconds, by topic and partition.
    pub lag_ms: IntGaugeVec,
}

impl RuntimeMetrics {
    /// Registers them.
    pub fn new(metrics: &Metrics) -> Self {
        let sizes = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0];
        Self {
            windows: metrics.counter("runtime_windows_total", "Windows by how they ended", &["end"]),
            inputs: metrics.counter("runtime_inputs_total", "Inputs by what came of them", &["result"]),
            commit_seconds: metrics
                .histogram("runtime_commit_seconds", "Duration of a window's commit", &[], LATENCY_BUCKETS_SECONDS)
                .with_label_values::<&str>(&[]),
            window_records: metrics
                .histogram("runtime_window_records", "Inputs in a window", &[], &sizes)
                .with_label_values::<&str>(&[]),
            states: metrics.gauge("runtime_states", "Aggregates held", &["partition"]),
            timers: metrics.gauge("runtime_timers", "Timers pending", &["partition"]),
            lag_ms: metrics.gauge(
                "runtime_lag_ms",
                "Age of the latest input when it was read, milliseconds",
                &["topic", "partition"],
            ),
        }
    }
}
