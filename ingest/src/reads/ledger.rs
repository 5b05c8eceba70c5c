//! The ledger as Postgres has it.

use std::time::SystemTime;

use quittance_avro::{
    ids::AccountId,
    words::{AccountPurpose, Side},
};
use tokio_postgres::Row;

use super::{Reads, StoreError, scoped::Params};
use crate::auth::Caller;

const ACCOUNTS: &str = "select account_id, merchant_account, currency, purpose, gateway_account, latest_posted_at, \
     debits::text, credits::text from accounts";

/// The page is cut out before anything is joined to it: a range of one index, however many postings there are. Without a place it
/// begins before all of them, that is at infinity.
const POSTINGS: &str = "
    select page.posted_at, transfer_id, number, side, amount, page.effective_at, kind, payment_id, operation_id, reverses
    from (
        select transfer_id, number, side, amount, effective_at, posted_at from postings
        where account_id = $3 and (posted_at, transfer_id, number) < (coalesce($4::timestamptz, 'infinity'), $5, $6)
        order by posted_at desc, transfer_id desc, number desc limit $7
    ) as page join transfers using (transfer_id)
    where mode = $1 and tenant = $2
    order by page.posted_at desc, transfer_id desc, number desc";

/// An account with what was debited and credited, minor units of its currency. One amount is below 2^53, and a sum of them can be
/// larger than an `i64`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) merchant_account: String,
    pub(crate) currency: String,
    pub(crate) purpose: String,
    pub(crate) gateway_account: Option<String>,
    pub(crate) latest_posted_at: SystemTime,
    pub(crate) debits: i128,
    pub(crate) credits: i128,
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

/// A moment, by one of the two times of postings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) at: SystemTime,
    pub(crate) by: By,
}

impl By {
    pub(crate) const ALL: [Self; 2] = [Self::Effective, Self::Posted];

    /// As the API says it, and as columns are named after it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Effective => "effective",
            Self::Posted => "posted",
        }
    }
}

impl Account {
    /// What it holds, on the side that it belongs to: receivables are debits, what is owed is credits.
    pub(crate) fn balance(&self) -> i128 {
        match AccountPurpose::from_word(&self.purpose).map(AccountPurpose::normal_side) {
            Some(Side::Debit) => self.debits - self.credits,
            Some(Side::Credit) | None => self.credits - self.debits,
        }
    }
}

impl Reads {
    /// The caller's accounts, by id, after the one of that id.
    pub(crate) async fn accounts(&self, caller: &Caller, after: &str, limit: i64) -> Result<Vec<Account>, StoreError> {
        let query =
            format!("{ACCOUNTS} where mode = $1 and tenant = $2 and account_id > $3 order by account_id limit $4");
        let params: Params = vec![Box::new(after.to_owned()), Box::new(limit)];
        let rows = self.tables.query_in_turn(caller, query, params).await?;
        rows.iter().map(account).collect()
    }

    /// An account of the caller's.
    pub(crate) async fn account(&self, caller: &Caller, id: AccountId) -> Result<Option<Account>, StoreError> {
        let query = format!("{ACCOUNTS} where mode = $1 and tenant = $2 and account_id = $3");
        let rows = self.tables.query_in_turn(caller, query, vec![Box::new(id.to_string())]).await?;
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
        let params: Params = vec![
            Box::new(id.to_string()),
            Box::new(after.map(|place| place.posted_at)),
            Box::new(after.map_or_else(String::new, |place| place.transfer_id.clone())),
            Box::new(after.map_or(0, |place| place.number)),
            Box::new(limit),
        ];
        let rows = self.tables.query_in_turn(caller, POSTINGS.to_owned(), params).await?;
        rows.iter().map(posting).collect()
    }

    /// What each account of the caller's held at a moment, zeros if it did not exist yet; as far as the log is folded without one.
    pub(crate) async fn trial_balance(
        &self,
        caller: &Caller,
        moment: Option<Moment>,
    ) -> Result<Vec<Account>, StoreError> {
        let rows = match moment {
            None => {
                let query = format!("{ACCOUNTS} where mode = $1 and tenant = $2 order by account_id");
                self.tables.query_in_turn(caller, query, Vec::new()).await?
            }
            Some(Moment { at, by }) => {
                self.tables.query_in_turn(caller, balances_at_a_moment(by), vec![Box::new(at)]).await?
            }
        };
        rows.iter().map(account).collect()
    }
}

/// The hours before the moment's own, and the postings of that hour up to it: adding up all postings takes a second for a million.
fn balances_at_a_moment(by: By) -> String {
    let by = by.as_str();
    format!(
        "
    select account_id, merchant_account, currency, purpose, gateway_account, latest_posted_at,
        (hours.debits + rest.debits)::text, (hours.credits + rest.credits)::text
    from accounts
    cross join lateral (
        select coalesce(sum({by}_debits), 0) as debits, coalesce(sum({by}_credits), 0) as credits from account_hours
        where account_hours.account_id = accounts.account_id and hour < date_trunc('hour', $3, 'UTC')
    ) as hours
    cross join lateral (
        select coalesce(sum(amount) filter (where side = 'debit'), 0) as debits,
            coalesce(sum(amount) filter (where side = 'credit'), 0) as credits
        from postings
        where postings.account_id = accounts.account_id and {by}_at >= date_trunc('hour', $3, 'UTC') and {by}_at <= $3
    ) as rest
    where mode = $1 and tenant = $2 order by account_id"
    )
}

fn account(row: &Row) -> Result<Account, StoreError> {
    Ok(Account {
        id: row.try_get(0)?,
        merchant_account: row.try_get(1)?,
        currency: row.try_get(2)?,
        purpose: row.try_get(3)?,
        gateway_account: row.try_get(4)?,
        latest_posted_at: row.try_get(5)?,
        debits: row.try_get::<_, &str>(6)?.parse()?,
        credits: row.try_get::<_, &str>(7)?.parse()?,
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
