//! `quittance schemas`

use std::io::{self, Write as _};

use anyhow::Context;
use quittance_avro::{schema, topics::TOPICS};
use quittance_log::RegistryArgs;

/// Tools for schemas.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Schemas {
    /// Register this build's schemas under the subjects of their topics, and set the subjects' compatibility
    Register(Register),
}

/// Options of `schemas register`.
#[derive(Debug, clap::Args)]
pub(crate) struct Register {
    #[command(flatten)]
    kafka: quittance_log::KafkaArgs,
    #[command(flatten)]
    registry: RegistryArgs,
}

impl Schemas {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Register(args) => register(&args).await,
        }
    }
}

async fn register(args: &Register) -> anyhow::Result<()> {
    let registry = args.registry.registry(&args.kafka.topic_prefix)?;
    for spec in TOPICS {
        for name in spec.records {
            let schema = schema::by_name(name).with_context(|| format!("there is no schema {name}"))?;
            let id = registry.register(spec.topic, schema).await?;
            writeln!(io::stdout(), "{}: {id}", spec.subject(&args.kafka.topic_prefix, name))?;
        }
    }
    Ok(())
}
