//! What must not be sent: over a real connection, to a real process, whose answers and log repeat nothing of it.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use quittance_tests::{Installation, Options, Part, payment};
use reqwest::StatusCode;
use rstest::rstest;
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use uuid::Uuid;

const NUMBER: &str = "4242424242424242";
const KEY: &str = "qk_live_0123456789abcdefABCD";

static SHARED: OnceCell<Installation> = OnceCell::const_new();

/// One installation for all tests of this file. Ingest logs all that it can.
async fn installation() -> Result<&'static Installation> {
    let variables = vec![("QUITTANCE_LOG", "info,quittance_ingest=trace,quittance_service=trace".to_owned())];
    SHARED.get_or_try_init(|| Installation::start("strict", Options { variables })).await
}

/// An answer as it came over the wire.
struct Answer {
    status: StatusCode,
    text: String,
    body: Value,
}

impl Answer {
    fn fields(&self) -> Vec<&str> {
        let errors = self.body["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
        errors.iter().filter_map(|error| error["field"].as_str()).collect()
    }

    fn problem(&self) -> &str {
        self.body["type"].as_str().and_then(|name| name.rsplit(':').next()).unwrap_or_default()
    }
}

/// Sends bytes as they are: no client library would. `headers` are whole lines.
async fn send(method_and_path: &str, headers: &str, body: &[u8]) -> Result<Answer> {
    let installation = installation().await?;
    let token = installation.token("strict", &["merchant"])?;
    let url = installation.url(Part::Ingest, "");
    let address = url.strip_prefix("http://").context("an address")?.to_owned();
    let head = format!(
        "{method_and_path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\
         content-length: {}\r\n{headers}\r\n",
        body.len()
    );
    let request = [head.as_bytes(), body].concat();
    let text = tokio::task::spawn_blocking(move || exchanged(&address, &request)).await??;
    ensure!(!text.contains(&token), "the token is repeated");
    let (head, body) = text.split_once("\r\n\r\n").context("a head and a body")?;
    let status = head.split(' ').nth(1).context("a status")?.parse()?;
    Ok(Answer { status, body: serde_json::from_str(body).unwrap_or_default(), text })
}

fn exchanged(address: &str, request: &[u8]) -> Result<String> {
    let mut connection = TcpStream::connect(address)?;
    connection.set_read_timeout(Some(Duration::from_secs(20)))?;
    connection.write_all(request)?;
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer)?;
    Ok(String::from_utf8(answer)?)
}

/// Asks for a payment with a body of any bytes.
async fn pay(body: &[u8]) -> Result<Answer> {
    let headers = format!("content-type: application/json\r\nidempotency-key: {}\r\n", Uuid::new_v4());
    send("POST /v1/payments", &headers, body).await
}

/// That nothing of what was sent is repeated, in the answer or in the log.
async fn assert_not_repeated(answer: &Answer) -> Result<()> {
    let log = installation().await?.log(Part::Ingest);
    assert!(log.contains("answered"), "requests are logged");
    for secret in [NUMBER, "4242 4242 4242 4242", "4242-4242", "42424242", KEY, "0123456789abcdef"] {
        assert!(!answer.text.contains(secret), "{}", answer.text);
        assert!(!log.contains(secret), "the log has {secret}");
    }
    Ok(())
}

#[rstest]
#[case::twice(br#"{"amount":1,"currency":"EUR","amount":2}"#, "amount")]
#[case::twice_inside(
    br#"{"payment_method":{"tokens":[{"token":"4242424242424242","token":"x"}]}}"#,
    "payment_method.tokens[0].token"
)]
#[case::half_a_pair(br#"{"metadata":{"a":"\ud83d"}}"#, "metadata.a")]
#[case::no_utf_8(b"{\"reference\":\"4242424242424242\xff\"}", "reference")]
#[case::no_number(br#"{"amount":4242424242424242x}"#, "body")]
#[case::out_of_range(br#"{"amount":1e999}"#, "amount")]
#[case::cut_off(br#"{"payment_method":{"token":"4242424242424242"#, "payment_method.token")]
#[case::card_as_a_name(br#"{"4242424242424242":+}"#, "(not shown)")]
#[case::nothing(b"", "body")]
#[tokio::test]
async fn a_body_that_is_no_json_is_refused_where_it_stops(#[case] body: &[u8], #[case] field: &str) -> Result<()> {
    let answer = pay(body).await?;
    assert_eq!((answer.status, answer.problem()), (StatusCode::BAD_REQUEST, "malformed"), "{}", answer.text);
    assert_eq!(answer.fields(), [field]);
    assert!(answer.body["detail"].as_str().is_some_and(|detail| detail.starts_with(field)), "{}", answer.text);
    assert_not_repeated(&answer).await
}

#[tokio::test]
async fn a_body_that_is_too_deep_is_refused() -> Result<()> {
    let answer = pay(format!("{{\"metadata\":{}", "[".repeat(10_000)).as_bytes()).await?;
    assert_eq!((answer.status, answer.problem()), (StatusCode::BAD_REQUEST, "malformed"), "{}", answer.text);
    assert_eq!(answer.fields(), [format!("metadata{}", "[0]".repeat(15))]);
    Ok(())
}

#[rstest]
#[case::fraction(json!({"amount": 12.0}), &["amount"])]
#[case::text_for_a_number(json!({"amount": "1250"}), &["amount"])]
#[case::negative(json!({"amount": -1}), &["amount"])]
#[case::end(json!({"amount": 9_007_199_254_740_992_i64}), &["amount"])]
#[case::card_as_an_amount(json!({"amount": 4_242_424_242_424_242_i64}), &["amount"])]
#[case::card(json!({"reference": NUMBER, "description": "4242 4242 4242 4242", "metadata": {"a": NUMBER}}), &["reference", "description", "metadata.a"])]
#[case::card_of_another_script(json!({"reference": "４２４２４２４２４２４２４２４２"}), &["reference"])]
#[case::card_as_a_key(json!({"metadata": {NUMBER: "x"}}), &["metadata.(not shown)"])]
#[case::card_as_a_token(json!({"payment_method": {"token": NUMBER}}), &["payment_method.token"])]
#[case::card_in_what_nobody_knows(json!({"card": {"number": [NUMBER]}, NUMBER: 1}), &["(not shown)", "card.number[0]"])]
#[case::key(json!({"description": format!("it is {KEY}")}), &["description"])]
#[case::line_break(json!({"reference": "a\nb"}), &["reference"])]
#[case::nul(json!({"description": "a\u{0}"}), &["description"])]
#[case::turned_around(json!({"description": "\u{202e}a"}), &["description"])]
#[case::too_many(json!({"metadata": (0..51).map(|n| (format!("k{n}"), json!("v"))).collect::<Value>()}), &["metadata"])]
#[tokio::test]
async fn every_field_that_is_not_valid_is_named(#[case] change: Value, #[case] fields: &[&str]) -> Result<()> {
    let mut body = payment(1250, "tok_approve");
    if let (Some(body), Value::Object(change)) = (body.as_object_mut(), change) {
        body.extend(change);
    }
    let answer = pay(body.to_string().as_bytes()).await?;
    assert_eq!((answer.status, answer.problem()), (StatusCode::UNPROCESSABLE_ENTITY, "invalid"), "{}", answer.text);
    assert_eq!(answer.fields(), fields);
    assert_not_repeated(&answer).await
}

#[rstest]
#[case::none("")]
#[case::two("idempotency-key: a\r\nidempotency-key: b\r\n")]
#[case::card("idempotency-key: 4242 4242 4242 4242\r\n")]
#[case::key("idempotency-key: qk_live_0123456789abcdefABCD\r\n")]
#[tokio::test]
async fn a_header_that_is_refused_is_named(#[case] line: &str) -> Result<()> {
    let body = payment(1250, "tok_approve").to_string();
    let headers = format!("content-type: application/json\r\n{line}");
    let answer = send("POST /v1/payments", &headers, body.as_bytes()).await?;
    assert_eq!((answer.status, answer.problem()), (StatusCode::BAD_REQUEST, "malformed"), "{}", answer.text);
    assert!(answer.fields().iter().all(|field| field.eq_ignore_ascii_case("idempotency-key")), "{}", answer.text);
    assert_eq!(answer.fields().len(), 1);
    assert_not_repeated(&answer).await
}

#[rstest]
#[case::path("GET /v1/payments/4242424242424242", "", &["path"])]
#[case::encoded("GET /v1/payments/%34242424242424242", "", &["path"])]
#[case::no_such_path("GET /v1/cards/4242424242424242", "", &["path"])]
#[case::parameter("GET /v1/payments?after=4242424242424242", "", &["after"])]
#[case::name_of_a_parameter("GET /v1/payments?4242424242424242=1", "", &["(not shown)"])]
#[case::key("GET /v1/payments/qk_live_0123456789abcdefABCD", "", &["path"])]
#[case::agent("GET /v1/payments", "user-agent: 4242424242424242 qk_live_0123456789abcdefABCD\r\n", &["user-agent"])]
#[case::several("GET /v1/payments/4242424242424242?a=4242-4242-4242-4242", "referer: /4242424242424242\r\n", &["path", "a", "referer"])]
#[tokio::test]
async fn what_must_not_stand_around_a_body_is_refused(
    #[case] method_and_path: &str,
    #[case] headers: &str,
    #[case] fields: &[&str],
) -> Result<()> {
    let answer = send(method_and_path, headers, b"").await?;
    assert_eq!((answer.status, answer.problem()), (StatusCode::BAD_REQUEST, "malformed"), "{}", answer.text);
    assert_eq!(answer.fields(), fields);
    assert_not_repeated(&answer).await
}

#[tokio::test]
async fn what_is_within_the_bounds_is_taken() -> Result<()> {
    let mut body = payment(1250, "tok_approve");
    body["reference"] = json!("pay_42424242424242420000000000000001");
    body["description"] = json!("two\n\tbooks, 本, 😀, שלום");
    body["metadata"] = (0..50).map(|n| (format!("{n:040}"), json!("ä".repeat(500)))).collect();
    let answer = pay(body.to_string().as_bytes()).await?;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    for field in ["reference", "description", "metadata"] {
        assert_eq!(answer.body[field], body[field]);
    }
    Ok(())
}
