//! Waking those who follow events, as soon as Postgres has new ones.
//!
//! One task for the whole process asks Postgres a few times a second whose aggregates have news since it asked last; for as long as
//! nobody follows anything, it asks nothing. A stream that is idle costs no query. What is missed while Postgres cannot be asked is
//! asked for afterwards, from the same place on.

use std::time::Duration;

use quittance_avro::{ids::AggregateId, tenant::Tenant, words::Mode};
use quittance_service::{backoff::Backoff, causes::with_causes, shutdown::Shutdown, throttle::Throttle};

use super::cursor::Positions;
use crate::{
    auth::Caller,
    reads::{Reads, StoreError},
    waiting::{Waiter, Waiting},
};

/// How often it is asked: the most that a stream is behind Postgres.
const EVERY: Duration = Duration::from_millis(100);
/// After how many times it is asked which partitions there are.
const PARTITIONS_EVERY: u32 = 50;
/// How many events of a partition are taken note of at once.
const ROWS_MAX: i32 = 1_000;

/// What a stream may be about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum About {
    /// All of a tenant's.
    Tenant(Mode, Tenant),
    /// One payment's, or payment method's.
    Aggregate(AggregateId),
}

/// An aggregate that has news, and where they stand.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) lane: super::cursor::Lane,
    pub(crate) position: i64,
    pub(crate) mode: Option<Mode>,
    pub(crate) tenant: Option<Tenant>,
    pub(crate) aggregate_id: Option<AggregateId>,
}

/// Who follows what. Cheap to clone.
#[derive(Clone, Default)]
pub struct Tail {
    waiting: Waiting<About>,
}

impl Tail {
    /// Is woken by what becomes readable after this call.
    pub(super) fn subscribe(&self, caller: &Caller, aggregate: Option<AggregateId>) -> Waiter<About> {
        let tenant = || About::Tenant(caller.mode, caller.tenant.clone());
        self.waiting.subscribe(aggregate.map_or_else(tenant, About::Aggregate))
    }

    /// Wakes followers until shutdown.
    pub async fn run(&self, reads: Reads, shutdown: Shutdown) {
        let (mut backoff, mut log) = (Backoff::default(), Throttle::LOG);
        let mut place: Option<Positions> = None;
        let mut round = 0_u32;
        while !shutdown.is_requested() {
            let pause = if self.waiting.is_empty() {
                place = None;
                EVERY
            } else {
                round = round.wrapping_add(1);
                match self.round(&reads, &mut place, round.is_multiple_of(PARTITIONS_EVERY)).await {
                    Ok(pause) => {
                        backoff.reset();
                        pause
                    }
                    Err(error) => {
                        if log.is_due() {
                            tracing::warn!(error = with_causes(&error), "events cannot be followed; trying again");
                        }
                        backoff.next_delay().max(EVERY)
                    }
                }
            };
            tokio::select! {
                () = shutdown.requested() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Asks once, and says how long to wait before the next time.
    async fn round(
        &self,
        reads: &Reads,
        place: &mut Option<Positions>,
        asks_partitions: bool,
    ) -> Result<Duration, StoreError> {
        let place = match place {
            Some(place) => place,
            None => {
                let now = reads.event_ends().await?;
                // They subscribed before; what came between that and now is behind this place, so they look once.
                self.waiting.wake_all();
                place.insert(now)
            }
        };
        if asks_partitions {
            reads.event_ends().await?.lanes().for_each(|lane| place.begin(lane, 0));
        }
        let changes = reads.changed_since(place, ROWS_MAX).await?;
        let is_behind = changes.len() >= ROWS_MAX as usize;
        for change in changes {
            place.pass(change.lane, change.position);
            if let (Some(mode), Some(tenant)) = (change.mode, change.tenant) {
                self.waiting.wake(&About::Tenant(mode, tenant));
            }
            if let Some(id) = change.aggregate_id {
                self.waiting.wake(&About::Aggregate(id));
            }
        }
        Ok(if is_behind { Duration::ZERO } else { EVERY })
    }
}
