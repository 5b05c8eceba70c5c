//! What the runtime shows of itself.

use prometheus::{Histogram, IntCounterVec, IntGauge, IntGaugeVec};
use quittance_service::metrics::Metrics;

use super::{partition::Partition, window::Window};

/// Metrics of a worker.
#[derive(Clone)]
pub struct RuntimeMetrics {
    /// Windows by how they ended: `committed`, `aborted`, `unknown_applied`, `unknown_replayed`, `lost`.
    pub windows: IntCounterVec,
    /// Inputs by what came of them: `processed`, `timer`, `timer_failed`, `dead_letter`.
    pub inputs: IntCounterVec,
    /// Inputs in a window.
    pub window_records: Histogram,
    /// Aggregates held, by partition.
    pub states: IntGaugeVec,
    /// Timers pending, by partition.
    pub timers: IntGaugeVec,
    /// Timers that are due and have not fired, by partition.
    pub timers_late: IntGaugeVec,
    /// For how long the first of them has been due, milliseconds, by partition.
    pub timer_lag_ms: IntGaugeVec,
    /// Records of the changelog that were restored at the last take-over.
    pub restored: IntGauge,
    /// The sum of the offsets up to which the partitions are restored.
    pub restore_target: IntGauge,
    /// Committed records that are not read yet, by topic and partition.
    pub lag_records: IntGaugeVec,
    /// Dead letters by reason.
    pub dead_letters: IntCounterVec,
    /// Age of the latest input when its window was committed, milliseconds, by topic and partition.
    pub lag_ms: IntGaugeVec,
}

impl RuntimeMetrics {
    /// Registers them.
    pub fn new(metrics: &Metrics) -> Self {
        let sizes = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0];
        Self {
            windows: metrics.counter("runtime_windows_total", "Windows by how they ended", &["end"]),
            inputs: metrics.counter("runtime_inputs_total", "Inputs by what came of them", &["result"]),
            window_records: metrics
                .histogram("runtime_window_records", "Inputs in a window", &[], &sizes)
                .with_label_values::<&str>(&[]),
            states: metrics.gauge("runtime_states", "Aggregates held", &["partition"]),
            timers: metrics.gauge("runtime_timers", "Timers pending", &["partition"]),
            timers_late: metrics.gauge("runtime_timers_late", "Timers due and not fired", &["partition"]),
            timer_lag_ms: metrics.gauge(
                "runtime_timer_lag_ms",
                "For how long the first timer that is due has been so, milliseconds",
                &["partition"],
            ),
            restored: metrics
                .gauge("runtime_restored_records", "Records of the changelog restored at the last take-over", &[])
                .with_label_values::<&str>(&[]),
            restore_target: metrics
                .gauge("runtime_restore_target_offsets", "Offsets of the changelog to restore up to, summed", &[])
                .with_label_values::<&str>(&[]),
            lag_records: metrics.gauge(
                "runtime_lag_records",
                "Committed records that are not read yet",
                &["topic", "partition"],
            ),
            dead_letters: metrics.counter("runtime_dead_letters_total", "Dead letters by reason", &["reason"]),
            lag_ms: metrics.gauge(
                "runtime_lag_ms",
                "Age of the latest input when its window was committed, milliseconds",
                &["topic", "partition"],
            ),
        }
    }

    /// A window is committed. One that was opened for a record which cannot be read yet has done nothing and is none.
    pub(super) fn promoted<S: Clone>(&self, window: &Window<S>, end: &str, now_ms: i64) {
        if !window.is_empty() {
            self.windows.with_label_values(&[end]).inc();
            #[expect(clippy::cast_precision_loss, reason = "a window has thousands of records, not 2^52")]
            self.window_records.observe(window.records as f64);
        }
        for (result, count) in &window.results {
            self.inputs.with_label_values(&[result]).inc_by(*count);
        }
        for (reason, count) in &window.buried {
            self.dead_letters.with_label_values(&[reason]).inc_by(*count);
        }
        for (at, timestamp_ms) in window.latest() {
            let labels = [&*at.topic, &at.partition.to_string()];
            self.lag_ms.with_label_values(&labels).set((now_ms - timestamp_ms).max(0));
        }
    }

    /// What a partition holds now.
    pub(super) fn holds<S: Clone>(&self, number: i32, partition: &Partition<S>) {
        let number = number.to_string();
        self.states.with_label_values(&[&number]).set(i64::try_from(partition.count()).unwrap_or(i64::MAX));
        self.timers.with_label_values(&[&number]).set(i64::try_from(partition.timers.count()).unwrap_or(i64::MAX));
    }
}
