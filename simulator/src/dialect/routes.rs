//! Which path and method goes to which handler.

use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, path};

use super::handlers;
use crate::error::BODY_BYTES_MAX;
use crate::gateway::Gateway;

/// Everything under `/v1`.
pub(crate) fn routes(gateway: &Gateway) -> BoxedFilter<(Response,)> {
    let shared = gateway.clone();
    let gateway = warp::any().map(move || shared.clone()).boxed();
    let body = warp::header::headers_cloned()
        .and(warp::body::content_length_limit(BODY_BYTES_MAX))
        .and(warp::body::bytes())
        .boxed();
    let post = |path: BoxedFilter<(String,)>| path.and(warp::post()).and(gateway.clone()).and(body.clone());

    let create = path!("v1" / "charges").and(warp::post()).and(gateway.clone()).and(body.clone());
    let find = path!("v1" / "charges").and(warp::get()).and(gateway.clone()).and(warp::query());
    let get = path!("v1" / "charges" / String).and(warp::get()).and(gateway.clone());
    let capture = post(path!("v1" / "charges" / String / "captures").boxed());
    let void = post(path!("v1" / "charges" / String / "void").boxed());
    let refund = post(path!("v1" / "charges" / String / "refunds").boxed());
    create
        .then(handlers::create_charge)
        .or(find.map(handlers::find_charges))
        .unify()
        .or(get.map(handlers::get_charge))
        .unify()
        .or(capture.then(handlers::capture))
        .unify()
        .or(void.then(handlers::void))
        .unify()
        .or(refund.then(handlers::refund))
        .unify()
        .boxed()
}
