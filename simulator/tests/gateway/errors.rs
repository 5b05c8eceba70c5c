//! Every error is JSON with a code, and nothing is processed.

use quittance_simulator::Config;
use reqwest::{Method, RequestBuilder};
use rstest::rstest;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{Answer, Outcome, Simulator, body};

const VALID: &str = r#"{"amount":1,"currency":"EUR","token":"tok_approve"}"#;

async fn check(simulator: &Simulator, request: RequestBuilder, status: u16, code: &str) -> Outcome {
    let answer = Answer::read(request.send().await?).await?;
    assert_eq!((answer.status, answer.code()), (status, &json!(code)));
    assert!(answer.body["error"]["message"].is_string());
    let totals = simulator.get("/admin/totals").await?;
    assert_eq!((&totals.body["charges"], &totals.body["declines"]), (&json!(0), &json!(0)));
    Ok(())
}

#[rstest]
#[case::no_json("{", "malformed_json")]
#[case::blank(" ", "malformed_json")]
#[case::more_after_it(r#"{"amount":1,"currency":"EUR","token":"tok_approve"}{}"#, "malformed_json")]
#[case::no_object("[]", "invalid_request")]
#[case::missing_field(r#"{"amount":1,"currency":"EUR"}"#, "invalid_request")]
#[case::unknown_field(r#"{"amount":1,"currency":"EUR","token":"tok_approve","tip":1}"#, "invalid_request")]
#[case::twice(r#"{"amount":1,"amount":1,"currency":"EUR","token":"tok_approve"}"#, "invalid_request")]
#[case::zero(r#"{"amount":0,"currency":"EUR","token":"tok_approve"}"#, "invalid_request")]
#[case::fraction(r#"{"amount":1.5,"currency":"EUR","token":"tok_approve"}"#, "invalid_request")]
#[case::currency(r#"{"amount":1,"currency":"eur","token":"tok_approve"}"#, "invalid_request")]
#[case::return_url(r#"{"amount":1,"currency":"EUR","token":"tok_approve","return_url":"shop"}"#, "invalid_request")]
#[case::mark(r#"{"amount":1,"currency":"EUR","token":"tok_approve","metadata":{"":"x"}}"#, "invalid_request")]
#[case::token(r#"{"amount":1,"currency":"EUR","token":"tok_nonsense"}"#, "invalid_token")]
#[tokio::test]
async fn bodies(#[case] body: &'static str, #[case] code: &str) -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    let request = simulator.charge_request("att_1", &Value::Null).body(body);
    check(&simulator, request, 400, code).await
}

#[rstest]
#[case::no_key(&[("content-type", "application/json")], 400, "idempotency_key_required")]
#[case::two_keys(
    &[("content-type", "application/json"), ("idempotency-key", "a"), ("idempotency-key", "b")],
    400, "idempotency_key_required",
)]
#[case::empty_key(&[("content-type", "application/json"), ("idempotency-key", "")], 400, "invalid_idempotency_key")]
#[case::foreign_key(&[("content-type", "application/json"), ("idempotency-key", "é")], 400, "invalid_idempotency_key")]
#[case::no_type(&[("idempotency-key", "a")], 415, "unsupported_media_type")]
#[case::other_type(&[("content-type", "text/plain"), ("idempotency-key", "a")], 415, "unsupported_media_type")]
#[tokio::test]
async fn headers(#[case] fields: &[(&str, &str)], #[case] status: u16, #[case] code: &str) -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    let mut request = simulator.request(Method::POST, "/v1/charges").body(VALID);
    for (name, value) in fields {
        request = request.header(*name, value.as_bytes());
    }
    check(&simulator, request, status, code).await
}

#[tokio::test]
async fn a_media_type_may_have_parameters() -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    let request = simulator.request(Method::POST, "/v1/charges").body(VALID).header("idempotency-key", "a");
    let response = request.header("content-type", "Application/JSON; charset=utf-8").send().await?;
    assert_eq!(response.status(), 201);
    Ok(())
}

#[rstest]
#[case::path(Method::GET, "/v2/charges", 404, "not_found")]
#[case::root(Method::GET, "/", 404, "not_found")]
#[case::charge(Method::GET, "/v1/charges/ch_1", 404, "charge_not_found")]
#[case::no_charge_id(Method::GET, "/v1/charges/1", 404, "charge_not_found")]
#[case::key(Method::GET, "/admin/keys/att_1", 404, "key_not_found")]
#[case::method(Method::DELETE, "/v1/charges", 405, "method_not_allowed")]
#[case::method_of_a_charge(Method::POST, "/v1/charges/ch_1", 405, "method_not_allowed")]
#[case::method_of_admin(Method::GET, "/admin/reset", 405, "method_not_allowed")]
#[case::method_of_a_capture(Method::GET, "/v1/charges/ch_1/captures", 405, "method_not_allowed")]
#[case::action(Method::GET, "/actions/ch_1", 404, "charge_not_found")]
#[case::approval(Method::POST, "/actions/ch_1/approve", 404, "charge_not_found")]
#[case::expiry(Method::POST, "/admin/charges/ch_1/expire", 404, "charge_not_found")]
#[case::late_failure(Method::POST, "/admin/charges/ch_1/captures/1/fail", 404, "capture_not_found")]
#[case::refund(Method::POST, "/admin/refunds/re_1/fail", 404, "refund_not_found")]
#[case::method_of_a_dispute(Method::GET, "/admin/charges/ch_1/disputes", 405, "method_not_allowed")]
#[case::ledger_after_nothing(Method::GET, "/admin/ledger?after=1", 400, "invalid_query")]
#[case::ledger_limit(Method::GET, "/admin/ledger?limit=0", 400, "invalid_query")]
#[case::no_query(Method::GET, "/v1/charges", 400, "invalid_query")]
#[case::unknown_query(Method::GET, "/v1/charges?idempotency_key=a&limit=1", 400, "invalid_query")]
#[case::empty_key(Method::GET, "/v1/charges?idempotency_key=", 400, "invalid_query")]
#[case::no_limit(Method::GET, "/admin/keys?limit=0", 400, "invalid_query")]
#[case::limit_too_high(Method::GET, "/admin/keys?limit=10001", 400, "invalid_query")]
#[tokio::test]
async fn paths(#[case] method: Method, #[case] path: &str, #[case] status: u16, #[case] code: &str) -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    check(&simulator, simulator.request(method, path), status, code).await
}

#[tokio::test]
async fn a_body_has_a_largest_size() -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    let mut large = body("tok_approve", 1250);
    large["metadata"]["attempt_id"] = json!("x".repeat(16 * 1024));
    check(&simulator, simulator.charge_request("att_1", &large), 413, "body_too_large").await
}

#[tokio::test]
async fn a_body_of_unsaid_length_is_not_read() -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    let mut stream = TcpStream::connect(&simulator.address).await?;
    let head =
        "POST /v1/charges HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n";
    stream.write_all(head.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    assert!(answer.starts_with("HTTP/1.1 411 ") && answer.contains(r#""code":"length_required""#), "{answer}");
    Ok(())
}

#[rstest]
#[case::faults("/admin/faults", json!({"seed": 1, "percent": 101}))]
#[case::no_seed("/admin/faults", json!({"percent": 1}))]
#[case::no_url("/admin/webhooks", json!({"url": "shop", "secret": "s", "dialect": "stripe"}))]
#[case::other_scheme("/admin/webhooks", json!({"url": "ftp://shop", "secret": "s", "dialect": "stripe"}))]
#[case::no_secret("/admin/webhooks", json!({"url": "http://shop", "secret": "", "dialect": "stripe"}))]
#[case::other_dialect("/admin/webhooks", json!({"url": "http://shop", "secret": "s", "dialect": "klingon"}))]
#[tokio::test]
async fn orders(#[case] path: &str, #[case] body: Value) -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    check(&simulator, simulator.request(Method::PUT, path).json(&body), 400, "invalid_request").await
}

#[tokio::test]
async fn a_full_memory_is_503() -> Outcome {
    let simulator = Simulator::start(Config { charges_max: 0, ..Config::default() }).await?;
    check(&simulator, simulator.charge_request("att_1", &body("tok_approve", 1250)), 503, "memory_full").await
}
