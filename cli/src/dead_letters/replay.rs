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
    let records: Vec<NewRecord> =
        letters.iter().map(|letter| record(&kafka.topic_prefix, letter)).collect::<Result<_, _>>()?;
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

fn record(topic_prefix: &str, letter: &Letter) -> anyhow::Result<NewRecord> {
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
    let mut topics = letter.part.topics().map(|topic| topic.name(topic_prefix));
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

#[cfg(test)]
mod tests {
    use quittance_avro::{
        records::{Bytes, DeadLetter, Header},
        time::Timestamp,
    };
    use rstest::rstest;

    use super::*;

    fn letter(part: Part, topic: &str, value: Option<&[u8]>) -> Letter {
        let bytes = |bytes: &[u8]| Bytes(bytes.to_vec());
        let header = |key: &str| Header { key: key.to_owned(), value: Some(bytes(b"b")) };
        let says = DeadLetter {
            part: part.name().to_owned(),
            topic: topic.to_owned(),
            partition: 2,
            offset: 7,
            timestamp: None,
            key: value.map(|_| bytes(b"key")),
            value: value.map(bytes),
            headers: vec![header("a"), header(REPLAYED)],
            reason: "undecodable".to_owned(),
            detail: String::new(),
            occurred_at: Timestamp::from_ms(0),
        };
        Letter { id: format!("{}/0/12", part.name()).parse().expect("an id"), part, says }
    }

    #[test]
    fn a_record_goes_back_to_where_it_stood() {
        let letter = letter(Part::ProcessorPayments, "shop.payment.commands.v1", Some(b"what"));
        let record = record("shop", &letter).expect("it can be written back");
        assert_eq!((&*record.topic, record.partition), ("shop.payment.commands.v1", Some(2)));
        assert_eq!((record.key, record.value), (b"key".to_vec(), Some(b"what".to_vec())));
        let headers = Headers::default().with("a", "b").with(REPLAYED, "processor-payments/0/12");
        assert_eq!(record.headers, headers, "it says of which letter it was made last");
    }

    #[rstest]
    #[case::of_a_store(letter(Part::SinkRedis, "shop.payment.state.v1", Some(b"what")), "mend the store")]
    #[case::without_its_content(letter(Part::SinkGateway, "shop.payment.effects.gateway.v1", None), "holds no copy")]
    #[case::of_a_topic_that_is_not_read(
        letter(Part::SinkGateway, "shop.payment.events.v1", Some(b"")),
        "does not read"
    )]
    #[case::of_another_installation(
        letter(Part::SinkGateway, "payment.effects.gateway.v1", Some(b"")),
        "does not read"
    )]
    fn what_cannot_go_back_is_refused(#[case] letter: Letter, #[case] why: &str) {
        let refused = record("shop", &letter).expect_err("it is refused").to_string();
        assert!(refused.contains(why) && refused.contains(&letter.id.to_string()), "{refused}");
    }
}
