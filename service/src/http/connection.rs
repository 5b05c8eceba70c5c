//! One connection, from its first byte to the end of its drain.

use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::{Body, Incoming};
use hyper::server::conn::{http1, http2};
use hyper::service::{HttpService, service_fn};
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};
use tower::{Service, ServiceExt};

use super::activity::{Activity, Overdue, Protocol};
use super::answer::AnswerBody;
use super::body::RequestBody;
use super::heard::Heard;
use super::opening::open;
use super::stall::StallGuard;
use super::streams::Streams;
use super::{BoxError, HttpSettings};
use crate::shutdown::Shutdown;

/// Requests of one HTTP/2 connection at a time; RFC 9113 advises no less.
const STREAMS_MAX: u32 = 100;
/// What a client may send of one request, and of all those of a connection, before a handler has read it.
const STREAM_WINDOW_BYTES: u32 = 64 * 1024;
const CONNECTION_WINDOW_BYTES: u32 = 256 * 1024;
/// What is kept of an answer until the peer has room for it.
const SEND_BUFFER_BYTES: usize = 64 * 1024;

/// What a connection needs of its server.
pub(super) struct Server<S> {
    service: S,
    settings: Arc<HttpSettings>,
    /// One for each request at a time, whatever connection it came on.
    turns: Arc<Semaphore>,
    shutdown: Shutdown,
}

impl<S: Clone> Clone for Server<S> {
    fn clone(&self) -> Self {
        let Self { service, settings, turns, shutdown } = self;
        let (settings, turns) = (Arc::clone(settings), Arc::clone(turns));
        Self { service: service.clone(), settings, turns, shutdown: shutdown.clone() }
    }
}

impl<S, B> Server<S>
where
    S: Service<Request<RequestBody>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    pub(super) fn new(service: S, settings: HttpSettings, shutdown: Shutdown) -> Self {
        let turns = Arc::new(Semaphore::new(settings.limits.connections_max.min(Semaphore::MAX_PERMITS)));
        Self { service, settings: Arc::new(settings), turns, shutdown }
    }

    /// Serves requests until the peer leaves, a limit is reached or shutdown is requested; in the last case the requests
    /// in flight are answered (with `Connection: close`, or after a GOAWAY) if the drain timeout allows it.
    pub(super) async fn connection(self, stream: TcpStream, peer: IpAddr) {
        let (accepted, settings) = (Instant::now(), Arc::clone(&self.settings));
        let (limits, drain_timeout) = (&settings.limits, settings.limits.drain_timeout);
        let stream = StallGuard::new(stream, limits.write_timeout);
        let opening = open(stream, peer, &settings.proxies, settings.certificates.as_ref());
        let opened = match self.shutdown.run_until_requested(timeout(limits.header_timeout, opening)).await {
            Some(Ok(Ok(opened))) => opened,
            Some(Ok(Err(error))) => return tracing::debug!(%peer, %error, "connection came to nothing"),
            Some(Err(_elapsed)) => return tracing::debug!(%peer, "connection was not opened in time"),
            None => return,
        };
        let activity = Activity::new(opened.protocol, limits, accepted);
        let service = self.answering(opened.caller, &activity);
        let io = TokioIo::new(Heard::new(opened.stream, Arc::clone(&activity)));
        let course = Course { protocol: opened.protocol, activity, shutdown: self.shutdown.clone(), drain_timeout };
        match opened.protocol {
            Protocol::Http1 => {
                let mut http = http1::Builder::new();
                // The time of a header is bounded beside it.
                http.header_read_timeout(None).max_header_size(limits.header_bytes_max);
                course.run(http.serve_connection(io, service)).await;
            }
            Protocol::Http2 => course.run(self.http2().serve_connection(io, service)).await,
        }
    }

    fn http2(&self) -> http2::Builder<Streams> {
        let limits = &self.settings.limits;
        let mut http = http2::Builder::new(Streams::default());
        http.timer(TokioTimer::new())
            .keep_alive_interval(limits.write_timeout)
            .keep_alive_timeout(limits.write_timeout)
            .max_header_list_size(u32::try_from(limits.header_bytes_max).unwrap_or(u32::MAX))
            .max_concurrent_streams(STREAMS_MAX)
            .initial_stream_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
            .max_send_buf_size(SEND_BUFFER_BYTES);
        http
    }

    /// The service with what it is told about a request, and with the bounds that hold for one.
    fn answering(
        &self,
        caller: IpAddr,
        activity: &Arc<Activity>,
    ) -> impl HttpService<Incoming, ResBody = AnswerBody<B>, Error = S::Error, Future: Send + 'static> + use<S, B> {
        let Self { service, settings, turns, .. } = self.clone();
        let activity = Arc::clone(activity);
        service_fn(move |mut request: Request<Incoming>| {
            let (service, turns, in_flight) = (service.clone(), Arc::clone(&turns), activity.begin());
            let client = settings.proxies.client(caller, request.headers());
            request.extensions_mut().insert(client);
            let body_timeout = settings.limits.body_timeout;
            async move {
                let turn = turns.acquire_owned().await.expect("the semaphore is never closed");
                let request = request.map(|body| RequestBody::new(body, body_timeout));
                let response = service.oneshot(request).await?;
                Ok(response.map(|body| AnswerBody::new(body, in_flight, turn)))
            }
        })
    }
}

/// What a connection goes by once it is open.
struct Course {
    protocol: Protocol,
    activity: Arc<Activity>,
    shutdown: Shutdown,
    drain_timeout: Duration,
}

impl Course {
    /// Runs a connection to its end.
    async fn run(self, connection: impl GracefulConnection<Error = hyper::Error>) {
        let mut connection = pin!(connection);
        tokio::select! {
            ended = connection.as_mut() => return report(ended),
            () = self.shutdown.requested() => {}
            overdue = self.activity.overdue() => match (self.protocol, overdue) {
                // A client of HTTP/2 is told that its next request will not be taken, one of HTTP/1 sees it.
                (Protocol::Http2, Overdue::Idle) => {}
                (Protocol::Http1 | Protocol::Http2, overdue) => return self.close(overdue),
            },
        }
        connection.as_mut().graceful_shutdown();
        tokio::select! {
            ended = connection => report(ended),
            () = tokio::time::sleep(self.drain_timeout) => match self.shutdown.is_requested() {
                true => tracing::warn!("dropped a connection that did not finish in time"),
                false => self.close(Overdue::Idle),
            },
            overdue = self.half_a_header() => self.close(overdue),
        }
    }

    /// An HTTP/1 request of which only a part had come has its own time still.
    async fn half_a_header(&self) -> Overdue {
        match self.protocol {
            Protocol::Http1 => self.activity.overdue().await,
            Protocol::Http2 => std::future::pending().await,
        }
    }

    fn close(&self, overdue: Overdue) {
        tracing::debug!(protocol = ?self.protocol, ?overdue, "closing a connection");
    }
}

fn report(ended: Result<(), hyper::Error>) {
    if let Err(error) = ended {
        // The peer's doing (a reset, a timeout, bad syntax), so no news to an operator.
        tracing::debug!(%error, "connection ended early");
    }
}
