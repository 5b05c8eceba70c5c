//! The reads that Postgres answers.

use std::time::Duration;

use quittance_avro::{
    ids::{CommandId, PaymentId, RefundId},
    records::{Outcome, PaymentState},
};
use serde_json::Value;
use tokio::time::timeout;
use tokio_postgres::{Row, types::ToSql};

use super::{HistoryEvent, Reads, StoreError};
use crate::auth::Caller;

const PAYMENT: &str = "select state from payments where payment_id = $1 and mode = $2 and tenant = $3";
const OUTCOME: &str = "select outcome from outcomes where command_id = $1 and mode = $2 and tenant = $3";
const PAYMENT_OF_OPERATION: &str = "select payments.state from operations join payments using (payment_id) \
     where operations.operation_id = $1 and operations.mode = $2 and operations.tenant = $3";
const HISTORY: &str = "select event_id, sequence, type, \
     to_char(occurred_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), data \
     from payment_history where payment_id = $1 and mode = $2 and tenant = $3 order by sequence limit $4";

/// How long Postgres may take to answer a read, a connection to it included.
const READ_TIMEOUT: Duration = Duration::from_secs(5);

impl Reads {
    /// The payment as Postgres has it.
    pub(crate) async fn stored_payment(
        &self,
        caller: &Caller,
        id: PaymentId,
    ) -> Result<Option<PaymentState>, StoreError> {
        self.one(PAYMENT, &id.to_string(), caller).await
    }

    /// The payment that a refund belongs to, as Postgres has it.
    pub(crate) async fn payment_of_refund(
        &self,
        caller: &Caller,
        id: RefundId,
    ) -> Result<Option<PaymentState>, StoreError> {
        self.one(PAYMENT_OF_OPERATION, &id.to_string(), caller).await
    }

    /// The outcome as Postgres has it.
    pub(crate) async fn stored_outcome(&self, caller: &Caller, id: CommandId) -> Result<Option<Outcome>, StoreError> {
        self.one(OUTCOME, &id.to_string(), caller).await
    }

    /// The payment's events from the first on, at most `limit`.
    pub(crate) async fn history(
        &self,
        caller: &Caller,
        id: PaymentId,
        limit: i64,
    ) -> Result<Vec<HistoryEvent>, StoreError> {
        let (id, mode, tenant) = (id.to_string(), caller.mode.as_str(), caller.tenant.as_str());
        let rows = self.query(HISTORY, &[&id, &mode, &tenant, &limit]).await?;
        rows.iter()
            .map(|row| {
                Ok(HistoryEvent {
                    id: row.try_get(0)?,
                    sequence: row.try_get(1)?,
                    kind: row.try_get(2)?,
                    occurred_at: row.try_get(3)?,
                    data: row.try_get(4)?,
                })
            })
            .collect()
    }

    async fn one<T: serde::de::DeserializeOwned>(
        &self,
        query: &str,
        id: &str,
        caller: &Caller,
    ) -> Result<Option<T>, StoreError> {
        let rows = self.query(query, &[&id, &caller.mode.as_str(), &caller.tenant.as_str()]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        Ok(Some(serde_json::from_value(row.try_get::<_, Value>(0)?)?))
    }

    /// A server that is frozen takes a query and never answers, so it is not waited for without end.
    pub(super) async fn query(&self, query: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, StoreError> {
        let rows = async {
            let client = self.pool.get().await?;
            let statement = client.prepare_cached(query).await?;
            Ok::<_, StoreError>(client.query(&statement, params).await?)
        };
        timeout(READ_TIMEOUT, rows).await.unwrap_or(Err(StoreError::Late(READ_TIMEOUT)))
    }
}
