//! The processes of the world.

use std::{cell::Cell, rc::Rc};

use corosensei::CoroutineResult;
use quittance_log::model::{Fate, ProcessId};

use super::{Happening, World};
use crate::{
    ambush::Steps,
    instance::{Process, Start},
};

/// A process that runs.
pub(super) struct Running {
    process: Process,
    pub(super) id: Rc<Cell<Option<ProcessId>>>,
    pub(super) stop: Rc<Cell<bool>>,
    /// When it goes on, and with what.
    pub(super) wakes_ms: i64,
    pub(super) fate: Fate,
    pub(super) is_paused: bool,
    pub(super) steps: Steps,
}

impl World {
    /// When the first process goes on.
    pub(super) fn next_wake_ms(&self) -> Option<i64> {
        self.slots.iter().filter_map(|(_, running)| running.as_ref().map(|running| running.wakes_ms)).min()
    }

    /// One of the processes that are to go on by now does.
    pub(super) fn resume_one(&mut self, now_ms: i64) {
        let awake: Vec<usize> = (0..self.slots.len())
            .filter(|&slot| self.slots[slot].1.as_ref().is_some_and(|running| running.wakes_ms <= now_ms))
            .collect();
        if !awake.is_empty() {
            let slot = *self.chance.pick(&awake);
            self.resume(slot);
        }
    }

    pub(super) fn starts(&mut self, slot: usize) {
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
            faults: Rc::clone(&self.faults),
            stop: Rc::clone(&stop),
            id: Rc::clone(&id),
        };
        self.trace.line(self.model.now_ms(), &found.who(), || "starts");
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
            self.trace.line(self.model.now_ms(), &self.slots[slot].0.who(), || "goes on");
            return;
        }
        let Some(running) = self.slots[slot].1.as_mut() else { return };
        match running.process.resume(running.fate) {
            CoroutineResult::Yield(pause) => self.decide(slot, &pause),
            CoroutineResult::Return(ended) => {
                self.orderly_ends += u32::from(ended.is_ok());
                if !self.parts.ended(&ended)
                    && let Err(error) = &ended
                {
                    self.wrong_ends.push(error.to_string());
                }
                self.trace.line(self.model.now_ms(), &self.slots[slot].0.who(), || match &ended {
                    Ok(()) => "ends in order".to_owned(),
                    Err(error) => format!("ends: {error}"),
                });
                let after_ms = self.chance.between(50, 3_000);
                self.ends(slot, after_ms);
            }
        }
    }

    /// A process is over; another starts in its slot. Who was not alone there gives it up some time.
    pub(super) fn ends(&mut self, slot: usize, restarts_after_ms: i64) {
        if let Some(running) = self.slots[slot].1.take() {
            if let Some(id) = running.id.get() {
                self.model.kill(id);
            }
            // Only now, so that nothing that is dropped with it has an effect.
            drop(running);
        }
        let now_ms = self.model.now_ms();
        let is_twin = self.slots[slot].0.is_twin;
        if is_twin && (self.twins_left == 0 || now_ms >= self.heals_ms) {
            return;
        }
        self.twins_left -= u32::from(is_twin);
        self.later(now_ms + restarts_after_ms, Happening::Starts(slot));
    }

    /// Nothing is left to be done: the processes end where they stand.
    pub(super) fn end_everything(&mut self) {
        for (_, running) in &mut self.slots {
            if let Some(running) = running.take() {
                if let Some(id) = running.id.get() {
                    self.model.kill(id);
                }
                drop(running);
            }
        }
    }
}
