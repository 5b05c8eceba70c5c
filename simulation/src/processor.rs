//! The payment processor, with rules that can be made to go wrong.

use std::{cell::Cell, panic::resume_unwind, rc::Rc, sync::Arc};

use corosensei::Yielder;
use quittance_avro::{registry::RegistryError, topics::Topic, wire::EncodeError};
use quittance_log::{Headers, ReadError, Record, model::Fate};
use quittance_processors::{
    payment::{Incoming, Kept, PaymentProcessor},
    runtime::{Due, Output, Processed, Processor, Source, StateChange, Trigger},
};

use crate::{
    chance::Chance,
    client::TRICK,
    moment::{Pause, Timer},
    plan::Faults,
    topics,
};

/// Longer than an output may be here.
pub(crate) const TOO_LARGE: usize = 40_000;
/// How long a record may be here.
pub(crate) const RECORD_BYTES_MAX: usize = 30_000;

/// Real rules in a wrapper that plays tricks when a command asks for it.
pub(crate) struct Tricked<'y> {
    payments: PaymentProcessor,
    yielder: &'y Yielder<Fate, Pause>,
    registry: Registry,
    /// The state made last cannot stand to be asked for its timer.
    is_touchy: Cell<bool>,
}

/// A schema registry that has to be asked now and then, and may be down.
pub(crate) struct Registry {
    pub(crate) chance: Chance,
    /// As they are now.
    pub(crate) faults: Rc<Cell<Faults>>,
    /// It has been asked for what comes next.
    pub(crate) was_asked: bool,
}

/// The schema that it is asked for.
const SCHEMA: u32 = 1;

impl<'y> Tricked<'y> {
    pub(crate) fn new(payments: PaymentProcessor, yielder: &'y Yielder<Fate, Pause>, registry: Registry) -> Self {
        Self { payments, yielder, registry, is_touchy: Cell::new(false) }
    }

    fn dies(&self, of: Option<Timer>) -> ! {
        self.yielder.suspend(Pause::Dies(of));
        panics("the process is dead")
    }

    /// What a timer is to the rules: some are poison, each time that they are looked at, until all is mended.
    fn trick_of(&self, timer: &Timer) -> Option<&'static str> {
        let one_in = u64::from(self.registry.faults.get().timers);
        let (key, due_ms) = timer;
        let number = key.bytes().map(u64::from).sum::<u64>() + due_ms.unsigned_abs();
        let is_poison = one_in > 0 && number.is_multiple_of(one_in);
        is_poison.then(|| if (number / one_in).is_multiple_of(2) { "panic" } else { "die" })
    }
}

fn timer_of(kept: &Kept) -> Option<Timer> {
    let kept = kept.payment()?;
    let due_ms = kept.timers.iter().map(|timer| timer.due_at.as_ms()).min()?;
    Some((kept.state.envelope.aggregate_id.clone(), due_ms))
}

/// A panic that nobody has to read of.
fn panics(why: &'static str) -> ! {
    resume_unwind(Box::new(why))
}

impl Processor for Tricked<'_> {
    type State = Kept;
    type Input = Incoming;

    fn inputs(&self) -> &[Source] {
        self.payments.inputs()
    }

    fn changelog(&self) -> &Arc<str> {
        self.payments.changelog()
    }

    fn decode(&mut self, record: &Record) -> Result<(String, Incoming), ReadError> {
        if !std::mem::take(&mut self.registry.was_asked)
            && self.registry.chance.one_in(self.registry.faults.get().registry)
        {
            return Err(ReadError::Lacking(SCHEMA));
        }
        match record.headers.text(TRICK) {
            Some("panic when read") => panics("the decoder panics"),
            Some("die when read") => self.dies(None),
            _ => self.payments.decode(record),
        }
    }

    fn learn(&mut self, schema: u32) -> Result<(), ReadError> {
        if schema != SCHEMA {
            return self.payments.learn(schema);
        }
        if self.registry.chance.one_in(2) {
            let (url, detail) = (String::new(), "it is down".to_owned());
            return Err(ReadError::Unavailable(RegistryError::Unavailable { url, detail }));
        }
        self.registry.was_asked = true;
        Ok(())
    }

    fn tables(&self) -> &[Arc<str>] {
        self.payments.tables()
    }

    fn take_in(&mut self, record: &Record) -> Result<(), ReadError> {
        self.payments.take_in(record)
    }

    fn awaits(&self, input: &Incoming) -> i64 {
        self.payments.awaits(input)
    }

    fn restore(&mut self, value: &[u8]) -> Result<Kept, ReadError> {
        self.payments.restore(value)
    }

    fn keep(&self, state: &Kept) -> Result<Vec<u8>, EncodeError> {
        self.payments.keep(state)
    }

    fn due(&self, state: &Kept) -> Option<Due> {
        if self.is_touchy.take() {
            panics("the state cannot tell its timer");
        }
        self.payments.due(state)
    }

    fn is_of_owner(&self, state: &Kept, input: &Incoming) -> bool {
        self.payments.is_of_owner(state, input)
    }

    fn of_stranger(&self, input: &Incoming, headers: &Headers, now_ms: i64) -> Result<Processed<Kept>, EncodeError> {
        self.payments.of_stranger(input, headers, now_ms)
    }

    fn process(
        &self,
        state: Option<&Kept>,
        trigger: &Trigger<'_, Incoming>,
        now_ms: i64,
    ) -> Result<Processed<Kept>, EncodeError> {
        let timer = match trigger {
            Trigger::Input(..) => None,
            Trigger::Timer => state.and_then(timer_of),
        };
        let trick = match trigger {
            Trigger::Input(_, headers) => headers.text(TRICK),
            Trigger::Timer => timer.as_ref().and_then(|timer| self.trick_of(timer)),
        };
        match trick {
            Some("panic") => panics("the rules panic"),
            Some("die") => self.dies(timer),
            Some("panic when due") => {
                let processed = self.payments.process(state, trigger, now_ms)?;
                self.is_touchy.set(matches!(processed.state, StateChange::Put(_)));
                Ok(processed)
            }
            Some("large") => {
                let mut processed = self.payments.process(state, trigger, now_ms)?;
                let (topic, key) = (topics::name(Topic::PaymentEvents), String::new());
                processed.outputs.push(Output { topic, key, value: vec![0; TOO_LARGE], headers: Headers::default() });
                Ok(processed)
            }
            _ => self.payments.process(state, trigger, now_ms),
        }
    }
}
