//! `quittance ingest`

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, bail};
use quittance_avro::{registry::Registry, seal::MasterKey, topics::Topic};
use quittance_ingest::{
    ApiKeyTable, App, AppParts, AuthArgs, Commands, Configurations, EdgeArgs, IngestArgs, IngestMetrics, Notices,
    Reads, Tail, Writer,
    auth::Authenticator,
    limits::{Rate, Rates, Shares},
    service,
};
use quittance_log::{KafkaArgs, Producer, RegistryArgs};
use quittance_service::{health::Health, http, postgres::PostgresReaderArgs, redis::RedisArgs, shutdown::Shutdown};
use quittance_sinks::gateway::GatewayAccountArgs;
use quittance_tables::{ApiKeyFolding, ConfigurationFolding, Followed, Keys};
use tokio::{net::TcpSocket, sync::watch};

use crate::{process::Process, sealing::SealingArgs};

/// Options of `ingest`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    ingest: IngestArgs,
    #[command(flatten)]
    edge: EdgeArgs,
    /// Address for health and metrics
    #[arg(long, env = "QUITTANCE_ADMIN_LISTEN", default_value = "127.0.0.1:9100", help_heading = "Process")]
    admin_listen: SocketAddr,
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
    let authenticator = Authenticator::start(&args.auth)?;
    let master = args.sealing.master_key()?;
    let settings = args.edge.settings(args.ingest.limits())?;
    process.admin(args.admin_listen).await?;
    let socket = bind(args.ingest.listen)?;
    let open = process.health.latch(LISTENER);
    let registry = args.registry.registry(&args.kafka.topic_prefix)?;
    let producer = Producer::open(&args.kafka, Duration::from_millis(args.ingest.publish_timeout_ms))?;
    // What follows the log goes on for as long as requests may need it.
    let drained = Shutdown::new();
    let set_up = process.set_up(async {
        process.installed(&args.kafka, &registry).await?;
        let parts = Parts { args: &args, process: &process, registry: &registry, drained: &drained };
        let app = parts.app(authenticator, master, producer.clone()).await?;
        others_are_ready(&process.health).await;
        Ok(app)
    });
    let Some(app) = set_up.await? else { return Ok(()) };
    let listener = socket.listen(BACKLOG);
    let listener = listener.with_context(|| format!("QUITTANCE_LISTEN: cannot listen on {}", args.ingest.listen))?;
    open.ready();
    let service = service(app.clone(), process.health.clone(), args.ingest.cors_origins.clone());
    http::serve(listener, service, settings, process.shutdown.clone()).await.context("serving")?;
    app.end().await;
    drained.request();
    match producer.dead() {
        None => Ok(()),
        Some(cause) => bail!("the Kafka client writes nothing any more: {cause}"),
    }
}

/// What waits for the public port to be open.
const LISTENER: &str = "listener";
/// Connections that wait to be accepted, at most.
const BACKLOG: u32 = 1_024;

/// Takes the address, which somebody else may have, and lets nobody connect yet: a balancer tries another ingest while this one starts,
/// instead of being told to come again.
fn bind(address: SocketAddr) -> anyhow::Result<TcpSocket> {
    let taken = || -> std::io::Result<TcpSocket> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        // Connections of the process before this one may not be over yet.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        Ok(socket)
    };
    taken().with_context(|| format!("QUITTANCE_LISTEN: cannot listen on {address}"))
}

/// Waits until all that requests need is there.
async fn others_are_ready(health: &Health) {
    const LOOK_AGAIN: Duration = Duration::from_millis(20);
    while health.readiness().is_err_and(|reasons| reasons.iter().any(|(name, _)| name != LISTENER)) {
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// A tenant may have half of what there is at a time, in each mode.
const SHARE: usize = 2;

/// Webhooks, which strangers may send, have a room of their own, so that they keep nobody's requests out: one for so many requests.
const WEBHOOKS_PART: u32 = 8;

/// What the app is put together from.
struct Parts<'a> {
    args: &'a Args,
    process: &'a Process,
    registry: &'a Registry,
    drained: &'a Shutdown,
}

impl Parts<'_> {
    async fn app(&self, authenticator: Authenticator, master: MasterKey, producer: Producer) -> anyhow::Result<App> {
        let Self { args, process, registry, .. } = *self;
        let prefix = &args.kafka.topic_prefix;
        let keys = process.registered(|| Keys::new(&args.kafka, registry, producer.clone(), master.clone())).await?;
        let configuration = Followed::new(Topic::Configuration.name(prefix), ConfigurationFolding);
        let reached = watch_kafka(process, producer.clone(), Topic::PaymentCommands.name(prefix))?;
        let writer = Writer::new(producer, reached);
        let configurations =
            process.registered(|| Configurations::look_up(registry, writer.clone(), configuration.clone())).await?;
        let commands = process.registered(|| Commands::look_up(registry, writer.clone(), prefix)).await?;
        process.follow("tenant keys", keys.followed(), &args.kafka, registry, self.drained)?;
        process.follow("configuration", &configuration, &args.kafka, registry, self.drained)?;
        let api_keys = Followed::new(Topic::ApiKeys.name(prefix), ApiKeyFolding);
        process.follow("API keys", &api_keys, &args.kafka, registry, self.drained)?;
        let api_keys = process.registered(|| ApiKeyTable::look_up(registry, writer.clone(), api_keys.clone())).await?;
        let (using, drained) = (api_keys.clone(), self.drained.clone());
        tokio::spawn(async move { using.tell_uses(drained).await });
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
            authenticator: authenticator.with_api_keys(api_keys.clone()),
            api_keys,
            keys,
            configurations,
            installed_accounts: args.gateways.accounts().kinds().map(|(name, _)| name.to_owned()).collect(),
            commands,
            reads,
            notices,
            tail,
            streams: Shares::new(args.ingest.streams_max as usize, SHARE),
            requests: Shares::new(args.ingest.requests_max as usize, SHARE),
            webhooks: Shares::new((args.ingest.requests_max / WEBHOOKS_PART) as usize, SHARE),
            waits: Shares::new(args.ingest.waits_max as usize, SHARE),
            rates: Rates::new(redis, prefix, Rate(args.ingest.tenant_rate), Rate(args.ingest.credential_rate)),
            stopping: process.shutdown.clone(),
            wait: Duration::from_millis(args.ingest.wait_ms),
            default_gateway_account: args.ingest.default_gateway_account.clone(),
            ingest_metrics: IngestMetrics::new(&process.metrics),
        }))
    }
}

/// Readiness is that commands can be written: Kafka is asked now and then. Redis and Postgres do not count, since
/// commands are taken without them. Tells whether Kafka answered. A producer that is dead for good ends the process.
fn watch_kafka(process: &Process, producer: Producer, topic: String) -> anyhow::Result<watch::Receiver<bool>> {
    const EVERY: Duration = Duration::from_secs(1);
    let (latch, shutdown) = (process.health.latch("kafka"), process.shutdown.clone());
    let (reached, told) = watch::channel(true);
    let thread = std::thread::Builder::new().name("kafka-watch".to_owned());
    let watch = move || {
        while !shutdown.is_requested() {
            let asked = producer.partitions(&topic, Duration::from_secs(3));
            reached.send_if_modified(|reached| std::mem::replace(reached, asked.is_ok()) != asked.is_ok());
            match asked {
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
    Ok(told)
}
