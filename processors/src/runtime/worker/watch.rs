//! Showing how far behind the worker is.

use std::time::Duration;

use quittance_log::{Isolation, Log, TopicPartition};

use super::{Processor, Trouble, Worker};

/// How often timers are counted and the end of one partition is asked for: asking for all at once would hold up records.
const EVERY: Duration = Duration::from_secs(1);
/// For how long no end is asked for after the brokers did not answer, since that took its time.
const REST: Duration = Duration::from_secs(30);

/// Whose turn it is.
#[derive(Default)]
pub(super) struct Watch {
    again_at: Duration,
    last: Option<TopicPartition>,
}

impl<P: Processor, L: Log> Worker<P, L> {
    /// Shows what timers are late and how many records one partition has left to read, if it is time to. Never while a
    /// transaction is open, whose end would wait for the answer.
    pub(super) fn watch(&mut self) -> Result<(), Trouble> {
        if self.window.is_some() || self.now.uptime < self.watch.again_at {
            return Ok(());
        }
        self.watch.again_at = self.now.uptime + EVERY;
        let metrics = &self.settings.metrics;
        for (number, partition) in &self.partitions {
            let (count, since_ms) = partition.timers.late(self.now.wall_ms);
            let number = number.to_string();
            metrics.timers_late.with_label_values(&[&number]).set(i64::try_from(count).unwrap_or(i64::MAX));
            let late_ms = since_ms.map_or(0, |since_ms| self.now.wall_ms - since_ms);
            metrics.timer_lag_ms.with_label_values(&[&number]).set(late_ms);
        }
        let positions = self.positions();
        let behind = positions.iter().find(|(at, _)| self.watch.last.as_ref().is_none_or(|last| at > last));
        let Some((at, position)) = behind.or(positions.first()) else { return Ok(()) };
        match self.log.end(at, Isolation::Committed) {
            Ok(end) => {
                let labels = [&*at.topic, &at.partition.to_string()];
                self.settings.metrics.lag_records.with_label_values(&labels).set((end - position).max(0));
            }
            Err(error) if error.is_transient() => self.watch.again_at = self.now.uptime + REST,
            Err(error) => return Err(error.into()),
        }
        self.watch.last = Some(at.clone());
        Ok(())
    }

    /// What was shown of partitions that are somebody else's now.
    pub(super) fn show_nothing(&self) {
        let metrics = &self.settings.metrics;
        for gauge in [&metrics.states, &metrics.timers, &metrics.timers_late, &metrics.timer_lag_ms] {
            gauge.reset();
        }
        metrics.lag_ms.reset();
        metrics.lag_records.reset();
    }
}
