//! The ledger as Postgres has it.

use std::time::SystemTime;

use quittance_avro::{
    ids::AccountId,
    words::{AccountPurpose, Side},
};
use tokio_postgres::Row;

use super::{Reads, StoreError};
use crate::auth::Caller;

const COLUMNS: &str = "account_id, merchant_account, currency, purpose, gateway_account";

/// An account with what was debited and credited, minor units of its currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) merchant_account: String,
    pub(crate) currency: String,
    pub(crate) purpose: String,
    pub(crate) gateway_account: Option<String>,
    pub(crate) debits: i64,
    pub(crate) credits: i64,
}

/// A posting of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Posting {
    pub(crate) place: Place,
    pub(crate) side: String,
    pub(crate) amount: i64,
    pub(crate) effective_at: SystemTime,
    pub(crate) kind: String,
    pub(crate) payment_id: String,
    pub(crate) operation_id: String,
    pub(crate) reverses: Option<String>,
}

/// Where a posting stands among those of its account, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) posted_at: SystemTime,
    pub(crate) transfer_id: String,
    pub(crate) number: i16,
}

/// Which of a posting's two times counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// When the gateway moved the money.
    Effective,
    /// When it was posted.
    Posted,
}

impl Account {
    /// What it holds, on the side that it belongs to: receivables are debits, what is owed is credits.
    pub(crate) fn balance(&self) -> i64 {
        match AccountPurpose::from_word(&self.purpose).map(AccountPurpose::normal_side) {
            Some(Side::Debit) => self.debits - self.credits,
            Some(Side::Credit) | None => self.credits - self.debits,
        }
    }
}

impl Reads {
    /// The caller's accounts, by id, after the one of that id.
    pub(crate) async fn accounts(&self, caller: &Caller, after: &str, limit: i64) -> Result<Vec<Account>, StoreError> {
        let query = format!(
            "select {COLUMNS}, debits, credits from accounts \
             where mode = $1 and tenant = $2 and account_id > $3 order by account_id limit $4"
        );
        let (mode, tenant) = (caller.mode.as_str(), caller.tenant.as_str());
        let rows = self.query(&query, &[&mode, &tenant, &after, &limit]).await?;
        rows.iter().map(account).collect()
    }

    /// An account of the caller's.
    pub(crate) async fn account(&self, caller: &Caller, id: AccountId) -> Result<Option<Account>, StoreError> {
        let query = format!(
            "select {COLUMNS}, debits, credits from accounts where mode = $1 and tenant = $2 and account_id = $3"
        );
        let (mode, tenant) = (caller.mode.as_str(), caller.tenant.as_str());
        let rows = self.query(&query, &[&mode, &tenant, &id.to_string()]).await?;
        rows.first().map(account).transpose()
    }

    /// An account's postings, newest first, from behind that place on. Whose account it is, is checked with it.
    pub(crate) async fn postings(
        &self,
        caller: &Caller,
        id: AccountId,
        after: Option<&Place>,
        limit: i64,
    ) -> Result<Vec<Posting>, StoreError> {
        const QUERY: &str = "select postings.posted_at, postings.transfer_id, number, side, amount, postings.effective_at, kind, \
             payment_id, operation_id, reverses from postings join transfers using (transfer_id) \
             where account_id = $1 and mode = $2 and tenant = $3 and \
             ($4::timestamptz is null or postings.posted_at < $4 \
              or postings.posted_at = $4 and (postings.transfer_id, number) > ($5, $6)) \
             order by postings.posted_at desc, postings.transfer_id, number limit $7";
        let posted_at = after.map(|place| place.posted_at);
        let transfer_id = after.map_or("", |place| &place.transfer_id);
        let number = after.map_or(0, |place| place.number);
        let (mode, tenant, id) = (caller.mode.as_str(), caller.tenant.as_str(), id.to_string());
        let rows = self.query(QUERY, &[&id, &mode, &tenant, &posted_at, &transfer_id, &number, &limit]).await?;
        rows.iter().map(posting).collect()
    }

    /// What each account of the caller's held at a time, by either of the two times of its postings; now without one.
    pub(crate) async fn trial_balance(
        &self,
        caller: &Caller,
        at: Option<(SystemTime, By)>,
    ) -> Result<Vec<Account>, StoreError> {
        let (mode, tenant) = (caller.mode.as_str(), caller.tenant.as_str());
        let Some((at, by)) = at else {
            let query = format!(
                "select {COLUMNS}, debits, credits from accounts where mode = $1 and tenant = $2 order by account_id"
            );
            let rows = self.query(&query, &[&mode, &tenant]).await?;
            return rows.iter().map(account).collect();
        };
        let time = match by {
            By::Effective => "effective_at",
            By::Posted => "posted_at",
        };
        let query = format!(
            "select {COLUMNS}, coalesce(sum(amount) filter (where side = 'debit'), 0)::bigint, \
             coalesce(sum(amount) filter (where side = 'credit'), 0)::bigint \
             from accounts join postings using (account_id) where mode = $1 and tenant = $2 and {time} <= $3 \
             group by account_id order by account_id"
        );
        let rows = self.query(&query, &[&mode, &tenant, &at]).await?;
        rows.iter().map(account).collect()
    }
}

fn account(row: &Row) -> Result<Account, StoreError> {
    Ok(Account {
        id: row.try_get(0)?,
        merchant_account: row.try_get(1)?,
        currency: row.try_get(2)?,
        purpose: row.try_get(3)?,
        gateway_account: row.try_get(4)?,
        debits: row.try_get(5)?,
        credits: row.try_get(6)?,
    })
}

fn posting(row: &Row) -> Result<Posting, StoreError> {
    Ok(Posting {
        place: Place { posted_at: row.try_get(0)?, transfer_id: row.try_get(1)?, number: row.try_get(2)? },
        side: row.try_get(3)?,
        amount: row.try_get(4)?,
        effective_at: row.try_get(5)?,
        kind: row.try_get(6)?,
        payment_id: row.try_get(7)?,
        operation_id: row.try_get(8)?,
        reverses: row.try_get(9)?,
    })
}
