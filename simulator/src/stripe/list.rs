//! Stripe's lists: the newest first.

use serde_json::{Value, json};

use super::refund;
use crate::ledger::Charge;

/// How many refunds are told with their charge.
const WITH_CHARGE_MAX: usize = 10;

/// The object.
pub(super) fn list(url: &str, data: &[Value], has_more: bool) -> Value {
    json!({ "object": "list", "data": data, "has_more": has_more, "url": url })
}

/// Up to `limit` of what was done to a charge, the newest first, from the first one before `before`, and whether there are more.
pub(super) fn newest<T, Id: PartialOrd + Copy>(
    items: &[T],
    id: impl Fn(&T) -> Id,
    before: Option<Id>,
    limit: usize,
) -> (Vec<&T>, bool) {
    let older = items.iter().rev().filter(|item| before.is_none_or(|before| id(item) < before));
    let mut older = older.peekable();
    let page = older.by_ref().take(limit).collect();
    (page, older.peek().is_some())
}

/// The refunds that are told with their charge.
pub(super) fn refunds_of(charge: &Charge) -> Value {
    let (refunds, has_more) = newest(&charge.refunds, |refund| refund.id, None, WITH_CHARGE_MAX);
    let data = refunds.into_iter().map(|refund| refund::plain(charge, refund)).collect::<Vec<_>>();
    let url = format!("/v1/charges/{}/refunds", charge.id);
    list(&url, &data, has_more)
}
