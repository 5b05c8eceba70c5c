//! What holds on HTTP/2.

use http_body_util::Empty;
use rstest::rstest;

use super::*;

fn get() -> Request<Empty<Bytes>> {
    Request::get("http://test/").body(Empty::new()).expect("a request")
}

#[tokio::test]
async fn several_requests_are_answered_at_a_time() {
    let gate = Gate::default();
    let server = Running::start(gate.service(), HttpLimits::default()).await;
    let mut client = server.connect_http2().await;
    let answers: Vec<_> = (0..3).map(|_| tokio::spawn(client.send(get()))).collect();
    gate.wait_for_running(3).await;
    gate.release(3);
    for answer in answers {
        let answer = within(answer).await.expect("the request's task").expect("an answer");
        assert_eq!((answer.status().as_u16(), answer.version()), (200, hyper::Version::HTTP_2));
    }
    server.stop().await;
}

#[tokio::test]
async fn few_connections_have_no_more_requests_served_than_there_may_be_connections() {
    const CAP: usize = 2;
    const REQUESTS: usize = 6;
    let gate = Gate::default();
    let server = Running::start(gate.service(), HttpLimits { connections_max: CAP, ..HttpLimits::default() }).await;
    let mut client = server.connect_http2().await;
    let answers: Vec<_> = (0..REQUESTS).map(|_| tokio::spawn(client.send(get()))).collect();
    for _ in 0..REQUESTS / CAP {
        gate.wait_for_running(CAP).await;
        gate.release(CAP);
    }
    for answer in answers {
        within(answer).await.expect("the request's task").expect("an answer");
    }
    assert_eq!(gate.most_at_a_time(), CAP);
    server.stop().await;
}

#[rstest]
#[case::nothing("")]
#[case::half_a_preface("PRI * HTTP/2.0\r\n\r\nS")]
#[case::a_preface("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")]
#[case::half_a_method("PR")]
#[tokio::test]
async fn a_client_that_does_not_go_on_is_closed_after_the_header_timeout(#[case] beginning: &str) {
    let limits = HttpLimits { header_timeout: SHORT, connections_max: 1, ..HttpLimits::default() };
    let server = Running::start(answer("done"), limits).await;
    let mut client = server.connect().await;
    let began = Instant::now();
    client.send(beginning).await;
    client.read_to_end().await;
    assert!(began.elapsed() >= SHORT, "closed after only {:?}", began.elapsed());
    // Its slot is free again.
    assert_eq!(server.connect_http2().await.get("/").await.expect("an answer"), "200: done");
    server.stop().await;
}

#[tokio::test]
async fn a_connection_without_another_request_is_told_to_go_after_the_timeout() {
    let limits = HttpLimits { idle_timeout: SHORT, ..HttpLimits::default() };
    let server = Running::start(answer("done"), limits).await;
    let mut client = server.connect_http2().await;
    assert_eq!(client.get("/").await.expect("an answer"), "200: done");
    let began = Instant::now();
    client.ended().await.expect("an orderly end");
    assert!(began.elapsed() >= SHORT / 2, "closed after only {:?}", began.elapsed());
    server.stop().await;
}

#[tokio::test]
async fn a_request_may_take_longer_than_a_connection_may_be_idle() {
    let gate = Gate::default();
    let limits = HttpLimits { idle_timeout: SHORT / 4, header_timeout: SHORT / 4, ..HttpLimits::default() };
    let server = Running::start(gate.service(), limits).await;
    let mut client = server.connect_http2().await;
    let answer = client.send(get());
    gate.wait_for_running(1).await;
    let early = tokio::time::timeout(SHORT, answer).await;
    assert!(early.is_err(), "the request ended: {early:?}");
    server.stop().await;
}

#[tokio::test]
async fn a_header_list_that_is_too_large_is_refused() {
    let limits = HttpLimits { header_bytes_max: 1024, ..HttpLimits::default() };
    let server = Running::start(answer("done"), limits).await;
    let mut client = server.connect_http2().await;
    let (mut head, body) = get().into_parts();
    for name in ["x-a", "x-b", "x-c"] {
        head.headers.insert(name, "x".repeat(400).parse().expect("a value"));
    }
    // The server has told its bound; a client that keeps to it refuses by itself, one that did not hear of it is refused.
    match within(client.send(Request::from_parts(head, body))).await {
        Ok(answer) => assert_eq!(answer.status().as_u16(), 431),
        Err(error) => assert!(error.is_user(), "{error:?}"),
    }
    assert_eq!(client.get("/").await.expect("an answer"), "200: done");
    server.stop().await;
}

#[tokio::test]
async fn a_body_that_does_not_come_fails_the_read_after_the_timeout() {
    let read = tower::service_fn(async |request: Request<RequestBody>| {
        let text = request.into_body().collect().await.map_or_else(|error| error.to_string(), |_| "arrived".to_owned());
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(text)))
    });
    let server = Running::start(read, short_timeouts()).await;
    let mut client = server.connect().await;
    // A request without END_STREAM: headers only.
    client.send_bytes(PREFACE_AND_SETTINGS).await;
    client.send_bytes(&[&[0, 0, 3, 1, 4, 0, 0, 0, 1], REQUEST_LINE].concat()).await;
    let answer = client.read_to_end().await;
    assert!(answer.contains("the body did not arrive within 200ms"), "{answer:?}");
    server.stop().await;
}

/// With a frame of settings that has none.
const PREFACE_AND_SETTINGS: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
/// `:method POST`, `:scheme http` and `:path /`, by their numbers in HPACK's table.
const REQUEST_LINE: &[u8] = &[0x83, 0x86, 0x84];

#[tokio::test]
async fn a_peer_that_returns_no_ping_is_dropped() {
    let gate = Gate::default();
    let limits = HttpLimits { write_timeout: SHORT, ..HttpLimits::default() };
    let server = Running::start(gate.service(), limits).await;
    let mut client = server.connect().await;
    client.send_bytes(PREFACE_AND_SETTINGS).await;
    client.send_bytes(&[&[0, 0, 3, 1, 5, 0, 0, 0, 1], REQUEST_LINE].concat()).await;
    gate.wait_for_running(1).await;
    let began = Instant::now();
    client.read_to_end().await;
    assert!(began.elapsed() >= SHORT, "closed after only {:?}", began.elapsed());
    gate.wait_for_running(0).await;
    server.stop().await;
}

#[tokio::test]
async fn a_peer_that_takes_nothing_of_one_answer_is_dropped_after_the_timeout() {
    let endless = tower::service_fn(async |_request| {
        let chunk = || Ok::<_, Infallible>(Frame::data(Bytes::from_static(&[b'x'; 65_536])));
        Ok::<_, Infallible>(Response::new(StreamBody::new(futures::stream::repeat_with(chunk).boxed())))
    });
    let limits = HttpLimits { connections_max: 1, write_timeout: SHORT, ..HttpLimits::default() };
    let server = Running::start(endless, limits).await;
    let mut deaf = server.connect_http2().await;
    // It returns every ping meanwhile.
    let unread = within(deaf.send(get())).await.expect("an answer");
    within(deaf.ended()).await.expect_err("the server's end of it");
    drop(unread);
    server.stop().await;
}

#[tokio::test]
async fn draining_answers_the_requests_in_flight_and_says_that_no_more_are_taken() {
    let gate = Gate::default();
    let server = Running::start(gate.service(), unbounded_drain()).await;
    let mut client = server.connect_http2().await;
    let answers: Vec<_> = (0..2).map(|_| tokio::spawn(client.send(get()))).collect();
    gate.wait_for_running(2).await;
    server.shutdown.request();
    within(server.refuses_connections()).await;
    within(async {
        // Once the farewell has come the client takes no more by itself.
        while tokio::time::timeout(Duration::from_millis(20), client.get("/")).await.is_err() {}
    })
    .await;
    assert!(!server.has_ended(), "the server did not wait for the requests in flight");
    gate.release(100);
    for answer in answers {
        let answer = within(answer).await.expect("the request's task").expect("an answer");
        assert_eq!(answer.status().as_u16(), 200);
    }
    client.ended().await.expect("an orderly end");
    server.ended().await;
}

#[tokio::test]
async fn draining_does_not_wait_for_idle_connections() {
    let server = Running::start(answer("done"), unbounded_drain()).await;
    let mut client = server.connect_http2().await;
    client.get("/").await.expect("an answer");
    let silent = server.connect().await;
    server.shutdown.request();
    client.ended().await.expect("an orderly end");
    server.ended().await;
    drop(silent);
}

#[tokio::test]
async fn draining_drops_what_does_not_finish_in_time() {
    let gate = Gate::default();
    let server = Running::start(gate.service(), HttpLimits { drain_timeout: SHORT, ..HttpLimits::default() }).await;
    let mut client = server.connect_http2().await;
    let stuck = client.send(get());
    gate.wait_for_running(1).await;
    let began = Instant::now();
    server.shutdown.request();
    server.ended().await;
    assert!(began.elapsed() >= SHORT, "gave up after only {:?}", began.elapsed());
    within(stuck).await.expect_err("no answer");
    gate.wait_for_running(0).await;
}

#[tokio::test]
async fn a_handler_that_panics_costs_its_request_only() {
    let fragile = tower::service_fn(async |request: Request<RequestBody>| {
        assert_ne!(request.uri().path(), "/panic", "asked to");
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("done")))
    });
    let server = Running::start(fragile, HttpLimits { connections_max: 1, ..HttpLimits::default() }).await;
    let mut client = server.connect_http2().await;
    client.get("/panic").await.expect_err("no answer");
    assert_eq!(client.get("/").await.expect("an answer"), "200: done");
    server.stop().await;
}
