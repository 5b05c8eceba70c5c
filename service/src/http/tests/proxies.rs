//! Who a service is told that its client is.

use http_body_util::Empty;
use rstest::rstest;

use super::*;

/// A service that says who asked it.
pub(super) fn who_asks()
-> impl Service<Request<RequestBody>, Response = Response<Full<Bytes>>, Error = Infallible, Future: Send + 'static>
+ Clone
+ Send
+ 'static {
    tower::service_fn(async |request: Request<RequestBody>| {
        let ClientAddress(address) = request.extensions().get().expect("every request has one");
        Ok(Response::new(Full::from(address.to_string())))
    })
}

/// Every client here comes from loopback, and so does a proxy.
async fn server(trusted: &[&str], proxy_protocol: bool) -> Running {
    let trusted = trusted.iter().map(|network| network.parse().expect("a network")).collect();
    let proxies = Proxies { trusted, proxy_protocol, ..Proxies::default() };
    let limits = HttpLimits { header_timeout: SHORT, ..HttpLimits::default() };
    Running::start_with(who_asks(), HttpSettings { limits, proxies, certificates: None }).await
}

const FORWARDED_FOR: &str = "GET / HTTP/1.1\r\nHost: test\r\nX-Forwarded-For: 198.51.100.1, 192.0.2.7\r\n\r\n";

#[rstest]
#[case::a_stranger(&[], "127.0.0.1")]
#[case::a_proxy(&["127.0.0.0/8"], "192.0.2.7")]
#[tokio::test]
async fn a_proxy_says_whom_it_speaks_for(#[case] trusted: &[&str], #[case] client: &str) {
    let server = server(trusted, false).await;
    let mut connection = server.connect().await;
    connection.send(FORWARDED_FOR).await;
    assert_eq!(connection.response().await, format!("HTTP/1.1 200 OK: {client}"));
    // The next request on the same connection is another client's.
    connection.send(GET).await;
    assert_eq!(connection.response().await, "HTTP/1.1 200 OK: 127.0.0.1");
    let request = Request::get("http://test/").header("x-forwarded-for", "198.51.100.1, 192.0.2.7");
    let answer = server.connect_http2().await.send(request.body(Empty::new()).expect("a request"));
    let body = within(answer).await.expect("an answer").into_body().collect().await.expect("a body");
    assert_eq!(body.to_bytes(), client);
    server.stop().await;
}

const V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x07\x0a\0\0\x01\x01\x02\0\x50";
const V2_LOCAL: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";

#[rstest]
#[case::text(b"PROXY TCP4 192.0.2.7 10.0.0.1 4711 443\r\n", GET, "192.0.2.7")]
#[case::text_ipv6(b"PROXY TCP6 2001:db8::7 fd00::1 4711 443\r\n", GET, "2001:db8::7")]
#[case::text_unknown(b"PROXY UNKNOWN\r\n", GET, "127.0.0.1")]
#[case::binary(V2, GET, "192.0.2.7")]
#[case::binary_local(V2_LOCAL, GET, "127.0.0.1")]
#[case::a_header_of_the_client(V2, FORWARDED_FOR, "192.0.2.7")]
#[case::a_proxy_behind_it(b"PROXY TCP4 127.0.0.9 10.0.0.1 4711 443\r\n", FORWARDED_FOR, "192.0.2.7")]
#[tokio::test]
async fn a_proxy_says_whose_the_connection_is(#[case] header: &[u8], #[case] request: &str, #[case] client: &str) {
    let server = server(&["127.0.0.0/8"], true).await;
    let mut connection = server.connect().await;
    connection.send_bytes(&[header, request.as_bytes()].concat()).await;
    assert_eq!(connection.response().await, format!("HTTP/1.1 200 OK: {client}"));
    server.stop().await;
}

#[rstest]
#[case::a_stranger(&["10.0.0.0/8"], V2)]
#[case::no_header(&["127.0.0.0/8"], b"")]
#[case::a_bad_header(&["127.0.0.0/8"], b"PROXY TCP4 here there 1 2\r\n")]
#[tokio::test]
async fn who_does_not_begin_as_a_proxy_gets_no_answer(#[case] trusted: &[&str], #[case] header: &[u8]) {
    let server = server(trusted, true).await;
    let mut connection = server.connect().await;
    connection.send_bytes(&[header, GET.as_bytes()].concat()).await;
    assert_eq!(connection.read_to_end().await, "");
    server.stop().await;
}

#[rstest]
#[case::text(b"PROXY TCP4 192.0.2.7 ")]
#[case::binary(&V2[..20])]
#[case::nothing(b"")]
#[tokio::test]
async fn a_proxy_header_that_never_ends_is_closed_after_the_header_timeout(#[case] beginning: &[u8]) {
    let server = server(&["127.0.0.0/8"], true).await;
    let mut connection = server.connect().await;
    let began = Instant::now();
    connection.send_bytes(beginning).await;
    assert_eq!(connection.read_to_end().await, "");
    assert!(began.elapsed() >= SHORT, "closed after only {:?}", began.elapsed());
    server.stop().await;
}

#[tokio::test]
async fn http2_goes_behind_a_proxy_header_in_the_clear() {
    let server = server(&["127.0.0.0/8"], true).await;
    let mut connection = server.connect().await;
    connection.send_bytes(V2).await;
    let mut client = harness::Http2Client::over(connection.into_stream()).await;
    assert_eq!(client.get("/").await.expect("an answer"), "200: 192.0.2.7");
    server.stop().await;
}
