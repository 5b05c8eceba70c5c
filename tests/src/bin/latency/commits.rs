//! Where the time of commits goes, by what processors count of them.

use std::{collections::BTreeMap, time::Duration};

use anyhow::Result;
use quittance_tests::{metric, scrape};

const PHASES: [&str; 3] = ["positions", "records", "end"];

/// What processors had counted by a time.
pub(super) struct Counted(String);

impl Counted {
    /// Asks all of them, by the addresses of their metrics.
    pub(super) async fn now(urls: Vec<String>) -> Result<Self> {
        let mut text = String::new();
        for url in urls {
            text += &scrape(&url).await?;
        }
        Ok(Self(text))
    }

    /// What they have counted since, a line for each phase of a commit.
    pub(super) fn since(&self, before: &Self) -> String {
        let more = |name: &str, label: &str| metric(&self.0, name, label) - metric(&before.0, name, label);
        let windows = more("quittance_runtime_windows_total", "committed");
        let records = more("quittance_runtime_window_records_sum", "");
        let mut lines = vec![format!("{windows:.0} windows of {:.1} inputs", records / windows.max(1.0))];
        for phase in PHASES {
            let label = format!("phase=\"{phase}\"");
            let count = more("quittance_log_commit_seconds_count", &label);
            let mean_ms = 1_000.0 * more("quittance_log_commit_seconds_sum", &label) / count.max(1.0);
            let (before, after) = (buckets(&before.0, &label), buckets(&self.0, &label));
            let within = |quantile: f64| {
                let is_enough = |(bound, total): &(&Duration, &f64)| {
                    **total - before.get(*bound).copied().unwrap_or_default() >= quantile * count
                };
                let bound =
                    after.iter().find(is_enough).map(|(bound, _)| *bound).filter(|bound| *bound != Duration::MAX);
                bound.map_or("no bound".to_owned(), |bound| format!("{bound:.1?}"))
            };
            let (half, most) = (within(0.5), within(0.99));
            lines.push(format!("  {phase:<10} mean {mean_ms:.2} ms, half within {half}, 99 % within {most}"));
        }
        lines.join("\n")
    }
}

/// How many commits took no longer than each bound in a phase; the last bound is none.
fn buckets(text: &str, phase: &str) -> BTreeMap<Duration, f64> {
    let mut buckets = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with("quittance_log_commit_seconds_bucket{")) {
        let bound = line.split_once("le=\"").and_then(|(_, rest)| rest.split_once('"'));
        let bound = bound.and_then(|(bound, _)| bound.parse::<f64>().ok());
        let count = line.rsplit_once(' ').and_then(|(_, count)| count.parse::<f64>().ok());
        if let (true, Some(bound), Some(count)) = (line.contains(phase), bound, count) {
            *buckets.entry(Duration::try_from_secs_f64(bound).unwrap_or(Duration::MAX)).or_default() += count;
        }
    }
    buckets
}
