//! Finding out whether a window was committed.

use quittance_log::{Log, Member, OffsetCommit, TopicPartition};

use super::{Phase, Processor, Trouble, Window, Worker};
use crate::runtime::window::window_id;

/// A window whose commit had no known end.
pub(super) struct Unknown<S> {
    pub(super) window: Window<S>,
    pub(super) positions: Vec<OffsetCommit>,
}

/// What the committed positions say of it.
enum Verdict {
    Applied,
    NotApplied,
    /// Somebody else has committed since, so the partition is not ours.
    Lost,
}

impl<P: Processor, L: Log> Worker<P, L> {
    /// With both ids taken over again no earlier transaction can still end, and the committed positions carry the id of
    /// the last window that did.
    pub(super) fn resolve(&mut self) -> Result<(), Trouble> {
        let Phase::Resolving(unknown) = &self.phase else { return Ok(()) };
        let asked: Vec<TopicPartition> = unknown.positions.iter().take(1).map(|commit| commit.at.clone()).collect();
        let id = unknown.window.id.clone();
        // Those that were there when the end got lost must not be used again: an end that arrives late would be that of
        // their next transaction.
        self.writers = None;
        self.writers()?;
        let committed = self.member.committed(&asked)?;
        // A window without a position has done nothing.
        let verdict =
            committed.first().map_or(Verdict::NotApplied, |(at, found)| self.verdict(&id, at, &found.metadata));
        self.resolved(&verdict)
    }

    fn verdict(&self, id: &str, at: &TopicPartition, metadata: &str) -> Verdict {
        let known = self.partitions.get(&at.partition).and_then(|partition| partition.inputs.get(&at.topic));
        if window_id(metadata) == id {
            Verdict::Applied
        } else if known.is_some_and(|input| input.metadata == metadata) {
            Verdict::NotApplied
        } else {
            Verdict::Lost
        }
    }

    fn resolved(&mut self, verdict: &Verdict) -> Result<(), Trouble> {
        let Phase::Resolving(unknown) = std::mem::replace(&mut self.phase, Phase::Running) else { return Ok(()) };
        self.went_well();
        let Unknown { window, positions } = *unknown;
        match verdict {
            Verdict::Applied => {
                tracing::info!(window = window.id, "the window was committed");
                Ok(self.promote(window, "unknown_applied", &positions)?)
            }
            Verdict::NotApplied => {
                tracing::info!(window = window.id, "the window was not committed and its input is read again");
                self.replay("unknown_replayed", "a window was not committed")
            }
            Verdict::Lost => {
                tracing::warn!(window = window.id, "somebody else has committed since, so the partitions are not ours");
                self.settings.metrics.windows.with_label_values(&["lost"]).inc();
                let held: Vec<TopicPartition> = self.positions().into_iter().map(|(at, _)| at).collect();
                self.assigned(&held)
            }
        }
    }
}
