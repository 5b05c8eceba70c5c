//! One connection, from its first byte to the end of its drain.

use std::pin::pin;
use std::time::Duration;

use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpStream;
use tower::{Service, ServiceExt};

use super::body::RequestBody;
use super::stall::StallGuard;
use super::{BoxError, HttpLimits};
use crate::shutdown::Shutdown;

/// What a connection needs of its server.
#[derive(Clone)]
pub(super) struct Server<S> {
    service: S,
    http: http1::Builder,
    body_timeout: Duration,
    write_timeout: Duration,
    drain_timeout: Duration,
    shutdown: Shutdown,
}

impl<S, B> Server<S>
where
    S: Service<Request<RequestBody>, Response = Response<B>> + Clone,
    S::Error: Into<BoxError>,
    B: Body + 'static,
    B::Error: Into<BoxError>,
{
    pub(super) fn new(service: S, limits: &HttpLimits, shutdown: Shutdown) -> Self {
        let mut http = http1::Builder::new();
        // Without a timer hyper would not keep the timeout, and panics instead.
        http.timer(TokioTimer::new());
        http.header_read_timeout(limits.header_timeout);
        http.max_header_size(limits.header_bytes_max);
        let HttpLimits { body_timeout, write_timeout, drain_timeout, .. } = *limits;
        Self { service, http, body_timeout, write_timeout, drain_timeout, shutdown }
    }

    /// Serves requests until the peer leaves, a limit is reached or shutdown is requested; in the last case the request
    /// in flight is answered (with `Connection: close`) if the drain timeout allows it.
    pub(super) async fn connection(self, stream: TcpStream) {
        let Self { service, http, body_timeout, write_timeout, drain_timeout, shutdown } = self;
        let service = service
            .map_request(move |request: Request<Incoming>| request.map(|body| RequestBody::new(body, body_timeout)));
        let io = TokioIo::new(StallGuard::new(stream, write_timeout));
        let mut connection = pin!(http.serve_connection(io, TowerToHyperService::new(service)));
        let ended = match shutdown.run_until_requested(connection.as_mut()).await {
            Some(ended) => ended,
            None => {
                connection.as_mut().graceful_shutdown();
                match tokio::time::timeout(drain_timeout, connection).await {
                    Ok(ended) => ended,
                    Err(_elapsed) => return tracing::warn!("dropped a connection that did not finish in time"),
                }
            }
        };
        if let Err(error) = ended {
            // The peer's doing (a reset, a timeout, bad syntax), so no news to an operator.
            tracing::debug!(%error, "connection ended early");
        }
    }
}
