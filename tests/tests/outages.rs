//! Servers that go away and come back, under an installation that is asked for payments meanwhile.
//!
//! The servers are shared, so these scenarios run one after the other, in a program of their own.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use quittance_tests::{Installation, Options, Part, Server, fold, payment};
use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio::sync::Mutex;

/// One outage at a time.
static TURN: Mutex<()> = Mutex::const_new(());
const WITHIN: Duration = Duration::from_secs(60);

async fn installation(name: &str) -> Result<Installation> {
    let variables = vec![("QUITTANCE_RETRY_MAX_MS", "500".to_owned())];
    Installation::start(name, Options { variables }).await
}

/// After an outage everything is as if there had been none.
async fn all_is_well(installation: &Installation) -> Result<()> {
    installation.ready().await?;
    let client = installation.client("acme")?;
    let answer = client.pay(&payment(100, "tok_approve")).await?;
    ensure!(answer.status == StatusCode::CREATED, "{}", answer.body);
    client.settled(&answer.text("id"), WITHIN).await?;
    let folded = fold(installation).await?;
    folded.check()?;
    folded.equals_postgres(installation).await?;
    folded.equals_redis(installation, "acme").await?;
    Ok(())
}

#[tokio::test]
async fn a_gateway_that_is_down_is_tried_again_until_it_is_back() -> Result<()> {
    let _turn = TURN.lock().await;
    let mut installation = installation("gateway-down").await?;
    let client = installation.client("acme")?;
    installation.process(Part::Simulator).kill()?;
    let request = client.request(Method::POST, "/v1/payments").header("Idempotency-Key", "k");
    let answer = client.send(request.header("Prefer", "wait=1").json(&payment(100, "tok_approve"))).await?;
    ensure!(answer.status == StatusCode::CREATED && answer.text("status") == "processing", "{}", answer.body);
    installation.process(Part::Simulator).start()?;
    let settled = client.settled(&answer.text("id"), WITHIN).await?;
    ensure!(settled["status"] == "succeeded", "{settled}");
    all_is_well(&installation).await
}

#[tokio::test]
async fn without_kafka_nothing_is_promised_and_nothing_is_lost() -> Result<()> {
    let _turn = TURN.lock().await;
    let installation = installation("kafka-down").await?;
    let client = installation.client("acme")?;
    let before = client.create("before", &payment(100, "tok_approve")).await?;
    installation.stack.kill(Server::Kafka)?;
    let began = Instant::now();
    let during = client.create("during", &payment(200, "tok_approve")).await?;
    ensure!(during.status == StatusCode::SERVICE_UNAVAILABLE, "{}", during.body);
    ensure!(during.headers.contains_key("retry-after"));
    ensure!(began.elapsed() < Duration::from_secs(10), "the answer took {:?}", began.elapsed());
    let read = client.get(&format!("/v1/payments/{}", before.text("id"))).await?;
    ensure!(read.status == StatusCode::OK, "what is stored can still be read");
    installation.stack.up()?;
    installation.ready().await?;
    // The client does as it was told: the same key again.
    let again = client.create("during", &payment(200, "tok_approve")).await?;
    ensure!(again.status == StatusCode::CREATED, "{}", again.body);
    ensure!(client.settled(&again.text("id"), WITHIN).await?["amount"] == 200);
    all_is_well(&installation).await
}

#[tokio::test]
async fn without_postgres_payments_go_on_and_history_follows() -> Result<()> {
    let _turn = TURN.lock().await;
    let installation = installation("postgres-down").await?;
    let client = installation.client("acme")?;
    installation.stack.kill(Server::Postgres)?;
    let answer = client.pay(&payment(100, "tok_approve")).await?;
    ensure!(answer.status == StatusCode::CREATED && answer.text("status") == "succeeded", "{}", answer.body);
    let id = answer.text("id");
    ensure!(client.get(&format!("/v1/payments/{id}")).await?.status == StatusCode::OK, "Redis answers");
    let history = client.get(&format!("/v1/payments/{id}/history")).await?;
    ensure!(history.status == StatusCode::SERVICE_UNAVAILABLE, "{}", history.body);
    installation.stack.up()?;
    client.history(&id, 3).await?;
    all_is_well(&installation).await
}

#[tokio::test]
async fn without_redis_postgres_answers() -> Result<()> {
    let _turn = TURN.lock().await;
    let installation = installation("redis-down").await?;
    let client = installation.client("acme")?;
    installation.stack.kill(Server::Redis)?;
    let answer = client.pay(&payment(100, "tok_approve")).await?;
    ensure!(answer.status == StatusCode::CREATED && answer.text("status") == "succeeded", "{}", answer.body);
    let read = client.get(&format!("/v1/payments/{}", answer.text("id"))).await?;
    ensure!(read.status == StatusCode::OK && read.body["status"] == json!("succeeded"), "{}", read.body);
    // It comes back empty, and is filled again from the log.
    installation.stack.up()?;
    all_is_well(&installation).await?;
    let found = fold(&installation).await?.equals_redis(&installation, "acme").await?;
    ensure!(found == 2, "Redis has {found} of 2 payments");
    Ok(())
}

#[tokio::test]
async fn without_the_registry_running_processes_go_on_and_new_ones_wait() -> Result<()> {
    let _turn = TURN.lock().await;
    let mut installation = installation("registry-down").await?;
    let client = installation.client("acme")?;
    // A payment first, so that every schema has been seen.
    client.pay(&payment(100, "tok_approve")).await?;
    client.pay(&payment(100, "tok_decline")).await?;
    installation.stack.kill(Server::Registry)?;
    let answer = client.pay(&payment(100, "tok_approve")).await?;
    ensure!(answer.text("status") == "succeeded", "{}", answer.body);
    installation.process(Part::Processor).kill()?;
    installation.process(Part::Processor).start()?;
    let request = client.request(Method::POST, "/v1/payments").header("Idempotency-Key", "waits");
    let request = request.header("Prefer", "respond-async").json(&payment(300, "tok_approve"));
    let waits = client.send(request).await?;
    ensure!(waits.status == StatusCode::ACCEPTED, "{}", waits.body);
    installation.stack.up()?;
    let settled = client.settled(&waits.text("resource"), WITHIN).await?;
    ensure!(settled["status"] == "succeeded", "{settled}");
    all_is_well(&installation).await
}
