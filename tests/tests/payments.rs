//! Payments as a merchant's server sees them, through every process and on real servers.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use quittance_tests::{Answer, Client, Installation, Options, Part, fold, metric, payment};
use reqwest::{Method, StatusCode};
use rstest::rstest;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

static SHARED: OnceCell<Installation> = OnceCell::const_new();

/// One installation for all tests of this file; each test has a tenant of its own.
async fn installation() -> Result<&'static Installation> {
    let variables = vec![
        ("QUITTANCE_SIMULATOR_SLOW_MS", "1500".to_owned()),
        ("QUITTANCE_GATEWAY_TIMEOUT_MS", "500".to_owned()),
        ("QUITTANCE_TRY_NOT_AFTER_MS", "2000".to_owned()),
        ("QUITTANCE_QUERY_SETTLE_MS", "2000".to_owned()),
        ("QUITTANCE_RETRY_MAX_MS", "500".to_owned()),
    ];
    SHARED.get_or_try_init(|| Installation::start("payments", Options { variables })).await
}

async fn merchant(tenant: &str) -> Result<Client> {
    installation().await?.client(tenant)
}

fn problem(answer: &Answer, status: StatusCode, name: &str) {
    assert_eq!((answer.status, answer.problem().as_str()), (status, name), "{}", answer.body);
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    assert_eq!(answer.body["status"], status.as_u16());
}

#[tokio::test]
async fn an_approved_payment_is_captured_and_can_be_read() -> Result<()> {
    let client = merchant("approved").await?;
    let body = json!({
        "amount": 1250, "currency": "EUR", "payment_method": {"token": "tok_approve"}, "capture": "automatic",
        "reference": "order-1001", "description": "Two books", "metadata": {"cart": "77"},
    });
    let answer = client.pay(&body).await?;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
    let id = answer.text("id");
    assert!(id.starts_with("pay_"));
    assert_eq!(answer.headers["location"], format!("/v1/payments/{id}"));
    for (name, value) in [
        ("object", json!("payment")),
        ("status", json!("succeeded")),
        ("amount", json!(1250)),
        ("currency", json!("EUR")),
        ("authorized_amount", json!(1250)),
        ("captured_amount", json!(1250)),
        ("capturable_amount", json!(0)),
        ("refunded_amount", json!(0)),
        ("gateway_account", json!("simulator")),
        ("reference", json!("order-1001")),
        ("description", json!("Two books")),
        ("metadata", json!({"cart": "77"})),
        ("failure", Value::Null),
        ("review", Value::Null),
        ("sequence", json!(3)),
    ] {
        assert_eq!(answer.body[name], value, "{name}");
    }
    assert_eq!(answer.body["payment_method"]["last4"], "4242");
    let read = client.get(&format!("/v1/payments/{id}")).await?;
    assert_eq!((read.status, &read.body), (StatusCode::OK, &answer.body));
    let history = client.history(&id, 3).await?;
    assert_eq!(history, ["payment.created", "payment.authorized", "payment.captured"]);
    Ok(())
}

#[tokio::test]
async fn a_manual_capture_waits_for_it() -> Result<()> {
    let client = merchant("manual").await?;
    let mut body = payment(900, "tok_approve");
    body["capture"] = json!("manual");
    let answer = client.pay(&body).await?;
    assert_eq!((answer.status, answer.text("status").as_str()), (StatusCode::CREATED, "requires_capture"));
    assert_eq!((&answer.body["capturable_amount"], &answer.body["captured_amount"]), (&json!(900), &json!(0)));
    Ok(())
}

#[tokio::test]
async fn a_decline_is_a_payment_that_says_why() -> Result<()> {
    let client = merchant("declined").await?;
    let answer = client.pay(&payment(500, "tok_decline")).await?;
    assert_eq!((answer.status, answer.text("status").as_str()), (StatusCode::CREATED, "failed"));
    assert_eq!(answer.body["failure"]["code"], "declined");
    assert_eq!(answer.body["failure"]["decline_code"], "insufficient_funds");
    assert_eq!(answer.body["captured_amount"], 0);
    let history = client.history(&answer.text("id"), 2).await?;
    assert_eq!(history, ["payment.created", "payment.declined"]);
    Ok(())
}

#[tokio::test]
async fn the_same_key_is_the_same_payment() -> Result<()> {
    let client = merchant("replayed").await?;
    let body = payment(700, "tok_approve");
    let first = client.create("key-1", &body).await?;
    let again = client.create("key-1", &body).await?;
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    let reordered = json!({"reference": "order-1001", "payment_method": {"token": "tok_approve"}, "currency": "EUR", "amount": 700});
    assert_eq!(client.create("key-1", &reordered).await?.text("id"), first.text("id"));
    assert_eq!(client.history(&first.text("id"), 3).await?.len(), 3);
    Ok(())
}

#[tokio::test]
async fn twins_sent_at_once_are_one_payment() -> Result<()> {
    let client = merchant("twins").await?;
    let body = payment(700, "tok_approve");
    let answers = futures::future::try_join_all((0..8).map(|_| client.create("twin", &body))).await?;
    for answer in &answers {
        assert_eq!((answer.status, answer.text("id")), (StatusCode::CREATED, answers[0].text("id")));
    }
    client.history(&answers[0].text("id"), 3).await?;
    Ok(())
}

#[tokio::test]
async fn a_key_used_with_another_body_is_refused() -> Result<()> {
    let client = merchant("reused").await?;
    let first = client.create("key-1", &payment(700, "tok_approve")).await?;
    let other = client.create("key-1", &payment(800, "tok_approve")).await?;
    problem(&other, StatusCode::UNPROCESSABLE_ENTITY, "idempotency-key-reused");
    let read = client.get(&format!("/v1/payments/{}", first.text("id"))).await?;
    assert_eq!(read.body["amount"], 700);
    Ok(())
}

#[tokio::test]
async fn a_key_used_with_another_body_is_refused_without_waiting_too() -> Result<()> {
    let client = merchant("reused-async").await?;
    client.create("key-1", &payment(700, "tok_approve")).await?;
    let request = client.request(Method::POST, "/v1/payments").header("Idempotency-Key", "key-1");
    let other = client.send(request.header("Prefer", "respond-async").json(&payment(800, "tok_approve"))).await?;
    problem(&other, StatusCode::UNPROCESSABLE_ENTITY, "idempotency-key-reused");
    Ok(())
}

#[tokio::test]
async fn a_read_waits_until_it_has_caught_up() -> Result<()> {
    let client = merchant("after").await?;
    let request = client.request(Method::POST, "/v1/payments").header("Idempotency-Key", "k");
    let request = request.header("Prefer", "respond-async").json(&payment(400, "tok_approve"));
    let path = format!("/v1/payments/{}", client.send(request).await?.text("resource"));
    let read = client.get(&format!("{path}?after=3")).await?;
    assert_eq!((read.status, &read.body["sequence"]), (StatusCode::OK, &json!(3)), "{}", read.body);
    let history = client.get(&format!("{path}/history?after=3")).await?;
    assert_eq!(history.body["data"].as_array().map(Vec::len), Some(3), "{}", history.body);
    let request = client.request(Method::GET, &format!("{path}?after=4")).header("Prefer", "wait=1");
    problem(&client.send(request).await?, StatusCode::SERVICE_UNAVAILABLE, "behind");
    problem(&client.get(&format!("{path}?after=x")).await?, StatusCode::UNPROCESSABLE_ENTITY, "invalid");
    problem(&client.get(&format!("{path}?before=3")).await?, StatusCode::UNPROCESSABLE_ENTITY, "invalid");
    Ok(())
}

#[tokio::test]
async fn without_a_key_nothing_is_taken() -> Result<()> {
    let client = merchant("keyless").await?;
    let request = client.request(Method::POST, "/v1/payments").json(&payment(100, "tok_approve"));
    problem(&client.send(request).await?, StatusCode::BAD_REQUEST, "malformed");
    Ok(())
}

#[tokio::test]
async fn a_late_gateway_is_tried_again_and_charges_once() -> Result<()> {
    let client = merchant("late").await?;
    // It answers after 1.5 s, and we give up after 0.5 s: the same key finds the charge that was made.
    let answer = client.pay(&payment(300, "tok_slow")).await?;
    let settled = client.settled(&answer.text("id"), Duration::from_secs(30)).await?;
    assert_eq!(settled["status"], "succeeded", "{settled}");
    let folded = fold(installation().await?).await?;
    let attempt = folded.states[&answer.text("id")]["operations"][0]["attempts"][0]["id"].clone();
    let attempt = attempt.as_str().context("an attempt has an id")?;
    let keys = installation().await?.simulator()?.keys().await?;
    let charged = keys.get(attempt).with_context(|| format!("the gateway was never sent {attempt}"))?;
    ensure!(charged.requests > 1 && charged.charges == 1, "{charged:?}");
    Ok(())
}

#[tokio::test]
async fn a_gateway_that_only_fails_ends_as_failed_after_a_query() -> Result<()> {
    let client = merchant("broken").await?;
    let answer = client.pay(&payment(300, "tok_error")).await?;
    let settled = client.settled(&answer.text("id"), Duration::from_secs(40)).await?;
    assert_eq!(settled["status"], "failed", "{settled}");
    assert_eq!(settled["failure"]["code"], "gateway_unavailable");
    Ok(())
}

#[tokio::test]
async fn an_unknown_token_is_rejected_by_the_gateway() -> Result<()> {
    let answer = merchant("rejected").await?.pay(&payment(300, "tok_nonsense")).await?;
    assert_eq!((answer.text("status").as_str(), &answer.body["failure"]["code"]), ("failed", &json!("rejected")));
    Ok(())
}

#[tokio::test]
async fn respond_async_answers_before_the_outcome() -> Result<()> {
    let client = merchant("async").await?;
    let request = client.request(Method::POST, "/v1/payments").header("Idempotency-Key", "k");
    let request = request.header("Prefer", "respond-async").json(&payment(400, "tok_approve"));
    let answer = client.send(request).await?;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.body);
    assert_eq!(answer.headers["preference-applied"], "respond-async");
    let location = answer.headers["location"].to_str()?.to_owned();
    assert_eq!(location, format!("/v1/commands/{}", answer.text("id")));
    let resource = answer.text("resource");
    client.settled(&resource, Duration::from_secs(20)).await?;
    let command = client.get(&location).await?;
    assert_eq!((command.text("status").as_str(), command.text("resource")), ("applied", resource));
    assert_eq!(command.body["sequence"], 1);
    Ok(())
}

#[tokio::test]
async fn wait_bounds_the_time_to_the_answer() -> Result<()> {
    let client = merchant("impatient").await?;
    let request = client.request(Method::POST, "/v1/payments").header("Idempotency-Key", "k");
    let answer = client.send(request.header("Prefer", "wait=1").json(&payment(400, "tok_error"))).await?;
    assert_eq!((answer.status, answer.text("status").as_str()), (StatusCode::CREATED, "processing"));
    assert_eq!(answer.headers["preference-applied"], "wait=1");
    Ok(())
}

#[rstest]
#[case::none(None, "Bearer")]
#[case::garbage(Some("garbage"), r#"Bearer error="invalid_token""#)]
#[case::unsigned(Some("eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."), r#"Bearer error="invalid_token""#)]
#[tokio::test]
async fn without_a_valid_token_nobody_gets_in(#[case] token: Option<&str>, #[case] challenge: &str) -> Result<()> {
    let installation = installation().await?;
    let client = match token {
        Some(token) => installation.client_with(token)?,
        None => Client::anonymous(&installation.url(Part::Ingest, ""))?,
    };
    for answer in [client.pay(&payment(1, "tok_approve")).await?, client.get("/v1/payments/pay_x").await?] {
        problem(&answer, StatusCode::UNAUTHORIZED, "unauthorized");
        assert_eq!(answer.headers["www-authenticate"], challenge);
    }
    Ok(())
}

#[tokio::test]
async fn a_token_that_somebody_else_signed_is_no_token() -> Result<()> {
    let installation = installation().await?;
    let secret = "--jwt-hs256-secret=another secret, which is as long as it has to be";
    let args = ["token", "--tenant", "forged", "--role", "merchant", secret];
    let client = installation.client_with(installation.tool(&args)?.trim())?;
    problem(&client.pay(&payment(1, "tok_approve")).await?, StatusCode::UNAUTHORIZED, "unauthorized");
    Ok(())
}

#[tokio::test]
async fn an_expired_token_is_no_token() -> Result<()> {
    let installation = installation().await?;
    let args = ["token", "--tenant", "expired", "--role", "merchant", "--ttl", "-1h"];
    let client = installation.client_with(installation.tool(&args)?.trim())?;
    problem(&client.pay(&payment(1, "tok_approve")).await?, StatusCode::UNAUTHORIZED, "unauthorized");
    Ok(())
}

#[tokio::test]
async fn a_role_allows_what_it_is_for_and_no_more() -> Result<()> {
    let installation = installation().await?;
    let merchant = installation.client("roles")?;
    let id = merchant.pay(&payment(100, "tok_approve")).await?.text("id");
    let viewer = installation.client_with(&installation.token("roles", &["viewer"])?)?;
    assert_eq!(viewer.get(&format!("/v1/payments/{id}")).await?.status, StatusCode::OK);
    problem(&viewer.pay(&payment(100, "tok_approve")).await?, StatusCode::FORBIDDEN, "forbidden");
    let operator = installation.client_with(&installation.token("roles", &["operator"])?)?;
    problem(&operator.get(&format!("/v1/payments/{id}")).await?, StatusCode::FORBIDDEN, "forbidden");
    Ok(())
}

#[tokio::test]
async fn another_tenants_payment_is_not_there() -> Result<()> {
    let owner = merchant("owner").await?;
    let other = merchant("other").await?;
    let body = payment(100, "tok_approve");
    let mine = owner.create("same-key", &body).await?;
    let id = mine.text("id");
    for path in [format!("/v1/payments/{id}"), format!("/v1/payments/{id}/history"), "/v1/payments/nonsense".to_owned()]
    {
        problem(&other.get(&path).await?, StatusCode::NOT_FOUND, "not-found");
    }
    let request = owner.request(Method::POST, "/v1/payments").header("Idempotency-Key", "async");
    let accepted = owner.send(request.header("Prefer", "respond-async").json(&body)).await?;
    owner.settled(&accepted.text("resource"), Duration::from_secs(20)).await?;
    let command = format!("/v1/commands/{}", accepted.text("id"));
    assert_eq!(owner.get(&command).await?.status, StatusCode::OK);
    problem(&other.get(&command).await?, StatusCode::NOT_FOUND, "not-found");
    let theirs = other.create("same-key", &body).await?;
    assert_ne!(theirs.text("id"), id, "keys are a tenant's own");
    Ok(())
}

#[tokio::test]
async fn live_and_test_never_see_each_other() -> Result<()> {
    let installation = installation().await?;
    let test = installation.client("modes")?;
    let args = ["token", "--tenant", "modes", "--role", "merchant", "--mode", "live"];
    let live = installation.client_with(installation.tool(&args)?.trim())?;
    let id = test.pay(&payment(100, "tok_approve")).await?.text("id");
    problem(&live.get(&format!("/v1/payments/{id}")).await?, StatusCode::NOT_FOUND, "not-found");
    Ok(())
}

#[rstest]
#[case::not_json("{", StatusCode::BAD_REQUEST, "malformed")]
#[case::empty("", StatusCode::BAD_REQUEST, "malformed")]
#[case::amount_twice(r#"{"amount":1,"amount":100}"#, StatusCode::BAD_REQUEST, "malformed")]
#[case::array("[]", StatusCode::UNPROCESSABLE_ENTITY, "invalid")]
#[case::nothing_in_it("{}", StatusCode::UNPROCESSABLE_ENTITY, "invalid")]
#[tokio::test]
async fn bodies_that_are_no_request(
    #[case] body: &'static str,
    #[case] status: StatusCode,
    #[case] name: &str,
) -> Result<()> {
    let client = merchant("bodies").await?;
    let request = client.request(Method::POST, "/v1/payments").header("Idempotency-Key", "k");
    let answer = client.send(request.header("content-type", "application/json").body(body)).await?;
    problem(&answer, status, name);
    Ok(())
}

#[tokio::test]
async fn every_bad_field_is_told_at_once() -> Result<()> {
    let client = merchant("fields").await?;
    let body = json!({"amount": -5, "currency": "XXZ", "payment_method": {"token": "t"}, "captur": "manual"});
    let answer = client.pay(&body).await?;
    problem(&answer, StatusCode::UNPROCESSABLE_ENTITY, "invalid");
    assert_eq!(answer.fields(), ["amount", "currency", "captur"]);
    assert_eq!(answer.body["errors"][0]["message"], "must be a positive integer of minor units, got -5");
    Ok(())
}

#[tokio::test]
async fn a_body_over_the_bound_is_refused() -> Result<()> {
    let client = merchant("large").await?;
    let mut body = payment(100, "tok_approve");
    body["description"] = json!("x".repeat(70_000));
    let answer = client.pay(&body).await?;
    problem(&answer, StatusCode::PAYLOAD_TOO_LARGE, "too-large");
    // The same without a length that gives it away.
    let chunks = futures::stream::iter((0..70).map(|_| Ok::<_, std::io::Error>(vec![b' '; 1_000])));
    let request = client.request(Method::POST, "/v1/payments").header("Idempotency-Key", "k");
    let request = request.header("content-type", "application/json").body(reqwest::Body::wrap_stream(chunks));
    problem(&client.send(request).await?, StatusCode::PAYLOAD_TOO_LARGE, "too-large");
    Ok(())
}

#[tokio::test]
async fn other_paths_methods_and_media_types() -> Result<()> {
    let client = merchant("paths").await?;
    problem(&client.get("/v1/nothing").await?, StatusCode::NOT_FOUND, "not-found");
    let answer = client.send(client.request(Method::PUT, "/v1/payments")).await?;
    problem(&answer, StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed");
    assert_eq!(answer.headers["allow"], "POST, GET");
    let request = client.request(Method::POST, "/v1/payments").header("Idempotency-Key", "k");
    let answer = client.send(request.header("content-type", "text/plain").body("{}")).await?;
    problem(&answer, StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type");
    Ok(())
}

#[tokio::test]
async fn metrics_and_health_are_served() -> Result<()> {
    let installation = installation().await?;
    let id = installation.client("measured")?.pay(&payment(100, "tok_approve")).await?.text("id");
    installation.client("measured")?.history(&id, 3).await?;
    let http = reqwest::Client::builder().no_proxy().build()?;
    for part in [Part::Ingest, Part::Processor, Part::Gateway, Part::Postgres, Part::Redis] {
        for path in ["/livez", "/readyz"] {
            for url in [installation.url(part, path), installation.admin_url(part, path)] {
                assert_eq!(http.get(&url).send().await?.status(), StatusCode::OK, "{part:?} {url}");
            }
        }
    }
    let answer = http.get(installation.url(Part::Ingest, "/metrics")).send().await?;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND, "strangers are told nothing of the insides");
    for (part, names) in [
        (Part::Ingest, &["http_requests_total", "http_request_seconds_count", "publish_seconds_count"][..]),
        (Part::Processor, &["runtime_windows_total", "log_commit_seconds_count", "runtime_window_records_count"]),
        (Part::Gateway, &["gateway_calls_total", "gateway_call_seconds_count"]),
        (Part::Postgres, &["store_records_total", "store_apply_seconds_count", "store_batch_records_count"]),
        (Part::Redis, &["store_records_total", "store_apply_seconds_count", "store_batch_records_count"]),
    ] {
        let metrics = installation.metrics(part).await?;
        for name in names {
            assert!(metric(&metrics, &format!("quittance_{name}"), "") > 0.0, "{part:?} {name}: {metrics}");
        }
        assert!(part == Part::Ingest || metrics.contains("_lag_ms{"), "{part:?} {metrics}");
    }
    Ok(())
}
