//! `quittance processor`

use std::{net::SocketAddr, sync::Arc, time::Duration};

use quittance_avro::topics::{Part, RECORD_BYTES_MAX, Topic};
use quittance_log::{GroupConsumer, LogError, Schemas};
use quittance_processors::{
    payment::{Encoders, PaymentProcessor, Policy},
    runtime::{Fatal, RuntimeMetrics, Settings, Worker},
};
use quittance_service::{clock, shutdown::Shutdown};
use tokio::runtime::Handle;
use uuid::Uuid;

use crate::process::{PartArgs, Process};

/// Processors.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Processor {
    /// Payments
    Payments(Box<Payments>),
}

/// Options of `processor payments`.
#[derive(Debug, clap::Args)]
pub(crate) struct Payments {
    #[command(flatten)]
    part: PartArgs,
    #[command(flatten)]
    policy: Policy,
    /// Address for health and metrics
    #[arg(long, env = "QUITTANCE_ADMIN_LISTEN", default_value = "127.0.0.1:9101", help_heading = "Process")]
    admin_listen: SocketAddr,
}

/// A worker that has not stepped for so long is stuck.
const STEP_MAX: Duration = Duration::from_secs(120);

impl Processor {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Payments(_) => Part::ProcessorPayments.name(),
        }
    }

    pub(crate) async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Payments(args) => payments(*args).await,
        }
    }
}

async fn payments(args: Payments) -> anyhow::Result<()> {
    let part = Part::ProcessorPayments;
    let process = Process::start(part.name())?;
    process.admin(args.admin_listen).await?;
    let registry = args.part.registry.registry(&args.part.kafka.topic_prefix)?;
    let latch = process.health.latch("worker");
    let set_up = process.set_up(async {
        process.installed(&args.part.kafka, &registry).await?;
        let encoders = process.registered(|| Encoders::look_up(&registry)).await?;
        let dead_letter_encoder = process.registered(|| registry.encoder(part.dead_letters())).await?;
        Ok((encoders, dead_letter_encoder))
    });
    let Some((encoders, dead_letter_encoder)) = set_up.await? else { return Ok(()) };
    let handle = Handle::current();
    let metrics = RuntimeMetrics::new(&process.metrics);
    let (health, shutdown, mut latch) = (process.health.clone(), process.shutdown.clone(), Some(latch));
    // The end of a window, and the abort that it may take instead.
    let patience = args.part.patience(2 * Duration::from_millis(args.part.kafka.commit_timeout_ms));
    let round = move || {
        let prefix = &args.part.kafka.topic_prefix;
        let membership = args.part.membership(part);
        let schemas = Schemas::new(registry.clone(), handle.clone());
        let processor = PaymentProcessor::new(prefix, schemas, encoders.clone(), args.policy.clone());
        let settings = Settings {
            kafka: args.part.kafka.clone(),
            name: format!("{prefix}.{}-0", membership.instance),
            incarnation: Uuid::new_v4().simple().to_string(),
            part: part.name(),
            dead_letters: Arc::from(part.dead_letters().name(prefix)),
            dead_letter_encoder: dead_letter_encoder.clone(),
            metrics: metrics.clone(),
            latch: latch.take().unwrap_or_else(|| health.latch("worker")),
            heartbeat: health.heartbeat("worker", STEP_MAX),
            record_bytes_max: RECORD_BYTES_MAX as usize,
            shutdown: shutdown.clone(),
        };
        let topics: Vec<String> = part.topics().map(|topic: Topic| topic.name(prefix)).collect();
        let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
        let consumer = GroupConsumer::join(&args.part.kafka, &membership, &topics)?;
        let worker = Worker::new(processor, settings, consumer);
        drive(worker, &shutdown)
    };
    process.work(patience, |error| matches!(error, Fatal::Log(LogError::Fenced { .. })), round).await
}

fn drive(mut worker: Worker<PaymentProcessor>, shutdown: &Shutdown) -> Result<(), Fatal> {
    let mut stepped = Ok(());
    while stepped.is_ok() && !shutdown.is_requested() {
        stepped = worker.step(clock::now_ms());
    }
    match stepped.and_then(|()| worker.stop()) {
        Err(Fatal::Stopped) => Ok(()),
        ended => ended,
    }
}
