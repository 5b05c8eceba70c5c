//! Writing anomalies.

use deadpool_postgres::tokio_postgres::{Error, Transaction};

use super::column;
use crate::postgres::rows::AnomalyRow;

/// A gateway sends a notice again until it is heard, so one that is there already is no news.
const ANOMALIES: &str = "
    insert into gateway_anomalies (anomaly_id, mode, tenant, gateway_account, reason, occurred_at, data)
    select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::jsonb[])
    on conflict (anomaly_id) do nothing";

pub(super) async fn write(transaction: &Transaction<'_>, rows: &[&AnomalyRow]) -> Result<u64, Error> {
    transaction
        .execute(
            ANOMALIES,
            &[
                &column(rows, |row| row.anomaly_id.to_string()),
                &column(rows, |row| row.mode.as_str()),
                &column(rows, |row| row.tenant.as_str()),
                &column(rows, |row| row.gateway_account.as_str()),
                &column(rows, |row| row.reason.as_str()),
                &column(rows, |row| row.occurred_at),
                &column(rows, |row| &row.data),
            ],
        )
        .await
}
