//! `quittance ingest`

use std::time::Duration;

use anyhow::Context;
use quittance_avro::{registry::Registry, seal::MasterKey, topics::Topic};
use quittance_ingest::{
    App, AppParts, AuthArgs, Commands, IngestArgs, IngestMetrics, Keys, Notices, Reads, auth::Authenticator, routes,
};
use quittance_log::{KafkaArgs, Producer, RegistryArgs, Schemas};
use quittance_service::{http, postgres::PostgresArgs, redis::RedisArgs, secret::Secret};
use tokio::{net::TcpListener, runtime::Handle};

use crate::process::Process;

/// Options of `ingest`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    ingest: IngestArgs,
    #[command(flatten)]
    auth: AuthArgs,
    #[command(flatten)]
    kafka: KafkaArgs,
    #[command(flatten)]
    registry: RegistryArgs,
    #[command(flatten)]
    postgres: PostgresArgs,
    #[command(flatten)]
    redis: RedisArgs,
    /// Master key that wraps the tenants' keys: 32 random bytes in base64
    #[arg(long, env = "QUITTANCE_MASTER_KEY", hide_env_values = true, help_heading = "Sealing")]
    master_key: Secret,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let process = Process::start("ingest")?;
    let authenticator = Authenticator::new(&args.auth)?;
    let master: MasterKey = args.master_key.expose().parse().context("QUITTANCE_MASTER_KEY")?;
    let listener = TcpListener::bind(args.ingest.listen).await;
    let listener = listener.with_context(|| format!("QUITTANCE_LISTEN: cannot listen on {}", args.ingest.listen))?;
    let registry = args.registry.registry(&args.kafka.topic_prefix)?;
    let producer = Producer::open(&args.kafka, Duration::from_millis(args.ingest.publish_timeout_ms))?;
    process.installed(&args.kafka, &registry).await?;
    let app = app(&args, &process, authenticator, master, &registry, producer).await?;
    http::serve(listener, warp::service(routes(app)), args.ingest.limits(), process.shutdown.clone()).await?;
    Ok(())
}

async fn app(
    args: &Args,
    process: &Process,
    authenticator: Authenticator,
    master: MasterKey,
    registry: &Registry,
    producer: Producer,
) -> anyhow::Result<App> {
    let prefix = &args.kafka.topic_prefix;
    let keys = process.registered(|| Keys::new(&args.kafka, registry, producer.clone(), master.clone())).await?;
    let commands = process.registered(|| Commands::look_up(registry, producer.clone(), prefix)).await?;
    follow(args, process, &keys, registry)?;
    watch_kafka(process, producer, Topic::PaymentCommands.name(prefix))?;
    let notices = Notices::default();
    let listening = notices.clone();
    let (client, channel_prefix, shutdown) = (args.redis.client()?, prefix.clone(), process.shutdown.clone());
    tokio::spawn(async move { listening.listen(client, channel_prefix, shutdown).await });
    let reads = Reads::new(args.redis.connection().await?, prefix, args.postgres.pool()?);
    Ok(App::new(AppParts {
        authenticator,
        keys,
        commands,
        reads,
        notices,
        wait: Duration::from_millis(args.ingest.wait_ms),
        default_gateway_account: args.ingest.default_gateway_account.clone(),
        health: process.health.clone(),
        metrics: process.metrics.clone(),
        ingest_metrics: IngestMetrics::new(&process.metrics),
    }))
}

/// Follows the tenants' keys on a thread of its own.
fn follow(args: &Args, process: &Process, keys: &Keys, registry: &Registry) -> anyhow::Result<()> {
    let latch = process.health.latch("tenant keys");
    let mut schemas = Schemas::new(registry.clone(), Handle::current());
    let (keys, kafka, shutdown) = (keys.clone(), args.kafka.clone(), process.shutdown.clone());
    let thread = std::thread::Builder::new().name("tenant-keys".to_owned());
    thread.spawn(move || keys.follow(&kafka, &mut schemas, &latch, &shutdown)).context("starting a thread")?;
    Ok(())
}

/// Readiness is that commands can be written: Kafka is asked now and then. Redis and Postgres do not count, since
/// commands are taken without them.
fn watch_kafka(process: &Process, producer: Producer, topic: String) -> anyhow::Result<()> {
    const EVERY: Duration = Duration::from_secs(1);
    let (latch, shutdown) = (process.health.latch("kafka"), process.shutdown.clone());
    let thread = std::thread::Builder::new().name("kafka-watch".to_owned());
    let watch = move || {
        while !shutdown.is_requested() {
            match producer.partitions(&topic, Duration::from_secs(3)) {
                Ok(_) => latch.ready(),
                Err(error) => latch.unready(error.to_string()),
            }
            std::thread::sleep(EVERY);
        }
    };
    thread.spawn(watch).context("starting a thread")?;
    Ok(())
}
