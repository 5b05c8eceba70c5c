//! What can be read. An id that is malformed, absent or another tenant's is the same: not found.

use std::time::Duration;

use futures::{FutureExt, TryFutureExt, future::BoxFuture};
use quittance_avro::ids::{AggregateId, PaymentId, RefundId};
use tokio::time::Instant;
use warp::http::StatusCode;

use super::{Answer, actor::address, json as answer, payment_view, stores_down};
use crate::{
    auth::Role,
    call::Call,
    command_view,
    prefer::Prefer,
    problem::Problem,
    reads::StoreError,
    tag::Tag,
    view::{self, List},
};

/// Events told at once. A payment's operations are bounded, so it has fewer.
const EVENTS_MAX: usize = 1_000;

/// How often to look without having been told to: notices tell of Redis, and the history is Postgres's.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// `GET /v1/payments/{id}`
pub(crate) async fn read_payment(call: &Call<'_>) -> Result<Answer, Problem> {
    let Call { app, caller, query, headers, id, .. } = *call;
    let after = query.after()?;
    let id: PaymentId = id.parse().map_err(|_| Problem::NotFound)?;
    let read = || {
        let state = app.parts.reads.payment(caller, id);
        state.map_ok(|state| (state.as_ref().and_then(|state| state.envelope.sequence), state)).boxed()
    };
    let state = caught_up(call, id, after, read).await?.ok_or(Problem::NotFound)?;
    let tag = Tag::of(state.envelope.sequence);
    if tag.is_known(headers) {
        return Ok(tag.not_modified());
    }
    Ok(tag.put_on(answer(StatusCode::OK, &payment_view(app, &state).await?)?))
}

/// `GET /v1/refunds/{id}`
pub(crate) async fn read_refund(call: &Call<'_>) -> Result<Answer, Problem> {
    let Call { app, caller, query, id, .. } = *call;
    query.none()?;
    let id: RefundId = id.parse().map_err(|_| Problem::NotFound)?;
    let state = app.parts.reads.payment_of_refund(caller, id).await.map_err(|error| stores_down(&error))?;
    let state = state.ok_or(Problem::NotFound)?;
    let refund = view::refund(&state, &id.to_string()).ok_or(Problem::NotFound)?;
    answer(StatusCode::OK, &refund)
}

/// `GET /v1/payments/{id}/history`
pub(crate) async fn read_history(call: &Call<'_>) -> Result<Answer, Problem> {
    let Call { app, caller, query, id, .. } = *call;
    let after = query.after()?;
    let id: PaymentId = id.parse().map_err(|_| Problem::NotFound)?;
    let limit = i64::try_from(EVENTS_MAX + 1).unwrap_or(i64::MAX);
    let read = || {
        let events = app.parts.reads.history(caller, id, limit);
        events.map_ok(|events| (events.last().map(|event| event.sequence), events)).boxed()
    };
    let mut events = caught_up(call, id, after, read).await?;
    if events.is_empty() {
        // The history comes by way of Postgres alone, which may be behind.
        let state = app.parts.reads.payment(caller, id).await.map_err(|error| stores_down(&error))?;
        state.ok_or(Problem::NotFound)?;
    }
    let has_more = events.len() > EVENTS_MAX;
    events.truncate(EVENTS_MAX);
    let shows_addresses = caller.roles.contains(&Role::Admin);
    let mut data = Vec::with_capacity(events.len());
    for event in events {
        let address = if shows_addresses { address(app, caller, &event).await } else { None };
        data.push(view::event(event, address));
    }
    answer(StatusCode::OK, &List { data, has_more })
}

/// `GET /v1/commands/{id}`
pub(crate) async fn read_command(call: &Call<'_>) -> Result<Answer, Problem> {
    let Call { app, caller, query, id, .. } = *call;
    query.none()?;
    let id = id.parse().map_err(|_| Problem::NotFound)?;
    let outcome = app.parts.reads.outcome(caller, id).await.map_err(|error| stores_down(&error))?;
    let view = match outcome {
        Some(outcome) => command_view::known(outcome),
        None => app.parts.reads.pending(caller, id).await.ok_or(Problem::NotFound)?,
    };
    answer(StatusCode::OK, &view)
}

/// Reads until what is read has reached the sequence `after`, for as long as the client waits (`Prefer: wait`) or the
/// default. `read` gives what it found, after the sequence of it if it found anything.
pub(super) async fn caught_up<'a, T>(
    call: &Call<'_>,
    id: impl Into<AggregateId>,
    after: Option<i64>,
    read: impl Fn() -> BoxFuture<'a, Result<(Option<i64>, T), StoreError>>,
) -> Result<T, Problem> {
    let read = || read().map_err(|error| stores_down(&error));
    let Some(after) = after else { return Ok(read().await?.1) };
    let Call { app, caller, headers, .. } = *call;
    let wait = Prefer::from_headers(headers).wait.unwrap_or(app.parts.wait);
    // Whoever finds no room to wait is told what there is.
    let room = app.parts.waits.take(caller);
    let deadline = Instant::now() + if room.is_ok() { wait } else { Duration::ZERO };
    let mut waiter = app.parts.notices.subscribe(id);
    loop {
        let is_last = Instant::now() >= deadline;
        let (sequence, found) = read().await?;
        match sequence {
            Some(sequence) if sequence < after && is_last => return Err(Problem::Behind(after)),
            sequence if sequence >= Some(after) || is_last => return Ok(found),
            _ => {}
        }
        waiter.changed(LOOK_AGAIN, deadline).await;
    }
}
