//! What the log says, folded by the tests' own hand, and whether the stores say the same.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use quittance_avro::{tenant::Tenant, topics::Topic, words::Mode};
use quittance_log::{Reader, Record, Schemas};
use serde_json::Value;
use tokio::runtime::Handle;

use crate::{Installation, eventually};

/// The committed content of the public topics.
#[derive(Debug, Default)]
pub struct Folded {
    /// The events of each payment, by sequence.
    pub events: BTreeMap<String, BTreeMap<i64, Event>>,
    /// The latest state of each payment.
    pub states: BTreeMap<String, Value>,
    /// For each command, the distinct outcomes without what differs from telling to telling.
    pub outcomes: BTreeMap<String, BTreeSet<String>>,
    /// Events that stand twice, and states that do or that stand behind a later one.
    pub repeated: Vec<String>,
}

/// An event as it stands in the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Name of its record, without the namespace.
    pub name: String,
    /// The whole record.
    pub record: Value,
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
                let event = Event { name, record: value };
                if self.events.entry(id.clone()).or_default().insert(sequence, event).is_some() {
                    self.repeated.push(format!("{id} {sequence}"));
                }
            }
            Topic::PaymentState => {
                let sequence = envelope["sequence"].as_i64().context("a sequence")?;
                let before = self.states.insert(id.clone(), value);
                if before.is_some_and(|before| before["envelope"]["sequence"].as_i64() >= Some(sequence)) {
                    self.repeated.push(format!("{id}, its state of {sequence}"));
                }
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

    /// Every payment has each sequence once from 1 on, its states stand in their order, and the last is what its events come
    /// to; every command has one outcome.
    pub fn check(&self) -> Result<()> {
        ensure!(self.repeated.is_empty(), "these stand twice, or behind a later one: {:?}", self.repeated);
        for (id, events) in &self.events {
            let sequences: Vec<i64> = events.keys().copied().collect();
            let expected: Vec<i64> = (1..=i64::try_from(events.len())?).collect();
            ensure!(sequences == expected, "{id} has sequences {sequences:?}");
            let state = self.states.get(id).with_context(|| format!("{id} has events and no state"))?;
            let last = state["envelope"]["sequence"].as_i64();
            ensure!(last == sequences.last().copied(), "{id}: state at {last:?}, events to {:?}", sequences.last());
            let (folded, stated) = (Figures::of_events(events.values())?, Figures::of_state(state));
            ensure!(folded == stated, "{id}: its events come to {folded:?}, its state is {stated:?}");
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
        eventually("Postgres has caught up", Duration::from_secs(60), || async {
            let rows = postgres.query("select payment_id, state from payments", &[]).await?;
            let stored: BTreeMap<String, Value> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
            ensure!(stored.len() == self.states.len(), "{} of {} states", stored.len(), self.states.len());
            for (id, state) in &self.states {
                ensure!(stored.get(id) == Some(state), "the state of {id} differs: {:?}, {state}", stored.get(id));
            }
            let rows = postgres.query("select aggregate_id, sequence, type, data from events", &[]).await?;
            let mut count = 0;
            for row in &rows {
                let (id, sequence, kind, data): (String, i64, String, Value) =
                    (row.get(0), row.get(1), row.get(2), row.get(3));
                let event = self.events.get(&id).and_then(|events| events.get(&sequence));
                let event = event.with_context(|| format!("the history has {id} {sequence}, the log has not"))?;
                ensure!(kind == event.kind()?, "{id} {sequence} is {kind}, not {event:?}");
                ensure!(data == event.record, "{id} {sequence} differs: {data}, not {event:?}");
                count += 1;
            }
            let events: usize = self.events.values().map(BTreeMap::len).sum();
            ensure!(count == events, "{count} of {events} events");
            Ok::<_, anyhow::Error>(())
        })
        .await
    }

    /// Every entry that Redis has is what the log says. Entries may be absent, but there are so many at least.
    pub async fn equals_redis(&self, installation: &Installation, tenant: &str, at_least: usize) -> Result<()> {
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
            ensure!(found >= at_least, "it has {found} of {}", self.states.len());
            Ok::<_, anyhow::Error>(())
        })
        .await
    }
}

impl Event {
    /// Its type, as the history tells it.
    fn kind(&self) -> Result<&'static str> {
        Ok(match self.name.as_str() {
            "PaymentCreated" => "payment.created",
            "PaymentAuthorized" => "payment.authorized",
            "PaymentCaptured" => "payment.captured",
            "PaymentDeclined" => "payment.declined",
            "PaymentFailed" => "payment.failed",
            "PaymentReviewOpened" => "payment.review_opened",
            other => bail!("{other} is no event"),
        })
    }
}

/// What a payment comes to, as the tests reckon it.
#[derive(Debug, Default, PartialEq)]
struct Figures {
    status: String,
    amount: i64,
    authorized: i64,
    captured: i64,
    in_review: bool,
}

impl Figures {
    fn of_events<'a>(events: impl Iterator<Item = &'a Event>) -> Result<Self> {
        let mut figures = Self::default();
        for event in events {
            let amount =
                |name: &str| event.record[name].as_i64().with_context(|| format!("{} has no {name}", event.name));
            match event.kind()? {
                "payment.created" => (figures.amount, figures.status) = (amount("amount")?, "processing".to_owned()),
                "payment.authorized" => {
                    figures.authorized = amount("authorized_amount")?;
                    figures.status = "requires_capture".to_owned();
                }
                "payment.captured" => {
                    figures.captured = amount("captured_amount")?;
                    if figures.captured == figures.authorized {
                        figures.status = "succeeded".to_owned();
                    }
                }
                "payment.review_opened" => figures.in_review = true,
                _ => figures.status = "failed".to_owned(),
            }
        }
        Ok(figures)
    }

    fn of_state(state: &Value) -> Self {
        let amount = |name: &str| state[name].as_i64().unwrap_or(-1);
        Self {
            status: state["status"].as_str().unwrap_or_default().to_owned(),
            amount: amount("amount"),
            authorized: amount("authorized_amount"),
            captured: amount("captured_amount"),
            in_review: !state["review"].is_null(),
        }
    }
}
