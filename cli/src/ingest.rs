//! `quittance ingest`

use std::time::Duration;

use anyhow::{Context, bail};
use quittance_avro::{registry::Registry, seal::MasterKey, topics::Topic};
use quittance_ingest::{
    App, AppParts, AuthArgs, Commands, Configurations, Entrance, IngestArgs, IngestMetrics, Notices, Reads, Tail,
    auth::Authenticator,
    limits::{Rate, Rates, Shares},
    service,
};
use quittance_log::{KafkaArgs, Producer, RegistryArgs};
use quittance_service::{http, postgres::PostgresReaderArgs, redis::RedisArgs, shutdown::Shutdown};
use quittance_sinks::gateway::GatewayAccountArgs;
use quittance_tables::{ConfigurationFolding, Followed, Keys};
use tokio::net::TcpListener;

use crate::{process::Process, sealing::SealingArgs};

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
    postgres: PostgresReaderArgs,
    #[command(flatten)]
    redis: RedisArgs,
    #[command(flatten)]
    sealing: SealingArgs,
    /// Tenants' own accounts must have other names.
    #[command(flatten)]
    gateways: GatewayAccountArgs,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let process = Process::start("ingest")?;
    let authenticator = Authenticator::new(&args.auth)?;
    let master = args.sealing.master_key()?;
    let listener = TcpListener::bind(args.ingest.listen).await;
    let listener = listener.with_context(|| format!("QUITTANCE_LISTEN: cannot listen on {}", args.ingest.listen))?;
    let registry = args.registry.registry(&args.kafka.topic_prefix)?;
    let producer = Producer::open(&args.kafka, Duration::from_millis(args.ingest.publish_timeout_ms))?;
    // What follows the log goes on for as long as requests may need it.
    let drained = Shutdown::new();
    let entrance = Entrance::new(process.health.clone(), process.metrics.clone());
    let service = service(entrance.clone(), args.ingest.cors_origins.clone());
    let serving = tokio::spawn(http::serve(listener, service, args.ingest.limits(), process.shutdown.clone()));
    let set_up = process.set_up(async {
        process.installed(&args.kafka, &registry).await?;
        let parts = Parts { args: &args, process: &process, registry: &registry, drained: &drained };
        parts.app(authenticator, master, producer.clone(), entrance.ingest_metrics()).await
    });
    if let Some(app) = set_up.await? {
        entrance.open(app);
    }
    serving.await.context("serving")??;
    drained.request();
    match producer.dead() {
        None => Ok(()),
        Some(cause) => bail!("the Kafka client writes nothing any more: {cause}"),
    }
}

/// A tenant may have half of what there is at a time, in each mode.
const SHARE: usize = 2;

/// What the app is put together from.
struct Parts<'a> {
    args: &'a Args,
    process: &'a Process,
    registry: &'a Registry,
    drained: &'a Shutdown,
}

impl Parts<'_> {
    async fn app(
        &self,
        authenticator: Authenticator,
        master: MasterKey,
        producer: Producer,
        ingest_metrics: IngestMetrics,
    ) -> anyhow::Result<App> {
        let Self { args, process, registry, .. } = *self;
        let prefix = &args.kafka.topic_prefix;
        let keys = process.registered(|| Keys::new(&args.kafka, registry, producer.clone(), master.clone())).await?;
        let configuration = Followed::new(Topic::Configuration.name(prefix), ConfigurationFolding);
        let configurations =
            process.registered(|| Configurations::look_up(registry, producer.clone(), configuration.clone())).await?;
        let commands = process.registered(|| Commands::look_up(registry, producer.clone(), prefix)).await?;
        process.follow("tenant keys", keys.followed(), &args.kafka, registry, self.drained)?;
        process.follow("configuration", &configuration, &args.kafka, registry, self.drained)?;
        watch_kafka(process, producer, Topic::PaymentCommands.name(prefix))?;
        let notices = Notices::default();
        let listening = notices.clone();
        let (client, channel_prefix, drained) = (args.redis.client()?, prefix.clone(), self.drained.clone());
        tokio::spawn(async move { listening.listen(client, channel_prefix, drained).await });
        let redis = args.redis.connection().await?;
        let reads = Reads::new(redis.clone(), prefix, args.postgres.pool()?);
        let tail = Tail::default();
        let (following, followed, drained) = (tail.clone(), reads.clone(), self.drained.clone());
        tokio::spawn(async move { following.run(followed, drained).await });
        Ok(App::new(AppParts {
            authenticator,
            keys,
            configurations,
            installed_accounts: args.gateways.accounts().kinds().map(|(name, _)| name.to_owned()).collect(),
            commands,
            reads,
            notices,
            tail,
            streams: Shares::new(args.ingest.streams_max as usize, SHARE),
            requests: Shares::new(args.ingest.requests_max as usize, SHARE),
            waits: Shares::new(args.ingest.waits_max as usize, SHARE),
            rates: Rates::new(redis, prefix, Rate(args.ingest.tenant_rate), Rate(args.ingest.credential_rate)),
            stopping: process.shutdown.clone(),
            wait: Duration::from_millis(args.ingest.wait_ms),
            default_gateway_account: args.ingest.default_gateway_account.clone(),
            ingest_metrics,
        }))
    }
}

/// Readiness is that commands can be written: Kafka is asked now and then. Redis and Postgres do not count, since
/// commands are taken without them. A producer that is dead for good ends the process.
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
            if producer.dead().is_some() {
                shutdown.request();
            }
            std::thread::sleep(EVERY);
        }
    };
    thread.spawn(watch).context("starting a thread")?;
    Ok(())
}
