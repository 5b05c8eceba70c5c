//! Prometheus metrics of one process, each registered once at start and handed to the part that counts.

use std::collections::HashMap;

pub use prometheus;
use prometheus::core::Collector;
use prometheus::process_collector::ProcessCollector;
use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, IntGaugeVec, Opts, Registry, TextEncoder};

/// The prefix of our own names: `quittance_http_requests_total`.
pub const NAMESPACE: &str = "quittance";

/// Buckets for latencies in seconds, 0.5 ms to 30 s: fine around a commit (a few ms) and around an answer (tens of ms).
pub const LATENCY_BUCKETS_SECONDS: &[f64] = &[
    0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
    30.0,
];

/// The process's metrics. Clones share them.
#[derive(Clone, Debug)]
pub struct Metrics {
    /// Where everything is registered, for collectors that the functions here do not make.
    pub registry: Registry,
}

/// A metric that cannot be registered is a mistake in the program, found by its first start.
const MISTAKE: &str = "metric names are valid and registered once";

impl Metrics {
    /// Metrics that all carry the label `process`, with CPU, memory and file descriptors (`process_…`) included.
    ///
    pub fn new(process: &str) -> Self {
        let labels = HashMap::from([("process".to_owned(), process.to_owned())]);
        let registry = Registry::new_custom(None, Some(labels)).expect(MISTAKE);
        registry.register(Box::new(ProcessCollector::for_self())).expect(MISTAKE);
        Self { registry }
    }

    /// A counter `quittance_<name>`; by convention the name ends in `_total`.
    ///
    /// # Panics
    /// On an invalid name or one that is taken.
    pub fn counter(&self, name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
        self.register(IntCounterVec::new(opts(name, help), labels).expect(MISTAKE))
    }

    /// A gauge `quittance_<name>`.
    ///
    /// # Panics
    /// On an invalid name or one that is taken.
    pub fn gauge(&self, name: &str, help: &str, labels: &[&str]) -> IntGaugeVec {
        self.register(IntGaugeVec::new(opts(name, help), labels).expect(MISTAKE))
    }

    /// A histogram `quittance_<name>`; by convention the name ends in its unit, `_seconds`.
    ///
    /// # Panics
    /// On an invalid name, one that is taken, or buckets that do not rise.
    pub fn histogram(&self, name: &str, help: &str, labels: &[&str], buckets: &[f64]) -> HistogramVec {
        let opts = HistogramOpts { common_opts: opts(name, help), buckets: buckets.to_vec() };
        self.register(HistogramVec::new(opts, labels).expect(MISTAKE))
    }

    fn register<C: Collector + Clone + 'static>(&self, collector: C) -> C {
        self.registry.register(Box::new(collector.clone())).expect(MISTAKE);
        collector
    }

    /// Everything in Prometheus's text format, version 0.0.4.
    pub fn render(&self) -> String {
        // Fails only for a metric family without a name, which cannot be registered.
        TextEncoder::new().encode_to_string(&self.registry.gather()).expect(MISTAKE)
    }
}

fn opts(name: &str, help: &str) -> Opts {
    Opts::new(name, help).namespace(NAMESPACE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renders_its_own_names_and_the_process() {
        let metrics = Metrics::new("ingest");
        metrics.counter("requests_total", "Requests.", &["route"]).with_label_values(&["/v1"]).inc_by(3);
        metrics.gauge("lag", "Lag.", &[]).with_label_values::<&str>(&[]).set(-2);
        metrics.histogram("wait_seconds", "Wait.", &[], &[0.1, 1.0]).with_label_values::<&str>(&[]).observe(0.5);
        let text = metrics.render();
        for line in [
            "quittance_requests_total{route=\"/v1\",process=\"ingest\"} 3",
            "quittance_lag{process=\"ingest\"} -2",
            "quittance_wait_seconds_bucket{process=\"ingest\",le=\"0.1\"} 0",
            "quittance_wait_seconds_bucket{process=\"ingest\",le=\"1\"} 1",
            "# TYPE process_resident_memory_bytes gauge",
        ] {
            assert!(text.lines().any(|shown| shown == line), "{line} is missing in\n{text}");
        }
    }

    #[test]
    #[should_panic(expected = "metric names are valid and registered once")]
    fn refuses_a_name_that_is_taken() {
        let metrics = Metrics::new("ingest");
        metrics.counter("requests_total", "Requests.", &[]);
        metrics.counter("requests_total", "Requests.", &[]);
    }

    #[test]
    fn latency_buckets_rise_from_half_a_millisecond_to_half_a_minute() {
        assert!(LATENCY_BUCKETS_SECONDS.is_sorted_by(|a, b| a < b));
        assert_eq!(LATENCY_BUCKETS_SECONDS.first(), Some(&0.0005));
        assert_eq!(LATENCY_BUCKETS_SECONDS.last(), Some(&30.0));
    }
}
