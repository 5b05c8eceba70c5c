//! Writing saved payment methods.

use deadpool_postgres::tokio_postgres::{Error, Transaction};

use super::column;
use crate::postgres::rows::MethodRow;

/// The sequence is compared as well as the progress, as with payments.
const METHODS: &str = "
    insert into payment_methods as stored (payment_method_id, mode, tenant, sequence, status, created_at, updated_at, state)
    select * from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::timestamptz[], $7::timestamptz[],
        $8::jsonb[])
    on conflict (payment_method_id) do update set
        mode = excluded.mode, tenant = excluded.tenant, sequence = excluded.sequence, status = excluded.status,
        created_at = excluded.created_at, updated_at = excluded.updated_at, state = excluded.state
    where stored.sequence < excluded.sequence";

pub(super) async fn write(transaction: &Transaction<'_>, rows: &[&MethodRow]) -> Result<u64, Error> {
    transaction
        .execute(
            METHODS,
            &[
                &column(rows, |row| row.payment_method_id.to_string()),
                &column(rows, |row| row.mode.as_str()),
                &column(rows, |row| row.tenant.as_str()),
                &column(rows, |row| row.sequence),
                &column(rows, |row| row.status.as_str()),
                &column(rows, |row| row.created_at),
                &column(rows, |row| row.updated_at),
                &column(rows, |row| &row.state),
            ],
        )
        .await
}
