//! Which path and method goes to which handler. A handler answers everything about a request that reached it, so the only
//! rejections are of paths, methods, queries and bodies' lengths.

use std::convert::Infallible;

use warp::reply::Response;
use warp::{Filter, Rejection, Reply};

use crate::Config;
use crate::error::{BODY_BYTES_MAX, Error};
use crate::handlers::{self, Gateway};

/// The whole gateway, with an empty ledger.
pub(crate) fn routes(config: &Config) -> impl Filter<Extract = (Response,), Error = Infallible> + Clone + use<> {
    let gateway = Gateway::new(config);
    charges(gateway.clone()).or(admin(gateway)).unify().recover(refuse).unify()
}

fn charges(gateway: Gateway) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone {
    let gateway = warp::any().map(move || gateway.clone());
    let create = warp::path!("v1" / "charges")
        .and(warp::post())
        .and(gateway.clone())
        .and(warp::header::headers_cloned())
        .and(warp::body::content_length_limit(BODY_BYTES_MAX))
        .and(warp::body::bytes())
        .then(handlers::create_charge);
    let find = warp::path!("v1" / "charges")
        .and(warp::get())
        .and(gateway.clone())
        .and(warp::query())
        .map(handlers::find_charges);
    let get = warp::path!("v1" / "charges" / String).and(warp::get()).and(gateway).map(handlers::get_charge);
    create.or(find).unify().or(get).unify()
}

fn admin(gateway: Gateway) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone {
    let gateway = warp::any().map(move || gateway.clone());
    let list_keys =
        warp::path!("admin" / "keys").and(warp::get()).and(gateway.clone()).and(warp::query()).map(handlers::list_keys);
    let get_key = warp::path!("admin" / "keys" / String).and(warp::get()).and(gateway.clone()).map(handlers::get_key);
    let totals = warp::path!("admin" / "totals").and(warp::get()).and(gateway.clone()).map(handlers::get_totals);
    let reset = warp::path!("admin" / "reset").and(warp::post()).and(gateway).map(handlers::reset);
    list_keys.or(get_key).unify().or(totals).unify().or(reset).unify()
}

async fn refuse(rejection: Rejection) -> Result<Response, Infallible> {
    Ok(Error::from(&rejection).into_response())
}
