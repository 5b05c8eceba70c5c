//! A worker over the model of Kafka, driven step by step.

use std::{
    cell::{Cell, RefCell},
    io,
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use quittance_avro::{records::DeadLetter, wire::Decoder, wire::Encoder};
use quittance_log::{
    Ended, Event, Headers, Isolation, Log, Member, Membership, NewRecord, OffsetCommit, TopicPartition, Transactions,
    model::{
        Call, Cleanup, Driver, Fate, Model, ModelLog, OpenTransaction, ProcessId, Prompt, Settings as ModelSettings,
    },
};
use quittance_processors::runtime::{
    Fatal, InHand, MemoryStore, Next, Notepad, Now, RuntimeMetrics, Settings, Suspect, Worker,
};
use quittance_service::{health::Health, metrics::Metrics};

use crate::counter::{BYTES_MAX, Counter, Registry};

pub(crate) const START_MS: i64 = 1_000_000;
const GROUP: &str = "counters";

/// What outlives a process.
#[derive(Clone)]
pub(crate) struct Bench {
    pub(crate) model: Model,
    pub(crate) registry: Registry,
    pub(crate) notes: Rc<RefCell<Vec<Suspect>>>,
    pub(crate) metrics: Rc<Metrics>,
    pub(crate) health: Health,
    pub(crate) brokers: Rc<Brokers>,
    runtime_metrics: RuntimeMetrics,
}

/// What is wrong with the brokers, and what they were asked.
#[derive(Default)]
pub(crate) struct Brokers {
    /// Whether committed positions are kept from being stable.
    pub(crate) is_hanging: Cell<bool>,
    /// Partitions whose ends nobody knows.
    pub(crate) leaderless: Cell<&'static [i32]>,
    /// How often they were asked for.
    pub(crate) asked: Cell<u32>,
    /// What is to be read no further, as it was asked for.
    pub(crate) paused: RefCell<Vec<Paused>>,
    /// Whether nothing new comes to who polls.
    pub(crate) are_mute: Cell<bool>,
    /// The positions of so many windows are refused.
    pub(crate) refusals: Cell<u32>,
    /// Whether nobody hears what comes of the end of a transaction, for it never arrives.
    loses_ends: Cell<bool>,
    /// Transactional ids that were taken over, and that began a transaction.
    pub(crate) ids: RefCell<Vec<String>>,
}

/// Partitions that were paused, or resumed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Paused {
    Yes(Vec<TopicPartition>),
    NoMore(Vec<TopicPartition>),
}

struct Driven(Rc<Brokers>);

impl Driver for Driven {
    fn on_call(&self, model: &Model, _: ProcessId, call: &Call) -> Fate {
        let Self(brokers) = self;
        match call {
            Call::Committed { .. } if brokers.is_hanging.get() => return Fate::Refused,
            Call::End { at, isolation: Isolation::Uncommitted } if brokers.leaderless.get().contains(&at.partition) => {
                brokers.asked.update(|asked| asked + 1);
                // So long a client waits for a leader.
                model.advance(Duration::from_secs(3));
                return Fate::Refused;
            }
            Call::CommitOffsets { .. } if brokers.refusals.get() > 0 => {
                brokers.refusals.update(|refusals| refusals - 1);
                return Fate::Refused;
            }
            Call::Poll { .. } if brokers.are_mute.get() => return Fate::Lost,
            Call::EndTransaction { .. } if brokers.loses_ends.get() => return Fate::Lost,
            Call::TakeOver { id } => brokers.ids.borrow_mut().push(format!("take over {id}")),
            Call::Begin { id } => brokers.ids.borrow_mut().push(format!("begin {id}")),
            Call::Pause { partitions, .. } => brokers.paused.borrow_mut().push(Paused::Yes(partitions.clone())),
            Call::Resume { partitions, .. } => brokers.paused.borrow_mut().push(Paused::NoMore(partitions.clone())),
            _ => {}
        }
        Fate::Happens
    }

    fn wait(&self, model: &Model, process: ProcessId, until_ms: i64) {
        Prompt.wait(model, process, until_ms);
    }
}

struct Notes(Rc<RefCell<Vec<Suspect>>>);

impl Notepad for Notes {
    fn read(&mut self) -> io::Result<Vec<Suspect>> {
        Ok(self.0.borrow().clone())
    }

    fn write(&mut self, suspects: &[Suspect]) -> io::Result<()> {
        *self.0.borrow_mut() = suspects.to_vec();
        Ok(())
    }
}

/// A worker that runs.
pub(crate) struct Running {
    bench: Bench,
    /// How far the wall's clock is from the model's, milliseconds.
    pub(crate) skew_ms: i64,
    worker: Worker<Counter, ModelLog<'static>>,
}

impl Bench {
    pub(crate) fn new(partitions: i32) -> Self {
        let brokers = Rc::<Brokers>::default();
        // What is left open stays so until somebody ends it.
        let transaction_timeout = Duration::from_secs(3_600);
        let settings = ModelSettings { start_ms: START_MS, transaction_timeout, ..ModelSettings::default() };
        let model = Model::new(settings, Driven(Rc::clone(&brokers)));
        for topic in ["results", "commands", "bulk", "output"] {
            model.create_topic(topic, partitions, Cleanup::Delete);
        }
        model.create_topic("changelog", partitions, Cleanup::Compact);
        model.create_topic("dead-letters", 1, Cleanup::Delete);
        model.create_topic("table", 1, Cleanup::Compact);
        for topic in ["results", "commands", "bulk"] {
            for partition in 0..partitions {
                let commit = OffsetCommit { at: at(topic, partition), offset: 0, metadata: String::new() };
                model.set_position(GROUP, &commit);
            }
        }
        let metrics = Rc::new(Metrics::new("test"));
        Self {
            model,
            registry: Registry::default(),
            notes: Rc::default(),
            runtime_metrics: RuntimeMetrics::new(&metrics),
            metrics,
            health: Health::default(),
            brokers,
        }
    }

    /// A process starts.
    pub(crate) fn start(&self) -> Running {
        let settings = Settings {
            membership: membership("one"),
            name: "counters.one".to_owned(),
            incarnation: self.model.process().id().to_string().replace(' ', ""),
            part: "counters",
            dead_letters: Arc::from("dead-letters"),
            dead_letter_encoder: Encoder::of_this_build(),
            metrics: self.runtime_metrics.clone(),
            latch: self.health.latch("worker"),
            heartbeat: self.health.heartbeat("worker", Duration::from_secs(60)),
            record_bytes_max: BYTES_MAX,
            dead_letter_bytes_max: 2 * BYTES_MAX,
            seed: 1,
        };
        let stores = Box::new(|_| Ok(Box::<MemoryStore<_>>::default() as _));
        let notes = Box::new(Notes(Rc::clone(&self.notes)));
        let counter = Counter::new(Rc::clone(&self.registry));
        let worker = Worker::join(counter, self.model.process(), settings, stores, notes).expect("it joins");
        Running { bench: self.clone(), skew_ms: 0, worker }
    }

    /// Writes an input to the first partition.
    pub(crate) fn tell(&self, topic: &str, key: &str, says: impl Into<Vec<u8>>) {
        self.tell_at(&at(topic, 0), key, says);
    }

    pub(crate) fn tell_at(&self, at: &TopicPartition, key: &str, says: impl Into<Vec<u8>>) {
        self.model.append(&record(at, key, says), self.model.now_ms()).expect("the topic is there");
    }

    /// Writes a record in a transaction under this id, and leaves it open.
    pub(crate) fn leave_open(&self, id: &str, at: &TopicPartition, key: &str, says: &str) -> OpenTransaction {
        let (open, ..) = self.model.append_open(id, &record(at, key, says)).expect("it is taken");
        open
    }

    /// Another member commits positions in a transaction under this id, and dies before it has ended that.
    pub(crate) fn leave_positions_open(&self, id: &str) {
        let log = self.model.process();
        let topics = ["results", "commands", "bulk"].map(Arc::from);
        let mut member = log.join(&membership("two"), &topics).expect("it joins");
        while !matches!(member.poll(Duration::from_secs(1)), Ok(Event::Assigned(_))) {}
        member.start(&[]).expect("it starts");
        let generation = member.generation().expect("it is a member");
        let mut holder = log.take_over(id).expect("it has the id");
        holder.begin().expect("it begins");
        let commit = OffsetCommit { at: at("commands", 0), offset: 1, metadata: format!("window-2 {id}") };
        self.brokers.loses_ends.set(true);
        assert!(matches!(holder.commit(&[commit], &generation), Ended::Unknown(_)));
        self.brokers.loses_ends.set(false);
        self.model.kill(log.id());
    }

    /// Whoever had the partitions before, under these transactional ids, committed the first position.
    pub(crate) fn had_predecessor(&self, ids: &str) {
        let commit = OffsetCommit { at: at("commands", 0), offset: 0, metadata: format!("window-1 {ids}") };
        self.model.set_position(GROUP, &commit);
    }

    /// Why it is not ready.
    pub(crate) fn why(&self) -> String {
        self.health.readiness().expect_err("it is not ready")[0].1.clone()
    }

    /// What readers of committed records find on the first partition of a topic, as text.
    pub(crate) fn told(&self, topic: &str) -> Vec<String> {
        self.told_at(&at(topic, 0))
    }

    pub(crate) fn told_at(&self, at: &TopicPartition) -> Vec<String> {
        let records = self.model.records(at, Isolation::Committed);
        records
            .into_iter()
            .map(|record| String::from_utf8_lossy(&record.value.unwrap_or_default()).into_owned())
            .collect()
    }

    pub(crate) fn letters(&self) -> Vec<DeadLetter> {
        let decoder = Decoder::of_this_build();
        let records = self.model.records(&at("dead-letters", 0), Isolation::Committed);
        let letter = |value: Option<Vec<u8>>| decoder.decode(&value.unwrap_or_default()).expect("a letter");
        records.into_iter().map(|record| letter(record.value)).collect()
    }

    /// Reason and place of each letter.
    pub(crate) fn buried(&self) -> Vec<(String, i64)> {
        self.letters().into_iter().map(|letter| (letter.reason, letter.offset)).collect()
    }

    /// A process died so often with this in hand.
    pub(crate) fn died(&self, topic: &str, in_hand: InHand, deaths: u32) {
        self.notes.borrow_mut().push(Suspect { at: at(topic, 0), in_hand, deaths });
    }

    /// A metric's value; `None` if it was never touched.
    pub(crate) fn metric(&self, name: &str, label: &str) -> Option<f64> {
        let text = self.metrics.render();
        let found = text.lines().find(|line| line.contains(name) && line.contains(label) && !line.starts_with('#'))?;
        found.rsplit_once(' ')?.1.parse().ok()
    }
}

impl Running {
    /// Steps for so long, by the model's clock.
    pub(crate) fn run(&mut self, time: Duration) -> &mut Self {
        let until_ms = self.bench.model.now_ms() + i64::try_from(time.as_millis()).expect("a short time");
        for _ in 0..100_000 {
            let now_ms = self.bench.model.now_ms();
            if now_ms >= until_ms {
                return self;
            }
            self.go_on().expect("it goes on");
        }
        panic!("it loops hot");
    }

    /// Steps until it cannot go on, and says why.
    pub(crate) fn fails(mut self) -> Fatal {
        (0..100_000).find_map(|_| self.go_on().err()).expect("it fails")
    }

    pub(crate) fn step(&mut self) -> Next {
        self.try_step().expect("it goes on")
    }

    /// Steps, and waits if it is to.
    fn go_on(&mut self) -> Result<(), Fatal> {
        if let Next::Wait(time) = self.try_step()? {
            self.bench.model.advance(time.max(Duration::from_millis(1)));
        }
        Ok(())
    }

    fn try_step(&mut self) -> Result<Next, Fatal> {
        let now_ms = self.bench.model.now_ms();
        let uptime = Duration::from_millis((now_ms - START_MS).unsigned_abs());
        self.worker.step(Now { wall_ms: now_ms + self.skew_ms, uptime })
    }

    /// It ends in order.
    pub(crate) fn ends(self) {
        let Self { bench, worker, .. } = self;
        worker.stop().expect("it ends");
        bench.model.advance(Duration::from_secs(1));
    }

    /// It dies where it stands.
    pub(crate) fn dies(self) {
        let Self { bench, worker, .. } = self;
        drop(worker);
        bench.model.advance(Duration::from_secs(1));
    }
}

fn membership(instance: &str) -> Membership {
    let session_timeout = Duration::from_secs(6);
    Membership { group: GROUP.to_owned(), instance: instance.to_owned(), session_timeout }
}

fn record(at: &TopicPartition, key: &str, says: impl Into<Vec<u8>>) -> NewRecord {
    NewRecord {
        topic: Arc::clone(&at.topic),
        partition: Some(at.partition),
        key: key.as_bytes().to_vec(),
        value: Some(says.into()),
        headers: Headers::default(),
    }
}

pub(crate) fn at(topic: &str, partition: i32) -> TopicPartition {
    TopicPartition { topic: Arc::from(topic), partition }
}
