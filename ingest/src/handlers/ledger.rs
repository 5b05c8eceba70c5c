//! What can be read of the ledger.

use std::time::SystemTime;

use quittance_avro::ids::AccountId;
use warp::http::StatusCode;

use super::{Answer, json, stores_down};
use crate::{
    call::Call,
    ledger_view::{self, Page},
    problem::Problem,
};

/// `GET /v1/accounts`
pub(crate) async fn read_accounts(call: &Call<'_>) -> Result<Answer, Problem> {
    let Call { app, caller, query, .. } = *call;
    let (limit, cursor) = query.page(|cursor| cursor.parse::<AccountId>().ok())?;
    let after = cursor.map_or_else(String::new, |id| id.to_string());
    let found = app.parts.reads.accounts(caller, &after, limit + 1).await.map_err(|error| stores_down(&error))?;
    let limit = usize::try_from(limit).unwrap_or(0);
    json(StatusCode::OK, &Page::of(found, limit, |account| account.id.clone(), ledger_view::account))
}

/// `GET /v1/accounts/{id}`
pub(crate) async fn read_account(call: &Call<'_>) -> Result<Answer, Problem> {
    let Call { app, caller, query, id, .. } = *call;
    query.none()?;
    let id = id.parse().map_err(|_| Problem::NotFound)?;
    let account = app.parts.reads.account(caller, id).await.map_err(|error| stores_down(&error))?;
    json(StatusCode::OK, &ledger_view::account(account.ok_or(Problem::NotFound)?))
}

/// `GET /v1/accounts/{id}/postings`
pub(crate) async fn read_postings(call: &Call<'_>) -> Result<Answer, Problem> {
    let Call { app, caller, query, id, .. } = *call;
    let (limit, cursor) = query.page(ledger_view::place)?;
    let id = id.parse().map_err(|_| Problem::NotFound)?;
    let reads = &app.parts.reads;
    reads.account(caller, id).await.map_err(|error| stores_down(&error))?.ok_or(Problem::NotFound)?;
    let found = reads.postings(caller, id, cursor.as_ref(), limit + 1).await.map_err(|error| stores_down(&error))?;
    let limit = usize::try_from(limit).unwrap_or(0);
    json(StatusCode::OK, &Page::of(found, limit, |posting| ledger_view::cursor(&posting.place), ledger_view::posting))
}

/// `GET /v1/ledger/trial-balance`
pub(crate) async fn read_trial_balance(call: &Call<'_>) -> Result<Answer, Problem> {
    let Call { app, caller, query, .. } = *call;
    let moment = query.moment(SystemTime::now())?;
    let found = app.parts.reads.trial_balance(caller, moment).await.map_err(|error| stores_down(&error))?;
    json(StatusCode::OK, &ledger_view::trial_balance(found, moment))
}
