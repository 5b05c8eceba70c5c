//! The ledger as clients see it. Pure.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use quittance_avro::{ids::TransferId, time::Timestamp};
use serde::Serialize;

use crate::reads::{Account, Place, Posting};

/// An account. Amounts are in minor units of `currency`.
#[derive(Debug, Serialize)]
pub(crate) struct AccountView {
    id: String,
    object: &'static str,
    purpose: String,
    gateway_account: Option<String>,
    merchant_account: String,
    currency: String,
    debits: i64,
    credits: i64,
    /// Debits less credits of what is owed to us, credits less debits of what we owe.
    balance: i64,
}

/// A posting of an account.
#[derive(Debug, Serialize)]
pub(crate) struct PostingView {
    transfer: String,
    object: &'static str,
    kind: String,
    side: String,
    amount: i64,
    payment: String,
    operation: String,
    reverses: Option<String>,
    effective_at: String,
    posted_at: String,
}

/// All accounts at a time, and their sums by currency, which are equal on both sides.
#[derive(Debug, Serialize)]
pub(crate) struct TrialBalanceView {
    object: &'static str,
    at: String,
    by: &'static str,
    accounts: Vec<AccountView>,
    totals: Vec<TotalView>,
}

#[derive(Debug, Serialize)]
struct TotalView {
    currency: String,
    debits: i64,
    credits: i64,
}

/// A page of a longer list.
#[derive(Debug, Serialize)]
pub(crate) struct Page<T> {
    data: Vec<T>,
    has_more: bool,
    next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// The first `limit` of what was found, and where the next page begins.
    pub(crate) fn of<F>(mut found: Vec<F>, limit: usize, cursor: impl Fn(&F) -> String, view: impl Fn(F) -> T) -> Self {
        let has_more = found.len() > limit;
        found.truncate(limit);
        let next_cursor = found.last().filter(|_| has_more).map(cursor);
        Self { data: found.into_iter().map(view).collect(), has_more, next_cursor }
    }
}

/// An account.
pub(crate) fn account(account: Account) -> AccountView {
    AccountView {
        balance: account.balance(),
        id: account.id,
        object: "account",
        purpose: account.purpose,
        gateway_account: account.gateway_account,
        merchant_account: account.merchant_account,
        currency: account.currency,
        debits: account.debits,
        credits: account.credits,
    }
}

/// A posting.
pub(crate) fn posting(posting: Posting) -> PostingView {
    PostingView {
        transfer: posting.place.transfer_id,
        object: "posting",
        kind: posting.kind,
        side: posting.side,
        amount: posting.amount,
        payment: posting.payment_id,
        operation: posting.operation_id,
        reverses: posting.reverses,
        effective_at: time(posting.effective_at),
        posted_at: time(posting.place.posted_at),
    }
}

/// The accounts at a time.
pub(crate) fn trial_balance(accounts: Vec<Account>, at: SystemTime, by: &'static str) -> TrialBalanceView {
    let mut totals: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    for account in &accounts {
        let total = totals.entry(account.currency.clone()).or_default();
        *total = (total.0 + account.debits, total.1 + account.credits);
    }
    let totals = totals.into_iter().map(|(currency, (debits, credits))| TotalView { currency, debits, credits });
    TrialBalanceView {
        object: "trial_balance",
        at: time(at),
        by,
        accounts: accounts.into_iter().map(account).collect(),
        totals: totals.collect(),
    }
}

fn ms(time: SystemTime) -> i64 {
    time.duration_since(UNIX_EPOCH).ok().and_then(|since| i64::try_from(since.as_millis()).ok()).unwrap_or(0)
}

fn time(time: SystemTime) -> String {
    Timestamp::from_ms(ms(time)).to_string()
}

/// The end of the year 9999, in milliseconds since 1970.
const POSTED_AT_MS_MAX: u64 = 253_402_300_799_999;

/// A cursor that points behind a place. Nobody else's business what is in it.
pub(crate) fn cursor(place: &Place) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}:{}:{}", ms(place.posted_at), place.number, place.transfer_id))
}

/// The place that a cursor points behind; nothing if it is none of ours.
pub(crate) fn place(cursor: &str) -> Option<Place> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let mut parts = text.splitn(3, ':');
    let (ms, number, transfer_id) = (parts.next()?, parts.next()?, parts.next()?);
    let posted_at_ms = ms.parse().ok().filter(|ms| *ms <= POSTED_AT_MS_MAX)?;
    let transfer_id: TransferId = transfer_id.parse().ok()?;
    Some(Place {
        posted_at: UNIX_EPOCH.checked_add(Duration::from_millis(posted_at_ms))?,
        number: number.parse().ok()?,
        transfer_id: transfer_id.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn account_of(purpose: &str, currency: &str, debits: i64, credits: i64) -> Account {
        Account {
            id: "acc_1".to_owned(),
            merchant_account: "default".to_owned(),
            currency: currency.to_owned(),
            purpose: purpose.to_owned(),
            gateway_account: None,
            debits,
            credits,
        }
    }

    #[test]
    fn a_balance_is_on_the_side_that_the_account_belongs_to() {
        assert_eq!(account(account_of("gateway_receivable", "EUR", 1000, 250)).balance, 750);
        assert_eq!(account(account_of("merchant_payable", "EUR", 250, 1000)).balance, 750);
        assert_eq!(account(account_of("suspense", "EUR", 0, 10)).balance, 10);
    }

    #[test]
    fn totals_are_by_currency() {
        let accounts = vec![
            account_of("gateway_receivable", "EUR", 10, 0),
            account_of("merchant_payable", "EUR", 0, 10),
            account_of("gateway_receivable", "JPY", 7, 7),
        ];
        let view = trial_balance(accounts, UNIX_EPOCH, "posted");
        let totals: Vec<_> = view.totals.iter().map(|total| (&*total.currency, total.debits, total.credits)).collect();
        assert_eq!(totals, [("EUR", 10, 10), ("JPY", 7, 7)]);
        assert_eq!(view.at, "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn a_cursor_goes_round_and_nonsense_is_none() {
        let known = Place {
            posted_at: UNIX_EPOCH + Duration::from_millis(1_793_534_400_123),
            transfer_id: TransferId::new(Uuid::nil()).to_string(),
            number: 1,
        };
        assert_eq!(place(&cursor(&known)), Some(known));
        let id = TransferId::new(Uuid::nil());
        let far = URL_SAFE_NO_PAD.encode(format!("{}:1:{id}", u64::MAX));
        let nul = URL_SAFE_NO_PAD.encode("1:0:\0");
        for nonsense in
            ["", "x", "%%", &URL_SAFE_NO_PAD.encode("1:2"), &URL_SAFE_NO_PAD.encode("a:1:trf_1"), &far, &nul]
        {
            assert_eq!(place(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn a_page_says_where_the_next_one_begins() {
        let page: Page<i32> = Page::of(vec![1, 2, 3], 2, ToString::to_string, |found| found);
        assert_eq!((page.data, page.has_more, page.next_cursor.as_deref()), (vec![1, 2], true, Some("2")));
        let last: Page<i32> = Page::of(vec![3], 2, ToString::to_string, |found| found);
        assert_eq!((last.data, last.has_more, last.next_cursor), (vec![3], false, None));
    }
}
