//! What is counted and timed in one step.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;

use crate::schedule::{Arrival, Schedule};

/// What is settled after this is settled too late.
pub(crate) const SETTLED_WITHIN: Duration = Duration::from_secs(2);
/// The longest latency that is told apart from longer ones, microseconds.
const LATENCY_US_MAX: u64 = 3_600_000_000;

/// The times of a step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    /// When the first payment is due.
    pub(crate) start: Instant,
    /// When the first measured payment is due.
    pub(crate) from: Instant,
    /// When the last one was.
    pub(crate) to: Instant,
}

/// Counts and latencies of one step.
#[derive(Debug)]
pub(crate) struct Tally {
    window: Window,
    /// From due to being sent: what the generator itself, or a lack of connections, adds.
    pub(crate) sending: Latencies,
    /// From due to answered.
    pub(crate) answer: Latencies,
    /// From due to settled.
    pub(crate) settlement: Latencies,
    /// Payments that were settled, the warm-up's included.
    pub(crate) settled: u64,
    /// Those of them that were settled while it was measured, whenever they were due.
    pub(crate) settled_in_window: u64,
    /// Measured payments that were settled soon enough after the window.
    pub(crate) settled_in_time: u64,
    /// Payments of the mode `wait` whose answer came before they were settled.
    pub(crate) answered_too_early: u64,
    /// What was no acknowledgement, by kind, the warm-up's included.
    pub(crate) errors: BTreeMap<String, u64>,
}

/// Latencies of measured payments.
#[derive(Debug)]
pub(crate) struct Latencies(Histogram<u64>);

/// Latencies in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Percentiles {
    pub(crate) p50: f64,
    pub(crate) p90: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
    pub(crate) max: f64,
}

impl Window {
    /// The times of a step that begins then.
    pub(crate) fn new(schedule: &Schedule, start: Instant) -> Self {
        let from = start + Duration::from_secs(schedule.warmup_seconds.into());
        Self { start, from, to: from + Duration::from_secs(schedule.seconds.into()) }
    }

    /// What was settled until then was settled in time.
    pub(crate) fn deadline(&self) -> Instant {
        self.to + SETTLED_WITHIN
    }
}

impl Tally {
    /// Nothing yet.
    pub(crate) fn new(window: Window) -> Self {
        Self {
            window,
            sending: Latencies::new(),
            answer: Latencies::new(),
            settlement: Latencies::new(),
            settled: 0,
            settled_in_window: 0,
            settled_in_time: 0,
            answered_too_early: 0,
            errors: BTreeMap::new(),
        }
    }

    /// Counts a settlement.
    pub(crate) fn settled(&mut self, arrival: Arrival, at: Instant) {
        self.settled += 1;
        self.settled_in_window += u64::from((self.window.from..self.window.to).contains(&at));
        self.settled_in_time += u64::from(arrival.is_measured && at <= self.window.deadline());
        self.settlement.record(arrival, at);
    }

    /// Payments that nothing more is to come of.
    pub(crate) fn finished(&self) -> u64 {
        self.settled + self.errors.values().sum::<u64>()
    }
}

impl Latencies {
    fn new() -> Self {
        let bounds = Histogram::new_with_bounds(1, LATENCY_US_MAX, 3);
        Self(bounds.expect("bounds that hdrhistogram documents as good"))
    }

    /// Records the latency of a payment, if it counts.
    pub(crate) fn record(&mut self, arrival: Arrival, at: Instant) {
        if arrival.is_measured {
            let latency = at.saturating_duration_since(arrival.due);
            self.0.saturating_record(u64::try_from(latency.as_micros()).unwrap_or(LATENCY_US_MAX));
        }
    }

    /// What is told of them; all 0 if there are none.
    pub(crate) fn percentiles(&self) -> Percentiles {
        let at = |quantile| ms(self.0.value_at_quantile(quantile));
        Percentiles { p50: at(0.5), p90: at(0.9), p99: at(0.99), p999: at(0.999), max: ms(self.0.max()) }
    }
}

fn ms(us: u64) -> f64 {
    Duration::from_micros(us).as_secs_f64() * 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEDULE: Schedule = Schedule { rate: 10, warmup_seconds: 1, seconds: 2 };

    fn arrival(due: Instant, is_measured: bool) -> Arrival {
        Arrival { number: 0, due, is_measured }
    }

    #[test]
    fn latency_counts_from_when_it_was_due() {
        let start = Instant::now();
        let mut tally = Tally::new(Window::new(&SCHEDULE, start));
        let due = start + Duration::from_millis(1_500);
        tally.settled(arrival(due, true), due + Duration::from_millis(250));
        let percentiles = tally.settlement.percentiles();
        assert!((percentiles.p50 - 250.0).abs() < 0.5, "{percentiles:?}");
        assert!((percentiles.max - 250.0).abs() < 0.5, "{percentiles:?}");
        assert_eq!((tally.settled, tally.settled_in_window, tally.settled_in_time), (1, 1, 1));
    }

    #[test]
    fn the_warm_up_counts_where_it_is_settled_but_not_how_fast() {
        let start = Instant::now();
        let mut tally = Tally::new(Window::new(&SCHEDULE, start));
        tally.settled(arrival(start, false), start + Duration::from_millis(1_001));
        assert_eq!((tally.settled, tally.settled_in_window, tally.settled_in_time), (1, 1, 0));
        assert_eq!(tally.settlement.percentiles(), Percentiles::default());
    }

    #[test]
    fn in_time_is_two_seconds_after_the_window() {
        let start = Instant::now();
        let window = Window::new(&SCHEDULE, start);
        let mut tally = Tally::new(window);
        let late = arrival(window.to, true);
        tally.settled(late, window.deadline());
        tally.settled(late, window.deadline() + Duration::from_millis(1));
        assert_eq!((tally.settled, tally.settled_in_window, tally.settled_in_time), (2, 0, 1));
    }

    #[test]
    fn errors_are_finished_too() {
        let mut tally = Tally::new(Window::new(&SCHEDULE, Instant::now()));
        tally.errors.insert("503 unavailable".to_owned(), 3);
        tally.settled(arrival(Instant::now(), true), Instant::now());
        assert_eq!(tally.finished(), 4);
    }
}
