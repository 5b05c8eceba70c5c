//! Writing by what the text of payments is found.

use std::collections::BTreeSet;

use deadpool_postgres::tokio_postgres::{Error, Transaction};

use super::column;
use crate::postgres::rows::StateRow;

/// The tokens of payments that were written, and no others. What is there as it should be is not touched.
const SEARCH: &str = "
    with batch as (
        select * from unnest($2::text[], $3::bytea[], $4::text[], $5::text[]) as batch (payment_id, token, mode, tenant)
    ), gone as (
        delete from payment_search as stored where payment_id = any($1) and not exists (
            select from batch where batch.payment_id = stored.payment_id and batch.token = stored.token
        )
    )
    insert into payment_search (payment_id, token, mode, tenant) select * from batch on conflict do nothing";

pub(super) async fn write(
    transaction: &Transaction<'_>,
    rows: &[&StateRow],
    written: &BTreeSet<String>,
) -> Result<u64, Error> {
    let rows = rows.iter().filter(|row| written.contains(&row.payment_id.to_string()));
    let tokens: Vec<_> = rows.flat_map(|row| row.search_tokens.iter().map(|token| (*row, token))).collect();
    let tokens: Vec<_> = tokens.iter().collect();
    let written: Vec<&str> = written.iter().map(String::as_str).collect();
    transaction
        .execute(
            SEARCH,
            &[
                &written,
                &column(&tokens, |(row, _)| row.payment_id.to_string()),
                &column(&tokens, |(_, token)| token.as_slice()),
                &column(&tokens, |(row, _)| row.mode.as_str()),
                &column(&tokens, |(row, _)| row.tenant.as_str()),
            ],
        )
        .await
}
