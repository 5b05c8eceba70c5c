//! The processes of the world, and what befalls them.

use std::{cell::Cell, rc::Rc, time::Duration};

use corosensei::CoroutineResult;
use quittance_log::{
    LogError,
    model::{Fate, ProcessId},
};
use quittance_processors::runtime::Fatal;

use super::{Happening, World};
use crate::{
    ambush::{Ambush, Steps},
    instance::{Pause, Process, Slot, Start},
    moment::Moment,
    plan::Faults,
};

/// A process that runs.
pub(super) struct Running {
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

    /// A second process starts in a slot: in that of one which stands still and was taken for dead, if there is one.
    pub(super) fn twin(&mut self) {
        let own: Vec<usize> = (0..self.slots.len()).filter(|&slot| !self.slots[slot].0.is_twin).collect();
        let is_stopped = |slot: &usize| self.slots[*slot].1.as_ref().is_some_and(|running| running.is_paused);
        let stopped: Vec<usize> = own.iter().copied().filter(is_stopped).collect();
        let slot = *self.chance.pick(if stopped.is_empty() { &own } else { &stopped });
        let twin = Slot { is_twin: true, ..self.slots[slot].0.clone() };
        self.parts.befell("twin", Moment::Other);
        self.slots.push((twin, None));
        self.starts(self.slots.len() - 1);
    }

    /// Every process is to end in order, and its successor can stand all timers.
    pub(super) fn upgrade(&mut self) {
        self.faults.update(|faults| Faults { timers: 0, ..faults });
        self.trace.line(self.model.now_ms(), "world", || "is upgraded");
        self.slots.iter().filter_map(|(_, running)| running.as_ref()).for_each(|running| running.stop.set(true));
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
                self.parts.ended(&ended);
                self.orderly_ends += u32::from(ended.is_ok());
                if let Err(error) = &ended
                    && !matches!(error, Fatal::Log(LogError::Fenced { .. }) | Fatal::Store(_))
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
    fn ends(&mut self, slot: usize, restarts_after_ms: i64) {
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

    pub(super) fn blackout(&mut self, length_ms: i64) {
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
        let (faults, chance) = (self.faults.get(), self.chance.clone());
        let name = self.slots[slot].0.who();
        if let Pause::Call { moment, .. } = pause
            && let Some(running) = &mut self.slots[slot].1
            && let Some(ambush) = self.ambushes.at(&mut running.steps, *moment, now_ms)
        {
            return self.ambush(slot, ambush);
        }
        let (wakes_ms, fate) = match pause {
            Pause::Dies(timer) => {
                self.trace.line(now_ms, &name, || "dies in the rules");
                if let Some(timer) = timer {
                    *self.deaths.entry(timer.clone()).or_default() += 1;
                }
                return self.ends(slot, chance.between(100, 2_000));
            }
            Pause::Wait(until_ms) => {
                let most_ms = (*until_ms - now_ms).max(1);
                (now_ms + chance.between(1, most_ms), Fate::Happens)
            }
            Pause::Kept(until_ms) => (*until_ms, Fate::Happens),
            Pause::Call { moment, .. } if chance.one_in(moment.odds(faults.crash)) => {
                self.trace.line(now_ms, &name, || "crashes");
                self.parts.befell("crash", *moment);
                // Sometimes at once, sometimes after others have taken its place.
                let after_ms = if chance.one_in(2) { chance.between(10, 500) } else { chance.between(500, 20_000) };
                return self.ends(slot, after_ms);
            }
            Pause::Call { moment: Moment::CommitPositions, .. } if chance.one_in(faults.late_positions) => {
                let given_up_ms = chance.between(500, 2_000);
                let late = Duration::from_millis((given_up_ms + chance.between(0, 2_000)).unsigned_abs());
                (now_ms + given_up_ms, Fate::Late(late))
            }
            Pause::Call { is_local: true, .. } => (now_ms, Fate::Happens),
            Pause::Call { is_local: false, .. } => self.request(),
        };
        self.rock(slot);
        let odds = if let Pause::Call { moment, .. } = pause { moment.odds(faults.pause) } else { faults.pause };
        let is_stopped = chance.one_in(odds);
        let length_ms = if is_stopped { chance.between(50, 30_000) } else { 0 };
        if is_stopped {
            self.trace.line(now_ms, &name, || format!("is stopped for {length_ms} ms"));
            if let Pause::Call { moment, .. } = pause {
                self.parts.befell("pause", *moment);
            }
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
        self.trace.line(now_ms, &self.slots[slot].0.who(), || format!("is ambushed: {ambush:?}"));
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
        let (faults, chance, now_ms) = (self.faults.get(), &self.chance, self.model.now_ms());
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
        if self.chance.one_in(self.faults.get().clock) {
            found.clock_ms.set(self.chance.between(-20_000, 20_000));
            self.trace.line(now_ms, &found.who(), || format!("its clock is set {} ms off", found.clock_ms.get()));
        }
        if self.chance.one_in(self.faults.get().restart)
            && let Some(running) = running
        {
            running.stop.set(true);
            self.trace.line(now_ms, &found.who(), || "is to end");
        }
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
