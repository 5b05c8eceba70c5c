//! The world: brokers, processes, clients and a gateway, on one clock.

mod misfortunes;
mod processes;

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
    time::Duration,
};

use quittance_avro::topics::Topic;
use quittance_log::{
    NewRecord, TopicPartition,
    model::{Model, OpenTransaction, Prompt, Settings},
};

use self::processes::Running;
use crate::{
    ambush::Ambushes,
    chance::Chance,
    client::{self, Kind, Wish},
    gateway::{Deed, Gateway},
    instance::Slot,
    moment::Timer,
    oracle::{self, Asked},
    parts::Parts,
    plan::{Faults, Plan, START_MS},
    topics::{self, PREFIX},
    trace::Trace,
};

/// How often the sink looks for effects.
const SINK_LOOKS_MS: i64 = 40;
/// How long everything may take to settle once nothing goes wrong any more.
const SETTLES_MS: i64 = 240_000;
/// How long after the last trouble every process runs again, whatever befell it.
const ALL_RUN_AFTER_MS: i64 = 40_000;
/// How often it is looked whether everything is settled.
const LOOK_SETTLED_MS: i64 = 500;
/// How long after the end of a transaction the last of its marks may be written, where brokers are slow.
const SLOW_MARK_MAX: Duration = Duration::from_secs(2);
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
    /// A second process starts in a slot.
    Twin,
    /// Every process dies, but perhaps for those that are stopped, and none starts for so long.
    Blackout(i64),
    /// Every process gives way to one of a build that can stand all timers.
    Upgrade,
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
    /// What goes wrong now.
    faults: Rc<Cell<Faults>>,
    slots: Vec<(Slot, Option<Running>)>,
    agenda: BTreeMap<(i64, u64), Happening>,
    last_number: u64,
    /// How many transactions others have written inputs in.
    upstreams: u32,
    ambushes: Ambushes,
    /// How often processes died of a timer.
    pub(crate) deaths: BTreeMap<Timer, u32>,
    /// How often one ended in order.
    pub(crate) orderly_ends: u32,
    /// Why processes ended that had no reason to.
    pub(crate) wrong_ends: Vec<String>,
    /// How often second processes in a slot still come back.
    twins_left: u32,
    heals_ms: i64,
    is_settled: bool,
    turns: u64,
}

impl World {
    pub(crate) fn new(plan: &Plan, parts: &Parts, trace: Trace) -> Self {
        let marker_delay_max =
            if plan.faults.slow_marks { SLOW_MARK_MAX } else { Settings::default().marker_delay_max };
        let settings = Settings { seed: plan.seed, start_ms: START_MS, marker_delay_max, ..Settings::default() };
        let model = Model::new(settings, Prompt);
        topics::create(&model, plan.partitions);
        let chance = Chance::new(plan.seed ^ 0x5eed);
        let gateway = Gateway::new(model.clone(), parts.decoder().clone(), chance.clone(), &plan.faults);
        let slot = |number: usize| Slot {
            name: format!("slot-{number}"),
            is_twin: false,
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
            faults: Rc::new(Cell::new(plan.faults)),
            slots: (0..plan.instances).map(|number| (slot(number), None)).collect(),
            agenda: BTreeMap::new(),
            last_number: 0,
            upstreams: 0,
            ambushes: Ambushes::default(),
            deaths: BTreeMap::new(),
            orderly_ends: 0,
            wrong_ends: Vec::new(),
            twins_left: 3 * plan.faults.twins,
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
        for _ in 0..self.faults.get().blackouts {
            let at_ms = self.chance.between(START_MS, self.heals_ms);
            let length_ms = self.chance.between(2_000, 25_000);
            self.later(at_ms, Happening::Blackout(length_ms));
        }
        self.ambushes = Ambushes::draw(self.faults.get().ambushes, START_MS + 1_000..self.heals_ms, &self.chance);
        for _ in 0..self.faults.get().twins {
            let at_ms = self.chance.between(START_MS + 1_000, self.heals_ms);
            self.later(at_ms, Happening::Twin);
        }
        if self.faults.get().timers > 0 {
            // Who was down at the first because of a timer has it noted still, and lets it be until the second.
            for times in [1, 2] {
                self.later(self.heals_ms + times * ALL_RUN_AFTER_MS, Happening::Upgrade);
            }
        }
        if self.faults.get().compaction {
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
        let next_ms = agenda.into_iter().chain(self.next_wake_ms()).chain(self.model.next_due_ms()).min();
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
        self.resume_one(now_ms);
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
            Happening::Done(deed @ (Deed::Act(..) | Deed::Refund(..) | Deed::Notice(_))) => {
                self.trace.line(now_ms, "gateway", || format!("{deed}"));
                for (at_ms, deed) in self.gateway.moves(&deed) {
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
            Happening::Twin => self.twin(),
            Happening::Blackout(length_ms) => self.blackout(length_ms),
            Happening::Upgrade => self.upgrade(),
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
            Kind::Configured => format!("configuration at {at}@{offset}"),
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
        let Faults { slow, timers, .. } = self.faults.get();
        self.faults.set(Faults { slow, timers, ..Faults::default() });
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

    pub(crate) fn group() -> String {
        quittance_avro::topics::Part::ProcessorPayments.group(PREFIX)
    }
}
