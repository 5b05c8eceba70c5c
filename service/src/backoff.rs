//! How long to wait before trying again.
//!
//! The delay is drawn evenly between the minimum and a ceiling that doubles with each failure up to the maximum
//! ("full jitter" with a floor): workers that lost the same server at the same moment come back spread out.

use std::time::Duration;

use rand::RngExt;

mod retry;

pub use retry::{Attempts, RetryError, retry};

/// The delays of one loop of attempts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backoff {
    min: Duration,
    max: Duration,
    ceiling: Duration,
}

/// Bounds that make no backoff.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BackoffError {
    /// A minimum of zero would make a loop that never rests.
    #[error("the minimum delay must be more than zero")]
    MinZero,
    /// The bounds stand the wrong way round.
    #[error("the minimum delay {min:?} must not exceed the maximum {max:?}")]
    MinAboveMax {
        /// The refused minimum.
        min: Duration,
        /// The maximum that it exceeds.
        max: Duration,
    },
}

impl Backoff {
    /// 100 ms to 10 s, for servers on our own network.
    pub const DEFAULT: Self = Self::from_valid(Duration::from_millis(100), Duration::from_secs(10));

    /// A backoff within `min..=max`.
    ///
    /// # Errors
    /// When `min` is zero or above `max`.
    pub const fn new(min: Duration, max: Duration) -> Result<Self, BackoffError> {
        if min.is_zero() {
            Err(BackoffError::MinZero)
        } else if min.as_nanos() > max.as_nanos() {
            Err(BackoffError::MinAboveMax { min, max })
        } else {
            Ok(Self::from_valid(min, max))
        }
    }

    const fn from_valid(min: Duration, max: Duration) -> Self {
        Self { min, max, ceiling: min }
    }

    /// The delay before the next attempt; call it once for each failure.
    pub fn next_delay(&mut self) -> Duration {
        self.next_delay_by(&mut rand::rng())
    }

    /// The same, drawn by a generator of the caller's: where a run has to be repeatable.
    pub fn next_delay_by(&mut self, rng: &mut impl RngExt) -> Duration {
        self.ceiling = self.ceiling.saturating_mul(2).min(self.max);
        rng.random_range(self.min..=self.ceiling)
    }

    /// Starts again from the minimum, after a success.
    pub fn reset(&mut self) {
        self.ceiling = self.min;
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self::DEFAULT
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[rstest]
    #[case::zero(Duration::ZERO, MS, BackoffError::MinZero)]
    #[case::wrong_way_round(2 * MS, MS, BackoffError::MinAboveMax { min: 2 * MS, max: MS })]
    fn refuses_bounds(#[case] min: Duration, #[case] max: Duration, #[case] error: BackoffError) {
        assert_eq!(Backoff::new(min, max), Err(error));
    }

    fn duration() -> impl Strategy<Value = Duration> {
        prop_oneof![
            (0u64..100_000).prop_map(Duration::from_millis),
            (any::<u64>(), 0u32..1_000_000_000).prop_map(|(secs, nanos)| Duration::new(secs, nanos)),
            Just(Duration::MAX),
        ]
    }

    proptest! {
        #[test]
        fn stays_within_its_bounds(a in duration(), b in duration(), failures in 1usize..200) {
            let (min, max) = (a.min(b).max(Duration::from_nanos(1)), a.max(b).max(Duration::from_nanos(1)));
            let mut backoff = Backoff::new(min, max)?;
            for _ in 0..failures {
                let delay = backoff.next_delay();
                prop_assert!((min..=max).contains(&delay), "{delay:?} is outside {min:?}..={max:?}");
            }
        }

        #[test]
        fn the_ceiling_doubles_up_to_the_maximum_and_resets(failures in 1u32..40) {
            let mut backoff = Backoff::default();
            for failure in 1..=failures {
                let ceiling = (100 * MS).saturating_mul(2u32.saturating_pow(failure)).min(10_000 * MS);
                prop_assert!(backoff.next_delay() <= ceiling);
            }
            backoff.reset();
            prop_assert!(backoff.next_delay() <= 200 * MS);
        }
    }

    #[test]
    fn delays_are_spread_out() {
        let mut backoff = Backoff::default();
        let delays: std::collections::BTreeSet<_> = std::iter::repeat_with(|| backoff.next_delay()).take(50).collect();
        assert!(delays.len() > 40, "fifty delays took only {} values", delays.len());
    }
}
