//! Whether gateway accounts can be reached, by what came of the calls: a circuit breaker for each account.
//!
//! It holds nothing back. Effects are carried out whatever it says, since what is to be done about a payment is not for a sink to
//! decide; it tells what it sees, and who routes payments goes by that.

use std::collections::HashMap;

use quittance_avro::{
    records::GatewayHealth,
    tenant::Tenant,
    time::Timestamp,
    words::{HealthStatus, Mode, ResultOutcome},
};

/// After so many calls in a row that came to nothing an account is down.
const FAILURES_MAX: i32 = 5;
/// How long it is taken to be down at first, milliseconds; doubled each time that it then still is.
const DOWN_MIN_MS: i64 = 5_000;
const DOWN_MAX_MS: i64 = 60_000;

/// Whose account it is, and its name. An account of the installation is nobody's.
pub(super) type Key = (Mode, Option<Tenant>, String);

/// What is known of each account that was called.
#[derive(Debug, Default)]
pub(super) struct Circuits(HashMap<Key, Circuit>);

/// What is known of an account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Circuit {
    /// Calls in a row that came to nothing.
    failures: i32,
    /// While it is down: until when that was said to hold, and for how long.
    down: Option<(Timestamp, i64)>,
}

impl Circuits {
    /// Takes in what came of a call. Gives what there is to be told of it, if that is something new.
    pub(super) fn observe(
        &mut self,
        key: Key,
        outcome: ResultOutcome,
        observer: &str,
        now: Timestamp,
    ) -> Option<GatewayHealth> {
        let is_reached = is_reached(outcome)?;
        let circuit = self.0.entry(key.clone()).or_default();
        let status = if is_reached { circuit.reached() } else { circuit.failed(now) }?;
        let (failures, retry_at) = (circuit.failures, circuit.down.map(|(until, _)| until));
        match status {
            HealthStatus::Down => tracing::warn!(account = key.2, failures, "a gateway account cannot be reached"),
            HealthStatus::Up => tracing::info!(account = key.2, "a gateway account can be reached again"),
        }
        let (mode, tenant, gateway_account) = key;
        let observer = observer.to_owned();
        Some(GatewayHealth { mode, tenant, gateway_account, status, retry_at, failures, observer, occurred_at: now })
    }
}

/// Whether the gateway gave an answer that it stands for; none if it was not asked.
fn is_reached(outcome: ResultOutcome) -> Option<bool> {
    match outcome {
        ResultOutcome::Approved
        | ResultOutcome::Created
        | ResultOutcome::ActionRequired
        | ResultOutcome::Pending
        | ResultOutcome::Declined
        | ResultOutcome::Rejected
        | ResultOutcome::Reported
        | ResultOutcome::Absent => Some(true),
        ResultOutcome::NotProcessed | ResultOutcome::Unknown => Some(false),
        ResultOutcome::Expired => None,
    }
}

impl Circuit {
    fn reached(&mut self) -> Option<HealthStatus> {
        let was_down = self.down.is_some();
        *self = Self::default();
        was_down.then_some(HealthStatus::Up)
    }

    fn failed(&mut self, now: Timestamp) -> Option<HealthStatus> {
        self.failures = self.failures.saturating_add(1);
        let for_ms = match self.down {
            Some((until, _)) if now < until => return None,
            Some((_, for_ms)) => for_ms.saturating_mul(2).min(DOWN_MAX_MS),
            None if self.failures < FAILURES_MAX => return None,
            None => DOWN_MIN_MS,
        };
        self.down = Some((now.plus_ms(for_ms), for_ms));
        Some(HealthStatus::Down)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key() -> Key {
        (Mode::Test, None, "main".to_owned())
    }

    /// Tells the outcomes, a second between each, and gives what was said, with the second.
    fn said(outcomes: &[(i64, ResultOutcome)]) -> Vec<(i64, HealthStatus, Option<i64>)> {
        let mut circuits = Circuits::default();
        let observe = |&(second, outcome): &(i64, ResultOutcome)| {
            let health = circuits.observe(key(), outcome, "me", Timestamp::from_ms(second * 1_000))?;
            Some((second, health.status, health.retry_at.map(|at| at.as_ms() / 1_000)))
        };
        outcomes.iter().filter_map(observe).collect()
    }

    #[test]
    fn five_failures_in_a_row_are_down_and_one_answer_is_up() {
        use ResultOutcome::{Declined, Expired, NotProcessed, Unknown};
        let outcomes = [
            (0, Unknown),
            (1, Unknown),
            (2, Declined),
            (3, Unknown),
            (4, NotProcessed),
            (5, Unknown),
            (6, Expired),
            (7, Unknown),
            (8, Unknown),
            (9, Unknown),
            (13, Unknown),
            (14, Unknown),
            (23, Unknown),
            (24, Declined),
            (25, Declined),
        ];
        let (down, up) = (HealthStatus::Down, HealthStatus::Up);
        assert_eq!(said(&outcomes), [(8, down, Some(13)), (13, down, Some(23)), (23, down, Some(43)), (24, up, None)]);
    }

    proptest! {
        /// What was said last is true: it is up after an answer, and down after five failures, for a bounded time.
        #[test]
        fn says_what_is_so(outcomes in prop::collection::vec((0i64..100_000, prop::bool::weighted(0.2)), 1..100)) {
            let (mut circuits, mut now, mut failures, mut told) = (Circuits::default(), 0, 0, HealthStatus::Up);
            for (after_ms, answers) in outcomes {
                now += after_ms;
                let outcome = if answers { ResultOutcome::Approved } else { ResultOutcome::Unknown };
                failures = if answers { 0 } else { failures + 1 };
                let health = circuits.observe(key(), outcome, "me", Timestamp::from_ms(now));
                if let Some(health) = &health {
                    told = health.status;
                    let lasts_ms = health.retry_at.map_or(0, |at| at.as_ms() - now);
                    prop_assert!(lasts_ms <= DOWN_MAX_MS && (told == HealthStatus::Up) == (lasts_ms == 0));
                }
                prop_assert_eq!(told == HealthStatus::Down, failures >= FAILURES_MAX);
            }
        }
    }
}
