//! The index of timers. It is made of the states and never written: the states are the truth.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::time::{Clock, Due};

/// Timers of one partition, by when they are due.
#[derive(Debug, Default)]
pub(super) struct Timers {
    by_key: BTreeMap<String, Due>,
    by_due: BTreeMap<Clock, BTreeSet<(i64, String)>>,
    test_clocks: BTreeMap<Arc<str>, TestClock>,
}

/// Where a test clock stands, and when it was heard of by the wall's clock.
#[derive(Debug, Clone, Copy)]
struct TestClock {
    at_ms: i64,
    told_at_ms: i64,
}

/// A timer that may fire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ripe {
    /// Whose.
    pub(super) key: String,
    /// When it was due, by its clock.
    pub(super) due_ms: i64,
    /// The time by its clock.
    pub(super) now_ms: i64,
}

impl Timers {
    /// Sets the timer of an aggregate, or takes it away.
    pub(super) fn set(&mut self, key: &str, due: Option<Due>) {
        self.unset(key);
        if let Some(due) = due {
            self.by_due.entry(due.clock.clone()).or_default().insert((due.at_ms, key.to_owned()));
            self.by_key.insert(key.to_owned(), due);
        }
    }

    /// Takes a timer out of the index. It comes back with the next state, or when the states are restored.
    pub(super) fn unset(&mut self, key: &str) {
        let Some(due) = self.by_key.remove(key) else { return };
        if let Some(timers) = self.by_due.get_mut(&due.clock) {
            timers.remove(&(due.at_ms, key.to_owned()));
            if timers.is_empty() {
                self.by_due.remove(&due.clock);
            }
        }
    }

    /// Sets a test clock. It never goes back.
    pub(super) fn set_clock(&mut self, name: &Arc<str>, at_ms: i64, told_at_ms: i64) {
        let clock = self.test_clocks.entry(Arc::clone(name)).or_insert(TestClock { at_ms, told_at_ms });
        if at_ms > clock.at_ms {
            *clock = TestClock { at_ms, told_at_ms };
        }
    }

    /// The wall's clock was set back to this: nothing was heard of later than now.
    pub(super) fn set_back(&mut self, now_ms: i64) {
        for clock in self.test_clocks.values_mut() {
            clock.told_at_ms = clock.told_at_ms.min(now_ms);
        }
    }

    pub(super) fn count(&self) -> usize {
        self.by_key.len()
    }

    /// When the timer of an aggregate is due, by its clock.
    pub(super) fn due_ms(&self, key: &str) -> Option<i64> {
        self.by_key.get(key).map(|due| due.at_ms)
    }

    /// When the next timer of the wall's clock is due.
    pub(super) fn next_real_ms(&self) -> Option<i64> {
        self.by_due.get(&Clock::Real)?.first().map(|(at_ms, _)| *at_ms)
    }

    /// How many timers are due that have not fired, and since when the first of them by the wall's clock.
    pub(super) fn late(&self, now_ms: i64) -> (usize, Option<i64>) {
        let Some(timers) = self.by_due.get(&Clock::Real) else { return (0, None) };
        let late = timers.iter().take_while(|(at_ms, _)| *at_ms <= now_ms);
        (late.count(), self.next_real_ms().filter(|at_ms| *at_ms <= now_ms))
    }

    /// The earliest moment, by the wall's clock, at which a timer that is due became so. What was in the log then has to be
    /// read before it fires.
    pub(super) fn first_due_since_ms(&self, now_ms: i64) -> Option<i64> {
        let real = self.next_real_ms().filter(|at_ms| *at_ms <= now_ms);
        let test = self.test_clocks.iter().filter_map(|(name, clock)| {
            let first = self.by_due.get(&Clock::Test(Arc::clone(name)))?.first()?;
            (first.0 <= clock.at_ms).then_some(clock.told_at_ms)
        });
        real.into_iter().chain(test).min()
    }

    /// Timers that were due when the wall's clock stood at `read_up_to_ms`, at most so many.
    pub(super) fn ripe(&self, now_ms: i64, read_up_to_ms: i64, most: usize) -> Vec<Ripe> {
        let ripe = self.by_due.iter().flat_map(|(clock, timers)| {
            let (until_ms, now_ms) = match clock {
                Clock::Real => (now_ms.min(read_up_to_ms), now_ms),
                Clock::Test(name) => match self.test_clocks.get(name) {
                    Some(clock) if clock.told_at_ms <= read_up_to_ms => (clock.at_ms, clock.at_ms),
                    Some(_) | None => (i64::MIN, i64::MIN),
                },
            };
            let due = timers.iter().take_while(move |(at_ms, _)| *at_ms <= until_ms);
            due.map(move |(due_ms, key)| Ripe { key: key.clone(), due_ms: *due_ms, now_ms })
        });
        ripe.take(most).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(ripe: Vec<Ripe>) -> Vec<String> {
        ripe.into_iter().map(|ripe| ripe.key).collect()
    }

    #[test]
    fn a_new_timer_replaces_the_old() {
        let mut timers = Timers::default();
        timers.set("a", Some(Due::real(100)));
        timers.set("a", Some(Due::real(200)));
        assert_eq!((timers.count(), timers.next_real_ms(), timers.due_ms("a")), (1, Some(200), Some(200)));
        timers.set("a", None);
        assert_eq!((timers.count(), timers.next_real_ms(), timers.due_ms("a")), (0, None, None));
    }

    #[test]
    fn only_timers_that_were_due_when_the_log_was_looked_at_are_ripe() {
        let mut timers = Timers::default();
        timers.set("a", Some(Due::real(100)));
        timers.set("b", Some(Due::real(101)));
        assert_eq!(keys(timers.ripe(150, 100, 10)), ["a"]);
        assert_eq!(keys(timers.ripe(150, 150, 1)), ["a"]);
        assert_eq!(keys(timers.ripe(99, 150, 10)), [""; 0]);
        assert_eq!((timers.first_due_since_ms(99), timers.first_due_since_ms(150)), (None, Some(100)));
    }

    #[test]
    fn a_test_clock_moves_its_own_timers_only() {
        let (mut timers, name) = (Timers::default(), Arc::from("tenant"));
        timers.set("a", Some(Due { clock: Clock::Test(Arc::clone(&name)), at_ms: 5_000 }));
        assert!(timers.ripe(9_000, 9_000, 10).is_empty(), "the wall's clock is none of its business");
        timers.set_clock(&name, 4_999, 10);
        assert_eq!(timers.first_due_since_ms(20), None);
        timers.set_clock(&name, 5_000, 12);
        timers.set_clock(&name, 5_000, 14);
        assert_eq!(timers.first_due_since_ms(20), Some(12), "that is no news");
        assert!(timers.ripe(20, 11, 10).is_empty(), "the log was looked at before the clock was set");
        assert_eq!(timers.ripe(20, 12, 10), [Ripe { key: "a".to_owned(), due_ms: 5_000, now_ms: 5_000 }]);
        timers.set_clock(&name, 4_000, 15);
        assert_eq!(timers.ripe(20, 15, 10).len(), 1, "it does not go back");
        timers.set_back(11);
        assert_eq!(timers.first_due_since_ms(20), Some(11), "nothing was heard of later than now");
    }
}
