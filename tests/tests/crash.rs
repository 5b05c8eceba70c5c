//! Every process is killed again and again under steady load, and nothing is lost, doubled or left open.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use quittance_avro::topics::Topic;
use quittance_log::Reader;
use quittance_tests::{Client, Folded, Installation, Options, Part, Server, fold, metric, payment};
use rand::RngExt;
use reqwest::StatusCode;
use serde_json::Value;
use tokio::{sync::Mutex, task::JoinSet, time::MissedTickBehavior};

const TENANT: &str = "acme";
/// The simulated gateway is the outside world: it does not crash here, so that it can say what it charged.
const KILLED: [Part; 5] = [Part::Ingest, Part::Processor, Part::Gateway, Part::Postgres, Part::Redis];
const KILLS_EACH: usize = 5;
const PAYMENTS_PER_SECOND: u64 = 30;

/// What the merchant was told: the id of every payment whose request was acknowledged.
type Acknowledged = Arc<Mutex<BTreeMap<String, String>>>;

#[tokio::test]
async fn killed_at_random_everything_still_adds_up() -> Result<()> {
    let variables = vec![
        // Short, so that a broker that is stopped for a moment leaves commits unknown.
        ("QUITTANCE_COMMIT_TIMEOUT_MS", "1000".to_owned()),
        ("QUITTANCE_TRY_LOST_MS", "3000".to_owned()),
        ("QUITTANCE_RETRY_MAX_MS", "1000".to_owned()),
    ];
    let mut installation = Installation::start("crash", Options { variables }).await?;
    let (acknowledged, stop) = (Acknowledged::default(), Arc::new(AtomicBool::new(false)));
    let sent = Arc::new(AtomicUsize::new(0));
    let load = tokio::spawn(load(
        installation.client(TENANT)?,
        Arc::clone(&acknowledged),
        Arc::clone(&sent),
        Arc::clone(&stop),
    ));
    let mut unknown = 0.0;
    for round in 0..KILLS_EACH {
        for part in KILLED {
            let before = sent.load(Ordering::Relaxed);
            kill_in_mid_flight(&mut installation, part).await?;
            // The next one dies only after the load has gone on for a while.
            quittance_tests::until("the load goes on", Duration::from_secs(60), || async {
                sent.load(Ordering::Relaxed) > before + 10
            })
            .await?;
        }
        unknown += freeze_kafka(&installation).await.with_context(|| format!("round {round}"))?;
    }
    installation.ready().await?;
    stop.store(true, Ordering::Relaxed);
    load.await??;
    let acknowledged = acknowledged.lock().await.clone();
    ensure!(acknowledged.len() > 200, "only {} payments were acknowledged", acknowledged.len());
    ensure!(unknown > 0.0, "no commit was ever unknown");
    everything_adds_up(&installation, &acknowledged).await
}

/// Takes payments at a steady rate, whatever becomes of earlier ones.
async fn load(client: Client, acknowledged: Acknowledged, sent: Arc<AtomicUsize>, stop: Arc<AtomicBool>) -> Result<()> {
    let mut requests = JoinSet::new();
    let mut ticks = tokio::time::interval(Duration::from_millis(1_000 / PAYMENTS_PER_SECOND));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    while !stop.load(Ordering::Relaxed) {
        ticks.tick().await;
        let number = sent.fetch_add(1, Ordering::Relaxed);
        let (client, acknowledged) = (client.clone(), Arc::clone(&acknowledged));
        requests.spawn(async move { one(&client, number, &acknowledged).await });
    }
    while let Some(done) = requests.join_next().await {
        done??;
    }
    Ok(())
}

/// One payment as a careful merchant asks for it: the same key again until it is acknowledged.
async fn one(client: &Client, number: usize, acknowledged: &Acknowledged) -> Result<()> {
    let token = ["tok_approve", "tok_approve", "tok_approve", "tok_decline", "tok_flaky"][number % 5];
    let key = format!("payment-{number}");
    let id = quittance_tests::eventually("an acknowledgement", Duration::from_secs(120), || async {
        let answer = client.create(&key, &payment(100, token)).await?;
        match answer.status {
            StatusCode::CREATED => Ok(answer.text("id")),
            StatusCode::ACCEPTED => Ok(answer.text("resource")),
            status => anyhow::bail!("{status} {}", answer.body),
        }
    })
    .await?;
    acknowledged.lock().await.insert(id, token.to_owned());
    Ok(())
}

async fn kill_in_mid_flight(installation: &mut Installation, part: Part) -> Result<()> {
    let pause = Duration::from_millis(rand::rng().random_range(20..200));
    tokio::time::sleep(pause).await;
    let process = installation.process(part);
    process.kill()?;
    process.start()?;
    process.ready(Duration::from_secs(60)).await
}

/// Stops the broker in its tracks for longer than a commit waits, and lets it go on. Says how many commits were unknown.
async fn freeze_kafka(installation: &Installation) -> Result<f64> {
    let windows = |text: &str| metric(text, "quittance_runtime_windows_total", "unknown");
    let before = windows(&installation.metrics(Part::Processor).await?);
    installation.stack.signal(Server::Kafka, "STOP")?;
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    installation.stack.signal(Server::Kafka, "CONT")?;
    installation.ready().await?;
    Ok(windows(&installation.metrics(Part::Processor).await?) - before)
}

async fn everything_adds_up(installation: &Installation, acknowledged: &BTreeMap<String, String>) -> Result<()> {
    let client = installation.client(TENANT)?;
    for (id, token) in acknowledged {
        let settled = client.settled(id, Duration::from_secs(60)).await?;
        let expected = if token == "tok_decline" { "failed" } else { "succeeded" };
        ensure!(settled["status"] == expected, "{id} with {token} is {settled}");
    }
    let folded = fold(installation).await?;
    folded.check()?;
    charged_once(installation, &folded).await?;
    folded.equals_postgres(installation).await?;
    let in_redis = folded.equals_redis(installation, TENANT).await?;
    ensure!(in_redis == folded.states.len(), "Redis has {in_redis} of {}", folded.states.len());
    let aborted = aborted(installation, &folded).await?;
    ensure!(aborted > 0, "no window was ever aborted");
    println!("{} payments, {aborted} aborted event records", acknowledged.len());
    Ok(())
}

/// No key was charged twice, and what was charged is what succeeded.
async fn charged_once(installation: &Installation, folded: &Folded) -> Result<()> {
    let keys = installation.simulator()?.keys().await?;
    let attempts: BTreeMap<String, bool> = folded.states.values().flat_map(attempts).collect();
    for (key, charged) in &keys {
        let succeeded = attempts.get(key).with_context(|| format!("the gateway was sent a key of nobody's: {key}"))?;
        let expected = u64::from(*succeeded);
        ensure!(charged.charges == expected, "{key} was charged {} times, not {expected}", charged.charges);
    }
    Ok(())
}

/// Ids of a payment's attempts, and whether each succeeded.
fn attempts(state: &Value) -> Vec<(String, bool)> {
    let operations = state["operations"].as_array().cloned().unwrap_or_default();
    let attempts =
        operations.iter().flat_map(|operation| operation["attempts"].as_array().cloned().unwrap_or_default());
    attempts
        .map(|attempt| (attempt["id"].as_str().unwrap_or_default().to_owned(), attempt["status"] == "succeeded"))
        .collect()
}

/// How many event records were written and then aborted: they stand in the log, and no committed reader sees them.
async fn aborted(installation: &Installation, folded: &Folded) -> Result<usize> {
    let kafka = installation.kafka()?;
    let committed: usize = folded.events.values().map(BTreeMap::len).sum();
    let written = tokio::task::spawn_blocking(move || {
        let reader = Reader::new(&kafka, &Topic::PaymentEvents.name(&kafka.topic_prefix))?;
        let partitions: Vec<i32> = (0..reader.partitions()?).collect();
        let mut written = 0;
        reader.read_all_uncommitted(&partitions, |_| written += 1)?;
        Ok::<_, anyhow::Error>(written)
    })
    .await??;
    Ok(written - committed)
}
