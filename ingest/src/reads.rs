//! Reading what the stores hold: Redis first, Postgres when Redis has nothing or is down.
//!
//! Every read names mode and tenant: they are part of each key and of each query, and Postgres shows no rows but theirs.

mod anomalies;
mod events;
mod ledger;
mod own_turns;
mod payments;
mod postgres;
mod redis_cache;
mod scoped;

use std::{num::ParseIntError, time::Duration};

use deadpool_postgres::{HookError, Pool, PoolError};
use quittance_avro::{
    ids::{CommandId, PaymentId},
    records::{Outcome, PaymentState},
};
use redis::aio::ConnectionManager;
use serde_json::Value;
use tokio::task::JoinError;

use self::scoped::ScopedTables;
pub(crate) use self::{
    anomalies::Anomaly,
    events::FeedEvent,
    ledger::{Account, By, Moment, Place, Posting},
};
use crate::auth::Caller;

/// Reads the stores. Cheap to clone.
#[derive(Clone)]
pub struct Reads {
    cache: ConnectionManager,
    prefix: String,
    tables: ScopedTables,
}

/// One event of a payment's, or payment method's, history.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct HistoryEvent {
    pub(crate) id: String,
    pub(crate) aggregate_id: String,
    pub(crate) sequence: i64,
    pub(crate) kind: String,
    pub(crate) occurred_at: String,
    pub(crate) data: Value,
}

/// What the cache knows.
pub(crate) enum Cached<T> {
    /// It has it.
    Hit(T),
    /// It does not; that means nothing.
    Miss,
    /// It cannot be asked.
    Down,
}

/// A store cannot be asked, or says what cannot be understood.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("Postgres gives no connection")]
    Pool(#[source] PoolError),
    #[error("nothing is read from Postgres with this connection: {0}")]
    Unfit(String),
    #[error("Postgres does not answer the query")]
    Postgres(#[from] tokio_postgres::Error),
    #[error("Postgres does not answer within {0:?}")]
    Late(Duration),
    #[error("no connection for lists and the ledger is free within {0:?}")]
    Busy(Duration),
    #[error("a read ends without an answer")]
    Ended(#[from] JoinError),
    #[error("a stored value is not what it should be")]
    Malformed(#[from] serde_json::Error),
    #[error("a stored event is of an unknown topic")]
    Source,
    #[error("a stored sum is not a whole number")]
    Sum(#[from] ParseIntError),
}

impl From<PoolError> for StoreError {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::PostCreateHook(HookError::Message(why)) => Self::Unfit(why.into_owned()),
            error => Self::Pool(error),
        }
    }
}

impl Reads {
    /// The connection to the cache may be down: it comes back by itself.
    pub fn new(cache: ConnectionManager, prefix: &str, pool: Pool) -> Self {
        Self { cache, prefix: prefix.to_owned(), tables: ScopedTables::new(pool) }
    }

    /// A payment of the caller's.
    pub(crate) async fn payment(&self, caller: &Caller, id: PaymentId) -> Result<Option<PaymentState>, StoreError> {
        match self.cached_payment(caller, id).await {
            Cached::Hit(state) => Ok(Some(state)),
            Cached::Miss | Cached::Down => self.stored_payment(caller, id).await,
        }
    }

    /// What became of a command of the caller's.
    pub(crate) async fn outcome(&self, caller: &Caller, id: CommandId) -> Result<Option<Outcome>, StoreError> {
        match self.cached_outcome(caller, id).await {
            Cached::Hit(outcome) => Ok(Some(outcome)),
            Cached::Miss | Cached::Down => self.stored_outcome(caller, id).await,
        }
    }
}
