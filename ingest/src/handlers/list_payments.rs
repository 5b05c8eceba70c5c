//! `GET /v1/payments`: a tenant's payments, the newest first, in pages.

use futures::future::try_join_all;
use warp::http::StatusCode;

use super::{Answer, json, payment_view, stores_down};
use crate::{
    call::Call,
    ledger_view::Page,
    list::{self, PaymentPlace},
    problem::Problem,
    search,
};

/// Tells them, each with its text opened. They are Postgres's alone: the cache has single payments, and not all of them.
pub(crate) async fn list_payments(call: &Call<'_>) -> Result<Answer, Problem> {
    let Call { app, caller, query, .. } = *call;
    let asked = list::parse(query)?;
    let keys = app.parts.keys.all(caller.mode, &caller.tenant).ok_or(Problem::Unavailable("the tenants' keys"))?;
    let sought = search::sought(&keys, &asked.filters);
    let mut found = app.parts.reads.payments(caller, &asked, sought).await.map_err(|error| stores_down(&error))?;
    let limit = usize::try_from(asked.limit).unwrap_or_default();
    let has_more = found.len() > limit;
    found.truncate(limit);
    let last = found.last().filter(|_| has_more).and_then(PaymentPlace::of);
    let next_cursor = last.map(|place| asked.filters.cursor(place));
    let data = try_join_all(found.iter().map(|state| payment_view(app, state))).await?;
    json(StatusCode::OK, &Page { data, has_more, next_cursor })
}
