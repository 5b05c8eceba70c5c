//! The listener for operators: is the process alive, is it ready, what does it count.
//!
//! It has no authentication and tells a little about the insides, so it binds to a port that only the cluster reaches.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpListener;
use warp::http::StatusCode;
use warp::{Filter, Rejection, Reply};

use crate::health::Health;
use crate::http::{self, HttpLimits, HttpSettings};
use crate::metrics::Metrics;
use crate::shutdown::Shutdown;

/// Where a process listens for its operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admin {
    /// The address to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
}

impl Admin {
    /// Listens.
    ///
    /// # Errors
    /// When the address cannot be bound; the error names it.
    pub async fn bind(&self) -> io::Result<TcpListener> {
        let failed =
            |error: io::Error| io::Error::new(error.kind(), format!("cannot listen on {}: {error}", self.listen));
        TcpListener::bind(self.listen).await.map_err(failed)
    }
}

/// The content type of Prometheus's text format.
const METRICS_CONTENT_TYPE: &str = "text/plain; version=0.0.4";

/// Serves [`routes`] until shutdown is requested.
///
/// To be asked for readiness and metrics while the process drains, give it a [`Shutdown`] of its own that is requested
/// last, and let [`Health::unready_after`] follow the process's.
///
/// # Errors
/// As [`http::serve`].
pub async fn serve(listener: TcpListener, health: Health, metrics: Metrics, shutdown: Shutdown) -> io::Result<()> {
    let limits = HttpLimits { connections_max: 64, drain_timeout: Duration::from_secs(1), ..HttpLimits::default() };
    let settings = HttpSettings { limits, ..HttpSettings::default() };
    http::serve(listener, warp::service(routes(health, metrics)), settings, shutdown).await
}

/// `GET /livez`, `GET /readyz` (200 `ok`, or 503 with what is wrong as JSON) and `GET /metrics`.
pub fn routes(
    health: Health,
    metrics: Metrics,
) -> impl Filter<Extract = impl Reply, Error = Rejection> + Clone + Send + Sync + 'static {
    let live = health.clone();
    let livez = warp::path!("livez").map(move || verdict(live.liveness()));
    let readyz = warp::path!("readyz").map(move || verdict(health.readiness()));
    let metrics = warp::path!("metrics")
        .map(move || warp::reply::with_header(metrics.render(), "content-type", METRICS_CONTENT_TYPE));
    warp::get().and(livez.or(readyz).unify().or(metrics))
}

/// What strangers are told of the process: whether, and not why not.
pub fn bare(is_ok: bool) -> warp::reply::Response {
    if is_ok {
        "ok".into_response()
    } else {
        warp::reply::with_status("no", StatusCode::SERVICE_UNAVAILABLE).into_response()
    }
}

fn verdict(outcome: Result<(), Vec<(String, String)>>) -> warp::reply::Response {
    match outcome {
        Ok(()) => "ok".into_response(),
        Err(reasons) => {
            let reasons: Vec<_> =
                reasons.iter().map(|(name, why)| serde_json::json!({ "name": name, "why": why })).collect();
            let body = warp::reply::json(&serde_json::json!({ "reasons": reasons }));
            warp::reply::with_status(body, StatusCode::SERVICE_UNAVAILABLE).into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;

    /// Asks a real admin listener once; returns the whole answer.
    async fn ask(health: &Health, request_line: &str) -> String {
        let admin = Admin { listen: ([127, 0, 0, 1], 0).into() };
        let listener = admin.bind().await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let shutdown = Shutdown::new();
        let server = tokio::spawn(serve(listener, health.clone(), Metrics::new("test"), shutdown.clone()));
        let mut client = TcpStream::connect(address).await.expect("a connection");
        let request = format!("{request_line} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
        client.write_all(request.as_bytes()).await.expect("a write");
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.expect("an answer");
        shutdown.request();
        server.await.expect("the server's task").expect("the server");
        answer
    }

    #[rstest]
    #[case::alive("GET /livez", "200 OK", "\r\n\r\nok")]
    #[case::not_ready("GET /readyz", "503 Service Unavailable", r#"{"reasons":[{"name":"kafka","why":"starting"}]}"#)]
    #[case::metrics("GET /metrics", "200 OK", "process_resident_memory_bytes{process=\"test\"} ")]
    #[case::metrics_type("GET /metrics", "200 OK", "content-type: text/plain; version=0.0.4\r\n")]
    #[case::unknown("GET /livez/x", "404 Not Found", "")]
    #[case::wrong_method("POST /livez", "405 Method Not Allowed", "")]
    #[tokio::test]
    async fn answers(#[case] request_line: &str, #[case] status: &str, #[case] part: &str) {
        let health = Health::default();
        let _starting = health.latch("kafka");
        let answer = ask(&health, request_line).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{answer}");
        assert!(answer.contains(part), "{answer}");
    }

    #[tokio::test]
    async fn ready_and_dead_is_possible_too() {
        let health = Health::default();
        let kafka = health.latch("kafka");
        kafka.ready();
        let _stuck = health.heartbeat("worker", Duration::ZERO);
        while health.liveness().is_ok() {
            tokio::task::yield_now().await;
        }
        assert!(ask(&health, "GET /readyz").await.ends_with("ok"));
        let dead = ask(&health, "GET /livez").await;
        assert!(dead.starts_with("HTTP/1.1 503 ") && dead.contains(r#"{"name":"worker","why":"last beat "#), "{dead}");
    }

    #[tokio::test]
    async fn a_taken_address_is_named() {
        let first = Admin { listen: ([127, 0, 0, 1], 0).into() }.bind().await.expect("a free port");
        let listen = first.local_addr().expect("an address");
        let error = Admin { listen }.bind().await.expect_err("the address is taken");
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        assert!(error.to_string().starts_with(&format!("cannot listen on {listen}: ")), "{error}");
    }
}
