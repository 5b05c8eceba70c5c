//! A request's way in and its answer's way out: found in the table, let in, handed to its handler, noted.

use std::{convert::Infallible, net::IpAddr, sync::Arc, time::Instant};

use quittance_service::{health::Health, http::ClientAddress, trace::TraceContext};
use warp::{
    Filter, Rejection, Reply,
    http::{HeaderMap, HeaderValue, Method, header},
    hyper::body::Body,
};

use crate::{
    app::App,
    body::Chunks,
    call::Call,
    endpoints::{Access, Endpoint, Open},
    handlers::{self, Answer},
    problem::Problem,
    query::Query,
    router::{Endpoints, Found},
    screen::screen,
    version,
};

/// Every route of the public listener.
pub(crate) fn routes(
    app: App,
    health: Health,
) -> impl Filter<Extract = (impl Reply,), Error = Infallible> + Clone + Send + Sync + 'static {
    let public = Arc::new(Public { app, health, endpoints: Endpoints::new() });
    let query = warp::query::raw().or_else(|_| async { Ok::<_, Rejection>((String::new(),)) });
    let api = warp::path::full().and(warp::method()).and(query).and(warp::header::headers_cloned());
    let api = api.and(warp::ext::optional()).and(warp::body::stream());
    let api = api.then(move |path, method, query: String, headers, client: Option<ClientAddress>, body| {
        let client = client.map(|ClientAddress(address)| address);
        let request = Request { method, path, query: Query::parse(&query), headers, client };
        // A connection has room for what its requests may come to for as long as it lives; so that is a pointer.
        Box::pin(answer(Arc::clone(&public), request, body))
    });
    api.recover(|_: Rejection| async { Ok::<_, Infallible>(Problem::NotFound.response()) })
}

/// The public side.
struct Public {
    app: App,
    health: Health,
    endpoints: Endpoints,
}

/// A request but for its body.
struct Request {
    method: Method,
    path: warp::path::FullPath,
    query: Query,
    headers: HeaderMap,
    /// Where it comes from, by the listener's word.
    client: Option<IpAddr>,
}

/// The header by which whoever has a question says which request it is about; the trace goes by the same id.
const REQUEST_ID: &str = "request-id";
/// What requests to no path of ours are noted as.
const NOWHERE: &str = "(none)";

/// Has a request answered, and notes what came of it.
async fn answer(public: Arc<Public>, request: Request, body: impl Chunks) -> Answer {
    let began = Instant::now();
    let trace = trace(&request.headers);
    let path = request.path.as_str();
    let screened = screen(path, &request.query, &request.headers);
    let (pattern, answered) = match screened.and_then(|()| public.endpoints.find(&request.method, path)) {
        Ok(found) => (found.spec.path, handle(&public, &found, &request, body, &trace).await),
        Err(problem) => (NOWHERE, Err(problem)),
    };
    let mut response = answered.unwrap_or_else(|problem| problem.response());
    if request.method == Method::HEAD {
        response = without_body(response);
    }
    version::tell(response.headers_mut());
    if let Ok(id) = HeaderValue::from_str(&trace.trace_id().to_string()) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    let status = response.status();
    let metrics = &public.app.parts.ingest_metrics;
    metrics.requests.with_label_values(&[pattern, status.as_str()]).inc();
    metrics.seconds.with_label_values(&[pattern]).observe(began.elapsed().as_secs_f64());
    let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let (method, status, trace_id) = (&request.method, status.as_u16(), trace.trace_id());
    if status >= 500 {
        tracing::warn!(%method, route = pattern, status, ms, %trace_id, "answered");
    } else {
        tracing::debug!(%method, route = pattern, status, ms, %trace_id, "answered");
    }
    response
}

/// Lets in who may come in, before anything of the body is read.
async fn handle(
    public: &Public,
    found: &Found<'_>,
    request: &Request,
    body: impl Chunks,
    trace: &TraceContext,
) -> Result<Answer, Problem> {
    let Public { app, health, .. } = public;
    let Request { query, headers, client, .. } = request;
    let endpoint = match found.spec.access {
        Access::Public(open) => return by_anybody(health, open, query, headers),
        Access::Webhook => {
            version::check(headers)?;
            return handlers::webhook(app, *client, query, headers, found.id, body).await;
        }
        Access::Roles(_, endpoint) => endpoint,
    };
    version::check(headers)?;
    let caller = app.parts.authenticator.caller(headers).await?;
    app.parts.rates.admit(&caller).await?;
    if !found.spec.access.allows(&caller.roles) {
        return Err(Problem::Forbidden);
    }
    let _share = app.parts.requests.take(&caller)?;
    dispatch(endpoint, &Call { app, caller: &caller, client: *client, id: found.id, query, headers, trace }, body).await
}

/// What tells of the process, not of a tenant.
fn by_anybody(health: &Health, open: Open, query: &Query, headers: &HeaderMap) -> Result<Answer, Problem> {
    match open {
        Open::Document => handlers::openapi(query, headers),
        Open::Live => Ok(handlers::live(health)),
        Open::Ready => Ok(handlers::ready(health)),
    }
}

async fn dispatch(endpoint: Endpoint, call: &Call<'_>, body: impl Chunks) -> Result<Answer, Problem> {
    match endpoint {
        Endpoint::CreatePayment => handlers::create_payment(call, body).await,
        Endpoint::ListPayments => handlers::list_payments(call).await,
        Endpoint::ReadPayment => handlers::read_payment(call).await,
        Endpoint::Operate(operation) => handlers::operate(call, operation, body).await,
        Endpoint::ReadHistory => handlers::read_history(call).await,
        Endpoint::FollowPayment => handlers::follow_payment(call).await,
        Endpoint::ReadEvents => handlers::read_events(call).await,
        Endpoint::ReadRefund => handlers::read_refund(call).await,
        Endpoint::ReadCommand => handlers::read_command(call).await,
        Endpoint::CreatePaymentMethod => handlers::create_method(call, body).await,
        Endpoint::ReadPaymentMethod => handlers::read_method(call).await,
        Endpoint::ChangePaymentMethod(change) => handlers::change_method(call, change, body).await,
        Endpoint::ReadAccounts => handlers::read_accounts(call).await,
        Endpoint::ReadAccount => handlers::read_account(call).await,
        Endpoint::ReadPostings => handlers::read_postings(call).await,
        Endpoint::ReadTrialBalance => handlers::read_trial_balance(call).await,
        Endpoint::ReadGatewayAccounts => handlers::read_gateway_accounts(call).await,
        Endpoint::ReadGatewayAccount => handlers::read_gateway_account(call).await,
        Endpoint::PutGatewayAccount => handlers::put_gateway_account(call, body).await,
        Endpoint::CreateApiKey => handlers::create_api_key(call, body).await,
        Endpoint::ReadApiKeys => handlers::read_api_keys(call).await,
        Endpoint::ReadApiKey => handlers::read_api_key(call).await,
        Endpoint::RevokeApiKey => handlers::revoke_api_key(call).await,
        Endpoint::ReadRoutingRules => handlers::read_set::<handlers::Rules>(call).await,
        Endpoint::PutRoutingRules => handlers::put_set::<handlers::Rules>(call, body).await,
        Endpoint::ReadLimits => handlers::read_set::<handlers::Limits>(call).await,
        Endpoint::PutLimits => handlers::put_set::<handlers::Limits>(call, body).await,
        Endpoint::ReadFees => handlers::read_set::<handlers::Fees>(call).await,
        Endpoint::PutFees => handlers::put_set::<handlers::Fees>(call, body).await,
        Endpoint::ReadAnomalies => handlers::read_anomalies(call).await,
    }
}

/// The answer to `HEAD` (RFC 9110, 9.3.2): nobody cuts it for us on HTTP/2.
fn without_body(answer: Answer) -> Answer {
    let length = answer.body().size_hint().exact();
    let (mut head, _) = answer.into_parts();
    if let Some(length) = length {
        head.headers.insert(header::CONTENT_LENGTH, length.into());
    }
    Answer::from_parts(head, warp::reply::Response::default().into_body())
}

/// The caller's trace goes on here; without one a new one begins.
fn trace(headers: &HeaderMap) -> TraceContext {
    let given = headers.get("traceparent").and_then(|value| value.to_str().ok()).and_then(TraceContext::parse);
    given.map_or_else(TraceContext::new_root, |trace| trace.child())
}
