//! Writing transfers, and moving balances with them.

use deadpool_postgres::tokio_postgres::{Error, Transaction};

use super::column;
use crate::postgres::rows::{PostingRow, TransferRow};

/// One statement, so that a balance moves exactly when its posting gets in: a transfer that is there already is left out of
/// all four. Receivables are hot rows, so a batch's changes of each are added up first, and the rows are taken in the order of their
/// ids: two writers never wait for each other in a circle. The hours of an account are taken after the account itself, for which they
/// wait by the join, and so by one writer at a time.
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
    ), new as (
        select parts.*, mode, tenant, currency, effective_at, posted_at,
            case side when 'debit' then amount else 0 end as debit, case side when 'credit' then amount else 0 end as credit
        from parts join posted using (transfer_id)
    ), moved as (
        insert into postings (transfer_id, number, account_id, side, amount, effective_at, posted_at)
        select transfer_id, number, account_id, side, amount, effective_at, posted_at from new
    ), balanced as (
        insert into accounts (account_id, mode, tenant, merchant_account, currency, purpose, gateway_account, debits, credits,
            latest_posted_at)
        select account_id, min(mode), min(tenant), min(merchant_account), min(currency), min(purpose), min(gateway_account),
            sum(debit), sum(credit), max(posted_at)
        from new group by account_id order by account_id
        on conflict (account_id) do update
            set debits = accounts.debits + excluded.debits, credits = accounts.credits + excluded.credits,
                latest_posted_at = greatest(accounts.latest_posted_at, excluded.latest_posted_at)
        returning account_id
    ), hours as (
        select account_id, date_trunc('hour', posted_at, 'UTC') as hour, debit as posted_debit, credit as posted_credit,
            0 as effective_debit, 0 as effective_credit
        from new
        union all
        select account_id, date_trunc('hour', effective_at, 'UTC'), 0, 0, debit, credit from new
    )
    insert into account_hours (account_id, hour, posted_debits, posted_credits, effective_debits, effective_credits)
    select account_id, hour, sum(posted_debit), sum(posted_credit), sum(effective_debit), sum(effective_credit)
    from hours join balanced using (account_id) group by account_id, hour order by account_id, hour
    on conflict (account_id, hour) do update set
        posted_debits = account_hours.posted_debits + excluded.posted_debits,
        posted_credits = account_hours.posted_credits + excluded.posted_credits,
        effective_debits = account_hours.effective_debits + excluded.effective_debits,
        effective_credits = account_hours.effective_credits + excluded.effective_credits";

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
