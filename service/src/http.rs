//! An HTTP server that may face strangers: an accept loop around any tower service, `warp::service(…)` included. It speaks
//! HTTP/1.1 and HTTP/2, in the clear (HTTP/2 by prior knowledge) or over TLS (HTTP/2 by ALPN).
//!
//! What it bounds, because each of these has stopped a server somewhere:
//!
//! - *a client that never begins*: the PROXY protocol's header, the TLS handshake, the first bytes that tell HTTP/1 from
//!   HTTP/2, and the header of the first request have [`HttpLimits::header_timeout`] together;
//! - *a header that never ends*: on HTTP/1 the connection is closed after [`HttpLimits::header_timeout`] from its first
//!   byte. On HTTP/2, where half a header holds up its own connection only, that counts as a connection without requests;
//! - *a connection without requests* is closed after [`HttpLimits::idle_timeout`];
//! - *a large header* is refused past [`HttpLimits::header_bytes_max`]; on HTTP/2 that is the size of the whole list;
//! - *a body that never ends*: reading it fails after [`HttpLimits::body_timeout`], and on HTTP/2 no more than a window of
//!   it is kept before it is read;
//! - *a peer that does not read*: the connection is closed after [`HttpLimits::write_timeout`] without a byte taken. On
//!   HTTP/2, where a peer can read everything else and yet take nothing of one answer, that holds for each answer's
//!   pieces too;
//! - *a peer that is gone*: on HTTP/2 it is sent a ping every [`HttpLimits::write_timeout`] and has as long to return it;
//! - *too many connections*: past [`HttpLimits::connections_max`] new ones wait in the kernel's accept queue;
//! - *too many requests on few connections*: one of HTTP/2 has a hundred at a time at most; and of all connections no more
//!   than [`HttpLimits::connections_max`] are served at a time, as it would be if they were of HTTP/1. Others wait;
//! - *floods of resets, settings and continuations* on HTTP/2: by the bounds that are built into the `h2` crate;
//! - *a shutdown that never ends*: after [`HttpLimits::drain_timeout`] what is still running is dropped.
//!
//! The size of a body and the time that a handler takes are bounded by the service: only it knows what is much.
//!
//! Each request carries its [`ClientAddress`] in its extensions.

use std::io;
use std::time::Duration;

use hyper::body::Body;
use hyper::{Request, Response};
use tokio::net::TcpListener;
use tokio::task::{JoinError, JoinSet};
use tower::Service;

use crate::shutdown::Shutdown;

mod accept;
mod activity;
mod answer;
mod body;
mod certificates;
mod client;
mod connection;
mod heard;
mod opening;
mod proxy_protocol;
mod rewound;
mod stall;
mod streams;
#[cfg(test)]
mod tests;

use accept::Acceptor;
use connection::Server;

pub use body::{BodyError, RequestBody};
pub use certificates::{CertificateError, CertificateFiles, Certificates, FileError};
pub use client::{ClientAddress, ForwardedHeader, Proxies};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What a server is told.
#[derive(Clone, Debug, Default)]
pub struct HttpSettings {
    /// Its bounds.
    pub limits: HttpLimits,
    /// What it shows to its clients; without, it serves in the clear.
    pub certificates: Option<Certificates>,
    /// Whom it believes on whose behalf they come.
    pub proxies: Proxies,
}

/// The bounds of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpLimits {
    /// Connections that are served at a time, and requests.
    pub connections_max: usize,
    /// How long the header of a request may take to arrive: the first one counted from when the connection was accepted,
    /// with all that comes before, the others from their first byte.
    pub header_timeout: Duration,
    /// How long a connection may be without a request after the first one. Longer than a balancer keeps one that it is
    /// going to use again, or the two are at odds about who still may.
    pub idle_timeout: Duration,
    /// How long the body of a request may take to arrive, counted from when the service begins to read it.
    pub body_timeout: Duration,
    /// How long the peer may refuse to take a single byte, or on HTTP/2 a piece of an answer.
    pub write_timeout: Duration,
    /// How long requests in flight may go on after shutdown was requested.
    pub drain_timeout: Duration,
    /// The size of a request's line and headers, in bytes; a larger one is answered with 431.
    pub header_bytes_max: usize,
}

impl Default for HttpLimits {
    /// 4,096 connections, 10 s for a header, 75 s without a request, 10 s for a body, 30 s for a peer to read on, 20 s to
    /// drain, 16 KiB of headers.
    fn default() -> Self {
        Self {
            connections_max: 4096,
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(75),
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
pub async fn serve<S, B>(
    listener: TcpListener,
    service: S,
    settings: HttpSettings,
    shutdown: Shutdown,
) -> io::Result<()>
where
    S: Service<Request<RequestBody>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    let address = listener.local_addr()?;
    let mut acceptor = Acceptor::new(listener, settings.limits.connections_max);
    let mut beside = JoinSet::new();
    if let Some(certificates) = settings.certificates.clone() {
        beside.spawn(certificates.follow());
    }
    tracing::info!(%address, tls = settings.certificates.is_some(), "listening");
    let server = Server::new(service, settings, shutdown.clone());
    let mut connections = JoinSet::new();
    while let Some((stream, peer, slot)) = shutdown.run_until_requested(acceptor.next()).await {
        let connection = server.clone().connection(stream, peer);
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
