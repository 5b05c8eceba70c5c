//! `quittance sink`

use std::{net::SocketAddr, time::Duration};

use quittance_avro::topics::{Part, Topic};
use quittance_log::LogError;
use quittance_service::{
    backoff::retry,
    postgres::{PostgresArgs, STATEMENT_TIMEOUT},
    redis::RedisArgs,
};
use quittance_sinks::{
    gateway::{self, GatewayArgs, GatewayFatal, GatewayMetrics, GatewaySettings, ResultEncoders},
    postgres::{MigrateError, PostgresStore, check},
    redis::RedisStore,
    store::{self, Store, StoreFatal, StoreMetrics, StoreSettings},
};
use quittance_tables::{ConfigurationFolding, Followed};
use tokio::runtime::Handle;

use crate::{
    process::{PartArgs, Process},
    sealing::SealingArgs,
};

/// Sinks.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Sink {
    /// Carry out tries at payment gateways
    Gateway(Box<Gateway>),
    /// Keep state and history in Postgres
    Postgres(Box<Postgres>),
    /// Keep hot state in Redis and tell of changes
    Redis(Box<Redis>),
}

/// Options of `sink gateway`.
#[derive(Debug, clap::Args)]
pub(crate) struct Gateway {
    #[command(flatten)]
    part: PartArgs,
    #[command(flatten)]
    gateway: GatewayArgs,
    #[command(flatten)]
    sealing: SealingArgs,
    /// Address for health and metrics
    #[arg(long, env = "QUITTANCE_ADMIN_LISTEN", default_value = "127.0.0.1:9102", help_heading = "Process")]
    admin_listen: SocketAddr,
}

/// Options of `sink postgres`.
#[derive(Debug, clap::Args)]
pub(crate) struct Postgres {
    #[command(flatten)]
    part: PartArgs,
    #[command(flatten)]
    postgres: PostgresArgs,
    /// Address for health and metrics
    #[arg(long, env = "QUITTANCE_ADMIN_LISTEN", default_value = "127.0.0.1:9103", help_heading = "Process")]
    admin_listen: SocketAddr,
}

/// Options of `sink redis`.
#[derive(Debug, clap::Args)]
pub(crate) struct Redis {
    #[command(flatten)]
    part: PartArgs,
    #[command(flatten)]
    redis: RedisArgs,
    /// Address for health and metrics
    #[arg(long, env = "QUITTANCE_ADMIN_LISTEN", default_value = "127.0.0.1:9104", help_heading = "Process")]
    admin_listen: SocketAddr,
}

/// A loop that has not turned for so long is stuck.
const TURN_MAX: Duration = Duration::from_secs(120);

impl Sink {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Gateway(_) => Part::SinkGateway.name(),
            Self::Postgres(_) => Part::SinkPostgres.name(),
            Self::Redis(_) => Part::SinkRedis.name(),
        }
    }

    pub(crate) async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Gateway(args) => gateway(*args).await,
            Self::Postgres(args) => postgres(*args).await,
            Self::Redis(args) => redis(*args).await,
        }
    }
}

async fn gateway(args: Gateway) -> anyhow::Result<()> {
    let part = Part::SinkGateway;
    let master = args.sealing.master_key()?;
    let process = Process::start(part.name())?;
    process.admin(args.admin_listen).await?;
    let latch = process.health.latch("worker");
    let registry = args.part.registry.registry(&args.part.kafka.topic_prefix)?;
    let set_up = process.set_up(async {
        process.installed(&args.part.kafka, &registry).await?;
        let payment = process.registered(|| registry.encoder(Topic::PaymentResults)).await?;
        let set_up = process.registered(|| registry.encoder(Topic::PaymentResults)).await?;
        let dead_letter_encoder = process.registered(|| registry.encoder(part.dead_letters())).await?;
        let health_encoder = process.registered(|| registry.encoder(Topic::GatewayHealth)).await?;
        Ok((ResultEncoders { payment, set_up }, dead_letter_encoder, health_encoder))
    });
    let Some((result_encoders, dead_letter_encoder, health_encoder)) = set_up.await? else { return Ok(()) };
    let prefix = &args.part.kafka.topic_prefix;
    let configuration = Followed::new(Topic::Configuration.name(prefix), ConfigurationFolding);
    let keys = Followed::of_keys(prefix, master);
    process.follow("configuration", &configuration, &args.part.kafka, &registry, &process.shutdown)?;
    process.follow("tenant keys", &keys, &args.part.kafka, &registry, &process.shutdown)?;
    let (metrics, handle) = (GatewayMetrics::new(&process.metrics), Handle::current());
    let (health, shutdown, mut latch) = (process.health.clone(), process.shutdown.clone(), Some(latch));
    let patience = args.part.patience(args.gateway.timeout());
    let round = move || {
        gateway::run(GatewaySettings {
            kafka: args.part.kafka.clone(),
            membership: args.part.membership(part),
            args: args.gateway.clone(),
            registry: registry.clone(),
            result_encoders: result_encoders.clone(),
            dead_letter_encoder: dead_letter_encoder.clone(),
            health_encoder: health_encoder.clone(),
            configuration: configuration.clone(),
            keys: keys.clone(),
            metrics: metrics.clone(),
            latch: latch.take().unwrap_or_else(|| health.latch("worker")),
            heartbeat: health.heartbeat("worker", TURN_MAX),
            shutdown: shutdown.clone(),
            handle: handle.clone(),
        })
    };
    process.work(patience, |error| matches!(error, GatewayFatal::Log(LogError::Fenced { .. })), round).await
}

async fn postgres(args: Postgres) -> anyhow::Result<()> {
    let pool = args.postgres.pool()?;
    let process = Process::start(Part::SinkPostgres.name())?;
    process.admin(args.admin_listen).await?;
    // A schema that is behind is an operator's matter; a server that is down is waited for.
    let checked = process.set_up(async {
        let checked = retry("check the tables", &process.shutdown, MigrateError::is_transient, || check(&pool)).await;
        Ok(checked?)
    });
    let Some(()) = checked.await? else { return Ok(()) };
    let handle = Handle::current();
    let store = move || PostgresStore::new(pool.clone(), handle.clone());
    run(process, Part::SinkPostgres, args.part, store).await
}

async fn redis(args: Redis) -> anyhow::Result<()> {
    let process = Process::start(Part::SinkRedis.name())?;
    process.admin(args.admin_listen).await?;
    let (prefix, handle) = (args.part.kafka.topic_prefix.clone(), Handle::current());
    let store = move || RedisStore::new(args.redis.clone(), prefix.clone(), handle.clone());
    run(process, Part::SinkRedis, args.part, store).await
}

/// Runs a store; `open` makes one for each time that the worker begins anew.
async fn run<S: Store>(
    process: Process,
    part: Part,
    args: PartArgs,
    open: impl Fn() -> S + Send + 'static,
) -> anyhow::Result<()> {
    let latch = process.health.latch("worker");
    let registry = args.registry.registry(&args.kafka.topic_prefix)?;
    let set_up = process.set_up(async {
        let installation = process.installed(&args.kafka, &registry).await?;
        let dead_letter_encoder = process.registered(|| registry.encoder(part.dead_letters())).await?;
        Ok((installation, dead_letter_encoder))
    });
    let Some((installation, dead_letter_encoder)) = set_up.await? else { return Ok(()) };
    let (metrics, handle) = (StoreMetrics::new(&process.metrics), Handle::current());
    let (health, shutdown, mut latch) = (process.health.clone(), process.shutdown.clone(), Some(latch));
    let patience = args.patience(STATEMENT_TIMEOUT);
    let round = move || {
        let settings = StoreSettings {
            kafka: args.kafka.clone(),
            membership: args.membership(part),
            installation,
            part,
            registry: registry.clone(),
            dead_letter_encoder: dead_letter_encoder.clone(),
            metrics: metrics.clone(),
            latch: latch.take().unwrap_or_else(|| health.latch("worker")),
            heartbeat: health.heartbeat("worker", TURN_MAX),
            shutdown: shutdown.clone(),
            handle: handle.clone(),
        };
        store::run(open(), settings)
    };
    process.work(patience, |error| matches!(error, StoreFatal::Log(LogError::Fenced { .. })), round).await
}
