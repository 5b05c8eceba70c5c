//! Whether a rate was sustained.

use std::fmt;

/// Share of a step's payments that must be settled in time.
const SETTLED_SHARE_MIN: f64 = 0.99;
/// 99 of 100 payments must be settled faster than this, milliseconds.
const P99_MS_MAX: f64 = 1_000.0;
/// A backlog that grows by less than this share of the rate is not growing.
const GROWTH_SHARE_MAX: f64 = 0.02;
/// Nor is one that has grown by fewer payments than this: at low rates a few more or less mean nothing.
const GROWTH_PAYMENTS_MIN: f64 = 10.0;

/// What was seen in a step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Observed {
    /// Payments a second that became due.
    pub(crate) rate: u32,
    /// For how long, seconds.
    pub(crate) seconds: u32,
    /// Payments that were measured.
    pub(crate) measured: u64,
    /// Those of them that were settled within 2 s of the end.
    pub(crate) settled_in_time: u64,
    /// Settled payments that Postgres did not have 2 s after the end.
    pub(crate) missing_in_postgres: u64,
    /// Latency of settlement, milliseconds.
    pub(crate) p99_ms: f64,
    /// Payments a second.
    pub(crate) backlog_growth: f64,
    /// Answers that were no acknowledgement.
    pub(crate) errors: u64,
}

/// A reason why a rate was not sustained.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Reason {
    /// There were that many errors.
    Errors(u64),
    /// Only this share was settled in time.
    Unsettled(f64),
    /// Redis told of them in time, and Postgres lacks so many.
    PostgresLags(u64),
    /// p99 in milliseconds.
    Slow(f64),
    /// The backlog grows by so many payments a second.
    BacklogGrows(f64),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Errors(count) => write!(f, "{count} errors"),
            Self::Unsettled(share) => {
                write!(f, "only {:.1} % were settled within 2 s of the end", (share * 1_000.0).floor() / 10.0)
            }
            Self::PostgresLags(count) => write!(f, "2 s after the end Postgres lacked {count} settled payments"),
            Self::Slow(p99_ms) => write!(f, "p99 of settlement was {p99_ms:.0} ms"),
            Self::BacklogGrows(growth) => write!(f, "the backlog grew by {growth:.1} payments a second"),
        }
    }
}

/// Every reason why it was not sustained; none if it was.
pub(crate) fn judge(seen: &Observed) -> Vec<Reason> {
    let share = seen.settled_in_time as f64 / seen.measured as f64;
    let missing_max = (seen.measured as f64 * (1.0 - SETTLED_SHARE_MIN)) as u64;
    let growth_max = (f64::from(seen.rate) * GROWTH_SHARE_MAX).max(GROWTH_PAYMENTS_MIN / f64::from(seen.seconds));
    let reasons = [
        (seen.errors > 0, Reason::Errors(seen.errors)),
        (share < SETTLED_SHARE_MIN, Reason::Unsettled(share)),
        (seen.missing_in_postgres > missing_max, Reason::PostgresLags(seen.missing_in_postgres)),
        (seen.p99_ms >= P99_MS_MAX, Reason::Slow(seen.p99_ms)),
        (seen.backlog_growth > growth_max, Reason::BacklogGrows(seen.backlog_growth)),
    ];
    reasons.into_iter().filter_map(|(holds, reason)| holds.then_some(reason)).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const GOOD: Observed = Observed {
        rate: 100,
        seconds: 30,
        measured: 3_000,
        settled_in_time: 3_000,
        missing_in_postgres: 0,
        p99_ms: 80.0,
        backlog_growth: 0.1,
        errors: 0,
    };

    #[rstest]
    #[case::good(GOOD, &[])]
    #[case::just_enough(Observed { settled_in_time: 2_970, ..GOOD }, &[])]
    #[case::not_enough(Observed { settled_in_time: 2_969, ..GOOD }, &["only 98.9 % were settled within 2 s of the end"])]
    #[case::postgres_just_there(Observed { missing_in_postgres: 30, ..GOOD }, &[])]
    #[case::postgres_lags(Observed { missing_in_postgres: 31, ..GOOD },
        &["2 s after the end Postgres lacked 31 settled payments"])]
    #[case::fast_enough(Observed { p99_ms: 999.9, ..GOOD }, &[])]
    #[case::slow(Observed { p99_ms: 1_000.0, ..GOOD }, &["p99 of settlement was 1000 ms"])]
    #[case::level(Observed { backlog_growth: 2.0, ..GOOD }, &[])]
    #[case::growing(Observed { backlog_growth: 2.1, ..GOOD }, &["the backlog grew by 2.1 payments a second"])]
    #[case::slow_and_few(Observed { rate: 1, seconds: 10, backlog_growth: 0.9, ..GOOD }, &[])]
    #[case::shrinking(Observed { backlog_growth: -50.0, ..GOOD }, &[])]
    #[case::one_error(Observed { errors: 1, ..GOOD }, &["1 errors"])]
    #[case::all_at_once(Observed { errors: 2, settled_in_time: 0, ..GOOD },
        &["2 errors", "only 0.0 % were settled within 2 s of the end"])]
    fn verdicts(#[case] seen: Observed, #[case] expected: &[&str]) {
        let reasons: Vec<String> = judge(&seen).iter().map(Reason::to_string).collect();
        assert_eq!(reasons, expected);
    }
}
