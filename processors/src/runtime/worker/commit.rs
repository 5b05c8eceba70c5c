//! How a window begins and ends.

use std::{
    fmt::Display,
    thread,
    time::{Duration, Instant},
};

use quittance_log::{Ended, LogError, OffsetCommit, SendError, TopicPartition, TransactionalProducer};
use quittance_service::backoff::Backoff;

use super::{Fatal, Processor, Window, Worker};

impl<P: Processor> Worker<P> {
    /// Begins a window unless one is open.
    pub(super) fn open_window(&mut self) -> Result<(), Fatal> {
        if self.window.is_some() {
            return Ok(());
        }
        let turn = self.turn;
        self.producers()?[turn].begin()?;
        let group = self.consumer.group_metadata().ok_or(Fatal::Stopped)?;
        self.windows += 1;
        self.window = Some(Window::new(format!("{}-{}", self.settings.incarnation, self.windows), group));
        Ok(())
    }

    /// Ends the open window, if any, and learns how it ended.
    ///
    /// A crash before the commit leaves an open transaction for the next holder of the id to abort; a crash after it
    /// leaves nothing behind. Either way the committed positions tell which.
    pub(super) fn commit(&mut self) -> Result<(), Fatal> {
        let Some(window) = self.window.take() else { return Ok(()) };
        let began = Instant::now();
        let turn = self.turn;
        self.turn = 1 - turn;
        let positions = window.positions(&self.partitions, &self.writer());
        let ended = self.producers()?[turn].commit(&positions, &window.group);
        self.settings.metrics.commit_seconds.observe(began.elapsed().as_secs_f64());
        match ended {
            Ended::Committed => {
                self.promote(window, "committed");
                Ok(())
            }
            Ended::Aborted(cause) => {
                tracing::warn!(window = window.id, cause, "a window was aborted and its input is read again");
                self.replay("aborted", &cause)
            }
            Ended::Fenced(cause) => Err(LogError::Fenced { cause }.into()),
            Ended::Unknown(cause) => {
                tracing::warn!(window = window.id, cause, "it is not known whether a window was committed");
                self.resolve(window, &positions)
            }
        }
    }

    /// Gives up the open window because something could not be added to it.
    pub(super) fn give_up_window(&mut self, error: &SendError) -> Result<(), Fatal> {
        let Some(window) = self.window.take() else { return Ok(()) };
        if error.is_about_the_record() {
            // It is dealt with; there is nothing to wait for.
            self.aborted = None;
        }
        let turn = self.turn;
        self.turn = 1 - turn;
        match self.producers()?[turn].abort(&error.to_string()) {
            Ended::Fenced(cause) => Err(LogError::Fenced { cause }.into()),
            Ended::Committed | Ended::Aborted(_) => {
                tracing::warn!(window = window.id, %error, "a window was given up and its input is read again");
                self.replay("aborted", &error.to_string())
            }
            Ended::Unknown(cause) => {
                // Nothing was committed, so nothing has to be found out; only the producer is of no use any more.
                tracing::warn!(window = window.id, %error, cause, "a window was given up; its producer is replaced");
                self.producers = None;
                self.replay("aborted", &error.to_string())
            }
        }
    }

    /// Drops the open window without asking how it ends: its partitions belong to somebody else already.
    pub(super) fn drop_window(&mut self) -> Result<(), Fatal> {
        if self.window.take().is_none() {
            return Ok(());
        }
        let turn = self.turn;
        self.settings.metrics.windows.with_label_values(&["lost"]).inc();
        if !matches!(self.producers()?[turn].abort("the partitions were lost"), Ended::Aborted(_)) {
            self.producers = None;
        }
        Ok(())
    }

    /// Finds out whether a window was committed: with both ids taken over again no earlier transaction can still end,
    /// and the committed positions carry the id of the last window that did.
    fn resolve(&mut self, window: Window<P::State>, positions: &[OffsetCommit]) -> Result<(), Fatal> {
        self.settings.latch.unready("finding out whether a window was committed");
        self.producers = None;
        self.producers()?;
        let asked: Vec<TopicPartition> = positions.iter().take(1).map(|commit| commit.at.clone()).collect();
        let committed = self.patiently(|worker| worker.consumer.committed(&asked))?;
        self.settings.latch.ready();
        if committed.iter().any(|(_, committed)| window.wrote(&committed.metadata)) {
            tracing::info!(window = window.id, "the window was committed");
            self.promote(window, "unknown_applied");
            Ok(())
        } else {
            tracing::info!(window = window.id, "the window was not committed and its input is read again");
            self.replay("unknown_replayed", "a window was not committed")
        }
    }

    fn promote(&mut self, window: Window<P::State>, end: &str) {
        if !window.is_empty() {
            self.aborted = None;
            self.settings.latch.ready();
        }
        let metrics = &self.settings.metrics;
        metrics.windows.with_label_values(&[end]).inc();
        #[expect(clippy::cast_precision_loss, reason = "a window has thousands of records, not 2^52")]
        metrics.window_records.observe(window.records as f64);
        let processor = &self.processor;
        window.promote(&mut self.partitions, |state| processor.due_ms(state));
        for (number, partition) in &self.partitions {
            let number = number.to_string();
            metrics.states.with_label_values(&[&number]).set(i64::try_from(partition.len()).unwrap_or(i64::MAX));
            metrics.timers.with_label_values(&[&number]).set(i64::try_from(partition.timers()).unwrap_or(i64::MAX));
        }
    }

    /// Reads again from the last committed positions. One window may come to nothing; when the next one does, too, there
    /// is something that only time mends.
    fn replay(&mut self, end: &str, why: &str) -> Result<(), Fatal> {
        self.replays += 1;
        self.settings.metrics.windows.with_label_values(&[end]).inc();
        let mut backoff = self.aborted.take();
        if let Some(backoff) = &mut backoff {
            self.wait(&why, backoff)?;
        }
        self.aborted = Some(backoff.unwrap_or_default());
        let positions: Vec<_> =
            self.partitions
                .iter()
                .flat_map(|(&number, partition)| {
                    partition.positions.iter().map(move |(topic, offset)| {
                        (TopicPartition { topic: topic.clone(), partition: number }, *offset)
                    })
                })
                .collect();
        Ok(self.consumer.start(&positions)?)
    }

    fn writer(&self) -> String {
        format!("{} {}", self.transactional_id(0), self.transactional_id(1))
    }

    fn transactional_id(&self, turn: usize) -> String {
        format!("{}-{}", self.settings.name, ["a", "b"][turn])
    }

    /// The producers, after taking over both ids if that has not been done.
    pub(super) fn producers(&mut self) -> Result<&[TransactionalProducer; 2], Fatal> {
        if self.producers.is_none() {
            let producers = self.patiently(|worker| {
                let kafka = &worker.settings.kafka;
                let first = TransactionalProducer::open(kafka, &worker.transactional_id(0))?;
                Ok([first, TransactionalProducer::open(kafka, &worker.transactional_id(1))?])
            })?;
            self.producers = Some(producers);
        }
        self.producers.as_ref().ok_or(Fatal::Stopped)
    }

    /// Repeats what may succeed later, until it does or the process is to stop.
    pub(super) fn patiently<T>(&mut self, mut call: impl FnMut(&mut Self) -> Result<T, LogError>) -> Result<T, Fatal> {
        let mut backoff = Backoff::default();
        loop {
            match call(self) {
                Err(error) if error.is_transient() => self.wait(&error, &mut backoff)?,
                result => return Ok(result?),
            }
        }
    }

    /// Waits before something is tried again.
    pub(super) fn wait(&self, why: &dyn Display, backoff: &mut Backoff) -> Result<(), Fatal> {
        tracing::warn!(error = %why, "waiting");
        self.settings.latch.unready(why.to_string());
        let until = Instant::now() + backoff.next_delay();
        while Instant::now() < until {
            if self.settings.shutdown.is_requested() {
                return Err(Fatal::Stopped);
            }
            self.settings.heartbeat.beat();
            thread::sleep(Duration::from_millis(20).min(until.saturating_duration_since(Instant::now())));
        }
        Ok(())
    }
}
