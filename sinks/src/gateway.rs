//! The gateway sink: carries out one try, or one query, at a gateway and publishes what happened. It never decides.
//!
//! A thread of its own reads effects in a consumer group and hands them to tasks (`worker`). Effects of different
//! payments are carried out at the same time, those of one payment (or payment method) in order (`lanes`). A task makes one exchange over
//! `http` (of a query several, at some gateways), whose meaning the gateway's adapter tells (the crate `gateways`), and
//! publishes the result (`carry_out`). A position is committed once everything before it is complete: its result is
//! acknowledged by Kafka.

mod accounts;
mod asked;
mod carry_out;
mod config;
mod destination;
mod health;
mod http;
mod lanes;
mod metrics;
#[cfg(test)]
mod tests;
mod worker;

use quittance_avro::{
    records::{DeadLetter, GatewayHealth},
    registry::Registry,
    wire::{EncodeError, Encoder},
};
use quittance_log::{KafkaArgs, LogError, Membership, ProduceError};
use quittance_service::{
    health::{Heartbeat, Latch},
    shutdown::Shutdown,
};
use quittance_tables::{ConfigurationFolding, Followed, KeyFolding};
use tokio::runtime::Handle;

pub use self::{
    accounts::{
        AccountsError, AccountsMismatch, GatewayAccounts, GatewaySecrets, GatewayUrls, SecretsError, UrlsError,
    },
    asked::ResultEncoders,
    config::{GatewayAccountArgs, GatewayArgs},
    metrics::GatewayMetrics,
};

/// What the gateway sink is made of.
pub struct GatewaySettings {
    /// How to reach Kafka.
    pub kafka: KafkaArgs,
    /// Who this is in the sink's group.
    pub membership: Membership,
    /// Settings of its own.
    pub args: GatewayArgs,
    /// Where schemas of effects are fetched.
    pub registry: Registry,
    /// Writes results.
    pub result_encoders: ResultEncoders,
    /// Writes what is seen of gateway accounts.
    pub health_encoder: Encoder<GatewayHealth>,
    /// What tenants configured.
    pub configuration: Followed<ConfigurationFolding>,
    /// What opens the secrets of their accounts.
    pub keys: Followed<KeyFolding>,
    /// Writes dead letters.
    pub dead_letter_encoder: Encoder<DeadLetter>,
    /// What it shows of itself.
    pub metrics: GatewayMetrics,
    /// Ready while it has partitions, can read effects and can publish results.
    pub latch: Latch,
    /// Beats at every turn of the loop: at least once in half a minute, while servers are down too.
    pub heartbeat: Heartbeat,
    /// Ends it.
    pub shutdown: Shutdown,
    /// The runtime that exchanges run on.
    pub handle: Handle,
}

/// Why the gateway sink cannot go on. The process ends; the next start begins from what was committed.
#[derive(Debug, thiserror::Error)]
pub enum GatewayFatal {
    /// An account lacks what its gateway wants.
    #[error(transparent)]
    Accounts(#[from] AccountsMismatch),
    /// The log cannot be used any more.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A record of ours does not fit its schema.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// A record of ours can never be written, or nothing can any more.
    #[error(transparent)]
    Unwritable(ProduceError),
    /// The HTTP client refuses its settings.
    #[error("the HTTP client cannot be set up: {0}")]
    Http(reqwest::Error),
    /// Publishing panicked, so that it is not known whether a result was written.
    #[error("publishing what came of an effect panicked; the log of the process says where")]
    Panicked,
}

/// Carries out effects until shutdown is requested. Blocks: call it on a thread that runs no asynchronous tasks.
pub fn run(settings: GatewaySettings) -> Result<(), GatewayFatal> {
    let shutdown = settings.shutdown.clone();
    let mut worker = worker::Worker::start(settings)?;
    while !shutdown.is_requested() {
        worker.step()?;
    }
    worker.stop()
}
