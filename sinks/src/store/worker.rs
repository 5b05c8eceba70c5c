//! The loop: poll, decode, apply. A worker is a value with [`StoreWorker::step`]; a thread only drives it.

mod bury;
mod claim;
mod lag;
mod pause;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use quittance_avro::{time::Timestamp, topics::Topic};
use quittance_log::{Event, GroupConsumer, Producer, ReadError, Record, Schemas, TopicPartition, catch_panic};

use self::{
    bury::Verdict,
    lag::Watch,
    pause::{Pause, Trouble},
};
use super::{
    Entry, Store, StoreError, StoreFatal, StoreSettings,
    filling::{Filling, RECORDS_MAX},
};

const IDLE_POLL: Duration = Duration::from_millis(50);
const DEAD_LETTER_TIMEOUT: Duration = Duration::from_secs(10);

/// Folds the partitions that the group assigns into a store.
pub struct StoreWorker<S: Store> {
    store: S,
    settings: StoreSettings,
    consumer: GroupConsumer,
    schemas: Schemas,
    producer: Producer,
    topics: BTreeMap<Arc<str>, Topic>,
    dead_letters: Arc<str>,
    /// What the group assigned.
    owned: BTreeMap<TopicPartition, Owned>,
    /// What is owned has to be claimed before anything is read.
    must_claim: bool,
    /// What is owned is being read, from where the store says.
    is_started: bool,
    /// Records that were polled and not yet taken in.
    inbox: VecDeque<Record>,
    filling: Filling<S::Row>,
    /// The most records in a batch: less than usual while a record that the store refuses is being searched for.
    records_max: usize,
    /// Records that the store refuses, by where they stand.
    condemned: BTreeMap<(TopicPartition, i64), String>,
    /// Records that are in the dead letters and that the store's progress has not passed yet.
    buried: BTreeSet<(TopicPartition, i64)>,
    pause: Pause,
    watch: Watch,
}

/// A partition of ours.
#[derive(Debug, Clone, Copy, Default)]
struct Owned {
    epoch: i64,
    /// The offset that the store wants next.
    stored: i64,
    /// The offset to take in next: at or beyond `stored`.
    next: i64,
}

impl<S: Store> StoreWorker<S> {
    /// Joins the group. Nothing is claimed yet.
    pub fn join(store: S, settings: StoreSettings) -> Result<Self, StoreFatal> {
        let prefix = &settings.kafka.topic_prefix;
        let topics: BTreeMap<Arc<str>, Topic> =
            settings.part.topics().map(|topic| (topic.name(prefix).into(), topic)).collect();
        let names: Vec<&str> = topics.keys().map(|name| &**name).collect();
        let consumer = GroupConsumer::join(&settings.kafka, &settings.membership, &names)?;
        Ok(Self {
            store,
            consumer,
            schemas: Schemas::new(settings.registry.clone(), settings.handle.clone()),
            producer: Producer::open(&settings.kafka, DEAD_LETTER_TIMEOUT)?,
            dead_letters: settings.part.dead_letters().name(prefix).into(),
            topics,
            owned: BTreeMap::new(),
            must_claim: false,
            is_started: false,
            inbox: VecDeque::new(),
            filling: Filling::new(settings.installation),
            records_max: RECORDS_MAX,
            condemned: BTreeMap::new(),
            buried: BTreeSet::new(),
            pause: Pause::default(),
            watch: Watch::default(),
            settings,
        })
    }

    /// Does the next thing: takes in a rebalance or a record, or writes the batch. While a server is down, the group is
    /// still polled, with the partitions paused.
    pub fn step(&mut self) -> Result<(), StoreFatal> {
        self.settings.heartbeat.beat();
        let is_idle = self.poll()?;
        self.watch_lag();
        if self.pause.left() > Duration::ZERO {
            return Ok(());
        }
        match self.work(is_idle) {
            Ok(()) => self.go_on(),
            Err(Trouble::Wait { class, why, least }) => self.wait(class, &why, least),
            Err(Trouble::Fatal(error)) => Err(error),
        }
    }

    /// Writes what was taken in, unless the store is down, and gives the partitions back.
    ///
    /// What could not be written is read again by whoever comes next.
    pub fn stop(mut self) -> Result<(), StoreFatal> {
        let applied = if self.must_claim { Ok(()) } else { self.apply() };
        self.forget("gave back partitions")?;
        match applied {
            Err(Trouble::Fatal(error)) => Err(error),
            Ok(()) | Err(Trouble::Wait { .. }) => Ok(()),
        }
    }

    /// Takes in what the log has next. True if it has nothing.
    fn poll(&mut self) -> Result<bool, StoreFatal> {
        match self.consumer.poll(self.patience())? {
            Event::Assigned(partitions) => self.assigned(partitions)?,
            Event::Revoked(_) => self.forget("gave back partitions")?,
            Event::Lost(_) => self.forget("lost partitions")?,
            // A record that comes although its partition is paused is kept: the consumer will not give it again.
            Event::Record(record) => self.inbox.push_back(record),
            Event::Idle => return Ok(true),
        }
        Ok(false)
    }

    /// How long to wait for the log.
    fn patience(&self) -> Duration {
        let is_busy = !self.inbox.is_empty() || !self.filling.is_empty() || self.must_claim;
        match self.pause.left() {
            Duration::ZERO if is_busy => Duration::ZERO,
            Duration::ZERO => IDLE_POLL,
            left => left.min(IDLE_POLL),
        }
    }

    fn work(&mut self, is_idle: bool) -> Result<(), Trouble> {
        self.claim()?;
        self.take_in()?;
        if is_idle || self.pause.is_on() || self.filling.is_full(self.records_max) {
            self.apply()?;
        }
        Ok(())
    }

    /// Moves records from the inbox into the batch, until it is full.
    fn take_in(&mut self) -> Result<(), Trouble> {
        while !self.filling.is_full(self.records_max) {
            let Some(record) = self.inbox.pop_front() else { break };
            let Some(&owned) = self.owned.get(&record.at) else { continue };
            if record.offset < owned.next {
                // Read before the position was moved, or read again after a pause.
                continue;
            }
            let row = match self.row(&record) {
                Ok(row) => row,
                Err(trouble) => {
                    self.inbox.push_front(record);
                    return Err(trouble);
                }
            };
            self.owned.insert(record.at.clone(), Owned { next: record.offset + 1, ..owned });
            self.filling.push(record, row, owned.epoch, owned.stored);
        }
        Ok(())
    }

    /// What a record becomes; nothing if it went to the dead letters.
    fn row(&mut self, record: &Record) -> Result<Option<S::Row>, Trouble> {
        if let Some(detail) = self.condemned.get(&(record.at.clone(), record.offset)) {
            let verdict = Verdict { reason: "rejected", detail: detail.clone() };
            return self.bury(record, verdict).map(|()| None);
        }
        match catch_panic(|| self.decode(record)) {
            Ok(row) => Ok(row),
            Err(error) if error.is_transient() => Err(Trouble::wait("registry", error.to_string())),
            Err(error) => self.bury(record, error.into()).map(|()| None),
        }
    }

    fn decode(&mut self, record: &Record) -> Result<Option<S::Row>, ReadError> {
        let topic = *self.topics.get(&record.at.topic).ok_or(ReadError::Invalid("topic"))?;
        let entry = Entry::read(&mut self.schemas, topic, record)?;
        self.store.row(entry, Timestamp::now().as_ms())
    }

    /// Writes the batch with its progress.
    ///
    /// A crash before the store's transaction ends leaves nothing, and the batch is read again; after it, the store
    /// wants the offset behind the batch, so that it is not read again.
    fn apply(&mut self) -> Result<(), Trouble> {
        if self.filling.is_empty() {
            return Ok(());
        }
        let began = Instant::now();
        let applied = self.store.apply(&self.filling.batch);
        self.settings.metrics.apply_seconds.observe(began.elapsed().as_secs_f64());
        match applied {
            Ok(()) => {
                self.applied();
                Ok(())
            }
            Err(StoreError::Rejected(detail)) => self.narrow(detail),
            Err(error) => Err(self.trouble(error)),
        }
    }

    fn applied(&mut self) {
        let done = std::mem::replace(&mut self.filling, Filling::new(self.settings.installation));
        for (at, advance) in &done.batch.advances {
            if let Some(owned) = self.owned.get_mut(at) {
                owned.stored = advance.to;
            }
        }
        for record in &done.records {
            tracing::debug!(
                at = %record.at, offset = record.offset, traceparent = record.headers.text("traceparent"), "applied"
            );
        }
        self.show(&done.records);
        let is_ahead = |(at, offset): &(TopicPartition, i64)| {
            done.batch.advances.get(at).is_none_or(|advance| *offset >= advance.to)
        };
        self.condemned.retain(|record, _| is_ahead(record));
        self.buried.retain(is_ahead);
        self.records_max = (self.records_max * 2).min(RECORDS_MAX);
    }

    /// After a batch that the store refuses: finds the record to blame by halving the batch, and condemns it.
    fn narrow(&mut self, detail: String) -> Result<(), Trouble> {
        self.settings.metrics.errors.with_label_values(&["rejected"]).inc();
        if self.filling.batch.rows.is_empty() {
            // Nothing but the progress is left to blame.
            return Err(Trouble::Fatal(StoreFatal::Store(StoreError::Fatal(detail))));
        }
        let refused = std::mem::replace(&mut self.filling, Filling::new(self.settings.installation));
        self.records_max = (refused.records.len() / 2).max(1);
        if let [record] = &*refused.records {
            self.condemned.insert((record.at.clone(), record.offset), detail);
        }
        for record in refused.records.into_iter().rev() {
            if let Some(owned) = self.owned.get_mut(&record.at) {
                owned.next = record.offset;
            }
            self.inbox.push_front(record);
        }
        Ok(())
    }

    /// Drops everything that was read and not written.
    fn drop_unwritten(&mut self) {
        self.filling = Filling::new(self.settings.installation);
        self.inbox.clear();
        self.records_max = RECORDS_MAX;
        self.condemned.clear();
        self.buried.clear();
    }

    fn partitions(&self) -> Vec<TopicPartition> {
        self.owned.keys().cloned().collect()
    }
}
