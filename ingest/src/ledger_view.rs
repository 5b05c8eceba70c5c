//! The ledger as clients see it. Pure.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use quittance_avro::{
    ids::{AccountId, PaymentId, TransferId},
    money::{Currency, MinorUnits},
    time::Timestamp,
    words::{AccountPurpose, Side, TransferKind},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::reads::{Account, Moment, Place, Posting};

/// An account. Its sums are in minor units of `currency`: whole numbers like any amount, but not below 2^53 as that is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Account)]
pub(crate) struct AccountView {
    #[schema(value_type = AccountId)]
    id: String,
    #[schema(pattern = "^account$")]
    object: &'static str,
    #[schema(value_type = AccountPurpose)]
    purpose: String,
    /// Name of the gateway account, if it is kept for each of them.
    gateway_account: Option<String>,
    merchant_account: String,
    #[schema(value_type = Currency)]
    currency: String,
    debits: i128,
    credits: i128,
    /// Debits less credits of what is owed to us, credits less debits of what we owe.
    balance: i128,
}

/// A posting of an account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Posting)]
pub(crate) struct PostingView {
    #[schema(value_type = TransferId)]
    transfer: String,
    #[schema(pattern = "^posting$")]
    object: &'static str,
    #[schema(value_type = TransferKind)]
    kind: String,
    #[schema(value_type = Side)]
    side: String,
    #[schema(value_type = MinorUnits)]
    amount: i64,
    #[schema(value_type = PaymentId)]
    payment: String,
    /// Id of the operation of the payment that moved the money.
    operation: String,
    /// The transfer that it takes back, if it does.
    #[schema(value_type = Option<TransferId>)]
    reverses: Option<String>,
    /// When the gateway did it.
    #[schema(format = DateTime)]
    effective_at: String,
    /// When it was decided here.
    #[schema(format = DateTime)]
    posted_at: String,
}

/// All accounts, and their sums by currency, which are equal on both sides.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TrialBalance)]
pub(crate) struct TrialBalanceView {
    #[schema(pattern = "^trial_balance$")]
    object: &'static str,
    /// The moment that was asked for.
    #[schema(format = DateTime)]
    at: Option<String>,
    /// By which of the two times of postings: `posted` or `effective`.
    by: Option<&'static str>,
    /// When the latest posting that the ledger has was posted.
    #[schema(format = DateTime)]
    latest_posted_at: Option<String>,
    accounts: Vec<AccountView>,
    totals: Vec<TotalView>,
}

/// The sums of all accounts in one currency.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Total)]
struct TotalView {
    #[schema(value_type = Currency)]
    currency: String,
    debits: i128,
    credits: i128,
}

/// A page of a longer list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Page<T> {
    pub(crate) data: Vec<T>,
    /// Whether there are more behind it.
    pub(crate) has_more: bool,
    /// Where the next page begins; null if there is none.
    pub(crate) next_cursor: Option<String>,
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

/// The accounts, at a moment if there is one. Those on which nothing had moved by then are left out.
pub(crate) fn trial_balance(accounts: Vec<Account>, moment: Option<Moment>) -> TrialBalanceView {
    let latest_posted_at = accounts.iter().map(|account| account.latest_posted_at).max();
    let moved: Vec<Account> =
        accounts.into_iter().filter(|account| account.debits != 0 || account.credits != 0).collect();
    let mut totals: BTreeMap<String, (i128, i128)> = BTreeMap::new();
    for account in &moved {
        let total = totals.entry(account.currency.clone()).or_default();
        *total = (total.0 + account.debits, total.1 + account.credits);
    }
    let totals = totals.into_iter().map(|(currency, (debits, credits))| TotalView { currency, debits, credits });
    TrialBalanceView {
        object: "trial_balance",
        at: moment.map(|moment| time(moment.at)),
        by: moment.map(|moment| moment.by.as_str()),
        latest_posted_at: latest_posted_at.map(time),
        accounts: moved.into_iter().map(account).collect(),
        totals: totals.collect(),
    }
}

fn ms(time: SystemTime) -> i64 {
    DateTime::<Utc>::from(time).timestamp_millis()
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
    use crate::reads::By;

    fn account_of(purpose: &str, currency: &str, debits: i128, credits: i128) -> Account {
        Account {
            id: "acc_1".to_owned(),
            merchant_account: "default".to_owned(),
            currency: currency.to_owned(),
            purpose: purpose.to_owned(),
            gateway_account: None,
            latest_posted_at: UNIX_EPOCH,
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
        let view = trial_balance(accounts, None);
        let totals: Vec<_> = view.totals.iter().map(|total| (&*total.currency, total.debits, total.credits)).collect();
        assert_eq!(totals, [("EUR", 10, 10), ("JPY", 7, 7)]);
        assert_eq!((view.at, view.by), (None, None), "it is as far as the log is folded, and that is no time");
        assert_eq!(view.latest_posted_at.as_deref(), Some("1970-01-01T00:00:00.000Z"));
    }

    #[test]
    fn sums_may_be_larger_than_64_bits_and_are_told_to_the_last_digit() {
        let large = i128::from(i64::MAX) * 4 + 3;
        let accounts = vec![account_of("gateway_receivable", "EUR", large, 0), account_of("suspense", "EUR", large, 1)];
        let told = serde_json::to_string(&trial_balance(accounts, None)).expect("JSON");
        for part in [
            r#""debits":36893488147419103231,"#,
            r#""balance":-36893488147419103230}"#,
            r#""debits":73786976294838206462,"#,
        ] {
            assert!(told.contains(part), "{part} is not in {told}");
        }
    }

    #[test]
    fn at_a_moment_there_is_only_what_had_moved_by_then() {
        let accounts = vec![account_of("suspense", "EUR", 0, 0), account_of("suspense", "JPY", 2, 1)];
        let at = UNIX_EPOCH - Duration::from_millis(1);
        let view = trial_balance(accounts, Some(Moment { at, by: By::Effective }));
        assert_eq!(view.accounts.iter().map(|account| &*account.currency).collect::<Vec<_>>(), ["JPY"]);
        assert_eq!(view.totals.iter().map(|total| &*total.currency).collect::<Vec<_>>(), ["JPY"]);
        assert_eq!((view.at.as_deref(), view.by), (Some("1969-12-31T23:59:59.999Z"), Some("effective")));
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
