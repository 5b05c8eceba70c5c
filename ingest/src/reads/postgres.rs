//! The reads that Postgres answers.

use std::{sync::Arc, time::Duration};

use quittance_avro::{
    ids::{CommandId, PaymentId, PaymentMethodId, RefundId},
    records::{Envelope, Outcome, PaymentMethodState, PaymentState},
};
use serde_json::Value;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_postgres::{Row, types::ToSql};

use super::{HistoryEvent, Reads, StoreError};
use crate::auth::Caller;

const PAYMENT: &str = "select state from payments where payment_id = $1 and mode = $2 and tenant = $3";
const OUTCOME: &str = "select outcome from outcomes where command_id = $1 and mode = $2 and tenant = $3";
const PAYMENT_OF_OPERATION: &str = "select payments.state from operations join payments using (payment_id) \
     where operations.operation_id = $1 and operations.mode = $2 and operations.tenant = $3";
const METHOD: &str = "select state from payment_methods where payment_method_id = $1 and mode = $2 and tenant = $3";
/// Only what a customer made begins a series, and only what was approved; what was made to store the card begins it rather than what
/// came before. Looked for in so many payments, since those that never got an id would be read each time.
const FIRST_TRANSACTION: &str = "select attempt.value #>> '{details,network_transaction_id}' from (\
         select payment_id, created_at, state from payments \
         where payment_method_id = $1 and mode = $2 and tenant = $3 and state ->> 'initiator' = 'customer' \
         order by created_at, payment_id limit 50) as used \
     cross join lateral jsonb_array_elements(state -> 'operations') as operation \
     cross join lateral jsonb_array_elements(operation.value -> 'attempts') as attempt \
     where operation.value ->> 'kind' = 'authorize' and attempt.value ->> 'status' = 'succeeded' \
     and attempt.value #>> '{details,network_transaction_id}' is not null \
     order by (state ->> 'stored_credential' = 'first') desc nulls last, created_at, payment_id limit 1";
const PAYMENT_AT_GATEWAY: &str = "select payment_id from operations where gateway_reference = $1 and mode = $2 and tenant = $3 \
     and gateway_account = $4 limit 1";
const HISTORY: &str = "select event_id, aggregate_id, sequence, type, \
     to_char(occurred_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), data \
     from events where aggregate_id = $1 and mode = $2 and tenant = $3 order by sequence limit $4";

/// How long a read may take, from the wait for a connection on.
const READ_TIMEOUT: Duration = Duration::from_secs(5);
/// How long before that Postgres gives a statement up, so that it does not work on for nobody, with a connection that others need.
const STATEMENT_MARGIN: Duration = Duration::from_millis(250);
/// How long a read waits for its turn, so that enough of its time is left for itself.
const TURN_TIMEOUT: Duration = Duration::from_secs(1);

/// A parameter of a query that may outlive its request.
pub(super) type Param = Box<dyn ToSql + Sync + Send>;
pub(super) type Params = Vec<Param>;

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

    /// The payment of the owner's that a gateway account knows by that name.
    pub(crate) async fn payment_at_gateway(
        &self,
        owner: &Envelope,
        gateway_account: &str,
        reference: &str,
    ) -> Result<Option<PaymentId>, StoreError> {
        let (mode, tenant) = (owner.mode.as_str(), owner.tenant.as_str());
        let rows = self.query(PAYMENT_AT_GATEWAY, &[&reference, &mode, &tenant, &gateway_account]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        Ok(row.try_get::<_, String>(0)?.parse().ok())
    }

    /// The outcome as Postgres has it.
    pub(crate) async fn stored_outcome(&self, caller: &Caller, id: CommandId) -> Result<Option<Outcome>, StoreError> {
        self.one(OUTCOME, &id.to_string(), caller).await
    }

    /// A payment method of the caller's.
    pub(crate) async fn method(
        &self,
        caller: &Caller,
        id: PaymentMethodId,
    ) -> Result<Option<PaymentMethodState>, StoreError> {
        self.one(METHOD, &id.to_string(), caller).await
    }

    /// The scheme's id of the first payment with that payment method.
    pub(crate) async fn first_transaction_with(
        &self,
        caller: &Caller,
        method_id: &str,
    ) -> Result<Option<String>, StoreError> {
        let (mode, tenant) = (caller.mode.as_str(), caller.tenant.as_str());
        let rows = self.query(FIRST_TRANSACTION, &[&method_id, &mode, &tenant]).await?;
        Ok(rows.first().map(|row| row.try_get(0)).transpose()?)
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
                    aggregate_id: row.try_get(1)?,
                    sequence: row.try_get(2)?,
                    kind: row.try_get(3)?,
                    occurred_at: row.try_get(4)?,
                    data: row.try_get(5)?,
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

    /// A query of a kind that takes its time, for which there are [only so many turns](Reads): the others keep connections for the reads
    /// of payments. A client that hangs up does not end what Postgres does for it, so the turn is over when that is.
    pub(super) async fn query_in_turn(&self, query: String, params: Params) -> Result<Vec<Row>, StoreError> {
        let deadline = Instant::now() + READ_TIMEOUT;
        let Ok(Ok(turn)) = timeout(TURN_TIMEOUT, Arc::clone(&self.turns).acquire_owned()).await else {
            return Err(StoreError::Busy(TURN_TIMEOUT));
        };
        let reads = self.clone();
        let read = tokio::spawn(async move {
            let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|param| &**param as _).collect();
            let rows = reads.query_until(deadline, &query, &params).await;
            drop(turn);
            rows
        });
        read.await?
    }

    pub(super) async fn query(&self, query: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, StoreError> {
        self.query_until(Instant::now() + READ_TIMEOUT, query, params).await
    }

    /// Postgres is told how long it may take with each query, in the same packet: it depends on how long the connection took. A
    /// server that is frozen takes a query and never answers, so it is not waited for without end either.
    async fn query_until(
        &self,
        deadline: Instant,
        query: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, StoreError> {
        let rows = async {
            let client = self.pool.get().await?;
            let left = deadline.saturating_duration_since(Instant::now()).saturating_sub(STATEMENT_MARGIN);
            // 0 would be no limit at all.
            let limit = format!("set statement_timeout = {}", left.as_millis().max(1));
            let rows = async {
                let statement = client.prepare_cached(query).await?;
                client.query(&statement, params).await
            };
            let ((), rows) = tokio::try_join!(client.batch_execute(&limit), rows)?;
            Ok::<_, StoreError>(rows)
        };
        timeout_at(deadline, rows).await.unwrap_or(Err(StoreError::Late(READ_TIMEOUT)))
    }
}
