//! What the benchmark is told to do.

use std::fmt;

use anyhow::{Result, ensure};
use clap::{Parser, ValueEnum};
use quittance_tests::Part;

use crate::schedule::Schedule;

/// The simulated gateway remembers so many keys; past that it refuses new ones.
pub(crate) const PAYMENTS_MAX: u64 = 1_000_000;

/// Sends payments on a fixed schedule and measures them from the moment they were due until they are settled
///
/// Starts an installation of its own on the servers that QUITTANCE_STACK names, with the `quittance` program built
/// beside this one. Prints its report as Markdown. Fails when a payment was lost or charged twice.
#[derive(Debug, Clone, Parser)]
#[command(name = "bench")]
pub(crate) struct Args {
    /// Payments a second: a step for each of several with commas between; with --max the first is where the search
    /// begins
    #[arg(long, value_delimiter = ',', default_value = "100", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) rate: Vec<u32>,
    /// How long a step is measured, seconds
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3_600))]
    pub(crate) seconds: u32,
    /// How long a step's load runs before it is measured, seconds
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(0..=600))]
    pub(crate) warmup_seconds: u32,
    /// What is asked for, and when it is answered
    #[arg(long, value_enum, default_value_t = Mode::Wait)]
    pub(crate) mode: Mode,
    /// Connections open at a time; a payment that is due while all are busy waits for one, and that counts
    #[arg(long, default_value_t = 1_024, value_parser = clap::value_parser!(u32).range(1..=4_096))]
    pub(crate) connections_max: u32,
    /// Search for the highest rate that is sustained: 99 % settled within 2 s of the step's end, in Redis and in
    /// Postgres, p99 of settlement below 1 s, no growing backlog, no error
    #[arg(long)]
    pub(crate) max: bool,
}

/// What is asked for, and when it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    /// Once it is settled, as by default: what the client sees is both latencies.
    Wait,
    /// Once Kafka has the command (`Prefer: respond-async`); the settlement is seen in Redis.
    Async,
    /// As async, of an ingest that is alone: nothing is made of its commands, so that they count as settled when they are answered.
    Alone,
    /// As wait, of an ingest that is alone: the generator itself decides each command, at once.
    Decided,
    /// Not payments, but reads of payments that are settled.
    Read,
}

impl Mode {
    /// The processes that take part.
    pub(crate) fn parts(self) -> &'static [Part] {
        match self {
            Self::Wait | Self::Async | Self::Read => &Part::ALL,
            Self::Alone | Self::Decided => &[Part::Ingest],
        }
    }

    /// How many payments are paid beforehand by a whole installation.
    pub(crate) fn beforehand(self) -> usize {
        match self {
            Self::Wait | Self::Async | Self::Alone => 0,
            Self::Decided => 1,
            Self::Read => 1_000,
        }
    }

    /// Whether payments are asked for that are to be settled.
    pub(crate) fn settles(self) -> bool {
        matches!(self, Self::Wait | Self::Async)
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Wait => "wait",
            Self::Async => "async",
            Self::Alone => "alone",
            Self::Decided => "decided",
            Self::Read => "read",
        })
    }
}

impl Args {
    /// Refuses a plan that the simulated gateway has no room for.
    pub(crate) fn check(&self) -> Result<()> {
        let rates = if self.max { &self.rate[..1] } else { &self.rate[..] };
        let payments: u64 = rates.iter().map(|&rate| self.schedule(rate).arrivals()).sum();
        ensure!(payments <= PAYMENTS_MAX, "{payments} payments are more than the {PAYMENTS_MAX} that a run may have");
        Ok(())
    }

    /// The schedule of a step at that rate.
    pub(crate) fn schedule(&self, rate: u32) -> Schedule {
        Schedule { rate, warmup_seconds: self.warmup_seconds, seconds: self.seconds }
    }

    /// The command by which this run can be repeated.
    pub(crate) fn command(&self) -> String {
        let rates: Vec<String> = self.rate.iter().map(u32::to_string).collect();
        let max = if self.max { " --max" } else { "" };
        format!(
            "bench --rate {} --seconds {} --warmup-seconds {} --mode {} --connections-max {}{max}",
            rates.join(","),
            self.seconds,
            self.warmup_seconds,
            self.mode,
            self.connections_max
        )
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn the_command_says_what_was_asked_for() {
        let args = Args::try_parse_from(["bench", "--rate", "10,20", "--max"]).expect("good arguments");
        let again = Args::try_parse_from(args.command().split(' ')).expect("its own command");
        assert_eq!(format!("{again:?}"), format!("{args:?}"));
    }

    #[rstest]
    #[case(&["--rate", "20000", "--seconds", "60"], false)]
    #[case(&["--rate", "20000", "--seconds", "45"], true)]
    #[case(&["--rate", "10,20000,20000", "--seconds", "40"], false)]
    #[case(&["--rate", "10,20000,20000", "--seconds", "40", "--max"], true)]
    fn a_plan_has_its_bound(#[case] args: &[&str], #[case] fits: bool) {
        let args = Args::try_parse_from([&["bench"], args].concat()).expect("good arguments");
        assert_eq!(args.check().is_ok(), fits);
    }

    #[rstest]
    #[case("--rate", "0")]
    #[case("--seconds", "0")]
    #[case("--mode", "later")]
    #[case("--connections-max", "0")]
    fn refuses(#[case] option: &str, #[case] value: &str) {
        let error = Args::try_parse_from(["bench", option, value]).expect_err("a bad value").to_string();
        assert!(error.contains(option), "{error}");
    }
}
