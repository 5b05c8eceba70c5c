//! What a seed stands for: the size of the world, what the clients do, and what goes wrong.

use std::time::Duration;

use quittance_processors::payment::Policy;
use rand::{RngExt, SeedableRng, rngs::SmallRng};

/// When the world begins, milliseconds since the epoch.
pub(crate) const START_MS: i64 = 1_793_534_400_000;

/// A run, before it is run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Everything is drawn from it.
    pub seed: u64,
    /// Partitions of each topic.
    pub partitions: i32,
    /// Instances of the processor.
    pub instances: usize,
    /// How many payments clients ask for.
    pub payments: usize,
    /// For how long they go on asking, and things go wrong.
    pub trouble: Duration,
    /// What goes wrong.
    pub faults: Faults,
}

/// How often things go wrong, one time in so many; never if zero.
///
/// A run in which everything goes wrong finds less than many in each of which something does, so most are off in most
/// runs (Groce et al., "Swarm Testing", ISSTA 2012).
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    /// A process dies at a call.
    pub crash: u32,
    /// A process is stopped in its tracks at a call, and goes on later.
    pub pause: u32,
    /// A process is asked to end in order, and is started again.
    pub restart: u32,
    /// A request is lost.
    pub lost: u32,
    /// An answer is lost.
    pub unanswered: u32,
    /// A request arrives after its sender has given it up.
    pub late: u32,
    /// The positions of a window do.
    pub late_positions: u32,
    /// A broker refuses.
    pub refused: u32,
    /// A call takes its time.
    pub slow: u32,
    /// The clock of a process's machine is set.
    pub clock: u32,
    /// A call of a store fails.
    pub store: u32,
    /// A call of a store takes its time.
    pub slow_store: u32,
    /// A schema has to be fetched, and the registry may be down.
    pub registry: u32,
    /// All processes are down at once for a while: so many times in the run.
    pub blackouts: u32,
    /// A process is stopped where that is worst, for as long as is worst: so many times in the run.
    pub ambushes: u32,
    /// A second process starts in a slot, whatever the first is about: so many times in the run.
    pub twins: u32,
    /// The rules panic at a timer, or the process dies of it.
    pub timers: u32,
    /// The brokers may take long to write the marks of a transaction.
    pub slow_marks: bool,
    /// The changelog is compacted now and then.
    pub compaction: bool,
    /// Of the inputs, so many in a hundred are poison.
    pub poison: u32,
    /// Of the gateway's answers, so many in a hundred go astray.
    pub gateway: u32,
    /// Of the results, so many in a hundred are written much later, and so many twice.
    pub post: u32,
}

impl Plan {
    /// The plan of a seed.
    pub fn of(seed: u64) -> Self {
        let mut rng = SmallRng::seed_from_u64(seed);
        let rng = &mut rng;
        Self {
            seed,
            partitions: rng.random_range(1..=3),
            instances: rng.random_range(1..=3),
            payments: rng.random_range(4..=20),
            trouble: Duration::from_secs(rng.random_range(5..=40)),
            faults: Faults::draw(rng),
        }
    }

    /// The same world and the same wishes, with nothing going wrong.
    #[must_use]
    pub fn without_faults(&self) -> Self {
        Self { faults: Faults::default(), ..self.clone() }
    }

    /// The bounds of the payment rules: those of production, a hundred times as fast.
    pub fn policy() -> Policy {
        Policy {
            try_not_after_ms: 2_000,
            try_lost_ms: 3_000,
            attempt_ttl_ms: 6_000,
            unknown_tries_max: 3,
            queries_max: 200,
            query_settle_ms: 1_000,
            retry_min_ms: 50,
            retry_max_ms: 1_000,
            attempts_max: 4,
            decline_retry_ms: 3_000,
            action_ttl_ms: 20_000,
            pending_ttl_ms: 60_000,
            poll_max_ms: 2_000,
            expiry_recheck_ms: 500,
        }
    }
}

impl Faults {
    fn draw(rng: &mut SmallRng) -> Self {
        // The payment rules take it that the clocks of processors and sinks agree to within the time in which a gateway
        // settles. When they do not, a late result still opens a review; so no result may get lost as well.
        let clock = if rng.random_ratio(1, 4) { 2_000 } else { 0 };
        let faults = Self {
            crash: rare(rng),
            pause: rare(rng),
            restart: rare(rng),
            lost: rare(rng),
            unanswered: rare(rng),
            late: rare(rng),
            late_positions: if rng.random_ratio(1, 6) { 1 << rng.random_range(2..=5) } else { 0 },
            refused: rare(rng),
            slow: often(rng),
            clock,
            store: if rng.random_ratio(1, 8) { 300 } else { 0 },
            slow_store: if rng.random_ratio(1, 8) { 100 } else { 0 },
            registry: if rng.random_ratio(1, 4) { 8 } else { 0 },
            blackouts: if rng.random_ratio(1, 3) { rng.random_range(1..=2) } else { 0 },
            ambushes: if rng.random_ratio(1, 6) { rng.random_range(1..=4) } else { 0 },
            slow_marks: rng.random_ratio(1, 8),
            compaction: rng.random_ratio(1, 3),
            poison: if rng.random_ratio(1, 3) { 15 } else { 0 },
            gateway: if clock == 0 && rng.random_ratio(2, 3) { 40 } else { 0 },
            ..Self::default()
        };
        let is_post_bad = faults.gateway > 0 || (clock > 0 && rng.random_ratio(1, 2));
        Self {
            post: if is_post_bad { 20 } else { 0 },
            twins: if rng.random_ratio(1, 6) { rng.random_range(1..=3) } else { 0 },
            timers: if rng.random_ratio(1, 6) { 8 } else { 0 },
            ..faults
        }
    }
}

fn rare(rng: &mut SmallRng) -> u32 {
    if rng.random_ratio(1, 2) { 0 } else { 1 << rng.random_range(5..=10) }
}

fn often(rng: &mut SmallRng) -> u32 {
    if rng.random_ratio(1, 2) { 0 } else { 1 << rng.random_range(3..=8) }
}
