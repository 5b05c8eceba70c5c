//! What a handler is told of a request, but for its body.

use std::net::IpAddr;

use quittance_service::trace::TraceContext;
use warp::http::HeaderMap;

use crate::{app::App, auth::Caller, query::Query};

/// A request by somebody who may make it.
pub(crate) struct Call<'a> {
    pub(crate) app: &'a App,
    /// Who asks.
    pub(crate) caller: &'a Caller,
    /// Where from, as far as is known.
    pub(crate) client: Option<IpAddr>,
    /// What the path names, as it was sent; empty if it names nothing.
    pub(crate) id: &'a str,
    pub(crate) query: &'a Query,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) trace: &'a TraceContext,
}
