//! When inputs were due, and when their outputs were read.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;

/// Latencies up to a minute, to three digits, in microseconds.
fn histogram() -> Histogram<u64> {
    Histogram::new_with_max(60_000_000, 3).expect("bounds that make a histogram")
}

/// Clones share it.
#[derive(Clone)]
pub(super) struct Book(Arc<Mutex<Pages>>);

struct Pages {
    due: HashMap<String, (Instant, bool)>,
    acknowledged: Histogram<u64>,
    read: Histogram<u64>,
}

impl Default for Book {
    fn default() -> Self {
        let pages = Pages { due: HashMap::new(), acknowledged: histogram(), read: histogram() };
        Self(Arc::new(Mutex::new(pages)))
    }
}

impl Book {
    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn due(&self, command: String, at: Instant, is_measured: bool) {
        self.pages().due.insert(command, (at, is_measured));
    }

    pub(super) fn acknowledged(&self, after: Duration, is_measured: bool) {
        if is_measured {
            note(&mut self.pages().acknowledged, after);
        }
    }

    pub(super) fn read(&self, command: &str, at: Instant) {
        let mut pages = self.pages();
        if let Some((due, true)) = pages.due.remove(command) {
            note(&mut pages.read, at.saturating_duration_since(due));
        }
    }

    pub(super) fn missing(&self) -> usize {
        self.pages().due.len()
    }

    pub(super) fn report(&self) -> String {
        let pages = self.pages();
        [("acknowledged by Kafka", &pages.acknowledged), ("output read, committed", &pages.read)]
            .map(|(what, histogram)| {
                #[expect(clippy::cast_precision_loss, reason = "it is for the eye")]
                let at = |quantile: f64| histogram.value_at_quantile(quantile) as f64 / 1_000.0;
                format!(
                    "{what:<24} p50 {:.1} ms, p99 {:.1} ms, p99.9 {:.1} ms, of {}",
                    at(0.5),
                    at(0.99),
                    at(0.999),
                    histogram.len()
                )
            })
            .join("\n")
    }
}

fn note(histogram: &mut Histogram<u64>, time: Duration) {
    histogram.saturating_record(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
}
