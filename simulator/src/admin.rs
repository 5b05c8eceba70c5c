//! What a test asks of the gateway behind its client's back: what was done, and to do what clients cannot.

mod control;
mod dashboard;
mod reports;

use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, path};

use crate::error::BODY_BYTES_MAX;
use crate::gateway::Gateway;

/// Everything under `/admin`.
pub(crate) fn routes(gateway: &Gateway) -> BoxedFilter<(Response,)> {
    reports(gateway).or(dashboard(gateway)).unify().or(control(gateway)).unify().boxed()
}

fn reports(gateway: &Gateway) -> BoxedFilter<(Response,)> {
    let gateway = shared(gateway);
    let list_keys = path!("admin" / "keys").and(warp::get()).and(gateway.clone()).and(warp::query());
    let get_key = path!("admin" / "keys" / String).and(warp::get()).and(gateway.clone());
    let totals = path!("admin" / "totals").and(warp::get()).and(gateway.clone());
    let ledger = path!("admin" / "ledger").and(warp::get()).and(gateway).and(warp::query());
    list_keys
        .map(reports::list_keys)
        .or(get_key.map(reports::get_key))
        .unify()
        .or(totals.map(reports::get_totals))
        .unify()
        .or(ledger.map(reports::get_ledger))
        .unify()
        .boxed()
}

fn dashboard(gateway: &Gateway) -> BoxedFilter<(Response,)> {
    let gateway = shared(gateway);
    let refund = path!("admin" / "charges" / String / "refunds").and(warp::post()).and(gateway.clone()).and(body());
    let expire = path!("admin" / "charges" / String / "expire").and(warp::post()).and(gateway.clone());
    let fail_capture = path!("admin" / "charges" / String / "captures" / String / "fail").and(warp::post());
    let fail_refund = path!("admin" / "refunds" / String / "fail").and(warp::post()).and(gateway.clone());
    let dispute = path!("admin" / "charges" / String / "disputes").and(warp::post()).and(gateway.clone()).and(body());
    let close = path!("admin" / "disputes" / String / "close").and(warp::post()).and(gateway.clone()).and(body());
    refund
        .map(dashboard::refund)
        .or(expire.map(dashboard::expire))
        .unify()
        .or(fail_capture.and(gateway).map(dashboard::fail_capture))
        .unify()
        .or(fail_refund.map(dashboard::fail_refund))
        .unify()
        .or(dispute.map(dashboard::dispute))
        .unify()
        .or(close.map(dashboard::close_dispute))
        .unify()
        .boxed()
}

fn control(gateway: &Gateway) -> BoxedFilter<(Response,)> {
    let gateway = shared(gateway);
    let reset = path!("admin" / "reset").and(warp::post()).and(gateway.clone());
    let forget = path!("admin" / "keys" / "forget").and(warp::post()).and(gateway.clone());
    let listen = path!("admin" / "webhooks").and(warp::put()).and(gateway.clone()).and(body());
    let hang_up = path!("admin" / "webhooks").and(warp::delete()).and(gateway.clone());
    let order_faults = path!("admin" / "faults").and(warp::put()).and(gateway).and(body());
    reset
        .map(control::reset)
        .or(forget.map(control::forget_keys))
        .unify()
        .or(listen.map(control::listen))
        .unify()
        .or(hang_up.map(control::hang_up))
        .unify()
        .or(order_faults.map(control::order_faults))
        .unify()
        .boxed()
}

fn shared(gateway: &Gateway) -> BoxedFilter<(Gateway,)> {
    let gateway = gateway.clone();
    warp::any().map(move || gateway.clone()).boxed()
}

fn body() -> BoxedFilter<(warp::http::HeaderMap, bytes::Bytes)> {
    warp::header::headers_cloned()
        .and(warp::body::content_length_limit(BODY_BYTES_MAX))
        .and(warp::body::bytes())
        .boxed()
}
