//! The world: brokers, processes, clients and a gateway, on one clock.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
    time::Duration,
};

use corosensei::CoroutineResult;
use quittance_avro::topics::Topic;
use quittance_log::{
    NewRecord, TopicPartition,
    model::{Fate, Model, OpenTransaction, ProcessId, Prompt, Settings},
};

use crate::{
    ambush::{Ambush, Ambushes, Steps},
    chance::Chance,
    client::{self, Kind, Wish},
    gateway::{Deed, Gateway},
    instance::{Moment, Parts, Pause, Process, Slot, Start},
    oracle::{self, Asked},
    plan::{Faults, Plan},
    topics::{self, PREFIX},
    trace::Trace,
};

/// When the world begins, milliseconds since the epoch.
pub(crate) const START_MS: i64 = 1_793_534_400_000;
/// How often the sink looks for effects.
const SINK_LOOKS_MS: i64 = 40;
/// How long everything may take to settle once nothing goes wrong any more.
const SETTLES_MS: i64 = 240_000;
/// How often it is looked whether everything is settled.
const LOOK_SETTLED_MS: i64 = 500;
/// A run that takes more turns than this does not get anywhere.
const TURNS_MAX: u64 = 3_000_000;

/// What is to happen at a time.
enum Happening {
    /// A slot's process starts.
    Starts(usize),
    /// A client writes.
    Written(Box<Wish>),
    /// The sink looks for effects.
    SinkLooks,
    /// The gateway or the sink does something.
    Done(Deed),
    /// A client ends a transaction that it left open, with a commit or not.
    Ended(OpenTransaction, bool),
    /// The changelog is compacted.
    Compacted,
    /// Every process dies, but perhaps for those that are stopped, and none starts for so long.
    Blackout(i64),
    /// Nothing goes wrong any more.
    Heals,
    /// It is looked whether all is settled.
    LookSettled,
}

pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) model: Model,
    pub(crate) parts: Parts,
    pub(crate) gateway: Gateway,
    pub(crate) asked: Vec<Asked>,
    chance: Chance,
    trace: Trace,
    faults: Faults,
    slots: Vec<(Slot, Option<Running>)>,
    agenda: BTreeMap<(i64, u64), Happening>,
    last_number: u64,
    /// How many transactions others have written inputs in.
    upstreams: u32,
    ambushes: Ambushes,
    heals_ms: i64,
    is_settled: bool,
    turns: u64,
}

/// A process that runs.
struct Running {
    process: Process,
    id: Rc<Cell<Option<ProcessId>>>,
    stop: Rc<Cell<bool>>,
    /// When it goes on, and with what.
    wakes_ms: i64,
    fate: Fate,
    is_paused: bool,
    steps: Steps,
}

impl World {
    pub(crate) fn new(plan: &Plan, parts: &Parts, trace: Trace) -> Self {
        let settings = Settings { seed: plan.seed, start_ms: START_MS, ..Settings::default() };
        let model = Model::new(settings, Prompt);
        topics::create(&model, plan.partitions);
        let chance = Chance::new(plan.seed ^ 0x5eed);
        let gateway = Gateway::new(model.clone(), parts.decoder().clone(), chance.clone(), plan.faults.gateway);
        let slot = |number: usize| Slot {
            name: format!("slot-{number}"),
            notes: Rc::new(RefCell::new(Vec::new())),
            clock_ms: Rc::new(Cell::new(0)),
        };
        let mut world = Self {
            plan: plan.clone(),
            parts: parts.clone(),
            gateway,
            asked: Vec::new(),
            chance,
            trace,
            faults: plan.faults,
            slots: (0..plan.instances).map(|number| (slot(number), None)).collect(),
            agenda: BTreeMap::new(),
            last_number: 0,
            upstreams: 0,
            ambushes: Ambushes::default(),
            heals_ms: START_MS + i64::try_from(plan.trouble.as_millis()).unwrap_or(i64::MAX),
            is_settled: false,
            turns: 0,
            model,
        };
        world.set_the_stage();
        world
    }

    fn set_the_stage(&mut self) {
        for number in 0..self.slots.len() {
            let at_ms = START_MS + self.chance.between(0, 2_000);
            self.later(at_ms, Happening::Starts(number));
        }
        for wish in client::wishes(&self.plan) {
            self.later(wish.at_ms, Happening::Written(Box::new(wish)));
        }
        for _ in 0..self.faults.blackouts {
            let at_ms = self.chance.between(START_MS, self.heals_ms);
            let length_ms = self.chance.between(2_000, 25_000);
            self.later(at_ms, Happening::Blackout(length_ms));
        }
        self.ambushes = Ambushes::draw(self.faults.ambushes, START_MS + 1_000..self.heals_ms, &self.chance);
        if self.faults.compaction {
            self.later(START_MS + 3_000, Happening::Compacted);
        }
        self.later(START_MS, Happening::SinkLooks);
        self.later(self.heals_ms, Happening::Heals);
        self.later(self.heals_ms, Happening::LookSettled);
    }

    /// Everything happens, until all is settled.
    pub(crate) fn run(&mut self) -> Result<(), String> {
        while !self.is_settled {
            self.turns += 1;
            if self.turns > TURNS_MAX {
                return Err(format!("it does not get anywhere in {TURNS_MAX} turns"));
            }
            let now_ms = self.model.now_ms();
            if now_ms > self.heals_ms + SETTLES_MS {
                let left = oracle::unsettled(self);
                return Err(format!("{} s after the last trouble it has not settled: {left}", SETTLES_MS / 1_000));
            }
            self.turn();
        }
        self.end_everything();
        Ok(())
    }

    /// The next thing happens.
    fn turn(&mut self) {
        let agenda = self.agenda.first_key_value().map(|((at_ms, _), _)| *at_ms);
        let running = self.slots.iter().filter_map(|(_, running)| running.as_ref().map(|running| running.wakes_ms));
        let next_ms = agenda.into_iter().chain(running).chain(self.model.next_due_ms()).min();
        let Some(next_ms) = next_ms else {
            self.is_settled = true;
            return;
        };
        self.model.advance_to(next_ms);
        let now_ms = self.model.now_ms();
        if let Some(next) = self.agenda.first_entry().filter(|next| next.key().0 <= now_ms) {
            let happening = next.remove();
            self.happens(happening);
        }
        let awake: Vec<usize> = (0..self.slots.len())
            .filter(|&slot| self.slots[slot].1.as_ref().is_some_and(|running| running.wakes_ms <= now_ms))
            .collect();
        if !awake.is_empty() {
            let slot = *self.chance.pick(&awake);
            self.resume(slot);
        }
    }

    fn later(&mut self, at_ms: i64, happening: Happening) {
        self.last_number += 1;
        self.agenda.insert((at_ms.max(self.model.now_ms()), self.last_number), happening);
    }

    fn happens(&mut self, happening: Happening) {
        let now_ms = self.model.now_ms();
        match happening {
            Happening::Starts(slot) => self.starts(slot),
            Happening::Written(wish) => self.written(*wish),
            Happening::SinkLooks => {
                for (at_ms, deed) in self.gateway.look(self.plan.partitions) {
                    self.later(at_ms, Happening::Done(deed));
                }
                self.later(now_ms + SINK_LOOKS_MS, Happening::SinkLooks);
            }
            Happening::Done(Deed::Process(effect, is_told)) => {
                self.trace.line(now_ms, "gateway", || format!("processes {}", effect.envelope.id));
                for (at_ms, deed) in self.gateway.process(&effect, is_told) {
                    self.later(at_ms, Happening::Done(deed));
                }
            }
            Happening::Done(Deed::Tell(record, held_ms)) => {
                let (at, offset) = self.append(&record, held_ms, true);
                self.trace.line(now_ms, "sink", || format!("a result at {at}@{offset}"));
            }
            Happening::Ended(open, is_commit) => self.model.end_open(open, is_commit),
            Happening::Compacted => {
                self.model.compact(&topics::name(Topic::PaymentChangelog));
                if now_ms < self.heals_ms {
                    self.later(now_ms + 3_000, Happening::Compacted);
                }
            }
            Happening::Blackout(length_ms) => self.blackout(length_ms),
            Happening::Heals => self.heal(),
            Happening::LookSettled => self.look_settled(),
        }
    }

    fn written(&mut self, wish: Wish) {
        let now_ms = self.model.now_ms();
        let (at, offset) = self.append(&wish.record, wish.held_ms, wish.kind != Kind::Aborted);
        self.trace.line(now_ms, "client", || match &wish.kind {
            Kind::Command(id) | Kind::Stranger(id) => format!("{id} at {at}@{offset}"),
            Kind::Poison(_) => format!("poison at {at}@{offset}"),
            Kind::Aborted => format!("what will be aborted at {at}@{offset}"),
        });
        self.asked.push(Asked { at, offset, kind: wish.kind });
    }

    /// Appends a record, in a transaction that stays open for so long if it is to be one, and then is committed or not.
    fn append(&mut self, record: &NewRecord, held_ms: Option<i64>, is_commit: bool) -> (TopicPartition, i64) {
        let now_ms = self.model.now_ms();
        let Some(held_ms) = held_ms else {
            return self.model.append(record, now_ms).expect("the topic is there");
        };
        self.upstreams += 1;
        let id = format!("upstream-{}", self.upstreams);
        let (open, at, offset) = self.model.append_open(&id, record).expect("the topic is there");
        self.later(now_ms + held_ms, Happening::Ended(open, is_commit));
        (at, offset)
    }

    /// Nothing goes wrong any more.
    fn heal(&mut self) {
        self.faults = Faults { slow: self.faults.slow, ..Faults::default() };
        self.ambushes = Ambushes::default();
        self.gateway.heal();
        self.slots.iter().for_each(|(slot, _)| slot.clock_ms.set(0));
        self.trace.line(self.model.now_ms(), "world", || "heals");
    }

    fn look_settled(&mut self) {
        let now_ms = self.model.now_ms();
        let is_busy = self.agenda.values().any(|next| {
            matches!(
                next,
                Happening::Starts(_)
                    | Happening::Written(_)
                    | Happening::Ended(..)
                    | Happening::Done(_)
                    | Happening::Blackout(_)
            )
        });
        self.is_settled = !is_busy && oracle::is_settled(self);
        self.later(now_ms + LOOK_SETTLED_MS, Happening::LookSettled);
    }

    fn starts(&mut self, slot: usize) {
        let (found, running) = &mut self.slots[slot];
        if running.is_some() {
            return;
        }
        let (id, stop) = (Rc::default(), Rc::default());
        let start = Start {
            model: self.model.clone(),
            slot: found.clone(),
            parts: self.parts.clone(),
            chance: self.chance.clone(),
            trace: self.trace.clone(),
            store_fails: self.faults.store,
            registry_once_in: self.faults.registry,
            stop: Rc::clone(&stop),
            id: Rc::clone(&id),
        };
        self.trace.line(self.model.now_ms(), &found.name, || "starts");
        *running = Some(Running {
            process: start.process(),
            id,
            stop,
            wakes_ms: self.model.now_ms(),
            fate: Fate::Happens,
            is_paused: false,
            steps: Steps::default(),
        });
    }

    /// A process goes on until it stands still again.
    fn resume(&mut self, slot: usize) {
        let Some(running) = self.slots[slot].1.as_mut() else { return };
        if running.is_paused
            && let Some(id) = running.id.get()
        {
            running.is_paused = false;
            // The client's own threads may be the first to run.
            let after_ms = if self.chance.one_in(2) { self.chance.between(0, 3_000) } else { 0 };
            running.wakes_ms = self.model.now_ms() + after_ms;
            self.model.unpause(id);
            self.trace.line(self.model.now_ms(), &self.slots[slot].0.name, || "goes on");
            return;
        }
        let Some(running) = self.slots[slot].1.as_mut() else { return };
        match running.process.resume(running.fate) {
            CoroutineResult::Yield(pause) => self.decide(slot, &pause),
            CoroutineResult::Return(ended) => {
                let name = self.slots[slot].0.name.clone();
                self.trace.line(self.model.now_ms(), &name, || match &ended {
                    Ok(()) => "ends in order".to_owned(),
                    Err(error) => format!("ends: {error}"),
                });
                let after_ms = self.chance.between(50, 3_000);
                self.ends(slot, after_ms);
            }
        }
    }

    /// A process is over; another starts in its slot.
    fn ends(&mut self, slot: usize, restarts_after_ms: i64) {
        if let Some(running) = self.slots[slot].1.take() {
            if let Some(id) = running.id.get() {
                self.model.kill(id);
            }
            // Only now, so that nothing that is dropped with it has an effect.
            drop(running);
        }
        self.later(self.model.now_ms() + restarts_after_ms, Happening::Starts(slot));
    }

    fn blackout(&mut self, length_ms: i64) {
        self.trace.line(self.model.now_ms(), "world", || format!("a blackout of {length_ms} ms"));
        self.agenda.retain(|_, happening| !matches!(happening, Happening::Starts(_)));
        let spares_the_stopped = self.chance.one_in(2);
        for slot in 0..self.slots.len() {
            // Who stands still while all others die wakes up in an empty world.
            let is_stopped = self.slots[slot].1.as_ref().is_some_and(|running| running.is_paused);
            if !(is_stopped && spares_the_stopped) {
                let after_ms = length_ms + self.chance.between(0, 1_000);
                self.ends(slot, after_ms);
            }
        }
    }

    /// A process stands still: decides what becomes of it and of its call.
    fn decide(&mut self, slot: usize, pause: &Pause) {
        let now_ms = self.model.now_ms();
        let (faults, chance) = (self.faults, self.chance.clone());
        let name = self.slots[slot].0.name.clone();
        if let Pause::Call { moment, .. } = pause
            && let Some(running) = &mut self.slots[slot].1
            && let Some(ambush) = self.ambushes.at(&mut running.steps, *moment, now_ms)
        {
            return self.ambush(slot, ambush);
        }
        let (wakes_ms, fate) = match pause {
            Pause::Dies => {
                self.trace.line(now_ms, &name, || "dies in the rules");
                return self.ends(slot, chance.between(100, 2_000));
            }
            Pause::Wait(until_ms) => {
                let most_ms = (*until_ms - now_ms).max(1);
                (now_ms + chance.between(1, most_ms), Fate::Happens)
            }
            Pause::Call { .. } if chance.one_in(faults.crash) => {
                self.trace.line(now_ms, &name, || "crashes");
                // Sometimes at once, sometimes after others have taken its place.
                let after_ms = if chance.one_in(2) { chance.between(10, 500) } else { chance.between(500, 20_000) };
                return self.ends(slot, after_ms);
            }
            Pause::Call { moment: Moment::Positions, .. } if chance.one_in(faults.late_positions) => {
                let given_up_ms = chance.between(500, 2_000);
                let late = Duration::from_millis((given_up_ms + chance.between(0, 2_000)).unsigned_abs());
                (now_ms + given_up_ms, Fate::Late(late))
            }
            Pause::Call { is_local: true, .. } => (now_ms, Fate::Happens),
            Pause::Call { is_local: false, .. } => self.request(),
        };
        self.rock(slot);
        let is_stopped = chance.one_in(faults.pause);
        let length_ms = if is_stopped { chance.between(50, 30_000) } else { 0 };
        if is_stopped {
            self.trace.line(now_ms, &name, || format!("is stopped for {length_ms} ms"));
        }
        let Some(running) = self.slots[slot].1.as_mut() else { return };
        (running.wakes_ms, running.fate) = (wakes_ms + length_ms, fate);
        if is_stopped && let Some(id) = running.id.get() {
            running.is_paused = true;
            self.model.pause(id);
        }
    }

    fn ambush(&mut self, slot: usize, ambush: Ambush) {
        let now_ms = self.model.now_ms();
        self.trace.line(now_ms, &self.slots[slot].0.name, || format!("is ambushed: {ambush:?}"));
        if let Some(after_ms) = ambush.others_die_after_ms(&self.chance) {
            self.later(now_ms + after_ms, Happening::Blackout(15_000));
        }
        let stopped_ms = ambush.lasts_ms(&self.chance);
        let Some(running) = self.slots[slot].1.as_mut() else { return };
        (running.wakes_ms, running.fate) = (now_ms + stopped_ms, Fate::Happens);
        running.is_paused = true;
        if let Some(id) = running.id.get() {
            self.model.pause(id);
        }
    }

    /// What becomes of a request, and when its sender knows.
    fn request(&self) -> (i64, Fate) {
        let (faults, chance, now_ms) = (self.faults, &self.chance, self.model.now_ms());
        let given_up_ms = || now_ms + chance.between(500, 8_000);
        if chance.one_in(faults.lost) {
            (given_up_ms(), Fate::Lost)
        } else if chance.one_in(faults.unanswered) {
            (given_up_ms(), Fate::Unanswered)
        } else if chance.one_in(faults.late) {
            (given_up_ms(), Fate::Late(Duration::from_millis(chance.between(1, 15_000).unsigned_abs())))
        } else if chance.one_in(faults.refused) {
            (now_ms + 1, Fate::Refused)
        } else if chance.one_in(faults.slow) {
            (now_ms + chance.between(1, 2_000), Fate::Happens)
        } else {
            (now_ms + chance.between(0, 3), Fate::Happens)
        }
    }

    /// Things that befall a process or its machine at any time.
    fn rock(&mut self, slot: usize) {
        let now_ms = self.model.now_ms();
        let (found, running) = &mut self.slots[slot];
        if self.chance.one_in(self.faults.clock) {
            found.clock_ms.set(self.chance.between(-20_000, 20_000));
            self.trace.line(now_ms, &found.name, || format!("its clock is set {} ms off", found.clock_ms.get()));
        }
        if self.chance.one_in(self.faults.restart)
            && let Some(running) = running
        {
            running.stop.set(true);
            self.trace.line(now_ms, &found.name, || "is to end");
        }
    }

    /// Nothing is left to be done: the processes end where they stand.
    fn end_everything(&mut self) {
        for (_, running) in &mut self.slots {
            if let Some(running) = running.take() {
                if let Some(id) = running.id.get() {
                    self.model.kill(id);
                }
                drop(running);
            }
        }
    }

    pub(crate) fn group() -> String {
        quittance_avro::topics::Part::ProcessorPayments.group(PREFIX)
    }
}
