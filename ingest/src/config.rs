//! Settings of the HTTP side.

use std::{net::SocketAddr, num::NonZeroU32, time::Duration};

use quittance_service::http::HttpLimits;

use crate::{create::account_name, front::Origin};

/// Settings of the HTTP side.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "HTTP")]
pub struct IngestArgs {
    /// Address to listen on
    #[arg(long, env = "QUITTANCE_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Connections served at a time, and requests; further ones wait
    #[arg(long, env = "QUITTANCE_CONNECTIONS_MAX", default_value_t = 4096,
        value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub connections_max: u32,
    /// Requests that are answered at a time; a tenant may have half of them in each mode, further ones are told to come again
    #[arg(long, env = "QUITTANCE_REQUESTS_MAX", default_value_t = 2048,
        value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub requests_max: u32,
    /// Requests that wait for an outcome at a time; a tenant may have half of them in each mode, further ones are answered with 202
    #[arg(long, env = "QUITTANCE_WAITS_MAX", default_value_t = 1024,
        value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub waits_max: u32,
    /// Requests a second of a tenant in each mode, over all instances; twice as many at once after a pause
    #[arg(long, env = "QUITTANCE_TENANT_RATE", default_value = "2000", value_parser = rate)]
    pub tenant_rate: NonZeroU32,
    /// Requests a second of one credential, over all instances; twice as many at once after a pause
    #[arg(long, env = "QUITTANCE_CREDENTIAL_RATE", default_value = "1000", value_parser = rate)]
    pub credential_rate: NonZeroU32,
    /// Streams of events that are open at a time; a tenant may have half of them in each mode
    #[arg(long, env = "QUITTANCE_STREAMS_MAX", default_value_t = 2048,
        value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub streams_max: u32,
    /// Sites whose pages may ask and read from a browser, comma-separated, such as `https://shop.example`; none if left out
    #[arg(long, env = "QUITTANCE_CORS_ORIGINS", value_delimiter = ',')]
    pub cors_origins: Vec<Origin>,
    /// How long a request's header may take to arrive, and the first one with all that comes before it, milliseconds
    #[arg(long, env = "QUITTANCE_HEADER_TIMEOUT_MS", default_value_t = 10_000,
        value_parser = clap::value_parser!(u64).range(100..=120_000))]
    pub header_timeout_ms: u64,
    /// How long a connection may be without a request; longer than a balancer before it keeps one unused, milliseconds
    #[arg(long, env = "QUITTANCE_IDLE_TIMEOUT_MS", default_value_t = 75_000,
        value_parser = clap::value_parser!(u64).range(100..=3_600_000))]
    pub idle_timeout_ms: u64,
    /// How long requests in flight may take to finish when the process is told to stop, milliseconds
    #[arg(long, env = "QUITTANCE_DRAIN_TIMEOUT_MS", default_value_t = 15_000,
        value_parser = clap::value_parser!(u64).range(0..=300_000))]
    pub drain_timeout_ms: u64,
    /// How long an answer waits for the payment to leave `processing` unless the client says, milliseconds
    #[arg(long, env = "QUITTANCE_WAIT_MS", default_value_t = 8_000,
        value_parser = clap::value_parser!(u64).range(0..=30_000))]
    pub wait_ms: u64,
    /// How long Kafka may take to acknowledge a command before the answer is 503, milliseconds
    #[arg(long, env = "QUITTANCE_PUBLISH_TIMEOUT_MS", default_value_t = 5_000,
        value_parser = clap::value_parser!(u64).range(100..=60_000))]
    pub publish_timeout_ms: u64,
    /// Gateway account that a bare `token` belongs to
    #[arg(long, env = "QUITTANCE_DEFAULT_GATEWAY_ACCOUNT", default_value = "simulator", value_parser = account_name)]
    pub default_gateway_account: String,
}

impl IngestArgs {
    /// The bounds of the HTTP server.
    pub fn limits(&self) -> HttpLimits {
        HttpLimits {
            connections_max: self.connections_max as usize,
            header_timeout: Duration::from_millis(self.header_timeout_ms),
            idle_timeout: Duration::from_millis(self.idle_timeout_ms),
            drain_timeout: Duration::from_millis(self.drain_timeout_ms),
            ..HttpLimits::default()
        }
    }
}

fn rate(text: &str) -> Result<NonZeroU32, String> {
    const MOST: u32 = 1_000_000;
    text.parse().ok().filter(|rate: &NonZeroU32| rate.get() <= MOST).ok_or_else(|| format!("must be 1 to {MOST}"))
}
