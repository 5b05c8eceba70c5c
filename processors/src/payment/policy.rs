//! The bounds that the payment rules keep to.

/// How long and how often a gateway is tried. Times in milliseconds.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Payment rules")]
pub struct Policy {
    /// How long one try may wait to be carried out, milliseconds
    #[arg(long, env = "QUITTANCE_TRY_NOT_AFTER_MS", default_value_t = 30_000,
        value_parser = clap::value_parser!(i64).range(100..=KEY_AGE_MAX_MS))]
    pub try_not_after_ms: i64,
    /// How long after that a missing result is waited for before the step is repeated, milliseconds
    #[arg(long, env = "QUITTANCE_TRY_LOST_MS", default_value_t = 300_000,
        value_parser = clap::value_parser!(i64).range(100..=KEY_AGE_MAX_MS))]
    pub try_lost_ms: i64,
    /// How long an attempt is sent again, milliseconds; then it fails if nothing was processed, else it is queried
    #[arg(long, env = "QUITTANCE_ATTEMPT_TTL_MS", default_value_t = 600_000,
        value_parser = clap::value_parser!(i64).range(0..=KEY_AGE_MAX_MS))]
    pub attempt_ttl_ms: i64,
    /// How many tries of one attempt may end with an unknown outcome or get lost before the gateway is only queried
    #[arg(long, env = "QUITTANCE_UNKNOWN_TRIES_MAX", default_value_t = 4,
        value_parser = clap::value_parser!(i32).range(1..=20))]
    pub unknown_tries_max: i32,
    /// How many queries are made before a person has to find out
    #[arg(long, env = "QUITTANCE_QUERIES_MAX", default_value_t = 30,
        value_parser = clap::value_parser!(i32).range(1..=1000))]
    pub queries_max: i32,
    /// How long after its last moment a try may still be under way or missing from the gateway's queries, milliseconds
    #[arg(long, env = "QUITTANCE_QUERY_SETTLE_MS", default_value_t = 15_000,
        value_parser = clap::value_parser!(i64).range(0..=3_600_000))]
    pub query_settle_ms: i64,
    /// First delay between tries, milliseconds; doubled with each further one
    #[arg(long, env = "QUITTANCE_RETRY_MIN_MS", default_value_t = 250,
        value_parser = clap::value_parser!(i64).range(1..=60_000))]
    pub retry_min_ms: i64,
    /// Longest delay between tries, milliseconds
    #[arg(long, env = "QUITTANCE_RETRY_MAX_MS", default_value_t = 30_000,
        value_parser = clap::value_parser!(i64).range(1..=3_600_000))]
    pub retry_max_ms: i64,
    /// How many attempts an operation may have, failovers and retried declines included
    #[arg(long, env = "QUITTANCE_ATTEMPTS_MAX", default_value_t = 5,
        value_parser = clap::value_parser!(i32).range(1..=20))]
    pub attempts_max: i32,
    /// How long after a soft decline the same gateway account is tried again, milliseconds
    #[arg(long, env = "QUITTANCE_DECLINE_RETRY_MS", default_value_t = 3_600_000,
        value_parser = clap::value_parser!(i64).range(1_000..=7 * DAY_MS))]
    pub decline_retry_ms: i64,
    /// How long the customer has to act where the gateway does not say, milliseconds; then the payment expires
    #[arg(long, env = "QUITTANCE_ACTION_TTL_MS", default_value_t = 3_600_000,
        value_parser = clap::value_parser!(i64).range(1_000..=7 * DAY_MS))]
    pub action_ttl_ms: i64,
    /// How long a gateway may leave open what it has taken, milliseconds; then a person has to find out
    #[arg(long, env = "QUITTANCE_PENDING_TTL_MS", default_value_t = 10 * DAY_MS,
        value_parser = clap::value_parser!(i64).range(1_000..=60 * DAY_MS))]
    pub pending_ttl_ms: i64,
    /// Longest time between two looks at what a gateway has taken and left open, milliseconds
    #[arg(long, env = "QUITTANCE_POLL_MAX_MS", default_value_t = 3_600_000,
        value_parser = clap::value_parser!(i64).range(100..=DAY_MS))]
    pub poll_max_ms: i64,
    /// How long after its end an authorization is looked at again while a capture of it is under way, milliseconds
    #[arg(long, env = "QUITTANCE_EXPIRY_RECHECK_MS", default_value_t = 300_000,
        value_parser = clap::value_parser!(i64).range(100..=DAY_MS))]
    pub expiry_recheck_ms: i64,
}

const DAY_MS: i64 = 24 * 3_600_000;

/// A gateway may forget an idempotency key after a day (Stripe); past this age an attempt is queried, never resent.
pub const KEY_AGE_MAX_MS: i64 = 23 * 3_600_000;

impl Policy {
    /// The delay before try or query number `count + 1`: exponential, with jitter drawn from the payment's own seed so
    /// that deciding twice gives the same time.
    pub fn delay_ms(&self, count: i32, seed: i64) -> i64 {
        let doublings = u32::try_from(count.clamp(1, 30) - 1).unwrap_or(0);
        jittered(self.retry_min_ms.saturating_mul(1 << doublings).min(self.retry_max_ms), seed ^ i64::from(doublings))
    }

    /// The delay before the next look at what a gateway has taken and left open: at first as short as before a query, then a
    /// quarter of its age, so that an hour is noticed within minutes and a week within an hour.
    pub fn poll_ms(&self, count: i32, age_ms: i64, seed: i64) -> i64 {
        let shortest_ms = self.delay_ms(count, seed).min(self.poll_max_ms);
        jittered((age_ms / 4).clamp(shortest_ms, self.poll_max_ms), seed ^ i64::from(count)).max(1)
    }
}

/// Between a half of it and all, drawn from the seed.
fn jittered(full_ms: i64, seed: i64) -> i64 {
    let half = full_ms / 2;
    let draw = splitmix64(seed.cast_unsigned());
    half + i64::try_from(draw % (half.cast_unsigned() + 1)).unwrap_or(0)
}

/// SplitMix64 (Steele, Lea, Flood 2014): enough to spread retries, and the same on every machine.
fn splitmix64(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
pub(crate) fn policy() -> Policy {
    Policy {
        try_not_after_ms: 30_000,
        try_lost_ms: 300_000,
        attempt_ttl_ms: 600_000,
        unknown_tries_max: 4,
        queries_max: 3,
        query_settle_ms: 15_000,
        retry_min_ms: 250,
        retry_max_ms: 30_000,
        attempts_max: 3,
        decline_retry_ms: 3_600_000,
        action_ttl_ms: 3_600_000,
        pending_ttl_ms: 10 * DAY_MS,
        poll_max_ms: 3_600_000,
        expiry_recheck_ms: 300_000,
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use proptest::prelude::*;

    use super::*;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        policy: Policy,
    }

    #[test]
    fn nothing_is_waited_for_longer_than_a_gateway_remembers() {
        let lost_ms =
            |ms: &str| Program::try_parse_from(["", "--try-lost-ms", ms]).map(|program| program.policy.try_lost_ms);
        assert_eq!(lost_ms("82800000").ok(), Some(82_800_000), "23 h");
        assert!(lost_ms("82800001").is_err());
    }

    #[test]
    fn the_longest_delay_doubles_and_jitter_takes_up_to_a_half_of_it() {
        let policy = policy();
        for (count, full_ms) in [(0, 250), (1, 250), (2, 500), (3, 1_000), (7, 16_000), (8, 30_000), (31, 30_000)] {
            let delays: Vec<i64> = (0..2_000).map(|seed| policy.delay_ms(count, seed)).collect();
            let (shortest, longest) = (delays.iter().min().expect("delays"), delays.iter().max().expect("delays"));
            assert!((full_ms / 2..full_ms / 2 + full_ms / 50).contains(shortest), "{count}: {shortest}");
            assert!((full_ms - full_ms / 50..=full_ms).contains(longest), "{count}: {longest}");
        }
        assert_ne!(policy.delay_ms(8, 31), policy.delay_ms(9, 31), "each delay has its own jitter");
    }

    #[test]
    fn jitter_takes_every_value_between_its_bounds() {
        let policy = Policy { retry_min_ms: 2, ..policy() };
        let delays: std::collections::BTreeSet<i64> = (0..100).map(|seed| policy.delay_ms(1, seed)).collect();
        assert_eq!(delays.into_iter().collect::<Vec<_>>(), [1, 2]);
    }

    /// The first outputs of the authors' own program.
    #[test]
    fn jitter_is_that_of_splitmix64() {
        assert_eq!([0, 1_234_567].map(splitmix64), [0xe220_a839_7b1d_cdaf, 6_457_827_717_110_365_317]);
    }

    proptest! {
        #[test]
        fn delays_stay_within_their_bounds(count in i32::MIN..i32::MAX, seed: i64) {
            let policy = policy();
            let delay_ms = policy.delay_ms(count, seed);
            prop_assert!(delay_ms >= policy.retry_min_ms / 2);
            prop_assert!(delay_ms <= policy.retry_max_ms);
            prop_assert_eq!(delay_ms, policy.delay_ms(count, seed));
        }
    }
}
