//! Paths and methods: which request goes to which handler.

use std::{convert::Infallible, time::Instant};

use bytes::Bytes;
use quittance_service::{admin, trace::TraceContext};
use warp::{
    Filter, Rejection, Reply,
    http::{HeaderMap, Method, Response},
};

use crate::{
    app::Entrance, body::Chunks, handlers, method::MethodChange, operation::Operation, problem::Problem, query::Query,
};

/// A path of ours, with the ids in it as they were sent.
enum Route {
    Payments,
    Payment(String),
    History(String),
    Operation(String, Operation),
    Refund(String),
    Command(String),
    Accounts,
    Account(String),
    Postings(String),
    TrialBalance,
    GatewayAccounts,
    GatewayAccount(String),
    Webhook(String),
    RoutingRules,
    Limits,
    Fees,
    Anomalies,
    Methods,
    Method(String),
    ConfirmMethod(String),
}

impl Route {
    /// The path's pattern, for metrics and logs: the ids in a path are not for them.
    fn pattern(&self) -> &'static str {
        match self {
            Self::Payments => "/v1/payments",
            Self::Payment(_) => "/v1/payments/{id}",
            Self::History(_) => "/v1/payments/{id}/history",
            Self::Operation(_, operation) => operation.pattern(),
            Self::Refund(_) => "/v1/refunds/{id}",
            Self::Command(_) => "/v1/commands/{id}",
            Self::Accounts => "/v1/accounts",
            Self::Account(_) => "/v1/accounts/{id}",
            Self::Postings(_) => "/v1/accounts/{id}/postings",
            Self::TrialBalance => "/v1/ledger/trial-balance",
            Self::GatewayAccounts => "/v1/gateway-accounts",
            Self::GatewayAccount(_) => "/v1/gateway-accounts/{name}",
            Self::Webhook(_) => "/v1/gateway-accounts/{id}/webhook",
            Self::RoutingRules => "/v1/routing-rules",
            Self::Limits => "/v1/limits",
            Self::Fees => "/v1/fees",
            Self::Anomalies => "/v1/gateway-anomalies",
            Self::Methods => "/v1/payment-methods",
            Self::Method(_) => "/v1/payment-methods/{id}",
            Self::ConfirmMethod(_) => "/v1/payment-methods/{id}/confirm",
        }
    }
}

/// Every route of the public listener.
pub fn routes(
    entrance: Entrance,
) -> impl Filter<Extract = (impl Reply,), Error = Infallible> + Clone + Send + Sync + 'static {
    let admin = admin::routes(entrance.health.clone(), entrance.metrics.clone());
    let api = route().and(warp::method()).and(warp::query()).and(warp::header::headers_cloned());
    let api = api.and(warp::body::stream()).then(move |route, method, query, headers, body| {
        let request = Request { route, method, query: Query(query), headers };
        answer(entrance.clone(), request, body)
    });
    api.or(admin).recover(|_: Rejection| async { Ok::<_, Infallible>(Problem::NotFound.response()) })
}

fn route() -> impl Filter<Extract = (Route,), Error = Rejection> + Clone + Send + Sync + 'static {
    let payments = warp::path!("v1" / "payments").map(|| Route::Payments);
    let payment = warp::path!("v1" / "payments" / String).map(Route::Payment);
    let history = warp::path!("v1" / "payments" / String / "history").map(Route::History);
    let command = warp::path!("v1" / "commands" / String).map(Route::Command);
    let refund = warp::path!("v1" / "refunds" / String).map(Route::Refund);
    let operation = warp::path!("v1" / "payments" / String / String).and_then(|id, segment: String| {
        let known = Operation::ALL.into_iter().find(|operation| operation.segment() == Some(&*segment));
        async move { known.map(|operation| Route::Operation(id, operation)).ok_or_else(warp::reject::not_found) }
    });
    let reads = payment.or(history).unify().or(command).unify().or(refund).unify();
    let accounts = warp::path!("v1" / "accounts").map(|| Route::Accounts);
    let account = warp::path!("v1" / "accounts" / String).map(Route::Account);
    let postings = warp::path!("v1" / "accounts" / String / "postings").map(Route::Postings);
    let trial_balance = warp::path!("v1" / "ledger" / "trial-balance").map(|| Route::TrialBalance);
    let ledger = accounts.or(account).unify().or(postings).unify().or(trial_balance).unify();
    let gateway_accounts = warp::path!("v1" / "gateway-accounts").map(|| Route::GatewayAccounts);
    let gateway_account = warp::path!("v1" / "gateway-accounts" / String).map(Route::GatewayAccount);
    let webhook = warp::path!("v1" / "gateway-accounts" / String / "webhook").map(Route::Webhook);
    let gateways = gateway_accounts.or(gateway_account).unify().or(webhook).unify();
    let routing_rules = warp::path!("v1" / "routing-rules").map(|| Route::RoutingRules);
    let limits = warp::path!("v1" / "limits").map(|| Route::Limits);
    let fees = warp::path!("v1" / "fees").map(|| Route::Fees);
    let anomalies = warp::path!("v1" / "gateway-anomalies").map(|| Route::Anomalies);
    let methods = warp::path!("v1" / "payment-methods").map(|| Route::Methods);
    let method = warp::path!("v1" / "payment-methods" / String).map(Route::Method);
    let confirm_method = warp::path!("v1" / "payment-methods" / String / "confirm").map(Route::ConfirmMethod);
    let methods = methods.or(method).unify().or(confirm_method).unify();
    let configuration = gateways.or(routing_rules).unify().or(limits).unify().or(fees).unify().or(anomalies).unify();
    payments.or(reads).unify().or(operation).unify().or(ledger).unify().or(configuration).unify().or(methods).unify()
}

/// A request but for its body.
struct Request {
    route: Route,
    method: Method,
    query: Query,
    headers: HeaderMap,
}

/// Hands a request to its handler, and notes what came of it.
async fn answer(entrance: Entrance, request: Request, body: impl Chunks) -> Response<Bytes> {
    let began = Instant::now();
    let trace = trace(&request.headers);
    let response = handle(&entrance, &request, body, &trace).await.unwrap_or_else(|problem| problem.response());
    let (pattern, status) = (request.route.pattern(), response.status());
    let metrics = &entrance.ingest_metrics;
    metrics.requests.with_label_values(&[pattern, status.as_str()]).inc();
    metrics.seconds.with_label_values(&[pattern]).observe(began.elapsed().as_secs_f64());
    let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let (method, status, trace_id) = (&request.method, status.as_u16(), trace.trace_id());
    tracing::debug!(%method, route = pattern, status, ms, %trace_id, "answered");
    response
}

async fn handle(
    entrance: &Entrance,
    request: &Request,
    body: impl Chunks,
    trace: &TraceContext,
) -> Result<Response<Bytes>, Problem> {
    let Request { route, method, query, headers } = request;
    let app = entrance.app()?;
    match (route, method) {
        (Route::Payments, &Method::POST) => handlers::create_payment(app, query, headers, body, trace).await,
        (Route::Payment(id), &Method::GET) => handlers::read_payment(app, query, headers, id).await,
        (Route::History(id), &Method::GET) => handlers::read_history(app, query, headers, id).await,
        (Route::Command(id), &Method::GET) => handlers::read_command(app, query, headers, id).await,
        (Route::Refund(id), &Method::GET) => handlers::read_refund(app, query, headers, id).await,
        (Route::Accounts, &Method::GET) => handlers::read_accounts(app, query, headers).await,
        (Route::Account(id), &Method::GET) => handlers::read_account(app, query, headers, id).await,
        (Route::Postings(id), &Method::GET) => handlers::read_postings(app, query, headers, id).await,
        (Route::TrialBalance, &Method::GET) => handlers::read_trial_balance(app, query, headers).await,
        (Route::GatewayAccounts, &Method::GET) => handlers::read_gateway_accounts(app, query, headers).await,
        (Route::GatewayAccount(name), &Method::GET) => handlers::read_gateway_account(app, query, headers, name).await,
        (Route::GatewayAccount(name), &Method::PUT) => {
            handlers::put_gateway_account(app, query, headers, name, body).await
        }
        (Route::Webhook(id), &Method::POST) => handlers::webhook(app, query, headers, id, body).await,
        (Route::RoutingRules, &Method::GET) => handlers::read_set::<handlers::Rules>(app, query, headers).await,
        (Route::RoutingRules, &Method::PUT) => handlers::put_set::<handlers::Rules>(app, query, headers, body).await,
        (Route::Limits, &Method::GET) => handlers::read_set::<handlers::Limits>(app, query, headers).await,
        (Route::Limits, &Method::PUT) => handlers::put_set::<handlers::Limits>(app, query, headers, body).await,
        (Route::Fees, &Method::GET) => handlers::read_set::<handlers::Fees>(app, query, headers).await,
        (Route::Fees, &Method::PUT) => handlers::put_set::<handlers::Fees>(app, query, headers, body).await,
        (Route::Anomalies, &Method::GET) => handlers::read_anomalies(app, query, headers).await,
        (Route::Methods, &Method::POST) => handlers::create_method(app, query, headers, body, trace).await,
        (Route::Method(id), &Method::GET) => handlers::read_method(app, query, headers, id).await,
        (Route::Method(id), &Method::DELETE) => {
            handlers::change_method(app, query, headers, (id, MethodChange::Remove), body, trace).await
        }
        (Route::ConfirmMethod(id), &Method::POST) => {
            handlers::change_method(app, query, headers, (id, MethodChange::Confirm), body, trace).await
        }
        (Route::Operation(id, operation), &Method::POST) => {
            handlers::operate(app, query, headers, (id, *operation), body, trace).await
        }
        (Route::Payment(id), &Method::PATCH) => {
            handlers::operate(app, query, headers, (id, Operation::Update), body, trace).await
        }
        (Route::GatewayAccount(_) | Route::RoutingRules | Route::Limits | Route::Fees, _) => {
            Err(Problem::MethodNotAllowed("GET, PUT"))
        }
        (Route::Payments | Route::Webhook(_) | Route::Operation(..) | Route::Methods | Route::ConfirmMethod(_), _) => {
            Err(Problem::MethodNotAllowed("POST"))
        }
        (Route::Method(_), _) => Err(Problem::MethodNotAllowed("GET, DELETE")),
        (Route::Payment(_), _) => Err(Problem::MethodNotAllowed("GET, PATCH")),
        (
            Route::History(_)
            | Route::Refund(_)
            | Route::Command(_)
            | Route::Accounts
            | Route::Account(_)
            | Route::Postings(_)
            | Route::TrialBalance
            | Route::GatewayAccounts
            | Route::Anomalies,
            _,
        ) => Err(Problem::MethodNotAllowed("GET")),
    }
}

/// The caller's trace goes on here; without one a new one begins.
fn trace(headers: &HeaderMap) -> TraceContext {
    let given = headers.get("traceparent").and_then(|value| value.to_str().ok()).and_then(TraceContext::parse);
    given.map_or_else(TraceContext::new_root, |trace| trace.child())
}
