//! What a worker holds of one partition.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

/// State, timers and positions of one partition. Nothing here is ahead of a committed transaction.
pub(super) struct Partition<S> {
    states: HashMap<String, S>,
    due_by_key: HashMap<String, i64>,
    timers: BTreeSet<(i64, String)>,
    /// The next offset to read of each input topic.
    pub(super) positions: BTreeMap<Arc<str>, i64>,
    horizon: Option<Horizon>,
}

/// The ends of the inputs at some time: once they are reached, all that was in the log at that time has been read.
struct Horizon {
    sampled_at_ms: i64,
    ends: BTreeMap<Arc<str>, i64>,
}

impl<S> Partition<S> {
    pub(super) fn new(positions: BTreeMap<Arc<str>, i64>) -> Self {
        Self { states: HashMap::new(), due_by_key: HashMap::new(), timers: BTreeSet::new(), positions, horizon: None }
    }

    pub(super) fn state(&self, key: &str) -> Option<&S> {
        self.states.get(key)
    }

    /// How many aggregates.
    pub(super) fn len(&self) -> usize {
        self.states.len()
    }

    /// How many timers.
    pub(super) fn timers(&self) -> usize {
        self.timers.len()
    }

    /// Takes in a committed state and its timer.
    pub(super) fn put(&mut self, key: String, state: S, due_ms: Option<i64>) {
        self.unset_timer(&key);
        if let Some(due_ms) = due_ms {
            self.due_by_key.insert(key.clone(), due_ms);
            self.timers.insert((due_ms, key.clone()));
        }
        self.states.insert(key, state);
    }

    /// Takes a timer out of the index. It comes back with the next state, or when the states are restored.
    pub(super) fn unset_timer(&mut self, key: &str) {
        if let Some(due_ms) = self.due_by_key.remove(key) {
            self.timers.remove(&(due_ms, key.to_owned()));
        }
    }

    /// When the next timer is due.
    pub(super) fn next_due_ms(&self) -> Option<i64> {
        self.timers.first().map(|(due_ms, _)| *due_ms)
    }

    /// Keys whose timers may fire: due, at a time up to which every input that was in the log has been read.
    ///
    /// Otherwise, after an outage, a timer would overtake the input that makes it void and has long been in the log.
    pub(super) fn ripe(&self, now_ms: i64, most: usize) -> Vec<String> {
        let Some(horizon) = self.horizon.as_ref().filter(|horizon| self.reached(horizon)) else { return Vec::new() };
        let until_ms = now_ms.min(horizon.sampled_at_ms);
        self.timers
            .iter()
            .take_while(|(due_ms, _)| *due_ms <= until_ms)
            .take(most)
            .map(|(_, key)| key.clone())
            .collect()
    }

    /// Whether the ends of the inputs have to be asked for before the next due timer can fire.
    pub(super) fn wants_horizon(&self, now_ms: i64) -> bool {
        let due = self.next_due_ms().filter(|due_ms| *due_ms <= now_ms);
        due.is_some_and(|due_ms| self.horizon.as_ref().is_none_or(|horizon| horizon.sampled_at_ms < due_ms))
    }

    /// Takes in the ends of the inputs as they were at a time.
    pub(super) fn set_horizon(&mut self, sampled_at_ms: i64, ends: BTreeMap<Arc<str>, i64>) {
        self.horizon = Some(Horizon { sampled_at_ms, ends });
    }

    fn reached(&self, horizon: &Horizon) -> bool {
        horizon.ends.iter().all(|(topic, end)| self.positions.get(topic).is_some_and(|position| position >= end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partition() -> Partition<&'static str> {
        Partition::new(BTreeMap::from([(Arc::from("commands"), 5)]))
    }

    #[test]
    fn a_timer_waits_until_the_log_was_read_up_to_its_time() {
        let mut partition = partition();
        partition.put("a".to_owned(), "state", Some(100));
        assert!(!partition.wants_horizon(99), "not due");
        assert!(partition.wants_horizon(100));
        assert!(partition.ripe(100, 10).is_empty(), "nothing is known of the log yet");
        partition.set_horizon(100, BTreeMap::from([(Arc::from("commands"), 6)]));
        assert!(partition.ripe(100, 10).is_empty(), "an input is still unread");
        partition.positions.insert(Arc::from("commands"), 6);
        assert_eq!(partition.ripe(100, 10), ["a"]);
    }

    #[test]
    fn a_horizon_from_before_the_timer_was_due_does_not_count() {
        let mut partition = partition();
        partition.set_horizon(99, BTreeMap::from([(Arc::from("commands"), 5)]));
        partition.put("a".to_owned(), "state", Some(100));
        assert!(partition.ripe(150, 10).is_empty());
        assert!(partition.wants_horizon(150));
    }

    #[test]
    fn a_new_state_replaces_the_timer() {
        let mut partition = partition();
        partition.put("a".to_owned(), "one", Some(100));
        partition.put("a".to_owned(), "two", Some(200));
        assert_eq!((partition.timers(), partition.next_due_ms()), (1, Some(200)));
        partition.put("a".to_owned(), "three", None);
        assert_eq!((partition.timers(), partition.state("a")), (0, Some(&"three")));
    }
}
