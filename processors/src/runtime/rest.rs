//! Pauses after what only time mends.

use std::{collections::BTreeMap, time::Duration};

use quittance_service::backoff::Backoff;
use rand::rngs::SmallRng;

/// Pauses that get longer for as long as something fails. Each counts from when it is first looked at: the failure may have
/// taken its time, and the time of the step in which it happened is that of its beginning.
#[derive(Debug, Default)]
pub(super) struct Rest {
    backoff: Backoff,
    pause: Option<Pause>,
}

#[derive(Debug, Clone, Copy)]
enum Pause {
    /// So long, from the next look on.
    For(Duration),
    /// Until then, by the process's uptime.
    Until(Duration),
}

impl Rest {
    fn of(backoff: Backoff) -> Self {
        Self { backoff, pause: None }
    }

    /// It failed, in a step that is not over.
    pub(super) fn begin(&mut self, rng: &mut SmallRng) {
        self.pause = Some(Pause::For(self.backoff.next_delay_by(rng)));
    }

    /// Whether it is to be left alone, asked once in a step.
    pub(super) fn is_on(&mut self, uptime: Duration) -> bool {
        let until = match self.pause {
            None => return false,
            Some(Pause::For(time)) => uptime + time,
            Some(Pause::Until(until)) => until,
        };
        self.pause = Some(Pause::Until(until));
        uptime < until
    }

    /// Whether it failed and has not gone well since.
    pub(super) fn is_needed(&self) -> bool {
        self.pause.is_some()
    }

    /// It went well.
    pub(super) fn end(&mut self) {
        self.pause = None;
        self.backoff.reset();
    }
}

/// The rests of partitions, each by itself: one without a leader must not keep all others waiting.
#[derive(Debug)]
pub(super) struct Rests {
    backoff: Backoff,
    rests: BTreeMap<i32, Rest>,
}

impl Rests {
    pub(super) fn of(backoff: Backoff) -> Self {
        Self { backoff, rests: BTreeMap::new() }
    }

    /// The partitions that are to be left alone, asked once in a step.
    pub(super) fn on(&mut self, uptime: Duration) -> Vec<i32> {
        self.rests.iter_mut().filter_map(|(partition, rest)| rest.is_on(uptime).then_some(*partition)).collect()
    }

    pub(super) fn begin(&mut self, partition: i32, rng: &mut SmallRng) {
        self.rests.entry(partition).or_insert_with(|| Rest::of(self.backoff.clone())).begin(rng);
    }

    pub(super) fn end(&mut self, partition: i32) {
        self.rests.remove(&partition);
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_rest_counts_from_the_step_after_the_failure_and_ends() {
        let (mut rest, mut rng) = (Rest::default(), SmallRng::seed_from_u64(1));
        assert!(!rest.is_on(SECOND) && !rest.is_needed());
        rest.begin(&mut rng);
        assert!(rest.is_on(60 * SECOND), "the failure took a minute");
        assert!(!rest.is_on(61 * SECOND) && rest.is_needed(), "it may be tried again");
        rest.end();
        assert!(!rest.is_needed());
    }

    #[test]
    fn partitions_rest_by_themselves_and_longer_each_time() {
        let (mut rests, mut rng) = (Rests::of(Backoff::DEFAULT), SmallRng::seed_from_u64(1));
        let mut pause = |rests: &mut Rests| {
            rests.begin(3, &mut rng);
            let begun = Duration::ZERO;
            assert_eq!(rests.on(begun), [3]);
            (1..100_000).map(Duration::from_millis).find(|uptime| rests.on(*uptime).is_empty())
        };
        let first = pause(&mut rests);
        let later = (0..8).filter_map(|_| pause(&mut rests)).max();
        assert!(first < Some(SECOND / 4) && later > Some(SECOND), "{first:?}, {later:?}");
        rests.end(3);
        assert!(pause(&mut rests) < Some(SECOND / 4));
    }
}
