//! Paths and methods: which request goes to which handler.

mod body;

use std::{convert::Infallible, time::Instant};

use bytes::Bytes;
use quittance_service::{admin, trace::TraceContext};
use warp::{
    Filter, Rejection, Reply,
    http::{HeaderMap, Method, Response},
};

use self::body::{Chunks, read_body};
use crate::{app::App, handlers, problem::Problem};

/// A path of ours, with the ids in it as they were sent.
enum Route {
    Payments,
    Payment(String),
    History(String),
    Command(String),
}

impl Route {
    /// The path's pattern, for metrics and logs: the ids in a path are not for them.
    fn pattern(&self) -> &'static str {
        match self {
            Self::Payments => "/v1/payments",
            Self::Payment(_) => "/v1/payments/{id}",
            Self::History(_) => "/v1/payments/{id}/history",
            Self::Command(_) => "/v1/commands/{id}",
        }
    }
}

/// Every route of the public listener.
pub fn routes(app: App) -> impl Filter<Extract = (impl Reply,), Error = Infallible> + Clone + Send + Sync + 'static {
    let admin = admin::routes(app.parts.health.clone(), app.parts.metrics.clone());
    let api = route()
        .and(warp::method())
        .and(warp::header::headers_cloned())
        .and(warp::body::stream())
        .then(move |route, method, headers, body| answer(app.clone(), route, method, headers, body));
    api.or(admin).recover(|_: Rejection| async { Ok::<_, Infallible>(Problem::NotFound.response()) })
}

fn route() -> impl Filter<Extract = (Route,), Error = Rejection> + Clone + Send + Sync + 'static {
    let payments = warp::path!("v1" / "payments").map(|| Route::Payments);
    let payment = warp::path!("v1" / "payments" / String).map(Route::Payment);
    let history = warp::path!("v1" / "payments" / String / "history").map(Route::History);
    let command = warp::path!("v1" / "commands" / String).map(Route::Command);
    payments.or(payment).unify().or(history).unify().or(command).unify()
}

/// Hands a request to its handler, and notes what came of it.
async fn answer(app: App, route: Route, method: Method, headers: HeaderMap, body: impl Chunks) -> Response<Bytes> {
    let began = Instant::now();
    let trace = trace(&headers);
    let response =
        handle(&app, &route, &method, &headers, body, &trace).await.unwrap_or_else(|problem| problem.response());
    let (pattern, status) = (route.pattern(), response.status());
    let metrics = &app.parts.ingest_metrics;
    metrics.requests.with_label_values(&[pattern, status.as_str()]).inc();
    metrics.seconds.with_label_values(&[pattern]).observe(began.elapsed().as_secs_f64());
    let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::debug!(%method, route = pattern, status = status.as_u16(), ms, trace_id = %trace.trace_id(), "answered");
    response
}

async fn handle(
    app: &App,
    route: &Route,
    method: &Method,
    headers: &HeaderMap,
    body: impl Chunks,
    trace: &TraceContext,
) -> Result<Response<Bytes>, Problem> {
    match (route, method) {
        (Route::Payments, &Method::POST) => {
            let body = read_body(headers, body).await?;
            handlers::create_payment(app, headers, body, trace).await
        }
        (Route::Payment(id), &Method::GET) => handlers::read_payment(app, headers, id).await,
        (Route::History(id), &Method::GET) => handlers::read_history(app, headers, id).await,
        (Route::Command(id), &Method::GET) => handlers::read_command(app, headers, id).await,
        (Route::Payments, _) => Err(Problem::MethodNotAllowed("POST")),
        (Route::Payment(_) | Route::History(_) | Route::Command(_), _) => Err(Problem::MethodNotAllowed("GET")),
    }
}

/// The caller's trace goes on here; without one a new one begins.
fn trace(headers: &HeaderMap) -> TraceContext {
    let given = headers.get("traceparent").and_then(|value| value.to_str().ok()).and_then(TraceContext::parse);
    given.map_or_else(TraceContext::new_root, |trace| trace.child())
}
