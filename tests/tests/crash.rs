//! Every process is killed again and again under steady load, and nothing is lost, doubled or left open.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use quittance_avro::topics::Topic;
use quittance_log::Reader;
use quittance_tests::{Client, Folded, Frozen, Installation, Options, Part, Server, fold, metric, payment, until};
use rand::RngExt;
use serde_json::Value;
use tokio::{
    task::{JoinHandle, JoinSet},
    time::MissedTickBehavior,
};

const TENANT: &str = "acme";
/// The simulated gateway is the outside world: it does not crash here, so that it can say what it charged.
const KILLED: [Part; 5] = [Part::Ingest, Part::Processor, Part::Gateway, Part::Postgres, Part::Redis];
const KILLS_EACH: usize = 5;
const PAYMENTS_PER_SECOND: u64 = 40;
/// How often it is tried again to meet a window while it is open, should that not have happened by then.
const MORE_ROUNDS_MAX: usize = 40;
/// Longer than a commit waits, and shorter than the brokers' patience with each other (3 s).
const FREEZE: Duration = Duration::from_millis(1_500);
const COMMIT_TIMEOUT_MS: u64 = 500;
/// How long the processor stands still before it is killed at work.
const BACKLOG: Duration = Duration::from_millis(500);
/// What the processor logs; its counters begin anew with every start.
const UNKNOWN: &str = "it is not known whether a window was committed";

#[tokio::test]
async fn killed_at_random_everything_still_adds_up() -> Result<()> {
    let variables = vec![
        ("QUITTANCE_COMMIT_TIMEOUT_MS", COMMIT_TIMEOUT_MS.to_string()),
        ("QUITTANCE_TRY_LOST_MS", "3000".to_owned()),
        ("QUITTANCE_RETRY_MAX_MS", "1000".to_owned()),
    ];
    let mut installation = Installation::start("crash", Options { variables }).await?;
    let load = Load::start(installation.client(TENANT)?);
    for round in 0..KILLS_EACH {
        for part in KILLED {
            kill_in_mid_flight(&mut installation, part).await.with_context(|| format!("round {round}, {part:?}"))?;
            load.goes_on().await?;
        }
        freeze_kafka(&mut installation).await.with_context(|| format!("round {round}"))?;
    }
    for _ in 0..MORE_ROUNDS_MAX {
        if unknown(&mut installation) == 0 {
            freeze_kafka(&mut installation).await?;
        } else if aborted(&installation).await? == 0 {
            kill_in_mid_window(&mut installation).await?;
        } else {
            break;
        }
        load.goes_on().await?;
    }
    installation.ready().await?;
    let acknowledged = load.stop().await?;
    ensure!(acknowledged.len() > 200, "only {} payments were acknowledged", acknowledged.len());
    let (unknown, aborted) = (unknown(&mut installation), aborted(&installation).await?);
    ensure!(unknown > 0, "no commit was ever unknown");
    ensure!(aborted > 0, "no window was ever aborted");
    everything_adds_up(&installation, &acknowledged).await?;
    println!("{} payments, {unknown} unknown commits, {aborted} aborted event records", acknowledged.len());
    Ok(())
}

/// What the merchant was told: the id of every payment whose request was acknowledged, with the token it was made with.
type Acknowledged = BTreeMap<String, String>;

/// A merchant that takes payments at a steady rate, whatever becomes of earlier ones.
struct Load {
    acknowledged: Arc<Mutex<Acknowledged>>,
    stop: Arc<AtomicBool>,
    sending: JoinHandle<Result<()>>,
}

impl Load {
    fn start(client: Client) -> Self {
        let (acknowledged, stop) = (Arc::<Mutex<Acknowledged>>::default(), Arc::<AtomicBool>::default());
        let sending = tokio::spawn(send(client, Arc::clone(&acknowledged), Arc::clone(&stop)));
        Self { acknowledged, stop, sending }
    }

    fn count(&self) -> usize {
        self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Waits until some more payments have been acknowledged.
    async fn goes_on(&self) -> Result<()> {
        let before = self.count();
        until("the load goes on", Duration::from_secs(60), || async { self.count() > before + 10 }).await
    }

    /// Ends it, once every request that was sent is acknowledged.
    async fn stop(self) -> Result<Acknowledged> {
        self.stop.store(true, Ordering::Relaxed);
        self.sending.await??;
        Ok(std::mem::take(&mut *self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

async fn send(client: Client, acknowledged: Arc<Mutex<Acknowledged>>, stop: Arc<AtomicBool>) -> Result<()> {
    let mut requests = JoinSet::new();
    let mut ticks = tokio::time::interval(Duration::from_millis(1_000 / PAYMENTS_PER_SECOND));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut number = 0;
    while !stop.load(Ordering::Relaxed) {
        ticks.tick().await;
        let (client, acknowledged) = (client.clone(), Arc::clone(&acknowledged));
        requests.spawn(async move {
            let (id, token) = one(&client, number).await?;
            acknowledged.lock().unwrap_or_else(PoisonError::into_inner).insert(id, token);
            Ok::<_, anyhow::Error>(())
        });
        number += 1;
    }
    while let Some(done) = requests.join_next().await {
        done??;
    }
    Ok(())
}

/// One payment: its id, and the token it was made with.
async fn one(client: &Client, number: usize) -> Result<(String, String)> {
    let token = ["tok_approve", "tok_approve", "tok_approve", "tok_decline", "tok_flaky"][number % 5];
    let key = format!("payment-{number}");
    let id = client.acknowledged(&key, &payment(100, token), Duration::from_secs(120)).await?;
    Ok((id, token.to_owned()))
}

async fn kill_in_mid_flight(installation: &mut Installation, part: Part) -> Result<()> {
    let pause = Duration::from_millis(rand::rng().random_range(20..200));
    tokio::time::sleep(pause).await;
    if part == Part::Processor {
        return kill_in_mid_window(installation).await;
    }
    let process = installation.process(part);
    process.kill()?;
    process.start()?;
    process.ready(Duration::from_secs(60)).await
}

/// Kills the processor where it is busiest: it is stopped until there is a backlog, and dies while it works that off, with
/// a window open. What that had sent is in the log, and its successor has to abort it.
async fn kill_in_mid_window(installation: &mut Installation) -> Result<()> {
    let process = installation.process(Part::Processor);
    process.signal("STOP")?;
    tokio::time::sleep(BACKLOG).await;
    process.signal("CONT")?;
    let pause = Duration::from_millis(rand::rng().random_range(2..30));
    tokio::time::sleep(pause).await;
    process.kill()?;
    process.start()?;
    process.ready(Duration::from_secs(60)).await
}

/// Stops the broker in its tracks for longer than a commit waits, and lets it go on. Commits whose end nobody knows are
/// counted.
async fn freeze_kafka(installation: &mut Installation) -> Result<()> {
    let frozen = Frozen::new(&installation.stack, Server::Kafka)?;
    tokio::time::sleep(FREEZE).await;
    drop(frozen);
    installation.ready().await?;
    let process = installation.process(Part::Processor);
    let logged = f64::from(u32::try_from(process.log_since_start().matches(UNKNOWN).count())?);
    let counted = metric(&process.metrics().await?, "quittance_log_transactions_failed_total", "end=\"unknown\"");
    ensure!(counted >= logged, "{counted} commits are counted as unknown, {logged} were logged");
    Ok(())
}

/// How many commits had an end that nobody knew at first.
fn unknown(installation: &mut Installation) -> usize {
    installation.process(Part::Processor).log().matches(UNKNOWN).count()
}

async fn everything_adds_up(installation: &Installation, acknowledged: &Acknowledged) -> Result<()> {
    let client = installation.client(TENANT)?;
    for (id, token) in acknowledged {
        let settled = client.settled(id, Duration::from_secs(60)).await?;
        let expected = if token == "tok_decline" { "failed" } else { "succeeded" };
        ensure!(settled["status"] == expected, "{id} with {token} is {settled}");
    }
    let folded = fold(installation).await?;
    folded.check()?;
    ensure!(folded.states.len() == acknowledged.len(), "{} payments, not {}", folded.states.len(), acknowledged.len());
    charged_once(installation, &folded).await?;
    folded.equals_postgres(installation).await?;
    folded.equals_redis(installation, TENANT, folded.states.len()).await
}

/// What was charged is what succeeded, once each, under the key of the attempt that succeeded.
async fn charged_once(installation: &Installation, folded: &Folded) -> Result<()> {
    let keys = installation.simulator()?.keys().await?;
    let attempts: BTreeMap<String, bool> = folded.states.values().flat_map(attempts).collect();
    ensure!(attempts.len() == folded.states.len(), "{} attempts, {} payments", attempts.len(), folded.states.len());
    for key in keys.keys() {
        ensure!(attempts.contains_key(key), "the gateway was sent a key of nobody's: {key}");
    }
    for (key, succeeded) in &attempts {
        let charges = keys.get(key).map_or(0, |charged| charged.charges);
        ensure!(charges == u64::from(*succeeded), "{key} was charged {charges} times; succeeded: {succeeded}");
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
async fn aborted(installation: &Installation) -> Result<usize> {
    let kafka = installation.kafka()?;
    tokio::task::spawn_blocking(move || {
        let reader = Reader::new(&kafka, &Topic::PaymentEvents.name(&kafka.topic_prefix))?;
        let partitions: Vec<i32> = (0..reader.partitions()?).collect();
        let mut written = BTreeSet::new();
        reader.read_all_uncommitted(&partitions, |record| {
            written.insert((record.at.partition, record.offset));
        })?;
        // This waits until no transaction is open that began before: what it does not show has been aborted.
        reader.read_all(&partitions, |record| {
            written.remove(&(record.at.partition, record.offset));
        })?;
        Ok(written.len())
    })
    .await?
}
