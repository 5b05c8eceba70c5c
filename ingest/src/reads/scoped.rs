//! The one way to Postgres: no query without whose rows it is about.

use std::{sync::Arc, time::Duration};

use deadpool_postgres::Pool;
use quittance_avro::{records::Envelope, tenant::Tenant, words::Mode};
use tokio::{
    sync::{AcquireError, Semaphore},
    time::{Instant, timeout, timeout_at},
};
use tokio_postgres::{Row, types::ToSql};

use super::{StoreError, own_turns::OwnTurns};
use crate::auth::Caller;

/// How long a read may take, from the wait for a connection on.
const READ_TIMEOUT: Duration = Duration::from_secs(5);
/// How long before that Postgres gives a statement up, so that it does not work on for nobody, with a connection that others need.
const STATEMENT_MARGIN: Duration = Duration::from_millis(250);
/// How long a read waits for its turn, so that enough of its time is left for itself.
const TURN_TIMEOUT: Duration = Duration::from_secs(1);

/// What the policies of the tables compare rows with, and how long the query may take: it depends on how long the connection took.
const SCOPE: &str = "select set_config('quittance.mode', $1, true), set_config('quittance.tenant', $2, true), \
     set_config('statement_timeout', $3, true)";

/// Whose rows a query is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Scope {
    mode: &'static str,
    tenant: String,
}

impl Scope {
    /// No tenant's: of their rows Postgres shows none.
    const NOBODY: Self = Self { mode: "", tenant: String::new() };

    /// The first parameters of each of its queries.
    fn params(&self) -> [&(dyn ToSql + Sync); 2] {
        [&self.mode, &self.tenant]
    }

    pub(super) fn of(mode: Mode, tenant: &Tenant) -> Self {
        Self { mode: mode.as_str(), tenant: tenant.to_string() }
    }
}

impl From<&Caller> for Scope {
    fn from(caller: &Caller) -> Self {
        Self::of(caller.mode, &caller.tenant)
    }
}

impl From<&Envelope> for Scope {
    fn from(owner: &Envelope) -> Self {
        Self::of(owner.mode, &owner.tenant)
    }
}

/// A parameter of a query that may outlive its request.
pub(super) type Param = Box<dyn ToSql + Sync + Send>;
pub(super) type Params = Vec<Param>;

/// The tables, for one tenant at a time. Cheap to clone.
#[derive(Clone)]
pub(super) struct ScopedTables {
    pool: Pool,
    /// One for each query that takes its time: half of the connections at most, so that payments can be read meanwhile.
    turns: Arc<Semaphore>,
    /// A tenant has half of the connections at most, and half of those turns, so that others get through beside it.
    own: OwnTurns,
    own_slow: OwnTurns,
}

impl ScopedTables {
    pub(super) fn new(pool: Pool) -> Self {
        let half = (pool.status().max_size / 2).max(1);
        let turns = Arc::new(Semaphore::new(half));
        Self { pool, turns, own: OwnTurns::new(half), own_slow: OwnTurns::new((half / 2).max(1)) }
    }

    /// Asks a query of which `$1` is the mode and `$2` the tenant; `params` are those from `$3` on. Postgres refuses a query that uses
    /// one parameter and not those before it, so none can leave them out.
    pub(super) async fn query(
        &self,
        scope: impl Into<Scope>,
        query: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, StoreError> {
        let scope = scope.into();
        let params = [&scope.params(), params].concat();
        let deadline = Instant::now() + READ_TIMEOUT;
        let Ok(Ok(_turn)) = timeout_at(deadline, self.own.of(&scope).acquire_owned()).await else {
            return Err(StoreError::Late(READ_TIMEOUT));
        };
        self.query_until(deadline, &scope, query, &params).await
    }

    /// Asks a query about what is no tenant's; `params` are all that it has.
    pub(super) async fn query_nobodys(
        &self,
        query: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, StoreError> {
        self.query_until(Instant::now() + READ_TIMEOUT, &Scope::NOBODY, query, params).await
    }

    /// A query of a kind that takes its time, for which there are [only so many turns](ScopedTables): the others keep connections for
    /// the reads of payments. A client that hangs up does not end what Postgres does for it, so the turn is over when that is.
    pub(super) async fn query_in_turn(
        &self,
        scope: impl Into<Scope>,
        query: String,
        params: Params,
    ) -> Result<Vec<Row>, StoreError> {
        let (deadline, scope) = (Instant::now() + READ_TIMEOUT, scope.into());
        let turn = async {
            let own = self.own_slow.of(&scope).acquire_owned().await?;
            Ok::<_, AcquireError>((own, Arc::clone(&self.turns).acquire_owned().await?))
        };
        let Ok(Ok(turn)) = timeout(TURN_TIMEOUT, turn).await else {
            return Err(StoreError::Busy(TURN_TIMEOUT));
        };
        let tables = self.clone();
        let read = tokio::spawn(async move {
            let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|param| &**param as _).collect();
            let params = [&scope.params(), &params[..]].concat();
            let rows = tables.query_until(deadline, &scope, &query, &params).await;
            drop(turn);
            rows
        });
        read.await?
    }

    /// The scope holds for one transaction, so that no connection keeps it for whoever has it next; and it goes out together with the
    /// query, so that it costs no round trip. Should Postgres refuse the scope, it refuses the query too, which is in the same
    /// transaction. A server that is frozen takes a query and never answers, so it is not waited for without end either.
    async fn query_until(
        &self,
        deadline: Instant,
        scope: &Scope,
        query: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, StoreError> {
        let rows = async {
            let client = self.pool.get().await?;
            // Before the transaction: all that is sent from here on is sent at once, or not at all.
            let (set_scope, statement) = tokio::try_join!(client.prepare_cached(SCOPE), client.prepare_cached(query))?;
            let left = deadline.saturating_duration_since(Instant::now()).saturating_sub(STATEMENT_MARGIN);
            // 0 would be no limit at all.
            let limit = left.as_millis().max(1).to_string();
            let scope: [&(dyn ToSql + Sync); 3] = [&scope.mode, &scope.tenant, &limit];
            // They are sent in the order in which they are polled first.
            let (.., rows, ()) = tokio::try_join!(
                biased;
                client.batch_execute("begin read only"),
                client.query(&set_scope, &scope),
                client.query(&statement, params),
                client.batch_execute("commit"),
            )?;
            Ok::<_, StoreError>(rows)
        };
        timeout_at(deadline, rows).await.unwrap_or(Err(StoreError::Late(READ_TIMEOUT)))
    }
}
