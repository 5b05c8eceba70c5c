//! Everything under `/stripe/v1` goes to one handler, because every request needs the same before its path matters.

use std::convert::Infallible;

use bytes::Bytes;
use warp::filters::BoxedFilter;
use warp::http::HeaderMap;
use warp::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use warp::reject::PayloadTooLarge;
use warp::reply::Response;
use warp::{Filter, Rejection, Reply, path};

use super::handlers;
use super::problem::Problem;
use crate::error::BODY_BYTES_MAX;
use crate::gateway::Gateway;

/// Everything under `/stripe/v1`.
pub(crate) fn routes(gateway: &Gateway) -> BoxedFilter<(Response,)> {
    let gateway = gateway.clone();
    let query = warp::query::raw().or(warp::any().map(String::new)).unify();
    let requests = warp::any()
        .map(move || gateway.clone())
        .and(warp::method())
        .and(warp::path::tail())
        .and(query)
        .and(warp::header::headers_cloned())
        .and(body())
        .then(handlers::handle);
    path!("stripe" / "v1" / ..).and(requests.recover(refuse).unify()).boxed()
}

/// The body, which a request that says nothing of one does not have.
fn body() -> BoxedFilter<(Bytes,)> {
    let none = warp::header::headers_cloned().and_then(no_body);
    let some = warp::body::content_length_limit(BODY_BYTES_MAX).and(warp::body::bytes());
    none.or(some).unify().boxed()
}

async fn no_body(headers: HeaderMap) -> Result<Bytes, Rejection> {
    let has_body = headers.contains_key(CONTENT_LENGTH) || headers.contains_key(TRANSFER_ENCODING);
    if has_body { Err(warp::reject()) } else { Ok(Bytes::new()) }
}

async fn refuse(rejection: Rejection) -> Result<Response, Infallible> {
    let problem = if rejection.find::<PayloadTooLarge>().is_some() {
        Problem::invalid(format!("The body is larger than {BODY_BYTES_MAX} bytes."))
    } else {
        Problem::invalid("The body could not be read, or does not say how long it is.")
    };
    Ok(problem.into_response())
}
