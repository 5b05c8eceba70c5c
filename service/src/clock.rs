//! Wall-clock time as it stands in records: milliseconds since the Unix epoch.
//!
//! Rules never call this: the shell reads the clock once and hands the time in, so that every rule can be tested at any
//! time of day. Durations are measured with a monotonic `Instant`, never with the difference of two of these.

use std::time::{SystemTime, UNIX_EPOCH};

/// The current time in milliseconds since the Unix epoch; negative if the machine's clock stands before 1970.
pub fn now_ms() -> i64 {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_in_milliseconds() {
        let year_2024_ms = 1_704_067_200_000;
        let year_2200_ms = 7_258_118_400_000;
        assert!((year_2024_ms..year_2200_ms).contains(&now_ms()));
    }
}
