//! How a window begins and ends.

use std::sync::Arc;

use quittance_log::{Ended, Log, LogError, Member, OffsetCommit, SendError, TopicPartition, Transactions};

use super::{Fatal, Phase, Processor, Trouble, Window, Worker, unknown::Unknown};
use crate::runtime::{partition::Partition, store::Batch, timers::Timers};

impl<P: Processor, L: Log> Worker<P, L> {
    /// Begins a window unless one is open.
    pub(super) fn open_window(&mut self) -> Result<(), Trouble> {
        if self.window.is_some() {
            return Ok(());
        }
        let turn = self.turn;
        self.writers()?[turn].begin()?;
        self.windows += 1;
        let id = format!("{}-{}", self.settings.incarnation, self.windows);
        self.window = Some(Window::new(id, self.now.uptime));
        Ok(())
    }

    /// Ends the open window, if any. `Ok` means that it is committed and taken in.
    ///
    /// A crash before the commit leaves an open transaction for the next holder of the id to abort; a crash after it
    /// leaves nothing behind. Either way the committed positions tell which.
    pub(super) fn commit(&mut self) -> Result<(), Trouble> {
        let Some(window) = self.window.take() else { return Ok(()) };
        let positions = window.positions(&self.partitions, &self.writer());
        let turn = self.turn;
        self.turn = 1 - turn;
        let (Some(writers), Some(generation)) = (&mut self.writers, &self.generation) else {
            return self.replay("aborted", "there is nobody to commit a window");
        };
        match writers[turn].commit(&positions, generation) {
            Ended::Committed => Ok(self.promote(window, "committed", &positions)?),
            Ended::Aborted(cause) => {
                tracing::warn!(window = window.id, cause, "a window was aborted and its input is read again");
                // One of its requests may have gone unanswered and be on its way still. Positions that arrive in a later
                // transaction of the same holder would be taken for that one's, and the group would go back to them.
                self.writers = None;
                self.replay("aborted", &cause)
            }
            Ended::Fenced(cause) => Err(Trouble::Fatal(LogError::Fenced { cause }.into())),
            Ended::Unknown(cause) => {
                tracing::warn!(window = window.id, cause, "it is not known whether a window was committed");
                self.settings.latch.unready("finding out whether a window was committed");
                self.phase = Phase::Resolving(Box::new(Unknown { window, positions }));
                Err(Trouble::Again)
            }
        }
    }

    /// Gives up the open window because something could not be added to it. Never `Ok`.
    pub(super) fn give_up_window(&mut self, error: &SendError) -> Trouble {
        let Some(window) = self.window.take() else { return Trouble::Again };
        tracing::warn!(window = window.id, %error, "a window was given up and its input is read again");
        match self.abort(&error.to_string()).and_then(|()| self.replay("aborted", &error.to_string())) {
            Ok(()) => Trouble::Again,
            Err(trouble) => trouble,
        }
    }

    /// Drops the open window, whose partitions belong to somebody else already.
    pub(super) fn drop_window(&mut self) -> Result<(), Trouble> {
        if self.window.take().is_none() {
            return Ok(());
        }
        self.settings.metrics.windows.with_label_values(&["lost"]).inc();
        match self.abort("the partitions were lost") {
            // Whoever fenced us has the partitions, too.
            Err(Trouble::Fatal(Fatal::Log(LogError::Fenced { cause }))) => {
                tracing::warn!(cause, "the transactional id was taken over with the partitions");
                self.writers = None;
                Ok(())
            }
            aborted => aborted,
        }
    }

    /// Ends the transaction of a window that nobody wants any more. Nothing was committed, so nothing has to be found
    /// out; at worst its holder is of no use any more.
    fn abort(&mut self, cause: &str) -> Result<(), Trouble> {
        let turn = self.turn;
        self.turn = 1 - turn;
        match self.writers()?[turn].abort(cause) {
            Ended::Committed | Ended::Aborted(_) => Ok(()),
            Ended::Fenced(cause) => Err(Trouble::Fatal(LogError::Fenced { cause }.into())),
            Ended::Unknown(cause) => {
                tracing::warn!(cause, "a transaction could not be aborted; its holder is replaced");
                self.writers = None;
                Ok(())
            }
        }
    }

    /// Takes in what a window did, now that it is known to be committed.
    pub(super) fn promote(
        &mut self,
        window: Window<P::State>,
        end: &str,
        positions: &[OffsetCommit],
    ) -> Result<(), Fatal> {
        if !window.is_empty() {
            self.failures = 0;
            self.went_well();
        }
        self.settings.metrics.promoted(&window, end, self.now.wall_ms);
        for commit in positions {
            self.suspects.forget(&commit.at, commit.offset).map_err(Fatal::Notepad)?;
            let partition = self.partitions.get_mut(&commit.at.partition);
            if let Some(input) = partition.and_then(|partition| partition.inputs.get_mut(&commit.at.topic)) {
                input.position = commit.offset;
                input.committed += window.count(&commit.at);
                input.metadata.clone_from(&commit.metadata);
            }
        }
        for (number, states) in window.into_states() {
            let changed: Vec<String> =
                if self.suspects.is_empty() { Vec::new() } else { states.keys().cloned().collect() };
            let at = self.changelog_at(number);
            let Some(partition) = self.partitions.get_mut(&number) else { continue };
            let states = states.into_iter().collect();
            let (processor, now_ms) = (&self.processor, self.now.wall_ms);
            partition.apply(Batch { states }, |timers, key, state| note(processor, timers, key, state, now_ms))?;
            for key in &changed {
                self.suspects.forget_timer(&at, key, partition.timers.due_ms(key)).map_err(Fatal::Notepad)?;
            }
            self.settings.metrics.holds(number, partition);
        }
        Ok(())
    }

    /// Reads again from the last committed positions. One window may come to nothing; when the next one does, too, there
    /// is something that only time mends. Never `Ok`.
    pub(super) fn replay(&mut self, end: &str, why: &str) -> Result<(), Trouble> {
        self.settings.metrics.windows.with_label_values(&[end]).inc();
        self.empty_inbox()?;
        if !self.is_leaving {
            self.member.start(&self.positions())?;
        }
        self.failures += 1;
        // The group waits for who is leaving.
        let is_put_off = self.failures > 1 && !self.is_leaving;
        Err(if is_put_off { Trouble::Later(why.to_owned()) } else { Trouble::Again })
    }

    /// Where the states of a partition are kept.
    pub(super) fn changelog_at(&self, partition: i32) -> TopicPartition {
        TopicPartition { topic: Arc::clone(self.processor.changelog()), partition }
    }

    /// The next offsets to read, as they were committed.
    pub(super) fn positions(&self) -> Vec<(TopicPartition, i64)> {
        let of = |(&number, partition): (&i32, &Partition<P::State>)| -> Vec<_> {
            let at = |topic: &Arc<str>| TopicPartition { topic: Arc::clone(topic), partition: number };
            partition.inputs.iter().map(|(topic, input)| (at(topic), input.position)).collect()
        };
        self.partitions.iter().flat_map(of).collect()
    }

    fn writer(&self) -> String {
        self.transactional_ids().join(" ")
    }

    pub(super) fn transactional_ids(&self) -> [String; 2] {
        ["a", "b"].map(|turn| format!("{}-{turn}", self.settings.name))
    }

    /// The holders of both transactional ids, after taking them over if that has not been done.
    pub(super) fn writers(&mut self) -> Result<&mut [L::Transactions; 2], LogError> {
        if self.writers.is_none() {
            let [a, b] = self.transactional_ids();
            self.writers = Some([self.log.take_over(&a)?, self.log.take_over(&b)?]);
        }
        Ok(self.writers.as_mut().expect("they were just put there"))
    }
}

/// What a committed state says of time.
pub(super) fn note<P: Processor>(processor: &P, timers: &mut Timers, key: &str, state: Option<&P::State>, now_ms: i64) {
    timers.set(key, state.and_then(|state| processor.due(state)));
    if let Some((name, at_ms)) = state.and_then(|state| processor.test_clock(state)) {
        timers.set_clock(&name, at_ms, now_ms);
    }
}
