//! The model, as a bench.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use quittance_log::{
    Ended, Log, NewRecord, OffsetCommit, TopicPartition,
    model::{Call, Cleanup, Driver, Fate, Model, ModelGeneration, ModelLog, ProcessId, Prompt, Settings},
};

use crate::bench::{Bench, position, window};

/// Delays the ends of some transactions, by transactional id.
#[derive(Clone, Default)]
struct Delays(Rc<RefCell<BTreeMap<String, Duration>>>);

impl Driver for Delays {
    fn on_call(&self, _: &Model, _: ProcessId, call: &Call) -> Fate {
        match call {
            Call::EndTransaction { id, .. } => self.0.borrow_mut().remove(id).map_or(Fate::Happens, Fate::Late),
            _ => Fate::Happens,
        }
    }

    fn wait(&self, model: &Model, process: ProcessId, until_ms: i64) {
        Prompt.wait(model, process, until_ms);
    }
}

pub(crate) struct ModelBench {
    pub(crate) model: Model,
    delays: Delays,
    topics: Cell<usize>,
}

impl ModelBench {
    pub(crate) fn new(seed: u64) -> Self {
        let delays = Delays::default();
        let settings = Settings { seed, ..Settings::default() };
        Self { model: Model::new(settings, delays.clone()), delays, topics: Cell::new(0) }
    }
}

impl Bench for ModelBench {
    type Log = ModelLog<'static>;
    /// When it arrives that it is to end.
    type Open = i64;

    fn topic(&self, partitions: i32, is_compacted: bool) -> Arc<str> {
        self.topics.set(self.topics.get() + 1);
        let name = self.name(&format!("topic-{}", self.topics.get()));
        self.model.create_topic(&name, partitions, if is_compacted { Cleanup::Compact } else { Cleanup::Delete });
        Arc::from(name)
    }

    fn group(&self, topics: &[&Arc<str>]) -> String {
        for topic in topics {
            for partition in 0..self.model.partitions(topic) {
                let at = TopicPartition { topic: Arc::clone(topic), partition };
                self.model.set_position("group", &position(&at, 0, ""));
            }
        }
        "group".to_owned()
    }

    fn name(&self, name: &str) -> String {
        name.to_owned()
    }

    fn process(&self) -> ModelLog<'static> {
        self.model.process()
    }

    fn append(&self, record: &NewRecord) -> i64 {
        let (_, offset) = self.model.append(record, self.model.now_ms()).expect("a topic");
        offset
    }

    fn leave_open(
        &self,
        log: &ModelLog<'static>,
        id: &str,
        records: &[NewRecord],
        positions: &[OffsetCommit],
        generation: &ModelGeneration,
        delay: Duration,
    ) -> i64 {
        let mut holder = log.take_over(id).expect("a holder");
        self.delays.0.borrow_mut().insert(id.to_owned(), delay);
        assert!(matches!(window(&mut holder, records, positions, generation), Ended::Unknown(_)));
        self.model.now_ms() + i64::try_from(delay.as_millis()).unwrap_or(i64::MAX)
    }

    fn finish(&self, open: i64) {
        self.model.advance_to(open);
    }

    fn delete_before(&self, at: &TopicPartition, offset: i64) {
        self.model.delete_before(at, offset);
    }

    fn compact(&self, topic: &Arc<str>) {
        self.model.compact(topic);
    }

    fn pause(&self) {
        self.model.advance(Duration::from_millis(20));
    }

    fn now_ms(&self) -> i64 {
        self.model.now_ms()
    }
}
