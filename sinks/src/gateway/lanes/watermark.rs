//! How far a partition is complete without a gap.

use std::collections::BTreeSet;

/// The progress of one partition. Offsets are taken in rising order, not always by one (transaction markers take up
/// offsets too), and completed in any.
#[derive(Debug)]
pub(super) struct Watermark {
    incomplete: BTreeSet<i64>,
    /// The offset after the last one taken.
    next: i64,
    committed: i64,
}

impl Watermark {
    /// Everything before `position` is complete and committed.
    pub(super) fn new(position: i64) -> Self {
        Self { incomplete: BTreeSet::new(), next: position, committed: position }
    }

    pub(super) fn take(&mut self, offset: i64) {
        self.incomplete.insert(offset);
        self.next = self.next.max(offset + 1);
    }

    pub(super) fn complete(&mut self, offset: i64) {
        self.incomplete.remove(&offset);
    }

    /// The offset that a successor would have to begin with.
    pub(super) fn position(&self) -> i64 {
        self.incomplete.first().copied().unwrap_or(self.next)
    }

    pub(super) fn is_uncommitted(&self) -> bool {
        self.position() > self.committed
    }

    pub(super) fn committed(&mut self, position: i64) {
        self.committed = self.committed.max(position);
    }
}
