//! What the gateway sink shows of itself.

use prometheus::{HistogramVec, IntCounterVec, IntGauge, IntGaugeVec};
use quittance_service::metrics::{LATENCY_BUCKETS_SECONDS, Metrics};

/// Metrics of the gateway sink.
#[derive(Debug, Clone)]
pub struct GatewayMetrics {
    /// Exchanges by gateway account and outcome.
    pub calls: IntCounterVec,
    /// Duration of an exchange by gateway account, seconds.
    pub call_seconds: HistogramVec,
    /// Effects that led to no exchange, by reason: `expired`, `unknown_account`, `unready_account`, `inexpressible`, `dead_letter`.
    pub not_sent: IntCounterVec,
    /// Effects being carried out now, their results not yet acknowledged.
    pub in_flight: IntGauge,
    /// Age of the latest effect when it was taken up, milliseconds, by partition.
    pub lag_ms: IntGaugeVec,
}

impl GatewayMetrics {
    /// Registers them.
    pub fn new(metrics: &Metrics) -> Self {
        Self {
            calls: metrics.counter(
                "gateway_calls_total",
                "Exchanges with gateways by what came of them",
                &["account", "outcome"],
            ),
            call_seconds: metrics.histogram(
                "gateway_call_seconds",
                "Duration of an exchange with a gateway",
                &["account"],
                LATENCY_BUCKETS_SECONDS,
            ),
            not_sent: metrics.counter(
                "gateway_not_sent_total",
                "Effects that led to no exchange (expired, unknown_account, unready_account, inexpressible, dead_letter)",
                &["reason"],
            ),
            in_flight: metrics
                .gauge("gateway_in_flight", "Effects being carried out", &[])
                .with_label_values::<&str>(&[]),
            lag_ms: metrics.gauge(
                "gateway_lag_ms",
                "Age of the latest effect when it was taken up, milliseconds",
                &["partition"],
            ),
        }
    }
}
