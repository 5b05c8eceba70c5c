//! Connections: accepted, served, and closed without an answer where the gateway is not to answer.

use std::future::Future;
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use warp::filters::BoxedFilter;
use warp::reply::Response;

use crate::faults;
use crate::gateway::Gateway;

/// How long a failed accept, which is mostly a lack of file descriptors, is waited out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The request is not answered: its connection is closed.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the gateway closes the connection without an answer")]
pub(crate) struct Unanswered;

/// What a handler returns to have the connection closed.
pub(crate) fn without_answer() -> Response {
    let mut response = Response::default();
    response.extensions_mut().insert(Unanswered);
    response
}

/// Serves the gateway until `shutdown` is ready, and then what is under way for at most `drain`.
pub(crate) async fn run(listener: TcpListener, gateway: &Gateway, shutdown: impl Future<Output = ()>, drain: Duration) {
    let routes = crate::routes::routes(gateway);
    let connections = GracefulShutdown::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut shutdown => break,
        };
        match accepted {
            Ok((stream, _)) => {
                let service = serve_requests(gateway.clone(), routes.clone());
                let connection = connections.watch(http1::Builder::new().serve_connection(nodelay(stream), service));
                tokio::spawn(async move {
                    if let Err(error) = connection.await {
                        tracing::debug!(%error, "connection ended early");
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(drain, connections.shutdown()).await.is_err() {
        tracing::warn!("gateway simulator stops with connections still open");
    }
}

/// A stream that sends an answer at once: it is written in one piece anyway. One that cannot be told is served as it is.
fn nodelay(stream: TcpStream) -> TokioIo<TcpStream> {
    let _ = stream.set_nodelay(true);
    TokioIo::new(stream)
}

fn serve_requests(
    gateway: Gateway,
    routes: BoxedFilter<(Response,)>,
) -> impl Service<Request<Incoming>, Response = Response, Error = Unanswered, Future: Send> {
    let routes = TowerToHyperService::new(warp::service(routes));
    service_fn(move |request: Request<Incoming>| {
        let (gateway, routes) = (gateway.clone(), routes.clone());
        async move {
            let serve = |request| async move {
                let Ok(response) = routes.call(request).await;
                response
            };
            let response = faults::meet(&gateway, request, serve).await?;
            if response.extensions().get::<Unanswered>().is_some() { Err(Unanswered) } else { Ok(response) }
        }
    })
}
