//! One step: a rate, held for a while.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Result;
use tokio::{sync::mpsc, time::sleep_until};

use crate::{
    backlog::{self, Waiting},
    bench::Bench,
    schedule::Schedule,
    tally::{Percentiles, Tally, Window},
    usage::{self, Usage},
    verdict::{self, Observed, Reason},
};

/// From the decision to begin until the first payment is due.
const LEAD: Duration = Duration::from_millis(100);
/// How often the backlog is looked at.
const SAMPLE_EVERY: Duration = Duration::from_millis(100);
/// A step whose payments are not settled is given up after so long without a single one more.
const NO_PROGRESS: Duration = Duration::from_secs(60);

/// What a step showed.
#[derive(Debug)]
pub(crate) struct Step {
    /// Payments a second that became due.
    pub(crate) rate: u32,
    /// Payments a second that were settled.
    pub(crate) settled_rate: f64,
    /// Share of the measured payments that were settled within 2 s of the end.
    pub(crate) settled_share: f64,
    /// Payments that waited to be settled when the window began and when it ended.
    pub(crate) backlog: (f64, f64),
    /// Why it was not sustained, if it was not.
    pub(crate) reasons: Vec<Reason>,
    /// From due to sent.
    pub(crate) sending: Percentiles,
    /// From due to answered.
    pub(crate) answer: Percentiles,
    /// From due to settled.
    pub(crate) settlement: Percentiles,
    /// Payments that were to be answered when settled and were answered before.
    pub(crate) answered_too_early: u64,
    /// What was no acknowledgement, by kind.
    pub(crate) errors: BTreeMap<String, u64>,
    /// Who used how much.
    pub(crate) usage: Usage,
    /// Payments that were acknowledged, or never answered, and did not settle.
    pub(crate) unsettled: u64,
}

impl Step {
    /// Whether the rate was sustained.
    pub(crate) fn is_sustained(&self) -> bool {
        self.reasons.is_empty()
    }

    /// One line for those who watch.
    pub(crate) fn summary(&self) -> String {
        let verdict = if self.is_sustained() { "sustained" } else { "not sustained" };
        let Percentiles { p50, p99, .. } = self.settlement;
        format!("{}/s: {:.1}/s settled, p50 {p50:.1} ms, p99 {p99:.1} ms, {verdict}", self.rate, self.settled_rate)
    }
}

/// Runs a step, and waits until all of its payments are settled or nothing moves any more.
pub(crate) async fn run(bench: &Bench, schedule: Schedule, first_number: u64) -> Result<Step> {
    let window = Window::new(&schedule, Instant::now() + LEAD);
    bench.payments.begin(Tally::new(window));
    let (sender, arrivals) = mpsc::unbounded_channel();
    schedule.pace(window.start, first_number, sender);
    tokio::spawn(Arc::clone(&bench.load).send_all(arrivals));

    sleep_until(window.from.into()).await;
    let before = usage::snapshot(&bench.groups)?;
    let samples = sample_backlog(bench, &schedule, &window).await;
    let after = usage::snapshot(&bench.groups)?;

    sleep_until(window.deadline().into()).await;
    let missing_in_postgres = missing_in_postgres(bench).await?;
    let unsettled = drain(bench, &schedule).await;
    let usage = usage::between(&bench.groups, &before, &after);
    Ok(bench.payments.read(|tally| conclude(&schedule, tally, &samples, missing_in_postgres, unsettled, usage)))
}

/// Looks at the backlog until the window ends.
async fn sample_backlog(bench: &Bench, schedule: &Schedule, window: &Window) -> Vec<Waiting> {
    let mut samples = Vec::new();
    loop {
        let now = Instant::now();
        let due = schedule.due_by(now.saturating_duration_since(window.start));
        let waiting = due.saturating_sub(bench.payments.read(|tally| tally.finished()));
        let at_seconds = now.saturating_duration_since(window.from).as_secs_f64();
        samples.push(Waiting { at_seconds, payments: waiting as f64 });
        if now >= window.to {
            return samples;
        }
        sleep_until(window.to.min(now + SAMPLE_EVERY).into()).await;
    }
}

/// How many of the payments that are known to be settled Postgres does not have yet.
async fn missing_in_postgres(bench: &Bench) -> Result<u64> {
    if !bench.payments.mode.settles() {
        return Ok(0);
    }
    let settled = bench.payments.settled_in_all();
    let query = "select count(*) from payments where status <> 'processing'";
    let stored: i64 = bench.postgres.query_one(query, &[]).await?.get(0);
    Ok(settled.saturating_sub(u64::try_from(stored).unwrap_or(0)))
}

/// Waits for what is still open. Returns how many payments nothing more came of.
async fn drain(bench: &Bench, schedule: &Schedule) -> u64 {
    let (mut moved, mut last) = (Instant::now(), 0);
    loop {
        let finished = bench.payments.read(|tally| tally.finished());
        if finished > last {
            (moved, last) = (Instant::now(), finished);
        }
        let open = schedule.arrivals() - finished;
        if open == 0 || moved.elapsed() > NO_PROGRESS {
            return open;
        }
        tokio::time::sleep(SAMPLE_EVERY).await;
    }
}

fn conclude(
    schedule: &Schedule,
    tally: &Tally,
    samples: &[Waiting],
    missing_in_postgres: u64,
    unsettled: u64,
    usage: Usage,
) -> Step {
    let settlement = tally.settlement.percentiles();
    let reasons = verdict::judge(&Observed {
        rate: schedule.rate,
        seconds: schedule.seconds,
        measured: schedule.measured(),
        settled_in_time: tally.settled_in_time,
        missing_in_postgres,
        p99_ms: settlement.p99,
        backlog_growth: backlog::growth_per_second(samples),
        errors: tally.errors.values().sum(),
    });
    let waiting = |sample: Option<&Waiting>| sample.map_or(0.0, |sample| sample.payments);
    Step {
        rate: schedule.rate,
        settled_rate: tally.settled_in_window as f64 / f64::from(schedule.seconds),
        settled_share: tally.settled_in_time as f64 / schedule.measured() as f64,
        backlog: (waiting(samples.first()), waiting(samples.last())),
        reasons,
        sending: tally.sending.percentiles(),
        answer: tally.answer.percentiles(),
        settlement,
        answered_too_early: tally.answered_too_early,
        errors: tally.errors.clone(),
        usage,
        unsettled,
    }
}
