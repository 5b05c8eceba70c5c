//! Which path and method goes to which handler. A handler answers everything about a request that reached it, so the only
//! rejections are of paths, methods, queries and bodies' lengths.

use std::convert::Infallible;

use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, Rejection, Reply};

use crate::error::Error;
use crate::gateway::Gateway;
use crate::{actions, admin, dialect, stripe};

/// The whole gateway.
pub(crate) fn routes(gateway: &Gateway) -> BoxedFilter<(Response,)> {
    dialect::routes(gateway)
        .or(stripe::routes(gateway))
        .unify()
        .or(actions::routes(gateway))
        .unify()
        .or(admin::routes(gateway))
        .unify()
        .recover(refuse)
        .unify()
        .boxed()
}

async fn refuse(rejection: Rejection) -> Result<Response, Infallible> {
    Ok(Error::from(&rejection).into_response())
}
