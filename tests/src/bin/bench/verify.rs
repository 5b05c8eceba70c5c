//! Whether every payment that was acknowledged has ended as it should: in the log, in Postgres and at the gateway.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use quittance_avro::{
    ids::PaymentId,
    records::{PaymentAuthorized, PaymentState, Record as _},
    topics::Topic,
};
use quittance_log::{Reader, Record, Schemas};
use quittance_tests::{Installation, eventually};
use tokio::{runtime::Handle, task::spawn_blocking};

use crate::{args::Mode, books::Books};

/// How long Postgres may take to catch up with the log once nothing more comes.
const POSTGRES_WITHIN: Duration = Duration::from_secs(120);

/// What the verification showed.
#[derive(Debug)]
pub(crate) struct Verified {
    /// What there is, as a sentence.
    pub(crate) counted: String,
    /// What is true of it if nothing is wrong.
    pub(crate) holds: &'static str,
    /// What is wrong.
    pub(crate) findings: Vec<String>,
}

/// Compares what was acknowledged with the log, and the log with Postgres and the gateway.
pub(crate) async fn verify(
    installation: &Installation,
    postgres: &tokio_postgres::Client,
    mode: Mode,
    acknowledged: &[PaymentId],
) -> Result<Verified> {
    if matches!(mode, Mode::Alone | Mode::Decided) {
        return commands(installation, acknowledged).await;
    }
    let books = read_log(installation).await?;
    let keys = installation.simulator()?.keys().await?;
    let mut findings = books.findings(acknowledged, &keys);
    let settled = books.settled();
    findings.extend(compare_with_postgres(postgres, &settled).await.err().map(|error| error.to_string()));
    let statuses: Vec<String> = settled.iter().map(|(status, count)| format!("{count} {status}")).collect();
    let statuses = if statuses.is_empty() { "none".to_owned() } else { statuses.join(", ") };
    let (count, were) = (acknowledged.len(), if mode == Mode::Read { "read" } else { "acknowledged" });
    Ok(Verified {
        counted: format!("{count} payments were {were}; settled in the log: {statuses}."),
        holds: "None was lost, and the gateway charged each approved one once. Postgres agrees.",
        findings,
    })
}

/// Looks for every command that was acknowledged.
async fn commands(installation: &Installation, acknowledged: &[PaymentId]) -> Result<Verified> {
    let kafka = installation.kafka()?;
    let written: HashMap<PaymentId, usize> = spawn_blocking(move || {
        let reader = Reader::new(&kafka, &Topic::PaymentCommands.name(&kafka.topic_prefix))?;
        let partitions: Vec<i32> = (0..reader.partitions()?).collect();
        let mut written = HashMap::new();
        reader.read_all(&partitions, |record| {
            let id = record.key.as_deref().and_then(|key| std::str::from_utf8(key).ok()?.parse().ok());
            id.into_iter().for_each(|id: PaymentId| *written.entry(id).or_default() += 1);
        })?;
        anyhow::Ok(written)
    })
    .await??;
    let other = acknowledged.iter().filter(|id| written.get(id) != Some(&1)).count();
    let counted = format!("{} commands were acknowledged.", acknowledged.len());
    let findings = (other > 0).then(|| format!("{other} acknowledged commands are not in the log, or more than once"));
    Ok(Verified { counted, holds: "Each is in the log once.", findings: findings.into_iter().collect() })
}

async fn read_log(installation: &Installation) -> Result<Books> {
    let (kafka, registry) = (installation.kafka()?, installation.registry()?);
    let mut schemas = Schemas::new(registry, Handle::current());
    spawn_blocking(move || {
        let mut books = Books::default();
        for topic in [Topic::PaymentState, Topic::PaymentEvents] {
            let reader = Reader::new(&kafka, &topic.name(&kafka.topic_prefix))?;
            let partitions: Vec<i32> = (0..reader.partitions()?).collect();
            let mut result = Ok(());
            reader.read_all(&partitions, |record| {
                if result.is_ok() {
                    result = take_in(&mut books, &mut schemas, &record);
                }
            })?;
            result?;
        }
        Ok(books)
    })
    .await?
}

fn take_in(books: &mut Books, schemas: &mut Schemas, record: &Record) -> Result<()> {
    let bytes = record.value.as_deref().with_context(|| format!("a tombstone at {} {}", record.at, record.offset))?;
    let id = record.key.as_deref().and_then(|key| std::str::from_utf8(key).ok()?.parse().ok());
    let id = id.with_context(|| format!("no payment's id at {} {}", record.at, record.offset))?;
    let name = schemas.read(|decoder| decoder.name_of(bytes).map(str::to_owned))?;
    if name == PaymentState::NAME {
        books.state(id, &schemas.read(|decoder| decoder.decode(bytes))?);
    } else if name == PaymentAuthorized::NAME {
        let event: PaymentAuthorized = schemas.read(|decoder| decoder.decode(bytes))?;
        books.authorized(id, event.attempt_id);
    }
    Ok(())
}

async fn compare_with_postgres(
    postgres: &tokio_postgres::Client,
    expected: &BTreeMap<&'static str, i64>,
) -> Result<()> {
    eventually("Postgres agrees with the log", POSTGRES_WITHIN, || async {
        let query = "select status, count(*) from payments where status <> 'processing' group by status";
        let rows = postgres.query(query, &[]).await?;
        let found: BTreeMap<String, i64> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
        let is_same = found.iter().map(|(status, count)| (status.as_str(), *count)).eq(expected.clone());
        ensure!(is_same, "the log has {expected:?}, Postgres {found:?}");
        Ok::<_, anyhow::Error>(())
    })
    .await
}
