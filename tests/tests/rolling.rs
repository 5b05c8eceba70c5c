//! Two ingests behind a balancer are started anew, one after the other, while they are asked: nobody notices.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use quittance_tests::{Balancer, Client, Installation, Options, Part, Process, payment};
use reqwest::StatusCode;
use tokio::task::JoinSet;

const READY_WITHIN: Duration = Duration::from_secs(60);
/// Clients that ask at a time, each one thing after the other.
const CLIENTS: usize = 6;
const ROUNDS: usize = 2;

/// Asks until it is told to stop, and says how often it asked. Anything but what was asked for is a failure.
async fn ask(client: Client, number: usize, over: Arc<AtomicBool>) -> Result<usize> {
    let mut asked = 0;
    while !over.load(Ordering::Relaxed) {
        let key = format!("rolling-{number}-{asked}");
        let taken = client.create(&key, &payment(1_000, "tok_approve")).await.with_context(|| key.clone())?;
        ensure!(matches!(taken.status, StatusCode::CREATED | StatusCode::ACCEPTED), "{key}: {taken:?}");
        let id = if taken.status == StatusCode::CREATED { taken.text("id") } else { taken.text("resource") };
        let read = client.get(&format!("/v1/payments/{id}?after=1")).await.with_context(|| id.clone())?;
        ensure!(read.status == StatusCode::OK, "{id}: {read:?}");
        asked += 1;
    }
    Ok(asked)
}

async fn restart(ingest: &mut Process) -> Result<()> {
    ingest.signal("TERM")?;
    let status = ingest.ended(READY_WITHIN).await?;
    ensure!(status.success(), "it ended with {status}");
    ingest.start()?;
    ingest.ready(READY_WITHIN).await
}

#[tokio::test]
async fn a_rolling_restart_costs_nobody_an_error() -> Result<()> {
    let mut installation = Installation::start("rolling", Options::default()).await?;
    let mut beside = installation.another(Part::Ingest, "b")?;
    beside.start()?;
    beside.ready(READY_WITHIN).await?;
    let balancer = Balancer::start(&[installation.process(Part::Ingest).port, beside.port]).await?;
    let token = installation.token("acme", &["merchant"])?;

    let over = Arc::new(AtomicBool::new(false));
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        clients.spawn(ask(Client::new(&balancer.url(""), &token)?, number, Arc::clone(&over)));
    }
    for _ in 0..ROUNDS {
        restart(installation.process(Part::Ingest)).await?;
        restart(&mut beside).await?;
    }
    over.store(true, Ordering::Relaxed);
    let mut asked = 0;
    while let Some(ended) = clients.join_next().await {
        let one = ended??;
        ensure!(one > 0, "a client was never answered");
        asked += one;
    }
    let postgres = installation.postgres().await?;
    let count = "select count(*) from payments";
    quittance_tests::eventually("Postgres has every payment", READY_WITHIN, || async {
        let found: i64 = postgres.query_one(count, &[]).await?.get(0);
        ensure!(usize::try_from(found)? == asked, "{found} of {asked}");
        Ok::<_, anyhow::Error>(())
    })
    .await?;
    balancer.stop().await
}
