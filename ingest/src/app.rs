//! What the handlers work with.

use std::{collections::BTreeSet, net::IpAddr, sync::Arc, time::Duration};

use prometheus::{HistogramVec, IntCounterVec};
use quittance_service::metrics::{LATENCY_BUCKETS_SECONDS, Metrics};

use quittance_service::shutdown::Shutdown;
use quittance_tables::Keys;

use crate::{
    api_keys::ApiKeyTable,
    auth::Authenticator,
    configurations::Configurations,
    feed::Tail,
    limits::{Rates, Shares},
    notices::Notices,
    publish::Commands,
    reads::Reads,
};

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
    /// What tenants configured, and the writer of it.
    pub configurations: Configurations,
    /// Lets servers in.
    pub api_keys: ApiKeyTable,
    /// Names of the gateway accounts that every tenant has.
    pub installed_accounts: BTreeSet<String>,
    /// Writes commands.
    pub commands: Commands,
    /// Reads the stores.
    pub reads: Reads,
    /// Wakes those who wait.
    pub notices: Notices,
    /// Wakes those who follow events.
    pub tail: Tail,
    /// Streams of events that are open.
    pub streams: Shares,
    /// Requests that are being answered.
    pub requests: Shares,
    /// Webhooks that are being taken in, by the addresses that they come from.
    pub webhooks: Shares<Option<IpAddr>>,
    /// Requests that wait for an outcome.
    pub waits: Shares,
    /// How many requests there are a second.
    pub rates: Rates,
    /// Requested when the process is told to stop: what would go on for ever ends then.
    pub stopping: Shutdown,
    /// How long an answer waits unless the client says.
    pub wait: Duration,
    /// Gateway account of a bare token.
    pub default_gateway_account: String,
    /// Metrics of the HTTP side.
    pub ingest_metrics: IngestMetrics,
}

impl App {
    /// Puts the parts together.
    pub fn new(parts: AppParts) -> Self {
        Self { parts: Arc::new(parts) }
    }

    /// Writes what is not written yet, once nobody asks any more.
    pub async fn end(&self) {
        self.parts.api_keys.tell_now().await;
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
