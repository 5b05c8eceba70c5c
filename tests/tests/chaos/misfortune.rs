//! What befalls the processors.

use std::{
    fmt::Write as _,
    future::ready,
    os::unix::process::ExitStatusExt as _,
    process::ExitStatus,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use quittance_tests::{Process, Server, Stack, eventually};
use rand::{RngExt, seq::IndexedRandom};

use crate::load::Load;

/// How long all partitions may take to be worked on again.
const RECOVERED_WITHIN: Duration = Duration::from_secs(90);
const BROKER_DOWN: Duration = Duration::from_millis(500);
/// What librdkafka says before it aborts, and the signal with which it does. That is a mistake of its own
/// (librdkafka#5573); whatever else ends a processor is one of ours.
const ASSERTION: &str = "rdkafka_assignment.c";
const SIGABRT: i32 = 6;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Misfortune {
    /// SIGKILL, and a new start in the same slot at once.
    KilledAndStarted,
    /// SIGKILL, and none in its slot until others have taken its partitions over.
    Killed,
    /// SIGSTOP for a while, shorter or longer than the group waits.
    Stopped,
    /// SIGTERM, and a new start once it has ended.
    Ended,
    /// The broker is killed and started again.
    BrokerKilled,
}

const ALL: [Misfortune; 5] = [
    Misfortune::KilledAndStarted,
    Misfortune::Killed,
    Misfortune::Stopped,
    Misfortune::Ended,
    Misfortune::BrokerKilled,
];
/// Of so many of the others, one restart of the broker.
const WEIGHTS: [u32; 5] = [4, 3, 3, 3, 1];

pub(super) struct Misfortunes<'a> {
    processors: &'a mut [Process],
    stack: &'a Stack,
    load: &'a Load,
    /// How long it took until all partitions were worked on again.
    recovered: Vec<(Misfortune, Duration)>,
    /// How processors ended of which nobody had asked it, for a reason that is not ours.
    died: Vec<(usize, ExitStatus)>,
}

impl<'a> Misfortunes<'a> {
    pub(super) fn new(processors: &'a mut [Process], stack: &'a Stack, load: &'a Load) -> Self {
        Self { processors, stack, load, recovered: Vec::new(), died: Vec::new() }
    }

    /// One after another: each of them once, then at random, until the time is over.
    pub(super) async fn befall(&mut self, lasts: Duration) -> Result<()> {
        let began = Instant::now();
        let mut first = ALL.iter();
        loop {
            let misfortune = match first.next() {
                Some(misfortune) => *misfortune,
                None if began.elapsed() >= lasts => return Ok(()),
                None => Self::any(),
            };
            let since = self.one(misfortune).await.with_context(|| format!("{misfortune:?}"))?;
            let what = format!("all partitions are worked on after {misfortune:?}");
            let time = eventually(&what, RECOVERED_WITHIN, || ready(self.supervised(since))).await??;
            self.recovered.push((misfortune, time));
            for processor in self.processors.iter_mut().filter(|processor| processor.pid().is_none()) {
                processor.start()?;
            }
            let pause = rand::rng().random_range(500..2_000);
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
    }

    /// Starts whoever ended by itself, as any supervisor would. Gives how long it took until all partitions were worked on,
    /// or that a processor ended as it must not.
    fn supervised(&mut self, since: Instant) -> Result<Result<Duration>> {
        match revived(self.processors) {
            Ok(died) => self.died.extend(died),
            Err(error) => return Ok(Err(error)),
        }
        self.load.recovered(since).context("they are not").map(Ok)
    }

    fn any() -> Misfortune {
        let weighted: Vec<_> = ALL.into_iter().zip(WEIGHTS).collect();
        let chosen = weighted.choose_weighted(&mut rand::rng(), |(_, weight)| *weight);
        chosen.map_or(Misfortune::Killed, |(misfortune, _)| *misfortune)
    }

    /// Gives when it began.
    async fn one(&mut self, misfortune: Misfortune) -> Result<Instant> {
        let died = revived(self.processors)?;
        for (slot, _) in &died {
            // One that has hardly begun does not know yet how to end when it is told to.
            self.processors[*slot].ready(RECOVERED_WITHIN).await?;
        }
        self.died.extend(died);
        let slot = rand::rng().random_range(0..self.processors.len());
        let processor = &mut self.processors[slot];
        match misfortune {
            Misfortune::KilledAndStarted => {
                processor.kill()?;
                let since = Instant::now();
                processor.start()?;
                Ok(since)
            }
            Misfortune::Killed => {
                processor.kill()?;
                Ok(Instant::now())
            }
            Misfortune::Stopped => {
                processor.signal("STOP")?;
                let lasts = rand::rng().random_range(200..12_000);
                tokio::time::sleep(Duration::from_millis(lasts)).await;
                processor.signal("CONT")?;
                Ok(Instant::now())
            }
            Misfortune::Ended => {
                processor.signal("TERM")?;
                let since = Instant::now();
                let status = processor.ended(Duration::from_secs(30)).await?;
                if !status.success() {
                    excused(processor, slot, status)?;
                    self.died.push((slot, status));
                }
                processor.start()?;
                Ok(since)
            }
            Misfortune::BrokerKilled => {
                let outage = self.stack.kill(Server::Kafka)?;
                tokio::time::sleep(BROKER_DOWN).await;
                let since = Instant::now();
                outage.over()?;
                Ok(since)
            }
        }
    }

    /// Whom librdkafka ended, by slot.
    pub(super) fn died(self) -> Vec<(usize, ExitStatus)> {
        self.died
    }

    /// How often each came, and how long it took until all partitions were worked on again.
    pub(super) fn told(&self) -> String {
        let mut text = String::from("until all partitions are worked on again:\n");
        for misfortune in ALL {
            let mut times: Vec<_> =
                self.recovered.iter().filter(|(which, _)| *which == misfortune).map(|(_, time)| *time).collect();
            times.sort();
            if let (Some(median), Some(worst)) = (times.get(times.len() / 2), times.last()) {
                let _ = writeln!(text, "{misfortune:?}: {} times, p50 {median:.1?}, worst {worst:.1?}", times.len());
            }
        }
        text
    }
}

/// Starts the processors again that ended without being asked to, and says which. Fails if that was our own mistake.
pub(super) fn revived(processors: &mut [Process]) -> Result<Vec<(usize, ExitStatus)>> {
    let mut died = Vec::new();
    for (slot, processor) in processors.iter_mut().enumerate() {
        if let Some(status) = processor.died()? {
            excused(processor, slot, status)?;
            died.push((slot, status));
            processor.start()?;
        }
    }
    Ok(died)
}

/// Fails unless it was librdkafka that ended it.
fn excused(processor: &Process, slot: usize, status: ExitStatus) -> Result<()> {
    let is_librdkafkas = status.signal() == Some(SIGABRT) && processor.log_since_start().contains(ASSERTION);
    ensure!(is_librdkafkas, "processor {slot} ended as it must not: {status}");
    Ok(())
}
