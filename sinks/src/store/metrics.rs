//! What the loop of a store shows of itself.

use prometheus::{Histogram, IntCounterVec, IntGaugeVec};
use quittance_log::TopicPartition;
use quittance_service::metrics::{LATENCY_BUCKETS_SECONDS, Metrics};

/// Metrics of a store's loop.
#[derive(Clone)]
pub struct StoreMetrics {
    /// Records by topic and by what came of them: `applied`, `dead_letter`.
    pub records: IntCounterVec,
    /// Records in a batch.
    pub batch_records: Histogram,
    /// Duration of writing a batch, seconds, failures included.
    pub apply_seconds: Histogram,
    /// What went wrong, by class: those of [`super::StoreError`]; `log`, `registry` and `dead_letter` for what could not
    /// be reached; `missed` for a partition whose records were gone from the log before the store had them.
    pub errors: IntCounterVec,
    /// Records that the store still lacks, by topic and partition.
    pub lag_records: IntGaugeVec,
    /// Age of the latest record when the store had it, milliseconds, by topic and partition.
    pub lag_ms: IntGaugeVec,
}

impl StoreMetrics {
    /// Registers them.
    pub fn new(metrics: &Metrics) -> Self {
        let sizes = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0];
        let partition = ["topic", "partition"];
        Self {
            records: metrics.counter("store_records_total", "Records by what came of them", &["topic", "result"]),
            batch_records: metrics
                .histogram("store_batch_records", "Records in a batch", &[], &sizes)
                .with_label_values::<&str>(&[]),
            apply_seconds: metrics
                .histogram("store_apply_seconds", "Duration of writing a batch", &[], LATENCY_BUCKETS_SECONDS)
                .with_label_values::<&str>(&[]),
            errors: metrics.counter("store_errors_total", "What went wrong, by class", &["class"]),
            lag_records: metrics.gauge(
                "store_lag_records",
                "Offsets that the store still lacks; the end marker of the last transaction counts as one",
                &partition,
            ),
            lag_ms: metrics.gauge(
                "store_lag_ms",
                "Age of the latest record when the store had it, milliseconds",
                &partition,
            ),
        }
    }

    /// Drops what is shown of a partition that is no longer ours.
    pub(super) fn forget(&self, at: &TopicPartition) {
        let labels = [&*at.topic, &at.partition.to_string()];
        // They fail when there was nothing to drop.
        let _ = self.lag_records.remove_label_values(&labels);
        let _ = self.lag_ms.remove_label_values(&labels);
    }
}
