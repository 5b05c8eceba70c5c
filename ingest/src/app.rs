//! What the handlers work with.

use std::{sync::Arc, time::Duration};

use prometheus::{HistogramVec, IntCounterVec};
use quittance_service::{
    health::Health,
    metrics::{LATENCY_BUCKETS_SECONDS, Metrics},
};

use crate::{auth::Authenticator, keys::Keys, notices::Notices, publish::Commands, reads::Reads};

/// Everything that a handler may need. Cheap to clone.
#[derive(Clone)]
pub struct App {
    pub(crate) parts: Arc<AppParts>,
}

/// The parts of an [`App`].
pub struct AppParts {
    /// Verifies credentials.
    pub authenticator: Authenticator,
    /// Seals and opens text.
    pub keys: Keys,
    /// Writes commands.
    pub commands: Commands,
    /// Reads the stores.
    pub reads: Reads,
    /// Wakes those who wait.
    pub notices: Notices,
    /// How long an answer waits unless the client says.
    pub wait: Duration,
    /// Gateway account of a bare token.
    pub default_gateway_account: String,
    /// What the process says of itself.
    pub health: Health,
    /// Where its metrics are.
    pub metrics: Metrics,
    /// Metrics of the HTTP side.
    pub ingest_metrics: IngestMetrics,
}

impl App {
    /// Puts the parts together.
    pub fn new(parts: AppParts) -> Self {
        Self { parts: Arc::new(parts) }
    }
}

/// Metrics of the HTTP side.
#[derive(Clone)]
pub struct IngestMetrics {
    /// Requests by route and status.
    pub requests: IntCounterVec,
    /// Time to the answer by route, seconds.
    pub seconds: HistogramVec,
    /// Time until Kafka acknowledged a command, seconds.
    pub publish_seconds: HistogramVec,
}

impl IngestMetrics {
    /// Registers them.
    pub fn new(metrics: &Metrics) -> Self {
        Self {
            requests: metrics.counter("http_requests_total", "Requests by route and status", &["route", "status"]),
            seconds: metrics.histogram(
                "http_request_seconds",
                "Time to the answer",
                &["route"],
                LATENCY_BUCKETS_SECONDS,
            ),
            publish_seconds: metrics.histogram(
                "publish_seconds",
                "Time until Kafka acknowledged a command",
                &[],
                LATENCY_BUCKETS_SECONDS,
            ),
        }
    }
}
