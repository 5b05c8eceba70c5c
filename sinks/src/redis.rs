//! Redis: the hot reads, and a notice to those who wait for a change.
//!
//! It is a cache: any entry may be absent, and Postgres answers then. What is there is never older than what was there
//! before. A server that comes back empty is filled again from the log; one that is out of memory should evict
//! `volatile` keys only, since progress has no time to live and losing it means to start over.

mod call;
mod error;
mod rows;

use quittance_avro::ids::InstallationId;
use quittance_log::{ReadError, TopicPartition};
use quittance_service::redis::RedisArgs;
use redis::{RedisError, Script, aio::ConnectionManager};
use tokio::runtime::Handle;

use self::call::Call;
pub use self::rows::{Row, TIME_TO_LIVE};
use crate::store::{Batch, Claim, Entry, Store, StoreError};

/// The Redis store.
pub struct RedisStore {
    args: RedisArgs,
    prefix: String,
    handle: Handle,
    connection: Option<ConnectionManager>,
    claim: Script,
    apply: Script,
}

impl RedisStore {
    /// A store under keys that begin with `prefix`, the prefix of the topics. Does not connect yet.
    pub fn new(args: RedisArgs, prefix: String, handle: Handle) -> Self {
        let (claim, apply) = (Script::new(call::CLAIM), Script::new(call::APPLY));
        Self { args, prefix, handle, connection: None, claim, apply }
    }

    /// Calls a script. After an error the next call makes a new connection.
    fn call(&mut self, script: fn(&Self) -> &Script, call: &Call) -> Result<Vec<String>, StoreError> {
        let mut connection = self.connection.take();
        let answer: Result<Vec<String>, RedisError> = self.handle.block_on(async {
            let connection = match &mut connection {
                Some(connection) => connection,
                None => connection.insert(self.args.connection().await?),
            };
            let mut invocation = script(self).prepare_invoke();
            invocation.key(&call.keys).arg(&call.args);
            invocation.invoke_async(connection).await
        });
        self.connection = connection.filter(|_| answer.is_ok());
        answer.map_err(|error| error::class(&error))
    }
}

impl Store for RedisStore {
    type Row = Row;

    fn row(&self, entry: Entry, now_ms: i64) -> Result<Option<Row>, ReadError> {
        rows::row(&self.prefix, entry, now_ms)
    }

    fn claim(&mut self, installation: InstallationId, partitions: &[TopicPartition]) -> Result<Vec<Claim>, StoreError> {
        let answer = self.call(|store| &store.claim, &call::claim(&self.prefix, installation, partitions))?;
        call::claims(installation, partitions, &answer)
    }

    /// A crash of this process leaves all of the script's work or none of it. A crash of the server may lose the last
    /// scripts, each whole: the progress goes back with the entries, the next batch does not fit it, and what was lost
    /// is read again.
    fn apply(&mut self, batch: &Batch<Row>) -> Result<(), StoreError> {
        let answer = self.call(|store| &store.apply, &call::apply(&self.prefix, batch))?;
        call::applied(batch, &answer)
    }
}
