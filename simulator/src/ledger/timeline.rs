//! What will happen by itself, and when.

use std::collections::BTreeSet;

use crate::values::{CaptureId, ChargeId, RefundId};

/// Something that happens to a charge by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    /// The customer's time to act is over.
    ActionExpires,
    /// The issuer says at last.
    Approves,
    /// Nobody took what is held.
    AuthorizationExpires,
    CaptureFails(CaptureId),
    RefundSucceeds(RefundId),
    RefundFails(RefundId),
}

/// Everything that is due, in the order in which it is. What it is due for may have changed until then: whoever takes it out
/// looks again.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    entries: BTreeSet<(u64, ChargeId, Due)>,
}

impl Timeline {
    pub(super) fn add(&mut self, at_ms: u64, charge: ChargeId, due: Due) {
        self.entries.insert((at_ms, charge, due));
    }

    /// Takes out the first of what is due by then.
    pub(super) fn pop(&mut self, now_ms: u64) -> Option<(u64, ChargeId, Due)> {
        let is_due = self.next_ms().is_some_and(|at_ms| at_ms <= now_ms);
        is_due.then(|| self.entries.pop_first()).flatten()
    }

    /// When the next is due.
    pub(super) fn next_ms(&self) -> Option<u64> {
        self.entries.first().map(|(at_ms, ..)| *at_ms)
    }
}
