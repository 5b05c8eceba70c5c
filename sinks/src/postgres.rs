//! Postgres: state to query, history to keep, outcomes to ask for.
//!
//! [`rows`] says what a record becomes, `tables` how rows are written, the store itself in which transaction; the tables
//! come from [`migrate`].

mod error;
mod migrate;
mod progress;
mod reader;
mod rows;
mod tables;

use std::time::Duration;

use deadpool_postgres::{Client, Object, Pool, PoolError, tokio_postgres};
use quittance_avro::ids::InstallationId;
use quittance_log::{ReadError, TopicPartition};
use tokio::runtime::Handle;

use self::tables::Tables;
pub use self::{
    migrate::{MigrateError, Migrated, check, migrate},
    rows::{EventRow, OutcomeRow, Row, StateRow},
};
use crate::store::{Batch, Claim, Entry, Store, StoreError};

/// How long a whole transaction may take before its connection is given up. The server gives up a statement earlier.
const TRANSACTION_TIMEOUT: Duration = Duration::from_secs(15);

/// The Postgres store.
pub struct PostgresStore {
    pool: Pool,
    handle: Handle,
    /// One connection is all that the loop needs; the pool makes a new one when it is lost.
    client: Option<Client>,
}

impl PostgresStore {
    /// A store in the schema that the pool's connections see. Does not connect yet.
    pub fn new(pool: Pool, handle: Handle) -> Self {
        Self { pool, handle, client: None }
    }

    /// Runs a transaction to its end. Whatever went wrong with it, its connection is not used again: nobody knows what
    /// state it is in.
    fn transact<T>(
        &mut self,
        work: impl AsyncFnOnce(&tokio_postgres::Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let Self { pool, handle, client } = self;
        let done = handle.block_on(async {
            let transaction = Box::pin(transact(pool, client, work));
            tokio::time::timeout(TRANSACTION_TIMEOUT, transaction).await
        });
        let done = done.unwrap_or_else(|_| {
            let seconds = TRANSACTION_TIMEOUT.as_secs();
            Err(StoreError::Unavailable(format!("Postgres did not end a transaction within {seconds} s")))
        });
        if done.is_err() {
            // Out of the pool, so that it is closed.
            drop(client.take().map(Object::take));
        }
        done
    }
}

async fn transact<T>(
    pool: &Pool,
    client: &mut Option<Client>,
    work: impl AsyncFnOnce(&tokio_postgres::Transaction<'_>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let client = match client.take_if(|client| !client.is_closed()) {
        Some(open) => client.insert(open),
        None => client.insert(connect(pool).await?),
    };
    let transaction = tokio_postgres::Client::transaction(client).await.map_err(error::class)?;
    let done = work(&transaction).await?;
    transaction.commit().await.map_err(error::class)?;
    Ok(done)
}

async fn connect(pool: &Pool) -> Result<Client, StoreError> {
    let client = pool.get().await.map_err(|error| match error {
        PoolError::Backend(error) => error::class(error),
        PoolError::Timeout(_) => StoreError::Unavailable("Postgres lets nobody in".to_owned()),
        PoolError::Closed | PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => {
            StoreError::Fatal(error.to_string())
        }
    })?;
    // A crash of the server may then lose the last transactions, each whole. The progress goes back with the rows, the
    // next batch does not fit it, and what was lost is read again.
    client.batch_execute("set synchronous_commit = off").await.map_err(error::class)?;
    Ok(client)
}

impl Store for PostgresStore {
    type Row = Row;

    fn row(&self, entry: Entry, _now_ms: i64) -> Result<Option<Row>, ReadError> {
        rows::row(entry).map(Some)
    }

    fn claim(&mut self, installation: InstallationId, partitions: &[TopicPartition]) -> Result<Vec<Claim>, StoreError> {
        self.transact(async |transaction| progress::claim(transaction, installation, partitions).await)
    }

    /// A crash before the commit leaves nothing; a crash after it leaves rows and progress, both.
    fn apply(&mut self, batch: &Batch<Row>) -> Result<(), StoreError> {
        let tables = Tables::of(&batch.rows);
        self.transact(async |transaction| {
            // First, since it locks the progress: who comes second waits here and then finds it moved.
            progress::advance(transaction, batch.installation, &batch.advances).await?;
            tables.write(transaction).await
        })
    }
}
