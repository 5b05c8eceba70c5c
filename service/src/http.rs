//! An HTTP/1.1 server that may face strangers: an accept loop around any tower service, `warp::service(…)` included.
//!
//! What it bounds, because each of these has stopped a server somewhere:
//!
//! - *a header that never ends*: the connection is closed after [`HttpLimits::header_timeout`], and so is one that is
//!   kept alive without a request;
//! - *a body that never ends*: reading it fails after [`HttpLimits::body_timeout`];
//! - *a peer that does not read*: the connection is closed after [`HttpLimits::write_timeout`];
//! - *too many connections*: past [`HttpLimits::connections_max`] new ones wait in the kernel's accept queue;
//! - *a shutdown that never ends*: after [`HttpLimits::drain_timeout`] what is still running is dropped.
//!
//! The size of a body and the time that a handler takes are bounded by the service: only it knows what is much.

use std::io;
use std::time::Duration;

use hyper::body::Body;
use hyper::{Request, Response};
use tokio::net::TcpListener;
use tokio::task::{JoinError, JoinSet};
use tower::Service;

use crate::shutdown::Shutdown;

mod accept;
mod body;
mod connection;
mod stall;
#[cfg(test)]
mod tests;

use accept::Acceptor;
use connection::Server;

pub use body::{BodyError, RequestBody};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The bounds of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpLimits {
    /// Connections that are served at a time.
    pub connections_max: usize,
    /// How long the header of a request may take to arrive, counted from the end of the one before.
    pub header_timeout: Duration,
    /// How long the body of a request may take to arrive, counted from when the service begins to read it.
    pub body_timeout: Duration,
    /// How long the peer may refuse to take a single byte of an answer.
    pub write_timeout: Duration,
    /// How long requests in flight may go on after shutdown was requested.
    pub drain_timeout: Duration,
    /// The size of a request's line and headers, in bytes; a larger one is answered with 431.
    pub header_bytes_max: usize,
}

impl Default for HttpLimits {
    /// 4,096 connections, 10 s for a header, 10 s for a body, 30 s for a peer to read on, 20 s to drain, 16 KiB of headers.
    fn default() -> Self {
        Self {
            connections_max: 4096,
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(30),
            drain_timeout: Duration::from_secs(20),
            header_bytes_max: 16 * 1024,
        }
    }
}

/// Serves `service` on `listener` until shutdown is requested, then refuses new connections, lets the requests in
/// flight finish for at most the drain timeout, and returns. Dropping the future drops its connections.
///
/// # Errors
/// When `listener` is not a bound socket. Later failures to accept are logged and tried again.
pub async fn serve<S, B>(listener: TcpListener, service: S, limits: HttpLimits, shutdown: Shutdown) -> io::Result<()>
where
    S: Service<Request<RequestBody>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    let address = listener.local_addr()?;
    let server = Server::new(service, &limits, shutdown.clone());
    let mut acceptor = Acceptor::new(listener, limits.connections_max);
    let mut connections = JoinSet::new();
    tracing::info!(%address, "listening");
    while let Some((stream, slot)) = shutdown.run_until_requested(acceptor.next()).await {
        let connection = server.clone().connection(stream);
        connections.spawn(async move {
            connection.await;
            drop(slot);
        });
        while let Some(ended) = connections.try_join_next() {
            report_panic(ended);
        }
    }
    // Closes the listening socket: from here on the kernel refuses, and a balancer goes elsewhere at once.
    drop(acceptor);
    tracing::info!(%address, connections = connections.len(), "draining");
    while let Some(ended) = connections.join_next().await {
        report_panic(ended);
    }
    tracing::info!(%address, "drained");
    Ok(())
}

/// A handler that panics takes its connection with it and nothing else.
fn report_panic(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a request's handler panicked");
    }
}
