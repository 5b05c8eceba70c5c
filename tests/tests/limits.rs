//! How much a tenant may ask for, and that it is nobody else's loss.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use futures::future::{Either, select};
use quittance_tests::{Client, EventStream, Installation, Options, Part, Server, eventually, payment};
use reqwest::{Method, StatusCode};

/// Requests a second of a tenant, in the test.
const RATE: usize = 20;

/// Asks that often, one after the other, and says how many were taken.
async fn taken_of(client: &Client, requests: usize) -> Result<usize> {
    let mut taken = 0;
    for _ in 0..requests {
        let answer = client.get("/v1/accounts").await?;
        match answer.status {
            StatusCode::OK => taken += 1,
            StatusCode::TOO_MANY_REQUESTS => {
                ensure!(answer.problem() == "rate-limited", "{}", answer.body);
                let after = answer.headers.get("retry-after").context("it says when to come again")?;
                ensure!((1..=2).contains(&after.to_str()?.parse::<u32>()?), "{after:?}");
            }
            status => anyhow::bail!("{status}: {}", answer.body),
        }
    }
    Ok(taken)
}

/// What a tenant may have had since a moment: a full bucket, what ran into it meanwhile, and a lease that may be lost or got twice.
fn most(since: Instant) -> usize {
    let elapsed_ms = usize::try_from(since.elapsed().as_millis()).unwrap_or(usize::MAX);
    2 * RATE + RATE * (elapsed_ms + 1_000) / 1_000
}

#[tokio::test]
async fn each_credential_and_each_kind_of_room_has_its_bound() -> Result<()> {
    // A tenant has half of each.
    let variables = [
        ("QUITTANCE_CREDENTIAL_RATE", RATE),
        ("QUITTANCE_STREAMS_MAX", 2),
        ("QUITTANCE_WAITS_MAX", 2),
        ("QUITTANCE_REQUESTS_MAX", 4),
    ];
    let variables = variables.map(|(name, value)| (name, value.to_string()));
    let mut installation = Installation::start("rooms", Options { variables: variables.into() }).await?;

    let began = Instant::now();
    let greedy = installation.client("credentials")?;
    let taken = taken_of(&greedy, 200).await?;
    assert!((2 * RATE..=most(began)).contains(&taken), "{taken} of at most {}", most(began));
    assert_eq!(taken_of(&installation.client("credentials")?, RATE).await?, RATE, "another credential is another's");

    let listening = installation.client("streams")?;
    let _stream = EventStream::open(&listening, "/v1/events", None).await?;
    let second =
        listening.send(listening.request(Method::GET, "/v1/events").header("accept", "text/event-stream")).await?;
    assert_eq!((second.status, &*second.problem()), (StatusCode::TOO_MANY_REQUESTS, "too-many"), "{}", second.body);
    assert!(second.headers.contains_key("retry-after"));
    assert_eq!(listening.get("/v1/accounts").await?.status, StatusCode::OK, "who listens can still ask");

    // Nobody decides, so whoever may wait does.
    installation.process(Part::Processor).kill()?;
    let client = installation.client("waits")?;
    let waiting = |key: &'static str| {
        let request = client.request(Method::POST, "/v1/payments").header("Idempotency-Key", key);
        client.send(request.header("Prefer", "wait=30").json(&payment(100, "tok_approve")))
    };
    let (early, late) = match select(Box::pin(waiting("a")), Box::pin(waiting("b"))).await {
        Either::Left((early, late)) | Either::Right((early, late)) => (early?, late),
    };
    assert_eq!(early.status, StatusCode::ACCEPTED, "the one that finds no room: {}", early.body);
    installation.process(Part::Processor).start()?;
    let late = late.await?;
    assert_eq!(late.status, StatusCode::CREATED, "the one that waits: {}", late.body);
    Ok(())
}

#[tokio::test]
async fn a_tenant_that_asks_too_often_is_told_so_over_all_instances_and_others_are_served() -> Result<()> {
    let variables = [("QUITTANCE_TENANT_RATE", RATE), ("QUITTANCE_CREDENTIAL_RATE", 1_000)]
        .map(|(name, rate)| (name, rate.to_string()));
    let installation = Installation::start("limits", Options { variables: variables.into() }).await?;
    let mut beside = installation.another(Part::Ingest, "b")?;
    beside.start()?;
    beside.ready(Duration::from_secs(60)).await?;

    let one = installation.client("greedy")?;
    let other = Client::new(&beside.url(""), &installation.token("greedy", &["merchant"])?)?;
    let began = Instant::now();
    let (here, there) = tokio::try_join!(taken_of(&one, 200), taken_of(&other, 200))?;
    let most_taken = most(began);
    assert!((2 * RATE..=most_taken).contains(&(here + there)), "{here} + {there} of at most {most_taken}");
    assert_eq!(taken_of(&installation.client("modest")?, RATE).await?, RATE, "another tenant is not concerned");
    assert_eq!(one.get("/livez").await?.status, StatusCode::OK, "and neither is health");

    // Nobody is turned away for want of Redis, and nobody gets everything.
    let outage = installation.stack.kill(Server::Redis)?;
    let began = Instant::now();
    let patient = installation.client("patient")?;
    let alone = taken_of(&patient, 200).await?;
    assert!((2 * RATE..=most(began)).contains(&alone), "{alone} of at most {}", most(began));
    outage.over()?;
    eventually("a payment is taken again", Duration::from_secs(30), || async {
        let paid = installation.client("after")?.pay(&payment(100, "tok_approve")).await?;
        ensure!(paid.status == StatusCode::CREATED, "{}", paid.status);
        Ok::<_, anyhow::Error>(())
    })
    .await?;
    Ok(())
}
