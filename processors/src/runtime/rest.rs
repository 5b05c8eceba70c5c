//! Pauses after what only time mends.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

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
    pub(super) fn of(backoff: Backoff) -> Self {
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

    /// It went well.
    pub(super) fn end(&mut self) {
        self.pause = None;
        self.backoff.reset();
    }
}

/// The rests of partitions, each by itself.
#[derive(Debug, Default)]
pub(super) struct Rests(BTreeMap<i32, Rest>);

impl Rests {
    /// The partitions that are to be left alone, asked once in a step.
    pub(super) fn on(&mut self, uptime: Duration) -> Vec<i32> {
        self.0.iter_mut().filter_map(|(partition, rest)| rest.is_on(uptime).then_some(*partition)).collect()
    }

    pub(super) fn begin(&mut self, partition: i32, rng: &mut SmallRng) {
        self.0.entry(partition).or_default().begin(rng);
    }

    /// Those of other partitions have ended.
    pub(super) fn retain(&mut self, is_kept: impl Fn(i32) -> bool) {
        self.0.retain(|partition, _| is_kept(*partition));
    }
}

/// The one rest from all partitions that did not answer. To ask one of them takes time that is everybody's, so that the more there
/// are, the less often each is asked.
#[derive(Debug)]
pub(super) struct SharedRest {
    silent: BTreeSet<i32>,
    rest: Rest,
}

impl SharedRest {
    pub(super) fn of(backoff: Backoff) -> Self {
        Self { silent: BTreeSet::new(), rest: Rest::of(backoff) }
    }

    /// The partitions that are to be left alone, asked once in a step.
    pub(super) fn on(&mut self, uptime: Duration) -> BTreeSet<i32> {
        if self.rest.is_on(uptime) { self.silent.clone() } else { BTreeSet::new() }
    }

    /// It did not answer, in a step that is not over.
    pub(super) fn begin(&mut self, partition: i32, rng: &mut SmallRng) {
        self.silent.insert(partition);
        self.rest.begin(rng);
    }

    /// It answered. If it had not before, the others may answer, too.
    pub(super) fn end(&mut self, partition: i32) {
        if self.silent.remove(&partition) {
            self.rest.end();
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn rng() -> SmallRng {
        SmallRng::seed_from_u64(1)
    }

    #[test]
    fn a_rest_counts_from_the_step_after_the_failure_and_ends() {
        let mut rest = Rest::default();
        assert!(!rest.is_on(SECOND));
        rest.begin(&mut rng());
        assert!(rest.is_on(60 * SECOND), "the failure took a minute");
        assert!(!rest.is_on(61 * SECOND), "it may be tried again");
        rest.begin(&mut rng());
        rest.end();
        assert!(!rest.is_on(61 * SECOND), "it went well");
    }

    #[test]
    fn rests_get_longer_until_it_goes_well() {
        let (mut rest, mut rng) = (Rest::default(), rng());
        let mut pause = |rest: &mut Rest| {
            rest.begin(&mut rng);
            assert!(rest.is_on(Duration::ZERO));
            (1..100_000).map(Duration::from_millis).find(|uptime| !rest.is_on(*uptime))
        };
        let first = pause(&mut rest);
        let later = (0..8).filter_map(|_| pause(&mut rest)).max();
        assert!(first < Some(SECOND / 4) && later > Some(SECOND), "{first:?}, {later:?}");
        rest.end();
        assert!(pause(&mut rest) < Some(SECOND / 4));
    }

    #[test]
    fn partitions_rest_by_themselves() {
        let (mut rests, mut rng) = (Rests::default(), rng());
        rests.begin(3, &mut rng);
        assert_eq!(rests.on(Duration::ZERO), [3]);
        rests.begin(4, &mut rng);
        assert_eq!(rests.on(SECOND), [4], "the rest of the other is over");
        rests.retain(|partition| partition != 4);
        assert!(rests.on(SECOND).is_empty());
    }

    #[test]
    fn who_does_not_answer_rests_with_all_others_that_do_not() {
        let (mut rest, mut rng) = (SharedRest::of(Backoff::DEFAULT), rng());
        rest.begin(3, &mut rng);
        rest.begin(4, &mut rng);
        assert_eq!(rest.on(Duration::ZERO), BTreeSet::from([3, 4]));
        assert!(rest.on(SECOND).is_empty());
        rest.begin(3, &mut rng);
        assert_eq!(rest.on(SECOND), BTreeSet::from([3, 4]), "one of them did not answer once more");
        rest.end(5);
        assert_eq!(rest.on(SECOND).len(), 2, "it had always answered");
        rest.end(4);
        assert!(rest.on(SECOND).is_empty(), "they may all answer again");
    }
}
