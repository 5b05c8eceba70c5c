//! The benchmark: payments arrive on a fixed schedule, whatever the system does, and are followed from the POST until
//! they are settled. The same load shows what ingest takes when nobody is behind it, and how fast it reads (`args::Mode`).
//!
//! Latency counts from the moment at which a payment was *due*. A generator that waits for an answer before it sends
//! the next request hides every stall (coordinated omission); this one does not: what comes late because the system
//! stood still, or because no connection was free, is late.
//!
//! The way of a payment through the files: `schedule` says when it is due, `load` sends it over a connection of
//! `connections`, `answer` reads what came back, `watch` learns from Redis when it was settled, `payments` puts both
//! together in the `tally` of its step. Then `verdict` judges the step, `search` chooses the next rate, `verify` looks
//! for lost payments, and `report` prints all of it.

#![forbid(unsafe_code)]

mod answer;
mod args;
mod backlog;
mod bench;
mod books;
mod connections;
mod decider;
mod load;
mod machine;
mod payments;
mod proc_files;
mod report;
mod schedule;
mod search;
mod step;
mod table;
mod tally;
mod usage;
mod verdict;
mod verify;
mod watch;

use std::process::ExitCode;

use clap::Parser;

/// One thread does all the sending, so that the generator stays cheap and its own share is easy to see.
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<ExitCode> {
    let args = args::Args::parse();
    args.check()?;
    let outcome = bench::run(&args).await?;
    print!("{}", outcome.report);
    if outcome.findings.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    for finding in &outcome.findings {
        eprintln!("bench: {finding}");
    }
    Ok(ExitCode::FAILURE)
}
