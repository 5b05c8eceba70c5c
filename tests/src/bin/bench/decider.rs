//! A stand-in for all that is behind ingest: it decides each command at once, as the payment that it was shown was decided, and writes
//! that where the Redis sink does. So what is measured of a client that waits is ingest's own part of it.

use std::{thread, time::Duration};

use anyhow::{Context, Result, ensure};
use quittance_avro::{cache, records::CreatePayment, registry::Registry, topics::Topic, words::Mode};
use quittance_log::{KafkaArgs, Schemas, Tail, Tailed};
use quittance_tests::Installation;
use redis::{AsyncCommands, aio::MultiplexedConnection};
use serde_json::Value;
use tokio::{
    runtime::Handle,
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
};

/// Decisions that are written together.
const TOGETHER_MAX: usize = 64;

/// What a decision looks like, and where it goes.
pub(crate) struct Decider {
    connection: MultiplexedConnection,
    prefix: String,
    /// Of the payment that it was shown: the state, its sequence, and the outcome.
    state: Value,
    sequence: String,
    outcome: Value,
}

impl Decider {
    /// Learns from the one payment that the installation has.
    pub(crate) async fn shown(installation: &Installation) -> Result<Self> {
        let (mut connection, prefix) = (installation.redis().await?, installation.prefix.clone());
        let only = async |connection: &mut MultiplexedConnection, what: &str| {
            let keys: Vec<String> = connection.keys(format!("{prefix}:*:{what}:*")).await?;
            ensure!(keys.len() == 1, "{} entries {what}", keys.len());
            anyhow::Ok(keys.into_iter().next().unwrap_or_default())
        };
        let payment = only(&mut connection, "payment").await?;
        let outcome = only(&mut connection, "outcome").await?;
        let (state, sequence): (String, String) = connection.hmget(&payment, &["state", "sequence"]).await?;
        let outcome: String = connection.get(outcome).await?;
        let (state, outcome) = (serde_json::from_str(&state)?, serde_json::from_str(&outcome)?);
        Ok(Self { connection, prefix, state, sequence, outcome })
    }

    /// Decides all that comes. Only ever ends with an error.
    pub(crate) async fn decide(mut self, kafka: KafkaArgs, registry: Registry) -> Result<()> {
        let (sender, commands) = unbounded_channel();
        let schemas = Schemas::new(registry, Handle::current());
        let reader = thread::spawn(move || read(&kafka, schemas, &sender));
        self.decide_all(commands).await?;
        reader.join().map_err(|_| anyhow::anyhow!("the reader panicked"))?.context("reading commands")
    }

    async fn decide_all(&mut self, mut commands: UnboundedReceiver<CreatePayment>) -> Result<()> {
        let mut batch = Vec::new();
        while commands.recv_many(&mut batch, TOGETHER_MAX).await > 0 {
            let mut pipeline = redis::pipe();
            for command in batch.drain(..) {
                self.write(&mut pipeline, &command)?;
            }
            pipeline.exec_async(&mut self.connection).await.context("writing to Redis")?;
        }
        Ok(())
    }

    fn write(&mut self, pipeline: &mut redis::Pipeline, command: &CreatePayment) -> Result<()> {
        let envelope = &command.envelope;
        let (id, command_id) = (&envelope.aggregate_id, &envelope.id);
        for one in [&mut self.state, &mut self.outcome] {
            one["envelope"]["aggregate_id"] = id.as_str().into();
            one["envelope"]["occurred_at"] = serde_json::to_value(envelope.occurred_at)?;
        }
        self.state["sealed"] = serde_json::to_value(&command.sealed)?;
        self.outcome["command_id"] = command_id.as_str().into();
        self.outcome["fingerprint"] = serde_json::to_value(&command.fingerprint)?;
        let payment_key = cache::payment_key(&self.prefix, Mode::Test, &envelope.tenant, id.parse()?);
        let outcome_key = cache::outcome_key(&self.prefix, Mode::Test, &envelope.tenant, command_id.parse()?);
        pipeline
            .hset_multiple(payment_key, &[("state", &*self.state.to_string()), ("sequence", &*self.sequence)])
            .ignore();
        pipeline.set(outcome_key, self.outcome.to_string()).ignore();
        pipeline.publish(cache::notices_channel(&self.prefix), id).ignore();
        Ok(())
    }
}

fn read(kafka: &KafkaArgs, mut schemas: Schemas, commands: &UnboundedSender<CreatePayment>) -> Result<()> {
    let mut tail = Tail::open(kafka, &Topic::PaymentCommands.name(&kafka.topic_prefix))?;
    loop {
        let Some(Tailed::Record(record)) = tail.poll(Duration::from_millis(100))? else { continue };
        let bytes = record.value.as_deref().context("a command")?;
        if commands.send(schemas.read(|decoder| decoder.decode(bytes))?).is_err() {
            return Ok(());
        }
    }
}
