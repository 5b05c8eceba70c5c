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
use quittance_log::{Headers, KafkaArgs, NewRecord, Producer, Reader, Schemas};
use tokio::runtime::Handle;
use uuid::Uuid;

/// Key of the one record.
const KEY: &[u8] = b"installation";

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
    let mut latest = None;
    Reader::new(kafka, &Topic::Installation.name(&kafka.topic_prefix))?.read_all(&[0], |record| {
        // The first one counts: it is what the topics were made for.
        latest = latest.take().or(record.value);
    })?;
    let Some(bytes) = latest else { return Ok(None) };
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
        key: KEY.to_vec(),
        value: Some(value),
        headers: Headers::default(),
    };
    let producer = Producer::open(kafka, std::time::Duration::from_secs(10))?;
    producer.produce(&record).await.context("writing down the installation")?;
    Ok(installation)
}

/// Keys find their state by the number of partitions, so it must never have changed.
fn check(kafka: &KafkaArgs, installation: &Installation) -> anyhow::Result<()> {
    for spec in TOPICS.iter().filter(|spec| spec.keyed) {
        let name = spec.topic.name(&kafka.topic_prefix);
        let found = Reader::new(kafka, &name)?.partitions()?;
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
