//! A process: the real worker on a stack of its own, which stands still at every call that it makes to the log.
//!
//! Standing still, others run; resumed, it hears what became of its call. A stack that is dropped instead is a crash at
//! that very point.

use std::{
    cell::{Cell, RefCell},
    io,
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use corosensei::{Coroutine, Yielder};
use quittance_avro::{
    topics::{Part, Topic},
    words::GatewayKind,
};
use quittance_log::{
    Membership, Schemas,
    model::{Call, Driver, Fate, Model, ProcessId},
};
use quittance_processors::{
    payment::{Gateways, PaymentProcessor},
    runtime::{Fatal, MemoryStore, Next, Notepad, Now, Settings, Store, StoreError, Suspect, Worker},
};
use quittance_service::health::Health;

use crate::{
    chance::Chance,
    moment::{Moment, Pause},
    parts::Parts,
    plan::{Faults, Plan},
    processor::{RECORD_BYTES_MAX, Registry, Tricked},
    store::{Wear, Worn},
    topics::{self, PREFIX},
    trace::Trace,
};

/// How long the group waits for a silent member.
const SESSION_TIMEOUT: Duration = Duration::from_secs(8);

/// A process on its own stack.
pub(crate) type Process = Coroutine<Fate, Pause, Result<(), Fatal>>;

/// What outlives a process: its slot, with the machine that it runs on.
#[derive(Clone)]
pub(crate) struct Slot {
    pub(crate) name: String,
    /// Whether the process is the second one in the slot.
    pub(crate) is_twin: bool,
    pub(crate) notes: Rc<RefCell<Vec<Suspect>>>,
    /// How far the machine's clock is off, milliseconds.
    pub(crate) clock_ms: Rc<Cell<i64>>,
}

impl Slot {
    /// What its process is called in a trace.
    pub(crate) fn who(&self) -> String {
        if self.is_twin { format!("{}'", self.name) } else { self.name.clone() }
    }
}

/// One start of a process.
pub(crate) struct Start {
    pub(crate) model: Model,
    pub(crate) slot: Slot,
    pub(crate) parts: Parts,
    pub(crate) chance: Chance,
    pub(crate) trace: Trace,
    /// What goes wrong now.
    pub(crate) faults: Rc<Cell<Faults>>,
    /// Set when it is to end in order.
    pub(crate) stop: Rc<Cell<bool>>,
    /// Told as soon as it is known.
    pub(crate) id: Rc<Cell<Option<ProcessId>>>,
}

impl Start {
    /// The process, which has not run yet.
    pub(crate) fn process(self) -> Process {
        Coroutine::new(move |yielder: &Yielder<Fate, Pause>, _| self.run(yielder))
    }

    fn run(self, yielder: &Yielder<Fate, Pause>) -> Result<(), Fatal> {
        let (trace, who, kept_ms) = (self.trace.clone(), self.slot.who(), Rc::<Cell<i64>>::default());
        let seat = Rc::new(Seat { yielder, trace, who, kept_ms: Rc::clone(&kept_ms) });
        let log = self.model.process_driven_by(seat);
        let id = log.id();
        self.id.set(Some(id));
        let payments = PaymentProcessor::new(
            PREFIX,
            Schemas::known(self.parts.decoder().clone()),
            self.parts.encoders.clone(),
            Plan::policy(),
            Gateways::all(GatewayKind::Simulator),
        );
        let notes = Notes { notes: Rc::clone(&self.slot.notes), model: self.model.clone(), id };
        let wear = Wear { chance: self.chance.clone(), faults: Rc::clone(&self.faults), kept_ms };
        let stores = Box::new(move |partition| {
            let store = Worn::new(MemoryStore::default(), partition, wear.clone());
            Ok::<Box<dyn Store<_>>, StoreError>(Box::new(store))
        });
        let registry = Registry { chance: self.chance.clone(), faults: Rc::clone(&self.faults), was_asked: false };
        let processor = Tricked::new(payments, yielder, registry);
        let mut worker = Worker::join(processor, log, self.settings(id), stores, Box::new(notes))?;
        let started_ms = self.model.now_ms();
        while !self.stop.get() {
            let now_ms = self.model.now_ms();
            let uptime = Duration::from_millis((now_ms - started_ms).unsigned_abs());
            match worker.step(Now { wall_ms: now_ms + self.slot.clock_ms.get(), uptime })? {
                Next::Step => {}
                Next::Wait(time) => {
                    let until_ms = now_ms.saturating_add(i64::try_from(time.as_millis()).unwrap_or(i64::MAX)) + 1;
                    yielder.suspend(Pause::Wait(until_ms));
                }
            }
        }
        worker.stop()
    }

    fn settings(&self, id: ProcessId) -> Settings {
        let health = Health::default();
        Settings {
            membership: Membership {
                group: Part::ProcessorPayments.group(PREFIX),
                instance: self.slot.name.clone(),
                session_timeout: SESSION_TIMEOUT,
            },
            name: format!("{PREFIX}.{}", self.slot.name),
            incarnation: id.to_string().replace(' ', ""),
            part: Part::ProcessorPayments.name(),
            dead_letters: Arc::clone(&topics::name(Topic::ProcessorPaymentsDeadLetters)),
            dead_letter_encoder: self.parts.dead_letters.clone(),
            metrics: self.parts.metrics.clone(),
            latch: health.latch("worker"),
            heartbeat: health.heartbeat("worker", Duration::from_secs(3_600)),
            record_bytes_max: RECORD_BYTES_MAX,
            dead_letter_bytes_max: 2 * RECORD_BYTES_MAX,
            seed: self.chance.number(),
        }
    }
}

/// Lets the world decide about every call.
struct Seat<'y> {
    yielder: &'y Yielder<Fate, Pause>,
    trace: Trace,
    who: String,
    /// For how long its stores have kept it, milliseconds.
    kept_ms: Rc<Cell<i64>>,
}

impl Driver for Seat<'_> {
    fn on_call(&self, model: &Model, _: ProcessId, call: &Call) -> Fate {
        if self.kept_ms.get() > 0 {
            let until_ms = model.now_ms() + self.kept_ms.take();
            self.yielder.suspend(Pause::Kept(until_ms));
        }
        let fate = self.yielder.suspend(Pause::Call { is_local: call.is_local(), moment: Moment::of(call) });
        self.trace.line(model.now_ms(), &self.who, || match fate {
            Fate::Happens => call.to_string(),
            fate => format!("{call}  *** {fate:?}"),
        });
        fate
    }

    fn wait(&self, _: &Model, _: ProcessId, until_ms: i64) {
        self.yielder.suspend(Pause::Wait(until_ms));
    }
}

/// A note that outlives the process. A dead process notes nothing.
struct Notes {
    notes: Rc<RefCell<Vec<Suspect>>>,
    model: Model,
    id: ProcessId,
}

impl Notepad for Notes {
    fn read(&mut self) -> io::Result<Vec<Suspect>> {
        Ok(self.notes.borrow().clone())
    }

    fn write(&mut self, suspects: &[Suspect]) -> io::Result<()> {
        if self.model.is_alive(self.id) {
            *self.notes.borrow_mut() = suspects.to_vec();
        }
        Ok(())
    }
}
