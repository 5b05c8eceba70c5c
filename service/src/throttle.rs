//! Keeps a line that a loop would repeat at most once per interval.

use std::time::Duration;

use tokio::time::Instant;

/// Says yes to the first caller, then to at most one in each interval. Ask it before logging, not before working.
#[derive(Debug)]
pub struct Throttle {
    interval: Duration,
    said_yes_at: Option<Instant>,
}

impl Throttle {
    /// What the log sees of a lasting failure: its first line at once, then one each 10 s.
    pub const LOG: Self = Self::new(Duration::from_secs(10));

    /// A throttle that has not said yes yet.
    pub const fn new(interval: Duration) -> Self {
        Self { interval, said_yes_at: None }
    }

    /// Whether it is time again; a yes starts the next interval.
    pub fn is_due(&mut self) -> bool {
        let now = Instant::now();
        let due = self.said_yes_at.is_none_or(|at| now.duration_since(at) >= self.interval);
        if due {
            self.said_yes_at = Some(now);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn says_yes_once_an_interval() {
        let mut throttle = Throttle::new(Duration::from_secs(10));
        assert!(throttle.is_due());
        assert!(!throttle.is_due());
        tokio::time::advance(Duration::from_millis(9_999)).await;
        assert!(!throttle.is_due());
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(throttle.is_due());
        assert!(!throttle.is_due());
    }
}
