//! One worker loop's sign of life.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// The sign of life of one worker loop. [`beat`](Heartbeat::beat) on every round.
#[derive(Debug)]
pub struct Heartbeat {
    pulse: Arc<Pulse>,
}

/// What a heartbeat and its [`Health`](super::Health) share.
#[derive(Debug)]
pub(super) struct Pulse {
    name: String,
    max_age: Duration,
    born: Instant,
    /// Milliseconds from `born` to the last beat, or one of the two ends below.
    beat_at_ms: AtomicU64,
}

const FINISHED: u64 = u64::MAX;
const PANICKED: u64 = u64::MAX - 1;

impl Heartbeat {
    pub(super) fn new(pulse: Arc<Pulse>) -> Self {
        Self { pulse }
    }

    /// The loop has turned. One clock reading and one store: fit for the innermost loop.
    pub fn beat(&self) {
        self.pulse.beat_at_ms.store(self.pulse.age_ms(), Ordering::Relaxed);
    }
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        let end = if std::thread::panicking() { PANICKED } else { FINISHED };
        self.pulse.beat_at_ms.store(end, Ordering::Relaxed);
    }
}

impl Pulse {
    pub(super) fn new(name: String, max_age: Duration) -> Self {
        Self { name, max_age, born: Instant::now(), beat_at_ms: AtomicU64::new(0) }
    }

    pub(super) fn is_finished(&self) -> bool {
        self.beat_at_ms.load(Ordering::Relaxed) == FINISHED
    }

    pub(super) fn dead_because(&self) -> Option<(String, String)> {
        let why = match self.beat_at_ms.load(Ordering::Relaxed) {
            FINISHED => return None,
            PANICKED => "panicked".to_owned(),
            beat_at_ms => {
                let age = Duration::from_millis(self.age_ms().saturating_sub(beat_at_ms));
                if age <= self.max_age {
                    return None;
                }
                format!("last beat {age:?} ago, allowed are {:?}", self.max_age)
            }
        };
        Some((self.name.clone(), why))
    }

    fn age_ms(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_millis()).map_or(PANICKED - 1, |ms| ms.min(PANICKED - 1))
    }
}
