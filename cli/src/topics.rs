//! `quittance topics`

mod read;

use std::{
    io::{self, Write as _},
    time::{Duration, Instant},
};

use anyhow::bail;
use quittance_avro::{
    records::Installation,
    registry::Registry,
    topics::{Part, Retention, TOPICS, TopicSpec},
};
use quittance_log::{Admin, Applied, KafkaArgs, LogError, RegistryArgs, TopicPlan};
use tokio::runtime::Handle;

use crate::{installation, process::is_transient};

/// Tools for topics.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Topics {
    /// Create the topics that are missing, and compare those that are there
    ///
    /// Nothing that exists is ever changed: a difference is reported, and the exit status is 1. New groups get their
    /// first position. Run `quittance schemas register` before.
    Apply(Box<Apply>),
    /// Print the records of a topic, decoded, one JSON object a line
    ///
    /// From the beginning to the end that the topic has now. Sealed fields stay sealed; what cannot be decoded is shown
    /// as such.
    Read(Box<read::Read>),
}

/// Options of `topics apply`.
#[derive(Debug, clap::Args)]
pub(crate) struct Apply {
    #[command(flatten)]
    kafka: KafkaArgs,
    #[command(flatten)]
    registry: RegistryArgs,
    /// Partitions of every topic that is keyed by an aggregate; can never be changed after
    #[arg(long, env = "QUITTANCE_PARTITIONS", default_value_t = 32, help_heading = "Topics",
        value_parser = clap::value_parser!(i32).range(1..=1024))]
    partitions: i32,
    /// Replicas of every partition; 1 only where losing data does not matter
    #[arg(long, env = "QUITTANCE_REPLICATION", default_value_t = 3, help_heading = "Topics",
        value_parser = clap::value_parser!(i32).range(1..=9))]
    replication: i32,
}

impl Topics {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Apply(args) => apply(&args).await,
            Self::Read(args) => read::read(*args).await,
        }
    }
}

async fn apply(args: &Apply) -> anyhow::Result<()> {
    let registry = args.registry.registry(&args.kafka.topic_prefix)?;
    // A topic with another number of partitions than the others could only be deleted again.
    let installed = found(args, &registry).await?;
    if let Some(found) = installed.as_ref().filter(|found| found.partitions != args.partitions) {
        let (chosen, given) = (found.partitions, args.partitions);
        bail!("{chosen} partitions were chosen at installation; QUITTANCE_PARTITIONS is {given}; nothing was changed");
    }
    let admin = Admin::open(&args.kafka)?;
    let mut problems = 0;
    for spec in TOPICS {
        let plan = plan(spec, args);
        let lines = match patiently(async || Ok(admin.apply(&plan).await?)).await? {
            applied @ (Applied::Created | Applied::Same) => {
                let done = if applied == Applied::Created { "created" } else { "as it should be" };
                writeln!(io::stdout(), "{}: {done}", plan.name)?;
                patiently(async || Ok(admin.first_positions(&plan)?)).await?
            }
            Applied::Differs(differences) => differences,
        };
        for line in &lines {
            writeln!(io::stdout(), "{}: {line}", plan.name)?;
        }
        problems += lines.len();
    }
    if problems > 0 {
        bail!("{problems} differences; nothing that existed was changed");
    }
    let (installation, done) = match installed {
        Some(installation) => (installation, ""),
        None => (installation::write(&args.kafka, &registry, args.partitions).await?, ", written down"),
    };
    writeln!(io::stdout(), "installation {}: {} partitions{done}", installation.id, installation.partitions)?;
    Ok(())
}

/// How long a broker is waited for that has only just started, and does not lead its partitions or know its groups yet.
const PATIENCE: Duration = Duration::from_secs(20);
const ASK_AGAIN: Duration = Duration::from_millis(250);

async fn patiently<T>(mut ask: impl AsyncFnMut() -> anyhow::Result<T>) -> anyhow::Result<T> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match ask().await {
            Err(error) if is_transient(&error) && Instant::now() < deadline => tokio::time::sleep(ASK_AGAIN).await,
            answer => return answer,
        }
    }
}

/// What was installed before, if anything was.
async fn found(args: &Apply, registry: &Registry) -> anyhow::Result<Option<Installation>> {
    let find = async || {
        let (kafka, registry, handle) = (args.kafka.clone(), registry.clone(), Handle::current());
        tokio::task::spawn_blocking(move || installation::find(&kafka, registry, handle)).await?
    };
    match patiently(find).await {
        Err(error) if matches!(error.downcast_ref(), Some(LogError::NoTopic { .. })) => Ok(None),
        found => found,
    }
}

fn plan(spec: &TopicSpec, args: &Apply) -> TopicPlan {
    const DAY_MS: u64 = 86_400_000;
    let prefix = &args.kafka.topic_prefix;
    let mut settings = match spec.retention {
        Retention::Kept => vec![("cleanup.policy", "delete".to_owned()), ("retention.ms", "-1".to_owned())],
        Retention::Days(days) => {
            vec![("cleanup.policy", "delete".to_owned()), ("retention.ms", (u64::from(days) * DAY_MS).to_string())]
        }
        Retention::Compacted => vec![("cleanup.policy", "compact".to_owned())],
        Retention::CompactedWithinADay => {
            vec![("cleanup.policy", "compact".to_owned()), ("max.compaction.lag.ms", DAY_MS.to_string())]
        }
    };
    settings.push(("max.message.bytes", spec.record_bytes_max.to_string()));
    settings.push(("min.insync.replicas", args.replication.min(2).to_string()));
    settings.push(("unclean.leader.election.enable", "false".to_owned()));
    TopicPlan {
        name: spec.topic.name(prefix),
        partitions: if spec.keyed { args.partitions } else { 1 },
        replication: args.replication,
        settings,
        groups: spec.consumers.iter().map(|part: &Part| part.group(prefix)).collect(),
    }
}
