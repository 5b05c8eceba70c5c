//! `GET /v1/events` and `GET /v1/payments/{id}/events`: what happened, page by page or as it happens.

use std::convert::Infallible;

use bytes::Bytes;
use futures::Stream;
use quittance_avro::{
    ids::{AggregateId, PaymentId},
    seal::{DataKey, OpenError},
};
use serde::Serialize;
use utoipa::ToSchema;
use warp::{
    Reply,
    http::{HeaderMap, HeaderValue, StatusCode, header},
};

use super::{Answer, json, sealing_key, stores_down};
use crate::{
    app::App,
    auth::Caller,
    call::Call,
    feed::{
        Positions,
        cursor::{binding, read_opened, read_sealed, seal},
        stream::Follower,
    },
    problem::{FieldError, Problem},
    view::{self, EventView},
};

/// The header by which a client that reconnects says where it was.
const LAST_EVENT_ID: &str = "Last-Event-ID";
/// The parameter that says it of a page.
const CURSOR: &str = "cursor";
/// The word that stands for the place after the latest event.
const NOW: &str = "now";

/// A page, and the place after it, which there always is: there will be more.
#[derive(Serialize, ToSchema)]
#[schema(as = EventPage)]
pub(crate) struct EventPage {
    data: Vec<EventView>,
    /// Whether there are more behind it already.
    has_more: bool,
    /// The place behind the last of them.
    next_cursor: String,
}

/// Where a client wants to begin.
enum Begin {
    Start,
    Now,
    /// A place, and where in the request it stands.
    Cursor(String, &'static str),
}

/// `GET /v1/events`: a page, or a stream for who accepts one.
pub(crate) async fn read_events(call: &Call<'_>) -> Result<Answer, Problem> {
    let (limit, begin) = call.query.page(|text| Some(text.to_owned()))?;
    if accepts(call.headers, "text/event-stream") {
        let begin = match begin {
            Some(text) => of_text(text, CURSOR),
            None => last_event_id(call.headers).map_or(Begin::Now, |id| of_text(id, LAST_EVENT_ID)),
        };
        return follow(call, None, begin).await;
    }
    let Call { app, caller, .. } = *call;
    let key = sealing_key(app, caller.mode, &caller.tenant).await?;
    let mut place = place(app, caller, begin.map_or(Begin::Start, |text| of_text(text, CURSOR))).await?;
    let found = app.parts.reads.events_after(caller, &place, None, limit + 1).await;
    let mut found = found.map_err(|error| stores_down(&error))?;
    let limit = usize::try_from(limit).unwrap_or_default();
    let has_more = found.len() > limit;
    found.truncate(limit);
    found.iter().for_each(|found| place.pass(found.lane, found.position));
    let next_cursor = seal(&place, &key, binding(caller.mode, &caller.tenant));
    let data = found.into_iter().map(|found| view::event(found.event, None)).collect();
    json(StatusCode::OK, &EventPage { data, has_more, next_cursor })
}

/// `GET /v1/payments/{id}/events`: a stream of one payment's, from the first on unless the client was there before.
pub(crate) async fn follow_payment(call: &Call<'_>) -> Result<Answer, Problem> {
    let Call { app, caller, query, headers, id, .. } = *call;
    query.none()?;
    let id: PaymentId = id.parse().map_err(|_| Problem::NotFound)?;
    app.parts.reads.payment(caller, id).await.map_err(|error| stores_down(&error))?.ok_or(Problem::NotFound)?;
    follow(call, Some(id.into()), last_event_id(headers).map_or(Begin::Start, |id| of_text(id, LAST_EVENT_ID))).await
}

async fn follow(call: &Call<'_>, aggregate: Option<AggregateId>, begin: Begin) -> Result<Answer, Problem> {
    let Call { app, caller, .. } = *call;
    let share = app.parts.streams.take(caller)?;
    let key: DataKey = sealing_key(app, caller.mode, &caller.tenant).await?;
    let place = place(app, caller, begin).await?;
    let (reads, caller) = (app.parts.reads.clone(), caller.clone());
    let over = app.parts.authenticator.over(call.headers, &caller);
    let follower = Follower { reads, caller, aggregate, key, place, share };
    Ok(event_stream(follower.start(&app.parts.tail, over, app.parts.stopping.clone())))
}

/// Nothing on the way is to keep it back, or to keep it.
fn event_stream(chunks: impl Stream<Item = Result<Bytes, Infallible>> + Send + Sync + 'static) -> Answer {
    let mut answer = warp::reply::stream(chunks).into_response();
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    answer
}

async fn place(app: &App, caller: &Caller, begin: Begin) -> Result<Positions, Problem> {
    match begin {
        Begin::Start => Ok(Positions::default()),
        Begin::Now => app.parts.reads.event_ends().await.map_err(|error| stores_down(&error)),
        Begin::Cursor(cursor, field) => opened(app, caller, &cursor, field).await,
    }
}

async fn opened(app: &App, caller: &Caller, cursor: &str, field: &str) -> Result<Positions, Problem> {
    let refused = || {
        let message = format!("must be {NOW}, the next_cursor of a page, or the id of an event of a stream");
        Problem::Invalid(vec![FieldError { field: field.to_owned(), message }])
    };
    let sealed = read_sealed(cursor).ok_or_else(refused)?;
    let keys = app.parts.keys.followed();
    match keys.open_if_known(binding(caller.mode, &caller.tenant), &sealed).await {
        Ok(bytes) => read_opened(&bytes).ok_or_else(refused),
        Err(OpenError::NoKey(_)) if !keys.is_caught_up() => Err(Problem::Unavailable("the tenants' keys")),
        Err(
            OpenError::NoKey(_)
            | OpenError::Erased(_)
            | OpenError::Algorithm(_)
            | OpenError::Forged(_)
            | OpenError::OtherMasterKey { .. },
        ) => Err(refused()),
    }
}

fn of_text(text: String, field: &'static str) -> Begin {
    if text == NOW { Begin::Now } else { Begin::Cursor(text, field) }
}

/// Browsers send it empty before the first event.
fn last_event_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(LAST_EVENT_ID)?.to_str().ok()?;
    (!id.is_empty()).then(|| id.to_owned())
}

fn accepts(headers: &HeaderMap, media_type: &str) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut types =
        accepted.flat_map(|value| value.split(',')).map(|of| of.split(';').next().unwrap_or_default().trim());
    types.any(|of| of.eq_ignore_ascii_case(media_type))
}
