//! What was asked and done.

#![expect(clippy::needless_pass_by_value, reason = "warp hands values to its handlers")]

use serde::Deserialize;
use warp::Reply;
use warp::reply::Response;

use crate::error::{Error, found};
use crate::gateway::Gateway;
use crate::values::{ChargeId, IdempotencyKey};

const LIMIT_DEFAULT: usize = 1_000;
const LIMIT_MAX: usize = 10_000;

/// The query of a list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    limit: Option<usize>,
    after: Option<String>,
}

impl Query {
    fn limit(&self) -> Result<usize, Error> {
        let limit = self.limit.unwrap_or(LIMIT_DEFAULT);
        if (1..=LIMIT_MAX).contains(&limit) { Ok(limit) } else { Err(Error::InvalidQuery) }
    }

    fn after<T>(&self, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Error> {
        // An empty one is the beginning.
        let after = self.after.as_deref().filter(|after| !after.is_empty());
        after.map(|after| parse(after).ok_or(Error::InvalidQuery)).transpose()
    }
}

/// `GET /admin/keys`
pub(super) fn list_keys(gateway: Gateway, query: Query) -> Response {
    let after = query.after(|key| IdempotencyKey::try_from(key.to_owned()).ok());
    match (query.limit(), after) {
        (Ok(limit), Ok(after)) => {
            let page = gateway.ask(|ledger| ledger.reports(after.as_ref(), limit));
            warp::reply::json(&page).into_response()
        }
        (Err(error), _) | (_, Err(error)) => error.into_response(),
    }
}

/// `GET /admin/keys/{key}`
pub(super) fn get_key(segment: String, gateway: Gateway) -> Response {
    let key = IdempotencyKey::from_path_segment(&segment);
    found(key.and_then(|key| gateway.ask(|ledger| ledger.report(&key))), Error::KeyNotFound)
}

/// `GET /admin/totals`
pub(super) fn get_totals(gateway: Gateway) -> Response {
    warp::reply::json(&gateway.ask(|ledger| ledger.totals())).into_response()
}

/// `GET /admin/ledger`
pub(super) fn get_ledger(gateway: Gateway, query: Query) -> Response {
    match (query.limit(), query.after(|id| id.parse::<ChargeId>().ok())) {
        (Ok(limit), Ok(after)) => warp::reply::json(&gateway.ask(|ledger| ledger.lines(after, limit))).into_response(),
        (Err(error), _) | (_, Err(error)) => error.into_response(),
    }
}
