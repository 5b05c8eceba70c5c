//! What befalls the processes of the world.

use std::time::Duration;

use quittance_log::model::Fate;

use super::{Happening, World};
use crate::{
    ambush::Ambush,
    instance::Slot,
    moment::{Moment, Pause},
    parts::TWIN,
    plan::Faults,
};

impl World {
    /// A second process starts in a slot: in that of one which stands still and was taken for dead, if there is one.
    pub(super) fn twin(&mut self) {
        let own: Vec<usize> = (0..self.slots.len()).filter(|&slot| !self.slots[slot].0.is_twin).collect();
        let is_stopped = |slot: &usize| self.slots[*slot].1.as_ref().is_some_and(|running| running.is_paused);
        let stopped: Vec<usize> = own.iter().copied().filter(is_stopped).collect();
        let slot = *self.chance.pick(if stopped.is_empty() { &own } else { &stopped });
        let twin = Slot { is_twin: true, ..self.slots[slot].0.clone() };
        self.parts.befell(TWIN);
        self.slots.push((twin, None));
        self.starts(self.slots.len() - 1);
    }

    /// Every process is to end in order, and its successor can stand all timers.
    pub(super) fn upgrade(&mut self) {
        self.faults.update(|faults| Faults { timers: 0, ..faults });
        self.trace.line(self.model.now_ms(), "world", || "is upgraded");
        self.slots.iter().filter_map(|(_, running)| running.as_ref()).for_each(|running| running.stop.set(true));
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
    pub(super) fn decide(&mut self, slot: usize, pause: &Pause) {
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
                self.parts.befell(&moment.crash());
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
                self.parts.befell(&moment.pause());
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
}
