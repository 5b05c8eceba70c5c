//! What can be read. An id that is malformed, absent or another tenant's is the same: not found.

use bytes::Bytes;
use warp::http::{HeaderMap, Response, StatusCode};

use super::{json as answer, payment_view, stores_down};
use crate::{
    app::App,
    auth::Action,
    command_view,
    problem::Problem,
    view::{self, List},
};

/// Events told at once. A payment's operations are bounded, so it has fewer.
const EVENTS_MAX: usize = 1_000;

/// `GET /v1/payments/{id}`
pub(crate) async fn read_payment(app: &App, headers: &HeaderMap, id: &str) -> Result<Response<Bytes>, Problem> {
    let caller = app.parts.authenticator.caller(headers)?;
    caller.may(Action::ReadPayment)?;
    let id = id.parse().map_err(|_| Problem::NotFound)?;
    let state = app.parts.reads.payment(&caller, id).await.map_err(|error| stores_down(&error))?;
    answer(StatusCode::OK, &payment_view(app, &state.ok_or(Problem::NotFound)?))
}

/// `GET /v1/payments/{id}/history`
pub(crate) async fn read_history(app: &App, headers: &HeaderMap, id: &str) -> Result<Response<Bytes>, Problem> {
    let caller = app.parts.authenticator.caller(headers)?;
    caller.may(Action::ReadHistory)?;
    let id = id.parse().map_err(|_| Problem::NotFound)?;
    let limit = i64::try_from(EVENTS_MAX + 1).unwrap_or(i64::MAX);
    let mut events = app.parts.reads.history(&caller, id, limit).await.map_err(|error| stores_down(&error))?;
    if events.is_empty() && app.parts.reads.payment(&caller, id).await.ok().flatten().is_none() {
        return Err(Problem::NotFound);
    }
    let has_more = events.len() > EVENTS_MAX;
    events.truncate(EVENTS_MAX);
    let data = events
        .into_iter()
        .map(|event| view::event(event.id, event.sequence, event.kind, event.occurred_at, event.data))
        .collect();
    answer(StatusCode::OK, &List { data, has_more })
}

/// `GET /v1/commands/{id}`
pub(crate) async fn read_command(app: &App, headers: &HeaderMap, id: &str) -> Result<Response<Bytes>, Problem> {
    let caller = app.parts.authenticator.caller(headers)?;
    caller.may(Action::ReadCommand)?;
    let id = id.parse().map_err(|_| Problem::NotFound)?;
    let outcome = app.parts.reads.outcome(&caller, id).await.map_err(|error| stores_down(&error))?;
    let view = match outcome {
        Some(outcome) => command_view::known(outcome),
        None => app.parts.reads.pending(&caller, id).await.ok_or(Problem::NotFound)?,
    };
    answer(StatusCode::OK, &view)
}
