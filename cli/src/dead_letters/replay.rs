//! Writing dead letters back.

use std::{
    io::{self, Write},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, bail};
use quittance_avro::topics::Part;
use quittance_log::{Headers, KafkaArgs, NewRecord, Producer};

use super::letter::Letter;

/// How long Kafka may take to acknowledge one.
const ACKNOWLEDGED_WITHIN: Duration = Duration::from_secs(30);
/// Header of a record that was written back: the dead letter that it was.
const REPLAYED: &str = "replayed-dead-letter";

/// Writes them back to the topics and partitions that they were read from, one after another.
pub(super) async fn replay(kafka: &KafkaArgs, letters: &[Letter]) -> anyhow::Result<()> {
    // All are looked at before any is written.
    let records: Vec<NewRecord> = letters.iter().map(|letter| record(kafka, letter)).collect::<Result<_, _>>()?;
    let producer = Producer::open(kafka, ACKNOWLEDGED_WITHIN)?;
    for (letter, record) in letters.iter().zip(&records) {
        let (partition, offset) = producer
            .produce(record)
            .await
            .with_context(|| format!("{} was not written back; those that were printed before it were", letter.id))?;
        writeln!(io::stdout(), "{}: written to {}[{partition}] at {offset}", letter.id, record.topic)?;
    }
    Ok(())
}

fn record(kafka: &KafkaArgs, letter: &Letter) -> anyhow::Result<NewRecord> {
    let says = &letter.says;
    if matches!(letter.part, Part::SinkPostgres | Part::SinkRedis) {
        bail!(
            "{} was given up by a store; it stands in its topic still, and written again it would stand behind newer ones; \
             mend the store and rebuild it",
            letter.id
        );
    }
    if letter.is_empty() {
        bail!(
            "{} holds no copy of its record, which stands at {}[{}]@{} as long as that topic keeps it",
            letter.id,
            says.topic,
            says.partition,
            says.offset
        );
    }
    let mut topics = letter.part.topics().map(|topic| topic.name(&kafka.topic_prefix));
    if !topics.any(|topic| topic == says.topic) {
        bail!("{} was read from {}, which {} does not read", letter.id, says.topic, letter.part.name());
    }
    let header = |header: &quittance_avro::records::Header| {
        (header.key.clone(), header.value.as_ref().map(|value| value.0.clone()))
    };
    let kept = says.headers.iter().filter(|header| header.key != REPLAYED);
    Ok(NewRecord {
        topic: Arc::from(says.topic.as_str()),
        partition: Some(says.partition),
        key: says.key.as_ref().map(|key| key.0.clone()).unwrap_or_default(),
        value: says.value.as_ref().map(|value| value.0.clone()),
        headers: Headers(kept.map(header).collect()).with(REPLAYED, letter.id.to_string()),
    })
}
