//! Scenarios over real sockets: each says what a peer does and what the server owes it.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use futures::StreamExt;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Bytes, Frame};
use hyper::{Request, Response};

use super::*;

mod harness;
mod http2;
mod proxies;
mod tls;

use harness::{Client, Gate, Running, answer, within};

const SHORT: Duration = Duration::from_millis(200);
const GET: &str = "GET / HTTP/1.1\r\nHost: test\r\n\r\n";

fn short_timeouts() -> HttpLimits {
    HttpLimits {
        header_timeout: SHORT,
        idle_timeout: SHORT,
        body_timeout: SHORT,
        write_timeout: SHORT,
        ..HttpLimits::default()
    }
}

fn unbounded_drain() -> HttpLimits {
    HttpLimits { drain_timeout: Duration::from_secs(3600), ..HttpLimits::default() }
}

#[tokio::test]
async fn answers_several_requests_on_one_connection() {
    let server = Running::start(answer("done"), HttpLimits::default()).await;
    let mut client = server.connect().await;
    for _ in 0..3 {
        client.send(GET).await;
        assert_eq!(client.response().await, "HTTP/1.1 200 OK: done");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_header_that_trickles_is_closed_after_the_timeout() {
    let server = Running::start(answer("done"), short_timeouts()).await;
    let mut client = server.connect().await;
    let began = Instant::now();
    client.send("GET / HTTP/1.1\r\nHost: ").await;
    within(client.trickle_until_closed("t")).await;
    assert!(began.elapsed() >= SHORT, "closed after only {:?}", began.elapsed());
    server.stop().await;
}

#[tokio::test]
async fn a_header_that_stops_is_closed_after_its_timeout_however_long_a_connection_may_be_idle() {
    let limits = HttpLimits { header_timeout: SHORT, idle_timeout: Duration::from_secs(3600), ..HttpLimits::default() };
    let server = Running::start(answer("done"), limits).await;
    let mut client = server.connect().await;
    client.send(GET).await;
    assert_eq!(client.response().await, "HTTP/1.1 200 OK: done");
    let began = Instant::now();
    client.send("GET / HTTP/1.1\r\nHost: ").await;
    assert_eq!(client.read_to_end().await, "");
    assert!(began.elapsed() >= SHORT, "closed after only {:?}", began.elapsed());
    server.stop().await;
}

#[tokio::test]
async fn a_connection_without_another_request_is_closed_after_the_timeout() {
    let limits = HttpLimits { idle_timeout: SHORT, ..HttpLimits::default() };
    let server = Running::start(answer("done"), limits).await;
    let mut client = server.connect().await;
    client.send(GET).await;
    assert_eq!(client.response().await, "HTTP/1.1 200 OK: done");
    assert_eq!(client.read_to_end().await, "");
    server.stop().await;
}

#[tokio::test]
async fn a_header_that_is_too_large_is_refused() {
    let limits = HttpLimits { header_bytes_max: 1024, ..HttpLimits::default() };
    let server = Running::start(answer("done"), limits).await;
    let mut client = server.connect().await;
    client.send(&format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(1024))).await;
    let refusal = client.read_to_end().await;
    assert!(refusal.starts_with("HTTP/1.1 431 "), "{refusal}");
    server.stop().await;
}

#[tokio::test]
async fn a_body_that_trickles_fails_the_read_after_the_timeout() {
    let read = tower::service_fn(async |request: Request<RequestBody>| {
        let text = match request.into_body().collect().await {
            Ok(_) => "arrived".to_owned(),
            Err(error) => error.to_string(),
        };
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(text)))
    });
    let server = Running::start(read, short_timeouts()).await;
    let mut client = server.connect().await;
    client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\nbody").await;
    assert_eq!(client.response().await, "HTTP/1.1 200 OK: arrived");
    client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000\r\n\r\n").await;
    let answer = within(client.trickle_until_closed("t")).await;
    assert!(answer.ends_with("the body did not arrive within 200ms"), "{answer}");
    server.stop().await;
}

#[tokio::test]
async fn a_peer_that_does_not_read_is_dropped_after_the_timeout() {
    let endless = tower::service_fn(async |_request| {
        let chunk = || Ok::<_, Infallible>(Frame::data(Bytes::from_static(&[b'x'; 65_536])));
        Ok::<_, Infallible>(Response::new(StreamBody::new(futures::stream::repeat_with(chunk).boxed())))
    });
    let limits = HttpLimits { connections_max: 1, ..short_timeouts() };
    let server = Running::start(endless, limits).await;
    let mut deaf = server.connect().await;
    deaf.send(GET).await;
    // There is one slot only: that the next caller is served shows that the first one has lost it.
    let mut next = server.connect().await;
    next.send(GET).await;
    within(next.read_some()).await;
    drop(next);
    server.stop().await;
}

#[tokio::test]
async fn draining_answers_the_request_in_flight_and_refuses_new_connections() {
    let gate = Gate::default();
    let server = Running::start(gate.service(), unbounded_drain()).await;
    let mut client = server.connect().await;
    client.send(GET).await;
    gate.wait_for_running(1).await;
    server.shutdown.request();
    within(server.refuses_connections()).await;
    assert!(!server.has_ended(), "the server did not wait for the request in flight");
    gate.release(1);
    let answer = client.read_to_end().await;
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("done"), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    server.ended().await;
}

#[tokio::test]
async fn draining_does_not_wait_for_idle_connections() {
    let server = Running::start(answer("done"), unbounded_drain()).await;
    let _fresh = server.connect().await;
    let mut kept_alive = server.connect().await;
    kept_alive.send(GET).await;
    kept_alive.response().await;
    server.shutdown.request();
    assert_eq!(kept_alive.read_to_end().await, "");
    server.ended().await;
}

#[tokio::test]
async fn draining_waits_for_half_a_header_no_longer_than_at_other_times() {
    let server = Running::start(answer("done"), HttpLimits { header_timeout: SHORT, ..unbounded_drain() }).await;
    let mut client = server.connect().await;
    client.send("GET / HTTP/1.1\r\nHost: ").await;
    // The server has read it once it answers another client that came later.
    let mut later = server.connect().await;
    later.send(GET).await;
    later.response().await;
    server.shutdown.request();
    assert_eq!(client.read_to_end().await, "");
    server.ended().await;
}

#[tokio::test]
async fn draining_drops_what_does_not_finish_in_time() {
    let gate = Gate::default();
    let server = Running::start(gate.service(), HttpLimits { drain_timeout: SHORT, ..HttpLimits::default() }).await;
    let mut stuck = server.connect().await;
    stuck.send(GET).await;
    gate.wait_for_running(1).await;
    let began = Instant::now();
    server.shutdown.request();
    server.ended().await;
    assert!(began.elapsed() >= SHORT, "gave up after only {:?}", began.elapsed());
    assert_eq!(stuck.read_to_end().await, "");
    gate.wait_for_running(0).await;
}

#[tokio::test]
async fn callers_beyond_the_cap_wait_until_one_leaves() {
    const CAP: usize = 2;
    const CALLERS: usize = 6;
    let gate = Gate::default();
    let limits = HttpLimits { connections_max: CAP, ..HttpLimits::default() };
    let server = Running::start(gate.service(), limits).await;
    let mut callers = Vec::new();
    for _ in 0..CALLERS {
        let mut client: Client = server.connect().await;
        client.send(GET).await;
        callers.push(tokio::spawn(async move { client.response().await }));
    }
    for _ in 0..CALLERS / CAP {
        gate.wait_for_running(CAP).await;
        gate.release(CAP);
    }
    for caller in callers {
        assert_eq!(within(caller).await.expect("the caller's task"), "HTTP/1.1 200 OK: done");
    }
    assert_eq!(gate.most_at_a_time(), CAP);
    server.stop().await;
}

#[tokio::test]
async fn a_handler_that_panics_costs_its_connection_only() {
    let fragile = tower::service_fn(async |request: Request<RequestBody>| {
        assert_ne!(request.uri().path(), "/panic", "asked to");
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("done")))
    });
    let server = Running::start(fragile, HttpLimits { connections_max: 1, ..HttpLimits::default() }).await;
    let mut client = server.connect().await;
    client.send("GET /panic HTTP/1.1\r\nHost: test\r\n\r\n").await;
    assert_eq!(client.read_to_end().await, "");
    let mut next = server.connect().await;
    next.send(GET).await;
    assert_eq!(next.response().await, "HTTP/1.1 200 OK: done");
    drop(next);
    server.stop().await;
}
