//! What answers say beside what was asked for: that they are told again, what they are a version of, and who may read them.

use anyhow::{Result, ensure};
use quittance_tests::{Answer, Client, Installation, Options, payment};
use reqwest::{Method, StatusCode};
use rstest::rstest;
use serde_json::json;
use tokio::sync::OnceCell;
use uuid::Uuid;

static SHARED: OnceCell<Installation> = OnceCell::const_new();

/// One installation for all tests; each test has a tenant of its own.
async fn installation() -> Result<&'static Installation> {
    let variables = vec![("QUITTANCE_CORS_ORIGINS", "https://shop.example,http://localhost:3000".to_owned())];
    SHARED.get_or_try_init(|| Installation::start("answers", Options { variables })).await
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer.headers.get(name).and_then(|value| value.to_str().ok())
}

fn is_told_again(answer: &Answer) -> bool {
    header(answer, "idempotent-replayed") == Some("true")
}

async fn captured_under(client: &Client, key: &str, id: &str) -> Result<Answer> {
    client.ask_under(key, id, "captures", &json!({})).await
}

#[tokio::test]
async fn what_was_decided_is_told_again_and_says_so() -> Result<()> {
    let installation = installation().await?;
    let client = installation.client("again")?;
    let key = Uuid::new_v4().to_string();
    let body = payment(1_250, "tok_approve");
    let first = client.create(&key, &body).await?;
    assert!(first.status == StatusCode::CREATED && !is_told_again(&first), "{:?}", first.headers);
    let second = client.create(&key, &body).await?;
    assert!(is_told_again(&second) && second.body == first.body && second.status == first.status, "{second:?}");
    assert_eq!(header(&second, "location"), header(&first, "location"));

    // A refusal, too.
    let id = first.text("id");
    let refused = captured_under(&client, "late", &id).await?;
    assert!(refused.status == StatusCode::CONFLICT && !is_told_again(&refused), "{refused:?}");
    let again = captured_under(&client, "late", &id).await?;
    assert!(is_told_again(&again) && again.body == refused.body && again.status == refused.status, "{again:?}");

    // Of another request under the key nothing was decided.
    let reused = client.create(&key, &payment(1_251, "tok_approve")).await?;
    assert!(reused.problem() == "idempotency-key-reused" && !is_told_again(&reused), "{reused:?}");
    // And one that does not wait is told what is known.
    let request = client.request(Method::POST, "/v1/payments").header("Idempotency-Key", &key).json(&body);
    let third = client.send(request.header("Prefer", "respond-async")).await?;
    assert!(is_told_again(&third) && third.body == first.body, "{third:?}");
    Ok(())
}

#[tokio::test]
async fn a_client_that_has_the_payment_is_not_sent_it_again() -> Result<()> {
    let client = installation().await?.client("tags")?;
    let mut body = payment(700, "tok_approve");
    body["capture"] = json!("manual");
    let id = client.pay(&body).await?.text("id");
    let path = format!("/v1/payments/{id}");
    let read = client.get(&path).await?;
    let tag = header(&read, "etag").unwrap_or_default().to_owned();
    assert_eq!((tag.as_str(), header(&read, "cache-control")), ("W/\"2\"", Some("private, no-cache")));
    let ask = || client.send(client.request(Method::GET, &path).header("If-None-Match", &tag));
    let same = ask().await?;
    assert_eq!((same.status, header(&same, "etag"), &same.body), (StatusCode::NOT_MODIFIED, Some(&*tag), &json!(null)));
    client.ask(&id, "captures", &json!({})).await?;
    let changed = ask().await?;
    assert_eq!((changed.status, changed.text("status").as_str()), (StatusCode::OK, "succeeded"));

    let head = client.send(client.request(Method::HEAD, &path)).await?;
    assert!(head.status == StatusCode::OK && head.headers.contains_key("etag"), "{head:?}");
    Ok(())
}

#[rstest]
#[case(None, true)]
#[case(Some("2026-11-01"), true)]
#[case(Some("2026-11-02"), false)]
#[case(Some("latest"), false)]
#[tokio::test]
async fn there_is_one_version(#[case] version: Option<&str>, #[case] taken: bool) -> Result<()> {
    let client = installation().await?.client("versions")?;
    let mut request = client.request(Method::GET, "/v1/accounts");
    if let Some(version) = version {
        request = request.header("Quittance-Version", version);
    }
    let answer = client.send(request).await?;
    assert_eq!(header(&answer, "quittance-version"), Some("2026-11-01"), "whatever it is");
    if taken {
        assert_eq!(answer.status, StatusCode::OK);
    } else {
        assert_eq!(
            (answer.status, answer.fields()),
            (StatusCode::UNPROCESSABLE_ENTITY, vec!["Quittance-Version".into()])
        );
    }
    Ok(())
}

#[rstest]
#[case("https://shop.example", true)]
#[case("http://localhost:3000", true)]
#[case("https://shop.example.evil.example", false)]
#[case("http://shop.example", false)]
#[case("null", false)]
#[tokio::test]
async fn pages_of_listed_sites_may_ask_and_read(#[case] origin: &str, #[case] may: bool) -> Result<()> {
    let client = installation().await?.client("pages")?;
    let expected = may.then_some(origin);
    let asked = client.request(Method::OPTIONS, "/v1/payments").header("Origin", origin);
    let asked = asked.header("Access-Control-Request-Method", "POST");
    let allowed = client.send(asked.header("Access-Control-Request-Headers", "authorization,idempotency-key")).await?;
    assert_eq!(header(&allowed, "access-control-allow-origin"), expected, "{allowed:?}");
    let read = client.send(client.request(Method::GET, "/v1/accounts").header("Origin", origin)).await?;
    assert_eq!(header(&read, "access-control-allow-origin"), expected);
    assert!(!read.headers.contains_key("access-control-allow-credentials"), "tokens are not cookies");
    assert!(header(&read, "vary").is_some_and(|vary| vary.to_lowercase().contains("origin")), "{read:?}");
    Ok(())
}

#[tokio::test]
async fn every_answer_is_data_and_nothing_to_be_kept_or_run() -> Result<()> {
    let installation = installation().await?;
    let client = installation.client("harmless")?;
    let stranger = Client::anonymous(&installation.url(quittance_tests::Part::Ingest, ""))?;
    let answers = [
        client.get("/v1/accounts").await?,
        client.get("/v1/payments/pay_x").await?,
        client.get("/nowhere").await?,
        stranger.get("/v1/accounts").await?,
        stranger.get("/livez").await?,
    ];
    for answer in answers {
        for (name, value) in [
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
        ] {
            assert_eq!(header(&answer, name), Some(value), "{answer:?}");
        }
        ensure!(!answer.headers.contains_key("server"), "what serves it is nobody's business");
    }
    Ok(())
}
