//! Timers that are due.

use std::time::Duration;

use quittance_log::Log;

use super::{
    IDLE_POLL, Processor, Trouble, Worker,
    write::{Made, Poison},
};
use crate::runtime::{
    partition::Partition,
    processor::{StateChange, Trigger},
    suspects::InHand,
    timers::Ripe,
};

/// How many timers fire in one window, so that inputs are not kept waiting.
const TIMERS_MAX: usize = 500;
/// So many timers after a take-over may be those that a predecessor died of: it had as many in hand, and what it committed
/// before it died may have set others in front of them.
const TIMERS_NOTED: usize = 2 * TIMERS_MAX;
/// How often it is looked whether the inputs have been read that due timers wait for.
const AWAITING_POLL: Duration = Duration::from_millis(5);

impl<P: Processor, L: Log> Worker<P, L> {
    /// How long an idle worker may wait for input before its next timer is due.
    pub(super) fn patience(&self) -> Duration {
        let due_ms = self.partitions.values().filter_map(|partition| partition.timers.next_real_ms()).min();
        let wait_ms = due_ms.map_or(i64::MAX, |due_ms| due_ms.saturating_sub(self.now.wall_ms));
        match u64::try_from(wait_ms) {
            Ok(wait_ms) if wait_ms > 0 => IDLE_POLL.min(Duration::from_millis(wait_ms)),
            Ok(_) | Err(_) => AWAITING_POLL,
        }
    }

    /// Fires timers that are due, in a window of their own: the index knows committed states only, so none fires while a
    /// window is open. That ends soon, and inputs and timers have their turns.
    pub(super) fn fire_timers(&mut self) -> Result<(), Trouble> {
        if self.window.is_some() {
            return Ok(());
        }
        self.look_ahead()?;
        let ripe = self.ripe();
        if ripe.is_empty() {
            return Ok(());
        }
        self.open_window()?;
        let fired: Vec<i32> = ripe.iter().map(|(number, _)| *number).collect();
        let mut unchanged = Vec::new();
        for (number, timer) in ripe {
            self.last_fired = number;
            let decided = self.decide_timer(number, &timer)?;
            let key = timer.key;
            match decided {
                Ok(made) => {
                    // It fires once: what the rules leave as it is has nothing more to wait for.
                    if matches!(made.state, StateChange::Unchanged) {
                        unchanged.push((number, key.clone()));
                    }
                    if let Err(error) = self.write(number, key, made, "timer") {
                        return Err(self.give_up_window(&error));
                    }
                }
                Err(cause) => self.suspend(number, &key, &cause),
            }
        }
        self.commit()?;
        for number in fired {
            if let Some(partition) = self.partitions.get_mut(&number) {
                partition.fired += 1;
            }
        }
        unchanged.iter().for_each(|(number, key)| self.let_be(*number, key));
        Ok(())
    }

    /// The next timers that may fire, by partition, from the one on that has its turn.
    fn ripe(&self) -> Vec<(i32, Ripe)> {
        let ripe = |(number, partition): (i32, &Partition<P::State>)| {
            let ripe = partition.ripe(self.now.wall_ms, TIMERS_MAX);
            ripe.into_iter().map(move |ripe| (number, ripe))
        };
        self.in_turn(self.last_fired).flat_map(ripe).take(TIMERS_MAX).collect()
    }

    /// If it is among those that a predecessor may have died of, that is noted meanwhile.
    fn decide_timer(&mut self, number: i32, timer: &Ripe) -> Result<Result<Made<P::State>, Poison>, Trouble> {
        let Ripe { key, due_ms, now_ms } = timer;
        let Some(partition) = self.partitions.get(&number) else { return Err(Trouble::Again) };
        // What a predecessor died of was in its window, and what was committed since was not.
        let is_noted = partition.fired < TIMERS_NOTED;
        let process = |worker: &mut Self| worker.process(number, key, &Trigger::Timer, *now_ms);
        if !is_noted && self.suspects.is_empty() {
            return Ok(process(self)?.map_err(Poison::from));
        }
        let (at, in_hand) = (self.changelog_at(number), InHand::Timer { key: key.clone(), due_ms: *due_ms });
        if self.suspects.is_condemned(&at, &in_hand) {
            return Ok(Err(Poison::of_the_process()));
        }
        let made = if is_noted { self.noted(&at, &in_hand, process)? } else { process(self) };
        Ok(made?.map_err(Poison::from))
    }

    /// Lets a timer be that can never fire: it would hold up all others. It is tried again when the state changes, and
    /// otherwise by the next owner, but if it ended processes only by one that does not know, or after an orderly end.
    fn suspend(&mut self, number: i32, key: &str, cause: &Poison) {
        let Poison { reason, detail } = cause;
        tracing::error!(key, reason, detail, "a timer cannot fire and is left alone");
        self.settings.metrics.inputs.with_label_values(&["timer_failed"]).inc();
        self.let_be(number, key);
    }

    fn let_be(&mut self, number: i32, key: &str) {
        if let Some(partition) = self.partitions.get_mut(&number) {
            partition.timers.unset(key);
        }
    }
}
