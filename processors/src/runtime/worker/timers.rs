//! Timers that are due.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use quittance_log::{LogError, TopicPartition};
use quittance_service::backoff::Backoff;

use super::{Fatal, Processor, Trigger, Worker, Write};

/// How many timers fire in one go, so that inputs are not kept waiting.
const TIMERS_MAX: usize = 500;
/// After how long no further partition is asked for, once one did not answer.
const LOOK_AHEAD_MAX: Duration = Duration::from_secs(3);

impl<P: Processor> Worker<P> {
    /// Fires the timers that are due, a window for each partition.
    pub(super) fn fire_timers(&mut self, now_ms: i64) -> Result<(), Fatal> {
        self.look_ahead(now_ms)?;
        let is_ripe = |worker: &Self, number| {
            let partition = worker.partitions.get(number);
            partition.is_some_and(|partition| !partition.ripe(now_ms, 1).is_empty())
        };
        let numbers: Vec<i32> = self.partitions.keys().copied().collect();
        for number in numbers.iter().filter(|number| is_ripe(self, number)).copied().collect::<Vec<_>>() {
            // The index of timers knows committed states only, so the open window ends before they fire. Its end may move
            // timers, and if it came to nothing what is ripe now is not.
            self.commit()?;
            self.fire(number, now_ms)?;
        }
        Ok(())
    }

    fn fire(&mut self, number: i32, now_ms: i64) -> Result<(), Fatal> {
        let Some(ripe) = self.partitions.get(&number).map(|partition| partition.ripe(now_ms, TIMERS_MAX)) else {
            return Ok(());
        };
        if ripe.is_empty() {
            return Ok(());
        }
        self.open_window()?;
        for key in ripe {
            let done = match self.process(number, &key, &Trigger::Timer, now_ms) {
                Ok(processed) => self.write(number, key.clone(), processed, "timer"),
                Err(cause) => {
                    self.suspend(number, &key, &cause);
                    continue;
                }
            };
            match done {
                Ok(()) => {}
                Err(Write::Fatal(error)) => return Err(error),
                Err(Write::Send(error)) => {
                    if error.is_about_the_record() {
                        self.suspend(number, &key, &error);
                    }
                    return self.give_up_window(&error);
                }
            }
        }
        self.commit()
    }

    /// Lets a timer be that can never fire: it would hold up all others. It is tried again when the state changes, or at
    /// the next start.
    fn suspend(&mut self, number: i32, key: &str, cause: &dyn std::error::Error) {
        tracing::error!(key, %cause, "a timer cannot fire and is left alone");
        self.settings.metrics.inputs.with_label_values(&["timer_failed"]).inc();
        if let Some(partition) = self.partitions.get_mut(&number) {
            partition.unset_timer(key);
        }
    }

    /// Asks for the ends of the inputs of those partitions whose due timers have to wait for them to be read.
    fn look_ahead(&mut self, now_ms: i64) -> Result<(), Fatal> {
        let wanting = self.partitions.iter().filter(|(_, partition)| partition.wants_horizon(now_ms));
        let wanting: Vec<i32> = wanting.map(|(&number, _)| number).collect();
        if wanting.is_empty() || self.look_ahead_at.is_some_and(|at| Instant::now() < at) {
            return Ok(());
        }
        // The brokers may take their time to answer, or never do: no transaction is to be open meanwhile.
        self.commit()?;
        let (began, mut failed) = (Instant::now(), None);
        for number in beginning_after(wanting, self.looked_at) {
            self.looked_at = number;
            match self.ends(number) {
                Ok(ends) => {
                    if let Some(partition) = self.partitions.get_mut(&number) {
                        partition.set_horizon(now_ms, ends);
                    }
                }
                Err(error) if error.is_transient() => failed = Some(error),
                Err(error) => return Err(error.into()),
            }
            // One that does not answer must not keep all others waiting, nor the inputs.
            if failed.is_some() && began.elapsed() > LOOK_AHEAD_MAX {
                break;
            }
        }
        match failed {
            None => (self.look_ahead_at, self.look_ahead) = (None, Backoff::default()),
            Some(error) => {
                tracing::warn!(%error, "timers wait");
                self.look_ahead_at = Some(Instant::now() + self.look_ahead.next_delay());
            }
        }
        Ok(())
    }

    fn ends(&self, number: i32) -> Result<BTreeMap<Arc<str>, i64>, LogError> {
        let end = |topic: &Arc<str>| {
            let at = TopicPartition { topic: Arc::clone(topic), partition: number };
            Ok((Arc::clone(topic), self.consumer.bounds(&at)?.1))
        };
        self.processor.inputs().iter().map(end).collect()
    }
}

/// The numbers, which are in rising order, with those behind `last` first: each gets its turn.
fn beginning_after(mut numbers: Vec<i32>, last: i32) -> Vec<i32> {
    let first = numbers.partition_point(|number| *number <= last);
    numbers.rotate_left(first);
    numbers
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(-1, [0, 2, 5])]
    #[case(0, [2, 5, 0])]
    #[case(3, [5, 0, 2])]
    #[case(5, [0, 2, 5])]
    fn each_partition_gets_its_turn(#[case] last: i32, #[case] order: [i32; 3]) {
        assert_eq!(beginning_after(vec![0, 2, 5], last), order);
    }
}
