//! What the log says, folded by the tests' own hand, and whether the stores say the same.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use quittance_avro::{tenant::Tenant, topics::Topic, words::Mode};
use quittance_log::{Reader, Record, Schemas};
use serde_json::Value;
use tokio::runtime::Handle;

use crate::{Installation, eventually};

/// The committed content of the public topics.
#[derive(Debug, Default)]
pub struct Folded {
    /// Names of the event records of each payment, by sequence.
    pub events: BTreeMap<String, BTreeMap<i64, String>>,
    /// The latest state of each payment.
    pub states: BTreeMap<String, Value>,
    /// For each command, the distinct outcomes without what differs from telling to telling.
    pub outcomes: BTreeMap<String, BTreeSet<String>>,
    /// Events that stand twice.
    pub repeated: Vec<String>,
}

/// Reads the topics of an installation to their ends.
pub async fn fold(installation: &Installation) -> Result<Folded> {
    let (kafka, registry) = (installation.kafka()?, installation.registry()?);
    let handle = Handle::current();
    tokio::task::spawn_blocking(move || {
        let mut schemas = Schemas::new(registry, handle);
        let mut folded = Folded::default();
        for topic in [Topic::PaymentEvents, Topic::PaymentState, Topic::PaymentOutcomes] {
            let reader = Reader::new(&kafka, &topic.name(&kafka.topic_prefix))?;
            let partitions: Vec<i32> = (0..reader.partitions()?).collect();
            let mut records = Vec::new();
            reader.read_all(&partitions, |record| records.push(record))?;
            for record in records {
                folded.take_in(topic, &record, &mut schemas)?;
            }
        }
        Ok(folded)
    })
    .await?
}

impl Folded {
    fn take_in(&mut self, topic: Topic, record: &Record, schemas: &mut Schemas) -> Result<()> {
        let bytes = record.value.as_deref().context("no tombstones on these topics")?;
        let (name, value) =
            schemas.read(|decoder| decoder.json(bytes).map(|(name, value)| (name.to_owned(), value)))?;
        let envelope = &value["envelope"];
        let id = envelope["aggregate_id"].as_str().context("an aggregate id")?.to_owned();
        match topic {
            Topic::PaymentEvents => {
                let sequence = envelope["sequence"].as_i64().context("a sequence")?;
                let name = name.rsplit('.').next().unwrap_or_default().to_owned();
                if self.events.entry(id.clone()).or_default().insert(sequence, name).is_some() {
                    self.repeated.push(format!("{id} {sequence}"));
                }
            }
            Topic::PaymentState => {
                self.states.insert(id, value);
            }
            _ => {
                let command = value["command_id"].as_str().context("a command id")?.to_owned();
                let said =
                    format!("{} {} {} {}", value["status"], value["sequence"], value["code"], value["fingerprint"]);
                self.outcomes.entry(command).or_default().insert(said);
            }
        }
        Ok(())
    }

    /// Every payment has each sequence once from 1 on, and its state is that after its latest event; every command has
    /// one outcome.
    pub fn check(&self) -> Result<()> {
        ensure!(self.repeated.is_empty(), "events stand twice: {:?}", self.repeated);
        for (id, events) in &self.events {
            let sequences: Vec<i64> = events.keys().copied().collect();
            let expected: Vec<i64> = (1..=i64::try_from(events.len())?).collect();
            ensure!(sequences == expected, "{id} has sequences {sequences:?}");
            let state = self.states.get(id).with_context(|| format!("{id} has events and no state"))?;
            let last = state["envelope"]["sequence"].as_i64();
            ensure!(last == sequences.last().copied(), "{id}: state at {last:?}, events to {:?}", sequences.last());
        }
        ensure!(self.states.len() == self.events.len(), "{} states, {} payments", self.states.len(), self.events.len());
        for (command, outcomes) in &self.outcomes {
            ensure!(outcomes.len() == 1, "{command} has outcomes {outcomes:?}");
        }
        Ok(())
    }

    /// Postgres says what the log says: states, and every event of the history.
    pub async fn equals_postgres(&self, installation: &Installation) -> Result<()> {
        let postgres = installation.postgres().await?;
        let sequences: BTreeMap<String, i64> = self.sequences();
        eventually("Postgres has caught up", Duration::from_secs(60), || async {
            let rows = postgres.query("select payment_id, state from payments", &[]).await?;
            let stored: BTreeMap<String, Value> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
            ensure!(stored.len() == self.states.len(), "{} of {} states", stored.len(), self.states.len());
            for (id, state) in &self.states {
                ensure!(stored.get(id) == Some(state), "the state of {id} differs: {:?}, {state}", stored.get(id));
            }
            let query = "select payment_id, count(*), max(sequence) from payment_history group by payment_id";
            let rows = postgres.query(query, &[]).await?;
            let history: BTreeMap<String, (i64, i64)> =
                rows.iter().map(|row| (row.get(0), (row.get(1), row.get(2)))).collect();
            for (id, last) in &sequences {
                ensure!(history.get(id) == Some(&(*last, *last)), "the history of {id} differs: {:?}", history.get(id));
            }
            ensure!(history.len() == sequences.len(), "{} of {} histories", history.len(), sequences.len());
            Ok::<_, anyhow::Error>(())
        })
        .await
    }

    /// Every entry that Redis has is what the log says; entries may be absent. Says how many there are.
    pub async fn equals_redis(&self, installation: &Installation, tenant: &str) -> Result<usize> {
        let tenant: Tenant = tenant.parse()?;
        eventually("Redis has caught up", Duration::from_secs(60), || async {
            let mut redis = installation.redis().await?;
            let mut found = 0;
            for (id, state) in &self.states {
                let key = quittance_avro::cache::payment_key(&installation.prefix, Mode::Test, &tenant, id.parse()?);
                let stored: Option<String> = redis::cmd("HGET").arg(key).arg("state").query_async(&mut redis).await?;
                let Some(stored) = stored else { continue };
                ensure!(serde_json::from_str::<Value>(&stored)? == *state, "the state of {id} differs: {stored}");
                found += 1;
            }
            Ok::<_, anyhow::Error>(found)
        })
        .await
    }

    fn sequences(&self) -> BTreeMap<String, i64> {
        self.events.iter().map(|(id, events)| (id.clone(), events.keys().copied().max().unwrap_or(0))).collect()
    }
}
