//! When payments are due. The schedule never looks at the system under test.

use std::{
    thread,
    time::{Duration, Instant},
};

use tokio::sync::mpsc::UnboundedSender;

/// A step: evenly spaced arrivals, the first of which only warm up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Schedule {
    /// Payments a second.
    pub(crate) rate: u32,
    /// How long arrivals are not measured, seconds.
    pub(crate) warmup_seconds: u32,
    /// How long they are measured after that, seconds.
    pub(crate) seconds: u32,
}

/// A payment that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Arrival {
    /// Unique within the run.
    pub(crate) number: u64,
    /// When it is due.
    pub(crate) due: Instant,
    /// Whether its latency counts.
    pub(crate) is_measured: bool,
}

impl Schedule {
    /// How many payments become due.
    pub(crate) fn arrivals(&self) -> u64 {
        self.warmup() + self.measured()
    }

    /// How many of them are measured.
    pub(crate) fn measured(&self) -> u64 {
        u64::from(self.rate) * u64::from(self.seconds)
    }

    /// How many are due until `elapsed` after the start.
    pub(crate) fn due_by(&self, elapsed: Duration) -> u64 {
        let due = elapsed.as_nanos() * u128::from(self.rate) / 1_000_000_000 + 1;
        u64::try_from(due).unwrap_or(u64::MAX).min(self.arrivals())
    }

    fn warmup(&self) -> u64 {
        u64::from(self.rate) * u64::from(self.warmup_seconds)
    }

    /// The arrival with that place in the step, from 0; `number` numbers it in the run.
    fn arrival(&self, place: u64, start: Instant, number: u64) -> Arrival {
        let offset = Duration::from_nanos(place * 1_000_000_000 / u64::from(self.rate));
        Arrival { number, due: start + offset, is_measured: place >= self.warmup() }
    }

    /// Sends each arrival when it is due, from a thread of its own: timers of the async runtime tick in milliseconds
    /// and would show up in the latencies. Ends early when nobody receives any more.
    pub(crate) fn pace(self, start: Instant, first_number: u64, arrivals: UnboundedSender<Arrival>) {
        thread::spawn(move || {
            for place in 0..self.arrivals() {
                let arrival = self.arrival(place, start, first_number + place);
                thread::sleep(arrival.due.saturating_duration_since(Instant::now()));
                if arrivals.send(arrival).is_err() {
                    return;
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;

    const SCHEDULE: Schedule = Schedule { rate: 400, warmup_seconds: 2, seconds: 3 };

    #[test]
    fn arrivals_are_evenly_spaced() {
        let start = Instant::now();
        let offsets: Vec<Duration> =
            (0..SCHEDULE.arrivals()).map(|place| SCHEDULE.arrival(place, start, place).due - start).collect();
        assert_eq!(offsets.len(), 2_000);
        assert!(offsets.windows(2).all(|pair| pair[1] - pair[0] == Duration::from_micros(2_500)));
        assert_eq!(offsets[0], Duration::ZERO);
    }

    #[test]
    fn uneven_rates_do_not_drift() {
        let schedule = Schedule { rate: 7, warmup_seconds: 0, seconds: 3_600 };
        let start = Instant::now();
        assert_eq!(schedule.arrival(7 * 3_599, start, 0).due - start, Duration::from_secs(3_599));
    }

    #[test]
    fn what_comes_before_the_warm_up_ends_is_not_measured() {
        let start = Instant::now();
        let measured = (0..SCHEDULE.arrivals()).filter(|&place| SCHEDULE.arrival(place, start, 0).is_measured);
        assert_eq!(measured.count() as u64, SCHEDULE.measured());
        assert!(!SCHEDULE.arrival(799, start, 0).is_measured);
        assert_eq!(SCHEDULE.arrival(800, start, 0).due - start, Duration::from_secs(2));
    }

    #[test]
    fn what_is_due_follows_the_clock() {
        assert_eq!(SCHEDULE.due_by(Duration::ZERO), 1);
        assert_eq!(SCHEDULE.due_by(Duration::from_micros(2_499)), 1);
        assert_eq!(SCHEDULE.due_by(Duration::from_micros(2_500)), 2);
        assert_eq!(SCHEDULE.due_by(Duration::from_secs(60)), SCHEDULE.arrivals());
    }

    #[tokio::test]
    async fn the_pacer_is_never_early_and_ends() {
        let schedule = Schedule { rate: 1_000, warmup_seconds: 0, seconds: 1 };
        let (sender, mut arrivals) = mpsc::unbounded_channel();
        schedule.pace(Instant::now() - Duration::from_millis(950), 70, sender);
        let mut numbers = Vec::new();
        while let Some(arrival) = arrivals.recv().await {
            assert!(arrival.due <= Instant::now());
            numbers.push(arrival.number);
        }
        assert_eq!(numbers, (70..1_070).collect::<Vec<_>>());
    }
}
