//! Writing rows: one statement for each table, with a column an array.

mod anomalies;
mod ledger;
mod methods;
mod search;

use std::collections::{BTreeMap, BTreeSet};

use deadpool_postgres::tokio_postgres::{Error, Transaction, types::ToSql};

use super::{
    error,
    rows::{AnomalyRow, EventRow, MethodRow, OperationRow, OutcomeRow, Row, StateRow, TransferRow},
};
use crate::store::StoreError;

/// The sequence is compared as well as the progress: states come by way of a compacted topic, and whatever happens to
/// that, a payment never goes back.
const PAYMENTS: &str = "
    insert into payments as stored (payment_id, mode, tenant, merchant_account, sequence, status, amount, currency,
        captured_amount, refunded_amount, gateway_account, created_at, updated_at, payment_method_id, state)
    select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::bigint[],
        $8::text[], $9::bigint[], $10::bigint[], $11::text[], $12::timestamptz[], $13::timestamptz[], $14::text[], $15::jsonb[])
    on conflict (payment_id) do update set
        mode = excluded.mode, tenant = excluded.tenant, merchant_account = excluded.merchant_account,
        sequence = excluded.sequence, status = excluded.status, amount = excluded.amount,
        currency = excluded.currency, captured_amount = excluded.captured_amount,
        refunded_amount = excluded.refunded_amount, gateway_account = excluded.gateway_account,
        created_at = excluded.created_at, updated_at = excluded.updated_at, state = excluded.state
    where stored.sequence < excluded.sequence
    returning payment_id";

/// An operation never changes its payment; at which gateway account it is, and under which name, becomes known later. What is
/// there as it should be is not touched: even an update that changes nothing would lock its row.
const OPERATIONS: &str = "
    insert into operations (operation_id, payment_id, mode, tenant, gateway_account, gateway_reference)
    select batch.* from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
        as batch (operation_id, payment_id, mode, tenant, gateway_account, gateway_reference)
    left join operations as stored using (operation_id)
    where stored.operation_id is null or (stored.gateway_account, stored.gateway_reference)
        is distinct from (batch.gateway_account, batch.gateway_reference)
    on conflict (operation_id) do update set
        gateway_account = excluded.gateway_account, gateway_reference = excluded.gateway_reference";

/// A row that is there stays as it is. Progress keeps a record from being written twice, so this meets only an event
/// that was published twice; whether it is the same event, [`CONTRADICTIONS`] says.
const EVENTS: &str = "
    insert into events (aggregate_id, sequence, mode, tenant, event_id, type, occurred_at, stream, partition, position, data)
    select * from unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[],
        $8::text[], $9::int[], $10::bigint[], $11::jsonb[])
    on conflict (aggregate_id, sequence) do nothing";

const CONTRADICTIONS: &str = "
    select count(*) from events as stored
    join unnest($1::text[], $2::bigint[], $3::text[]) as batch (aggregate_id, sequence, event_id)
        on stored.aggregate_id = batch.aggregate_id and stored.sequence = batch.sequence
    where stored.event_id <> batch.event_id";

/// The latest outcome counts: a command that was refused may be applied when it is sent again.
const OUTCOMES: &str = "
    insert into outcomes (command_id, mode, tenant, payment_id, outcome, occurred_at)
    select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::jsonb[], $6::timestamptz[])
    on conflict (command_id) do update set
        mode = excluded.mode, tenant = excluded.tenant, payment_id = excluded.payment_id,
        outcome = excluded.outcome, occurred_at = excluded.occurred_at";

/// The rows of a batch by table. One statement cannot update a row twice, so of several versions the latest is left.
#[derive(Debug, PartialEq)]
pub(super) struct Tables<'a> {
    payments: Vec<&'a StateRow>,
    events: Vec<&'a EventRow>,
    outcomes: Vec<&'a OutcomeRow>,
    transfers: Vec<&'a TransferRow>,
    anomalies: Vec<&'a AnomalyRow>,
    methods: Vec<&'a MethodRow>,
}

impl<'a> Tables<'a> {
    pub(super) fn of(rows: &'a [Row]) -> Self {
        let (mut payments, mut events, mut outcomes) = (BTreeMap::new(), Vec::new(), BTreeMap::new());
        let (mut transfers, mut anomalies, mut methods) = (Vec::new(), Vec::new(), BTreeMap::new());
        for row in rows {
            match row {
                Row::State(state) => {
                    let latest = payments.entry(state.payment_id).or_insert(state);
                    if latest.sequence < state.sequence {
                        *latest = state;
                    }
                }
                Row::Event(event) => events.push(event),
                Row::Outcome(outcome) => drop(outcomes.insert(outcome.command_id, outcome)),
                Row::Transfer(transfer) => transfers.push(transfer),
                Row::Anomaly(anomaly) => anomalies.push(anomaly),
                Row::Method(method) => {
                    let latest = methods.entry(method.payment_method_id).or_insert(method);
                    if latest.sequence < method.sequence {
                        *latest = method;
                    }
                }
            }
        }
        let (payments, outcomes) = (payments.into_values().collect(), outcomes.into_values().collect());
        let methods = methods.into_values().collect();
        Self { payments, events, outcomes, transfers, anomalies, methods }
    }

    pub(super) async fn write(&self, transaction: &Transaction<'_>) -> Result<(), StoreError> {
        if !self.payments.is_empty() {
            let written = self.write_payments(transaction).await.map_err(error::class)?;
            self.write_operations(transaction, &written).await.map_err(error::class)?;
            search::write(transaction, &self.payments, &written).await.map_err(error::class)?;
        }
        if !self.events.is_empty() {
            let written = self.write_events(transaction).await.map_err(error::class)?;
            if written < self.events.len() as u64 {
                self.compare_events(transaction).await?;
            }
        }
        if !self.outcomes.is_empty() {
            self.write_outcomes(transaction).await.map_err(error::class)?;
        }
        if !self.transfers.is_empty() {
            ledger::post(transaction, &self.transfers).await.map_err(error::class)?;
        }
        if !self.anomalies.is_empty() {
            anomalies::write(transaction, &self.anomalies).await.map_err(error::class)?;
        }
        if !self.methods.is_empty() {
            methods::write(transaction, &self.methods).await.map_err(error::class)?;
        }
        Ok(())
    }

    /// Gives the ids of those that were not newer before.
    async fn write_payments(&self, transaction: &Transaction<'_>) -> Result<BTreeSet<String>, Error> {
        let rows = &self.payments;
        let written = transaction
            .query(
                PAYMENTS,
                &[
                    &column(rows, |row| row.payment_id.to_string()),
                    &column(rows, |row| row.mode.as_str()),
                    &column(rows, |row| row.tenant.as_str()),
                    &column(rows, |row| row.merchant_account.as_str()),
                    &column(rows, |row| row.sequence),
                    &column(rows, |row| row.status.as_str()),
                    &column(rows, |row| row.amount),
                    &column(rows, |row| row.currency.as_str()),
                    &column(rows, |row| row.captured_amount),
                    &column(rows, |row| row.refunded_amount),
                    &column(rows, |row| row.gateway_account.as_str()),
                    &column(rows, |row| row.created_at),
                    &column(rows, |row| row.updated_at),
                    &column(rows, |row| row.payment_method_id.as_deref()),
                    &column(rows, |row| &row.state),
                ],
            )
            .await?;
        written.iter().map(|row| row.try_get(0)).collect()
    }

    async fn write_operations(&self, transaction: &Transaction<'_>, written: &BTreeSet<String>) -> Result<u64, Error> {
        let payments = self.payments.iter().filter(|row| written.contains(&row.payment_id.to_string()));
        let all = payments.flat_map(|row| row.operations.iter().map(|operation| (*row, operation)));
        let rows: Vec<(&StateRow, &OperationRow)> = all.collect();
        let rows: Vec<_> = rows.iter().collect();
        transaction
            .execute(
                OPERATIONS,
                &[
                    &column(&rows, |(_, operation)| operation.id.as_str()),
                    &column(&rows, |(row, _)| row.payment_id.to_string()),
                    &column(&rows, |(row, _)| row.mode.as_str()),
                    &column(&rows, |(row, _)| row.tenant.as_str()),
                    &column(&rows, |(_, operation)| operation.gateway_account.as_deref()),
                    &column(&rows, |(_, operation)| operation.gateway_reference.as_deref()),
                ],
            )
            .await
    }

    async fn write_events(&self, transaction: &Transaction<'_>) -> Result<u64, Error> {
        let rows = &self.events;
        transaction
            .execute(
                EVENTS,
                &[
                    &column(rows, |row| row.aggregate_id.to_string()),
                    &column(rows, |row| row.sequence),
                    &column(rows, |row| row.mode.as_str()),
                    &column(rows, |row| row.tenant.as_str()),
                    &column(rows, |row| row.event_id.to_string()),
                    &column(rows, |row| row.kind.as_str()),
                    &column(rows, |row| row.occurred_at),
                    &column(rows, |row| row.stream),
                    &column(rows, |row| row.partition),
                    &column(rows, |row| row.position),
                    &column(rows, |row| &row.data),
                ],
            )
            .await
    }

    /// After some rows were there before. The same event once more is harmless. Another event of the same sequence is
    /// not: its batch is refused, the loop finds it and buries it, and the first one stands.
    async fn compare_events(&self, transaction: &Transaction<'_>) -> Result<(), StoreError> {
        let rows = &self.events;
        let params: [&(dyn ToSql + Sync); 3] = [
            &column(rows, |row| row.aggregate_id.to_string()),
            &column(rows, |row| row.sequence),
            &column(rows, |row| row.event_id.to_string()),
        ];
        let found = transaction.query_one(CONTRADICTIONS, &params).await.map_err(error::class)?;
        match found.get::<_, i64>(0) {
            0 => {
                tracing::warn!("Postgres had events of a batch before");
                Ok(())
            }
            count => Err(StoreError::Rejected(format!(
                "Postgres has another event of the same aggregate and sequence ({count} in a batch)"
            ))),
        }
    }

    async fn write_outcomes(&self, transaction: &Transaction<'_>) -> Result<u64, Error> {
        let rows = &self.outcomes;
        transaction
            .execute(
                OUTCOMES,
                &[
                    &column(rows, |row| row.command_id.to_string()),
                    &column(rows, |row| row.mode.as_str()),
                    &column(rows, |row| row.tenant.as_str()),
                    &column(rows, |row| row.aggregate_id.to_string()),
                    &column(rows, |row| &row.outcome),
                    &column(rows, |row| row.occurred_at),
                ],
            )
            .await
    }
}

fn column<'a, R, T>(rows: &[&'a R], value: impl Fn(&'a R) -> T) -> Vec<T> {
    rows.iter().map(|row| value(row)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postgres::rows::tests::{event, method, outcome, state};

    #[test]
    fn of_several_states_the_latest_is_written_and_of_several_outcomes_the_last() {
        let rows = [
            Row::State(state(1, 2)),
            Row::State(state(1, 3)),
            Row::State(state(1, 1)),
            Row::State(state(2, 1)),
            Row::Outcome(outcome(1, "refused")),
            Row::Outcome(outcome(1, "applied")),
            Row::Event(event(1, 1)),
            Row::Event(event(1, 1)),
            Row::Method(method(1, 2)),
            Row::Method(method(1, 1)),
        ];
        let tables = Tables::of(&rows);
        assert_eq!(tables.payments, [&state(1, 3), &state(2, 1)]);
        assert_eq!(tables.outcomes, [&outcome(1, "applied")]);
        assert_eq!(tables.methods, [&method(1, 2)]);
        assert_eq!(tables.events.len(), 2, "the database is to see what should not be");
    }
}
