//! Time, which is an input to the runtime like the log is.

use std::{sync::Arc, time::Duration};

/// The time at which a step is made. The two clocks are apart: that of the wall is set and jumps, and says which timers
/// are due; the other only moves on, and bounds waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds since the epoch.
    pub wall_ms: i64,
    /// Since some moment before the first step; never goes back.
    pub uptime: Duration,
}

/// What a worker does after a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Step again at once.
    Step,
    /// There is nothing to do for so long.
    Wait(Duration),
}

/// The clock that a timer runs by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Clock {
    /// That of the wall.
    Real,
    /// A test clock, by its name, which stands still until it is set.
    Test(Arc<str>),
}

/// When a timer is due.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Due {
    /// By which clock.
    pub clock: Clock,
    /// Milliseconds since the epoch.
    pub at_ms: i64,
}

impl Due {
    /// Due by the wall's clock.
    pub fn real(at_ms: i64) -> Self {
        Self { clock: Clock::Real, at_ms }
    }
}
