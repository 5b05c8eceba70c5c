//! The time that the ledger is told: milliseconds since the Unix epoch, that never go back.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// A wall clock that is read once and measured on from there, so that a change of the machine's time moves no deadline.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    started: Instant,
    started_unix: Duration,
}

impl Clock {
    pub(crate) fn start() -> Self {
        // A machine whose clock stands before 1970 has other worries: its simulator begins at 0.
        let started_unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { started: Instant::now(), started_unix }
    }

    pub(crate) fn now_ms(&self) -> u64 {
        u64::try_from((self.started_unix + self.started.elapsed()).as_millis()).unwrap_or(u64::MAX)
    }

    pub(crate) fn now_s(&self) -> u64 {
        self.now_ms() / 1_000
    }

    /// Waits until `now_ms` is at least that.
    pub(crate) async fn sleep_until(&self, at_ms: u64) {
        let wait = Duration::from_millis(at_ms).saturating_sub(self.started_unix);
        tokio::time::sleep_until(self.started + wait).await;
    }

    /// Waits until `now_ms` is more than that.
    pub(crate) async fn sleep_past(&self, at_ms: u64) {
        self.sleep_until(at_ms.saturating_add(1)).await;
    }
}
