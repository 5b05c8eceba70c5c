//! `quittance processor`

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use quittance_avro::topics::{Part, RECORD_BYTES_MAX};
use quittance_log::{KafkaLog, LogError, LogMetrics, Schemas};
use quittance_processors::{
    payment::{Encoders, Gateways, PaymentProcessor, Policy},
    runtime::{Fatal, FileNotepad, MemoryStore, Next, NoNotepad, Notepad, Now, RuntimeMetrics, Settings, Worker},
};
use quittance_service::{clock, shutdown::Shutdown};
use quittance_sinks::gateway::GatewayAccountArgs;
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
    /// What can be done at each account, the rules have to know.
    #[command(flatten)]
    gateways: GatewayAccountArgs,
    /// Address for health and metrics
    #[arg(long, env = "QUITTANCE_ADMIN_LISTEN", default_value = "127.0.0.1:9101", help_heading = "Process")]
    admin_listen: SocketAddr,
    /// Directory for what has to outlive the process: what it had in hand, should it die of it
    #[arg(long, env = "QUITTANCE_DATA_DIR", help_heading = "Process", value_parser = parse_dir)]
    data_dir: Option<PathBuf>,
}

fn parse_dir(text: &str) -> Result<PathBuf, String> {
    let dir = PathBuf::from(text);
    if dir.is_dir() { Ok(dir) } else { Err("must be a directory that is there".to_owned()) }
}

impl Payments {
    fn known_gateways(&self) -> Gateways {
        self.gateways.accounts().kinds().fold(Gateways::default(), |known, (name, kind)| known.with(name, kind))
    }

    fn notepad(&self, part: Part) -> Box<dyn Notepad> {
        match &self.data_dir {
            Some(dir) => {
                Box::new(FileNotepad::new(&dir.join(format!("{}-{}.suspect", part.name(), self.part.instance))))
            }
            None => Box::new(NoNotepad),
        }
    }
}

/// A worker that has not stepped for so long is stuck.
const STEP_MAX: Duration = Duration::from_secs(120);
/// How long to sleep at most before it is looked whether the process is to stop.
const LOOK_UP: Duration = Duration::from_millis(50);

impl Processor {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Payments(_) => Part::ProcessorPayments.name(),
        }
    }

    pub(crate) async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Payments(args) => Box::pin(payments(args)).await,
        }
    }
}

async fn payments(args: Box<Payments>) -> anyhow::Result<()> {
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
    let Some((encoders, dead_letter_encoder)) = Box::pin(set_up).await? else { return Ok(()) };
    let handle = Handle::current();
    let (metrics, log_metrics) = (RuntimeMetrics::new(&process.metrics), LogMetrics::new(&process.metrics));
    let (health, shutdown, mut latch) = (process.health.clone(), process.shutdown.clone(), Some(latch));
    // The end of a window, and the abort that it may take instead.
    let patience = args.part.patience(2 * Duration::from_millis(args.part.kafka.commit_timeout_ms));
    let round = move || {
        let prefix = &args.part.kafka.topic_prefix;
        let membership = args.part.membership(part);
        let schemas = Schemas::new(registry.clone(), handle.clone());
        let processor =
            PaymentProcessor::new(prefix, schemas, encoders.clone(), args.policy.clone(), args.known_gateways());
        let settings = Settings {
            name: format!("{prefix}.{}-0", membership.instance),
            membership,
            incarnation: Uuid::new_v4().simple().to_string(),
            part: part.name(),
            dead_letters: Arc::from(part.dead_letters().name(prefix)),
            dead_letter_encoder: dead_letter_encoder.clone(),
            metrics: metrics.clone(),
            latch: latch.take().unwrap_or_else(|| health.latch("worker")),
            heartbeat: health.heartbeat("worker", STEP_MAX),
            record_bytes_max: RECORD_BYTES_MAX as usize,
            dead_letter_bytes_max: part.dead_letters().spec().record_bytes_max as usize,
            seed: rand::random(),
        };
        let stores = Box::new(|_| Ok(Box::<MemoryStore<_>>::default() as _));
        let log = KafkaLog::new(args.part.kafka.clone(), log_metrics.clone());
        let worker = Worker::join(processor, log, settings, stores, args.notepad(part))?;
        drive(worker, &shutdown)
    };
    process.work(patience, |error| matches!(error, Fatal::Log(LogError::Fenced { .. })), round).await
}

/// Steps until the process is to stop.
fn drive(mut worker: Worker<PaymentProcessor, KafkaLog>, shutdown: &Shutdown) -> Result<(), Fatal> {
    let began = Instant::now();
    while !shutdown.is_requested() {
        match worker.step(Now { wall_ms: clock::now_ms(), uptime: began.elapsed() })? {
            Next::Step => {}
            Next::Wait(time) => thread::sleep(time.min(LOOK_UP)),
        }
    }
    worker.stop()
}
