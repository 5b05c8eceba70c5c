//! The command line: parsing it, and one file for each subcommand.

mod dead_letters;
mod ingest;
mod installation;
mod migrate;
mod options;
mod process;
mod processor;
mod refused;
mod schemas;
mod sealing;
mod simulator;
mod sink;
mod token;
mod topics;

use std::{ffi::OsString, process::ExitCode};

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use quittance_service::telemetry::{self, TelemetryArgs};

pub use self::{
    options::{ProgramOption, options, subcommands},
    refused::Refused,
};

/// A payment backend on Kafka.
#[derive(Debug, Parser)]
#[command(name = "quittance", version, about, long_about = LONG_ABOUT, subcommand_required = true)]
pub struct Cli {
    #[command(flatten)]
    telemetry: TelemetryArgs,
    #[command(subcommand)]
    command: Command,
}

const LONG_ABOUT: &str = "A payment backend on Kafka.

It takes payments over HTTP, carries them through payment gateways, and keeps every step as an Avro record on a Kafka
topic. Each process is a subcommand; any number of each may run. Every option can be given as an environment variable,
shown beside it.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Take requests over HTTP
    Ingest(Box<ingest::Args>),
    /// Run business rules, exactly once
    #[command(subcommand)]
    Processor(processor::Processor),
    /// Carry records out of the log: into stores, or to the outside world
    #[command(subcommand)]
    Sink(sink::Sink),
    /// Create topics and check them
    #[command(subcommand)]
    Topics(topics::Topics),
    /// List, show and replay records that were given up
    #[command(subcommand)]
    DeadLetters(dead_letters::DeadLetters),
    /// Register Avro schemas
    #[command(subcommand)]
    Schemas(schemas::Schemas),
    /// Bring Postgres up to date
    Migrate(migrate::Args),
    /// Print a token for development
    Token(token::Args),
    /// Run a payment gateway to try things out with
    Simulator(simulator::Args),
}

/// Parses the command line and the environment.
///
/// # Errors
/// What is wrong, with the option's and the variable's name; or the help that was asked for.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Cli, Refused> {
    let args: Vec<OsString> = args.into_iter().collect();
    let mut command = options::command();
    let parsed = command.try_get_matches_from_mut(&args).and_then(|found| Cli::from_arg_matches(&found));
    parsed.map_err(|error| Refused::new(error.format(&mut command), &Cli::command(), &args))
}

/// Runs a subcommand until it is done or told to stop.
pub fn run(cli: Cli) -> ExitCode {
    telemetry::init(&cli.telemetry, cli.command.name());
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("quittance: the runtime does not start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let done = runtime.block_on(cli.command.run());
    // Threads of a server that hangs must not keep a process that is done.
    runtime.shutdown_background();
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("quittance: {}", telemetry::masked(&format!("{error:#}")));
            ExitCode::FAILURE
        }
    }
}

impl Command {
    fn name(&self) -> &'static str {
        match self {
            Self::Ingest(_) => "ingest",
            Self::Processor(processor) => processor.name(),
            Self::Sink(sink) => sink.name(),
            Self::Topics(_) => "topics",
            Self::DeadLetters(_) => "dead-letters",
            Self::Schemas(_) => "schemas",
            Self::Migrate(_) => "migrate",
            Self::Token(_) => "token",
            Self::Simulator(_) => "simulator",
        }
    }

    async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Ingest(args) => ingest::run(*args).await,
            Self::Processor(processor) => processor.run().await,
            Self::Sink(sink) => sink.run().await,
            Self::Topics(topics) => topics.run().await,
            Self::DeadLetters(letters) => letters.run().await,
            Self::Schemas(schemas) => schemas.run().await,
            Self::Migrate(args) => migrate::run(args).await,
            Self::Token(args) => token::run(&args),
            Self::Simulator(args) => simulator::run(args).await,
        }
    }
}
