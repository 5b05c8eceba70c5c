//! What a worker holds of one partition.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use quittance_log::TopicPartition;

use super::{
    store::{Batch, Store, StoreError},
    timers::{Ripe, Timers},
};

/// State, timers and positions of one partition. Nothing here is ahead of a committed transaction.
pub(super) struct Partition<S> {
    store: Box<dyn Store<S>>,
    pub(super) timers: Timers,
    /// The inputs, by topic.
    pub(super) inputs: BTreeMap<Arc<str>, Input>,
    /// How many timers fired, in windows that were committed, since the partition was taken over.
    pub(super) fired: usize,
    horizon: Option<Horizon>,
}

/// Where one input topic of a partition stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Input {
    /// The next offset to read.
    pub(super) position: i64,
    /// What was committed beside it: whose window it was.
    pub(super) metadata: String,
    /// How many records were committed since the partition was taken over.
    pub(super) committed: usize,
    /// An offset up to which there is nothing more to read from the position on: what is there are the marks of
    /// transactions and what came to nothing.
    pub(super) empty_up_to: i64,
}

/// Where an input stands, and the end that it has to reach.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Awaited {
    pub(super) at: TopicPartition,
    pub(super) position: i64,
    pub(super) end: i64,
}

/// The ends of the inputs at some time: once they are reached, all that was in the log at that time has been read.
#[derive(Debug)]
struct Horizon {
    sampled_at_ms: i64,
    ends: BTreeMap<Arc<str>, i64>,
}

impl Input {
    pub(super) fn at(position: i64, metadata: String) -> Self {
        Self { position, metadata, committed: 0, empty_up_to: position }
    }
}

impl<S: Clone> Partition<S> {
    pub(super) fn new(store: Box<dyn Store<S>>, inputs: BTreeMap<Arc<str>, Input>) -> Self {
        Self { store, timers: Timers::default(), inputs, fired: 0, horizon: None }
    }

    pub(super) fn state(&self, key: &str) -> Result<Option<Cow<'_, S>>, StoreError> {
        self.store.get(key)
    }

    /// How many aggregates.
    pub(super) fn count(&self) -> usize {
        self.store.count()
    }

    /// Takes in committed states. What is to be done with their timers is told by `note`.
    pub(super) fn apply(
        &mut self,
        batch: Batch<S>,
        mut note: impl FnMut(&mut Timers, &str, Option<&S>),
    ) -> Result<(), StoreError> {
        for (key, state) in &batch.states {
            note(&mut self.timers, key, state.as_ref());
        }
        self.store.apply(batch)
    }

    /// Timers that may fire: due, at a time up to which every input that was in the log has been read.
    ///
    /// Otherwise, after an outage, a timer would overtake the input that makes it void and has long been in the log.
    pub(super) fn ripe(&self, now_ms: i64, most: usize) -> Vec<Ripe> {
        match &self.horizon {
            Some(horizon) if self.unread(horizon).next().is_none() => {
                self.timers.ripe(now_ms, horizon.sampled_at_ms, most)
            }
            Some(_) | None => Vec::new(),
        }
    }

    /// Whether the ends of the inputs have to be asked for before the next due timer can fire.
    pub(super) fn wants_horizon(&self, now_ms: i64) -> bool {
        let due = self.timers.first_due_since_ms(now_ms);
        due.is_some_and(|due_ms| self.horizon.as_ref().is_none_or(|horizon| horizon.sampled_at_ms < due_ms))
    }

    /// Takes in the ends of the inputs as they were at a time.
    pub(super) fn set_horizon(&mut self, sampled_at_ms: i64, ends: BTreeMap<Arc<str>, i64>) {
        self.horizon = Some(Horizon { sampled_at_ms, ends });
    }

    /// Forgets when the ends were asked for, since the clock that said so has been set back.
    pub(super) fn set_back(&mut self, now_ms: i64) {
        self.horizon = None;
        self.timers.set_back(now_ms);
    }

    /// An input that due timers wait for, if this is the partition of that number.
    pub(super) fn awaited(&self, number: i32, now_ms: i64) -> Option<Awaited> {
        self.timers.first_due_since_ms(now_ms)?;
        let (topic, end) = self.unread(self.horizon.as_ref()?).next()?;
        let at = TopicPartition { topic: Arc::clone(topic), partition: number };
        Some(Awaited { at, position: self.inputs.get(topic)?.position, end })
    }

    fn unread<'a>(&'a self, horizon: &'a Horizon) -> impl Iterator<Item = (&'a Arc<str>, i64)> {
        horizon.ends.iter().filter_map(|(topic, &end)| {
            let is_read = self.inputs.get(topic).is_some_and(|input| input.position.max(input.empty_up_to) >= end);
            (!is_read).then_some((topic, end))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::{store::MemoryStore, time::Due};

    fn partition() -> Partition<&'static str> {
        let store = Box::new(MemoryStore::default());
        Partition::new(store, BTreeMap::from([(Arc::from("commands"), Input::at(5, String::new()))]))
    }

    fn ripe(partition: &Partition<&'static str>, now_ms: i64) -> Vec<String> {
        partition.ripe(now_ms, 10).into_iter().map(|ripe| ripe.key).collect()
    }

    #[test]
    fn a_timer_waits_until_the_log_was_read_up_to_its_time() {
        let mut partition = partition();
        partition.timers.set("a", Some(Due::real(100)));
        assert!(!partition.wants_horizon(99), "not due");
        assert!(partition.wants_horizon(100));
        assert!(ripe(&partition, 100).is_empty(), "nothing is known of the log yet");
        partition.set_horizon(100, BTreeMap::from([(Arc::from("commands"), 6)]));
        assert!(!partition.wants_horizon(100), "that will do");
        assert!(ripe(&partition, 100).is_empty(), "an input is still unread");
        let at = TopicPartition { topic: Arc::from("commands"), partition: 3 };
        assert_eq!(partition.awaited(3, 100), Some(Awaited { at, position: 5, end: 6 }));
        partition.inputs.get_mut("commands").expect("it is there").position = 6;
        assert_eq!(ripe(&partition, 100), ["a"]);
    }

    #[test]
    fn marks_of_transactions_are_nothing_to_wait_for() {
        let mut partition = partition();
        partition.timers.set("a", Some(Due::real(100)));
        partition.set_horizon(100, BTreeMap::from([(Arc::from("commands"), 7)]));
        partition.inputs.get_mut("commands").expect("it is there").empty_up_to = 7;
        assert_eq!((ripe(&partition, 100), partition.awaited(3, 100)), (vec!["a".to_owned()], None));
    }

    #[test]
    fn a_horizon_by_a_clock_that_was_set_back_does_not_count() {
        let mut partition = partition();
        partition.timers.set("a", Some(Due::real(100)));
        partition.set_horizon(500, BTreeMap::from([(Arc::from("commands"), 5)]));
        assert_eq!(ripe(&partition, 500), ["a"]);
        partition.set_back(150);
        assert_eq!((ripe(&partition, 150), partition.wants_horizon(150)), (Vec::new(), true));
    }

    #[test]
    fn a_horizon_from_before_the_timer_was_due_does_not_count() {
        let mut partition = partition();
        partition.set_horizon(99, BTreeMap::from([(Arc::from("commands"), 5)]));
        partition.timers.set("a", Some(Due::real(100)));
        assert!(ripe(&partition, 150).is_empty());
        assert!(partition.wants_horizon(150));
    }
}
