//! Writing transfers, and moving balances with them.

use deadpool_postgres::tokio_postgres::{Error, Transaction};

use super::column;
use crate::postgres::rows::{PostingRow, TransferRow};

/// One statement, so that a balance moves exactly when its posting gets in: a transfer that is there already is left out of
/// all three. Receivables are hot rows, so a batch's changes of each are added up first, and the rows are taken in the order of their
/// ids: two writers never wait for each other in a circle.
const POST: &str = "
    with batch as (
        select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
            $8::text[], $9::timestamptz[], $10::timestamptz[])
            as batch (transfer_id, mode, tenant, payment_id, operation_id, kind, reverses, currency, effective_at, posted_at)
    ), parts as (
        select * from unnest($11::text[], $12::smallint[], $13::text[], $14::text[], $15::text[], $16::text[], $17::text[],
            $18::bigint[])
            as parts (transfer_id, number, account_id, merchant_account, purpose, gateway_account, side, amount)
    ), posted as (
        insert into transfers (transfer_id, mode, tenant, payment_id, operation_id, kind, reverses, currency,
            effective_at, posted_at)
        select * from batch on conflict (transfer_id) do nothing
        returning transfer_id, mode, tenant, currency, effective_at, posted_at
    ), moved as (
        insert into postings (transfer_id, number, account_id, side, amount, effective_at, posted_at)
        select transfer_id, number, account_id, side, amount, effective_at, posted_at from parts join posted using (transfer_id)
    )
    insert into accounts (account_id, mode, tenant, merchant_account, currency, purpose, gateway_account, debits, credits)
    select account_id, min(mode), min(tenant), min(merchant_account), min(currency), min(purpose), min(gateway_account),
        coalesce(sum(amount) filter (where side = 'debit'), 0), coalesce(sum(amount) filter (where side = 'credit'), 0)
    from parts join posted using (transfer_id) group by account_id order by account_id
    on conflict (account_id) do update
        set debits = accounts.debits + excluded.debits, credits = accounts.credits + excluded.credits";

pub(super) async fn post(transaction: &Transaction<'_>, rows: &[&TransferRow]) -> Result<u64, Error> {
    let parts: Vec<(&TransferRow, usize, &PostingRow)> = rows
        .iter()
        .flat_map(|row| row.postings.iter().enumerate().map(|(number, posting)| (*row, number, posting)))
        .collect();
    let parts: Vec<_> = parts.iter().collect();
    transaction
        .execute(
            POST,
            &[
                &column(rows, |row| row.transfer_id.to_string()),
                &column(rows, |row| row.mode.as_str()),
                &column(rows, |row| row.tenant.as_str()),
                &column(rows, |row| row.payment_id.to_string()),
                &column(rows, |row| row.operation_id.as_str()),
                &column(rows, |row| row.kind.as_str()),
                &column(rows, |row| row.reverses.as_deref()),
                &column(rows, |row| row.currency.as_str()),
                &column(rows, |row| row.effective_at),
                &column(rows, |row| row.posted_at),
                &column(&parts, |(transfer, ..)| transfer.transfer_id.to_string()),
                &column(&parts, |(_, number, _)| i16::try_from(*number).unwrap_or(i16::MAX)),
                &column(&parts, |(.., posting)| posting.account_id.to_string()),
                &column(&parts, |(transfer, ..)| transfer.merchant_account.as_str()),
                &column(&parts, |(.., posting)| posting.purpose.as_str()),
                &column(&parts, |(.., posting)| posting.gateway_account.as_deref()),
                &column(&parts, |(.., posting)| posting.side.as_str()),
                &column(&parts, |(.., posting)| posting.amount),
            ],
        )
        .await
}
