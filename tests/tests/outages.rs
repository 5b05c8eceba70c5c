//! Servers that go away and come back, under an installation that is asked for payments meanwhile.
//!
//! The servers are shared, so these scenarios run one after the other, in a program of their own.

use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use quittance_avro::{
    records::{PaymentState, Record},
    topics::Topic,
};
use quittance_tests::{Answer, Frozen, Installation, Options, Part, Server, eventually, fold, payment};
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
    let id = taken(&client.pay(&payment(100, "tok_approve")).await?)?;
    client.settled(&id, WITHIN).await?;
    let folded = fold(installation).await?;
    folded.check()?;
    folded.equals_postgres(installation).await?;
    folded.equals_redis(installation, "acme", folded.states.len()).await
}

/// The id of a payment that was taken, whether its outcome was known in time or not.
fn taken(answer: &Answer) -> Result<String> {
    match answer.status {
        StatusCode::CREATED => Ok(answer.text("id")),
        StatusCode::ACCEPTED => Ok(answer.text("resource")),
        status => bail!("{status} {}", answer.body),
    }
}

/// A process says that it cannot do its work, and by its name what it lacks; and that it is alive all the same.
async fn is_unready(installation: &Installation, part: Part) -> Result<()> {
    eventually(&format!("{part:?} is unready"), WITHIN, || async {
        let answer = get(&installation.admin_url(part, "/readyz")).await?;
        ensure!(answer == StatusCode::SERVICE_UNAVAILABLE, "it answers {answer}");
        let alive = get(&installation.admin_url(part, "/livez")).await?;
        ensure!(alive == StatusCode::OK, "its liveness is {alive}");
        Ok::<_, anyhow::Error>(())
    })
    .await
}

async fn get(url: &str) -> Result<StatusCode> {
    let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(5)).build()?;
    Ok(http.get(url).send().await?.status())
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
    // Longer than a client waits: it is not what ends the wait.
    let variables = vec![("QUITTANCE_PUBLISH_TIMEOUT_MS", "60000".to_owned())];
    let installation = Installation::start("kafka-down", Options { variables }).await?;
    let client = installation.client("acme")?;
    let before = client.create("before", &payment(100, "tok_approve")).await?;
    let outage = installation.stack.kill(Server::Kafka)?;
    let began = Instant::now();
    let during = client.create("during", &payment(200, "tok_approve")).await?;
    ensure!(during.status == StatusCode::SERVICE_UNAVAILABLE, "{}", during.body);
    ensure!(during.headers.contains_key("retry-after"));
    ensure!(began.elapsed() < Duration::from_secs(10), "the answer took {:?}", began.elapsed());
    let read = client.get(&format!("/v1/payments/{}", before.text("id"))).await?;
    ensure!(read.status == StatusCode::OK, "what is stored can still be read");
    is_unready(&installation, Part::Ingest).await?;
    for (tenant, what) in [("acme", "somebody known"), ("newcomer", "somebody without a key to seal with")] {
        let refused = installation.client(tenant)?.pay(&payment(300, "tok_approve")).await?;
        ensure!(refused.problem() == "unavailable", "{what}: {} {}", refused.status, refused.body);
    }
    let admin = installation.client_with(&installation.token("acme", &["admin"])?)?;
    let limits = admin.request(Method::PUT, "/v1/limits").json(&json!({"currencies": []}));
    let refused = admin.send(limits).await?;
    ensure!(refused.problem() == "unavailable", "what is configured: {} {}", refused.status, refused.body);
    outage.over()?;
    installation.ready().await?;
    // The client does as it was told: the same key again.
    let again = taken(&client.create("during", &payment(200, "tok_approve")).await?)?;
    ensure!(client.settled(&again, WITHIN).await?["amount"] == 200);
    all_is_well(&installation).await
}

#[tokio::test]
async fn without_postgres_payments_go_on_and_history_follows() -> Result<()> {
    let _turn = TURN.lock().await;
    let installation = installation("postgres-down").await?;
    let client = installation.client("acme")?;
    let outage = installation.stack.kill(Server::Postgres)?;
    let answer = client.pay(&payment(100, "tok_approve")).await?;
    ensure!(answer.status == StatusCode::CREATED && answer.text("status") == "succeeded", "{}", answer.body);
    let id = answer.text("id");
    ensure!(client.get(&format!("/v1/payments/{id}")).await?.status == StatusCode::OK, "Redis answers");
    is_unready(&installation, Part::Postgres).await?;
    let history = client.get(&format!("/v1/payments/{id}/history")).await?;
    ensure!(history.status == StatusCode::SERVICE_UNAVAILABLE, "{}", history.body);
    outage.over()?;
    client.history(&id, 3).await?;
    all_is_well(&installation).await
}

#[tokio::test]
async fn without_redis_postgres_answers() -> Result<()> {
    let _turn = TURN.lock().await;
    let installation = installation("redis-down").await?;
    let client = installation.client("acme")?;
    let outage = installation.stack.kill(Server::Redis)?;
    let answer = client.pay(&payment(100, "tok_approve")).await?;
    ensure!(answer.status == StatusCode::CREATED && answer.text("status") == "succeeded", "{}", answer.body);
    is_unready(&installation, Part::Redis).await?;
    let read = client.get(&format!("/v1/payments/{}", answer.text("id"))).await?;
    ensure!(read.status == StatusCode::OK && read.body["status"] == json!("succeeded"), "{}", read.body);
    // What was decided is told again, by whoever still knows it.
    let keyed = client.create("key", &payment(200, "tok_approve")).await?;
    let again = client.create("key", &payment(200, "tok_approve")).await?;
    ensure!(again.headers.contains_key("idempotent-replayed") && again.body == keyed.body, "{again:?}");
    ensure!(client.create("key", &payment(300, "tok_approve")).await?.problem() == "idempotency-key-reused");
    // It comes back empty, and is filled again from the log.
    outage.over()?;
    all_is_well(&installation).await?;
    fold(&installation).await?.equals_redis(&installation, "acme", 2).await
}

#[tokio::test]
async fn without_the_registry_running_processes_go_on_and_new_ones_wait() -> Result<()> {
    let _turn = TURN.lock().await;
    let mut installation = installation("registry-down").await?;
    let client = installation.client("acme")?;
    // A payment first, so that every schema has been seen.
    client.pay(&payment(100, "tok_approve")).await?;
    client.pay(&payment(100, "tok_decline")).await?;
    let outage = installation.stack.kill(Server::Registry)?;
    let answer = client.pay(&payment(100, "tok_approve")).await?;
    ensure!(answer.text("status") == "succeeded", "{}", answer.body);
    installation.process(Part::Processor).kill()?;
    installation.process(Part::Processor).start()?;
    let request = client.request(Method::POST, "/v1/payments").header("Idempotency-Key", "waits");
    let request = request.header("Prefer", "respond-async").json(&payment(300, "tok_approve"));
    let waits = client.send(request).await?;
    ensure!(waits.status == StatusCode::ACCEPTED, "{}", waits.body);
    outage.over()?;
    let settled = client.settled(&waits.text("resource"), WITHIN).await?;
    ensure!(settled["status"] == "succeeded", "{settled}");
    all_is_well(&installation).await
}

#[tokio::test]
async fn while_the_cache_has_nothing_new_postgres_answers_those_who_wait() -> Result<()> {
    let _turn = TURN.lock().await;
    let mut installation = installation("redis-sink-down").await?;
    let client = installation.client("acme")?;
    installation.process(Part::Redis).kill()?;
    let began = Instant::now();
    let answer = client.pay(&payment(100, "tok_approve")).await?;
    ensure!(answer.status == StatusCode::CREATED && answer.text("status") == "succeeded", "{}", answer.body);
    ensure!(began.elapsed() < Duration::from_secs(8), "the answer took {:?}, all of the wait", began.elapsed());
    installation.process(Part::Redis).start()?;
    all_is_well(&installation).await
}

#[tokio::test]
async fn a_store_that_stands_still_keeps_nobody_waiting_for_ever() -> Result<()> {
    let _turn = TURN.lock().await;
    let mut installation = installation("postgres-frozen").await?;
    let client = installation.client("acme")?;
    let id = taken(&client.pay(&payment(100, "tok_approve")).await?)?;
    client.history(&id, 3).await?;
    // Nothing new comes by way of Redis, and Postgres takes every query and answers none.
    installation.process(Part::Redis).kill()?;
    let frozen = Frozen::new(&installation.stack, Server::Postgres)?;
    let began = Instant::now();
    let request = client.request(Method::POST, "/v1/payments").header("Idempotency-Key", "k");
    let answer = client.send(request.header("Prefer", "wait=1").json(&payment(100, "tok_approve"))).await?;
    ensure!(answer.status == StatusCode::ACCEPTED, "{}", answer.body);
    ensure!(began.elapsed() < Duration::from_secs(5), "the answer took {:?}", began.elapsed());
    let history = client.get(&format!("/v1/payments/{id}/history")).await?;
    ensure!(history.status == StatusCode::SERVICE_UNAVAILABLE, "{}", history.body);
    drop(frozen);
    installation.process(Part::Redis).start()?;
    all_is_well(&installation).await
}

#[tokio::test]
async fn an_ingest_that_starts_without_kafka_says_so_and_takes_nothing() -> Result<()> {
    let _turn = TURN.lock().await;
    let mut installation = installation("ingest-starts").await?;
    let client = installation.client("acme")?;
    let outage = installation.stack.kill(Server::Kafka)?;
    let ingest = installation.process(Part::Ingest);
    ingest.kill()?;
    ingest.start()?;
    is_unready(&installation, Part::Ingest).await?;
    let refused = client.pay(&payment(100, "tok_approve")).await;
    ensure!(refused.is_err(), "nobody connects before anything can be taken: {refused:?}");
    // Told to stop, it stops, though it never got to its work.
    let ingest = installation.process(Part::Ingest);
    ingest.signal("TERM")?;
    let status = ingest.ended(Duration::from_secs(30)).await?;
    ensure!(status.success(), "it ended with {status}: {}", ingest.log());
    ingest.start()?;
    outage.over()?;
    all_is_well(&installation).await
}

#[tokio::test]
async fn a_processor_that_is_told_to_stop_while_kafka_is_down_stops() -> Result<()> {
    let _turn = TURN.lock().await;
    let mut installation = installation("stop-down").await?;
    let client = installation.client("acme")?;
    taken(&client.pay(&payment(100, "tok_approve")).await?)?;
    let outage = installation.stack.kill(Server::Kafka)?;
    for part in [Part::Processor, Part::Gateway, Part::Postgres, Part::Redis] {
        installation.process(part).signal("TERM")?;
    }
    for part in [Part::Processor, Part::Gateway, Part::Postgres, Part::Redis] {
        let process = installation.process(part);
        let status = process.ended(Duration::from_secs(40)).await?;
        ensure!(status.success(), "{part:?} ended with {status}: {}", process.log());
        process.start()?;
    }
    outage.over()?;
    all_is_well(&installation).await
}

#[tokio::test]
async fn what_is_up_is_left_alone_and_what_was_killed_comes_back_with_its_data() -> Result<()> {
    let _turn = TURN.lock().await;
    let installation = Installation::prepare("stack", Options::default())?;
    let stack = &installation.stack;
    let servers = [Server::Kafka, Server::Registry, Server::Postgres, Server::Redis];
    let pids = || servers.into_iter().map(|server| stack.pid(server)).collect::<Result<Vec<_>>>();
    let before = pids()?;
    stack.up()?;
    ensure!(pids()? == before, "a second up is not to start anything");
    let outages = servers.into_iter().map(|server| stack.kill(server)).collect::<Result<Vec<_>>>()?;
    ensure!(stack.status().is_err(), "nothing is up");
    drop(outages);
    stack.status()?;
    ensure!(pids()?.iter().all(|pid| !before.contains(pid)));
    // What was registered, created and migrated is still there.
    ensure!(installation.tool(&["topics", "apply"])?.lines().all(|line| !line.ends_with(": created")));
    ensure!(installation.tool(&["migrate"])?.trim() == "nothing to do");
    let subject = Topic::PaymentState.spec().subject(&installation.prefix, PaymentState::NAME);
    let url = format!("{}/subjects/{subject}/versions", stack.variable("QUITTANCE_SCHEMA_REGISTRY_URL")?);
    ensure!(get(&url).await? == StatusCode::OK, "the registry has kept {subject}");
    Ok(())
}
