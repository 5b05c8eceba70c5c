//! The reads that Postgres answers. In every query `$1` is the mode and `$2` the tenant.

use quittance_avro::{
    ids::{CommandId, PaymentId, PaymentMethodId, RefundId},
    records::{Envelope, Outcome, PaymentMethodState, PaymentState},
};
use serde_json::Value;

use super::{HistoryEvent, Reads, StoreError};
use crate::auth::Caller;

const PAYMENT: &str = "select state from payments where mode = $1 and tenant = $2 and payment_id = $3";
const OUTCOME: &str = "select outcome from outcomes where mode = $1 and tenant = $2 and command_id = $3";
const PAYMENT_OF_OPERATION: &str = "select payments.state from operations join payments using (payment_id) \
     where operations.mode = $1 and operations.tenant = $2 and operations.operation_id = $3";
const METHOD: &str = "select state from payment_methods where mode = $1 and tenant = $2 and payment_method_id = $3";
/// Only what a customer made begins a series, and only what was approved; what was made to store the card begins it rather than what
/// came before. Looked for in so many payments, since those that never got an id would be read each time.
const FIRST_TRANSACTION: &str = "select attempt.value #>> '{details,network_transaction_id}' from (\
         select payment_id, created_at, state from payments \
         where mode = $1 and tenant = $2 and payment_method_id = $3 and state ->> 'initiator' = 'customer' \
         order by created_at, payment_id limit 50) as used \
     cross join lateral jsonb_array_elements(state -> 'operations') as operation \
     cross join lateral jsonb_array_elements(operation.value -> 'attempts') as attempt \
     where operation.value ->> 'kind' = 'authorize' and attempt.value ->> 'status' = 'succeeded' \
     and attempt.value #>> '{details,network_transaction_id}' is not null \
     order by (state ->> 'stored_credential' = 'first') desc nulls last, created_at, payment_id limit 1";
const PAYMENT_AT_GATEWAY: &str = "select payment_id from operations where mode = $1 and tenant = $2 \
     and gateway_reference = $3 and gateway_account = $4 limit 1";
const HISTORY: &str = "select event_id, aggregate_id, sequence, type, \
     to_char(occurred_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), data \
     from events where mode = $1 and tenant = $2 and aggregate_id = $3 order by sequence limit $4";

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
        let rows = self.tables.query(owner, PAYMENT_AT_GATEWAY, &[&reference, &gateway_account]).await?;
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
        let rows = self.tables.query(caller, FIRST_TRANSACTION, &[&method_id]).await?;
        Ok(rows.first().map(|row| row.try_get(0)).transpose()?)
    }

    /// The payment's events from the first on, at most `limit`.
    pub(crate) async fn history(
        &self,
        caller: &Caller,
        id: PaymentId,
        limit: i64,
    ) -> Result<Vec<HistoryEvent>, StoreError> {
        let rows = self.tables.query(caller, HISTORY, &[&id.to_string(), &limit]).await?;
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
        let rows = self.tables.query(caller, query, &[&id]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        Ok(Some(serde_json::from_value(row.try_get::<_, Value>(0)?)?))
    }
}
