//! What was chosen when the topics were first created: read at every start, written once.

use std::sync::Arc;

use anyhow::{Context, bail};
use quittance_avro::{
    ids::InstallationId,
    records::Installation,
    registry::Registry,
    time::Timestamp,
    topics::{TOPICS, Topic},
};
use quittance_log::{Admin, Headers, KafkaArgs, NewRecord, Producer, Reader, Schemas};
use tokio::runtime::Handle;
use uuid::Uuid;

/// The installation that these topics belong to, with its topics checked.
pub(crate) async fn read(kafka: KafkaArgs, registry: Registry) -> anyhow::Result<Installation> {
    let handle = Handle::current();
    tokio::task::spawn_blocking(move || {
        let Some(installation) = find(&kafka, registry, handle)? else {
            bail!("nothing is installed under the prefix {}; run `quittance topics apply`", kafka.topic_prefix);
        };
        check(&kafka, &installation)?;
        Ok(installation)
    })
    .await?
}

/// The installation, if there is one.
pub(crate) fn find(kafka: &KafkaArgs, registry: Registry, handle: Handle) -> anyhow::Result<Option<Installation>> {
    let mut first = None;
    Reader::new(kafka, &Topic::Installation.name(&kafka.topic_prefix))?.read_all(&[0], |record| {
        // The first one counts: it is what the topics were made for.
        first = first.take().or(record.value);
    })?;
    let Some(bytes) = first else { return Ok(None) };
    Ok(Some(Schemas::new(registry, handle).read(|decoder| decoder.decode(&bytes))?))
}

/// Writes down what was chosen.
pub(crate) async fn write(kafka: &KafkaArgs, registry: &Registry, partitions: i32) -> anyhow::Result<Installation> {
    let id = InstallationId::new(Uuid::new_v4());
    let installation = Installation { id, partitions, created_at: Timestamp::now() };
    let value = registry.encoder(Topic::Installation).await?.encode(&installation)?;
    let record = NewRecord {
        topic: Arc::from(Topic::Installation.name(&kafka.topic_prefix)),
        partition: None,
        // Under a key that they shared, compaction would leave the last one of two.
        key: id.to_string().into_bytes(),
        value: Some(value),
        headers: Headers::default(),
    };
    let producer = Producer::open(kafka, std::time::Duration::from_secs(10))?;
    producer.produce(&record).await.context("writing down the installation")?;
    Ok(installation)
}

/// Keys find their state by the number of partitions, so it must never have changed.
fn check(kafka: &KafkaArgs, installation: &Installation) -> anyhow::Result<()> {
    let keyed = TOPICS.iter().filter(|spec| spec.keyed);
    let names: Vec<String> = keyed.map(|spec| spec.topic.name(&kafka.topic_prefix)).collect();
    let found = Admin::open(kafka)?.partitions(names.iter().map(String::as_str))?;
    for (name, found) in names.iter().zip(found) {
        if found != installation.partitions {
            bail!(
                "the topic {name} has {found} partitions, but {} were chosen at installation: \
                 aggregates would lose their state",
                installation.partitions
            );
        }
    }
    Ok(())
}
