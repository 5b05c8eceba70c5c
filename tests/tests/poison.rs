//! Records that can never be processed: buried with their position, and in nobody's way.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result, ensure};
use quittance_avro::{
    records::DeadLetter,
    topics::{Part as LogPart, Topic},
};
use quittance_log::{Headers, NewRecord, Producer, Reader, Schemas};
use quittance_tests::{Installation, Options, RawRecord, eventually, payment, produce_raw};
use rstest::rstest;
use serde_json::{Value, json};
use tokio::runtime::Handle;

#[rstest]
#[case::processor(LogPart::ProcessorPayments, Topic::PaymentCommands)]
#[case::gateway(LogPart::SinkGateway, Topic::PaymentGatewayEffects)]
#[case::postgres(LogPart::SinkPostgres, Topic::PaymentEvents)]
#[case::redis(LogPart::SinkRedis, Topic::PaymentState)]
#[tokio::test]
async fn a_record_that_is_no_record_is_buried_and_the_next_is_processed(
    #[case] part: LogPart,
    #[case] topic: Topic,
) -> Result<()> {
    let installation = Installation::start("poison", Options::default()).await?;
    let kafka = installation.kafka()?;
    let producer = Producer::open(&kafka, Duration::from_secs(10))?;
    for partition in 0..4 {
        let record = NewRecord {
            topic: Arc::from(topic.name(&installation.prefix)),
            partition: Some(partition),
            key: b"poison".to_vec(),
            value: Some(b"no record".to_vec()),
            headers: Headers::default().with("a", "b"),
        };
        producer.produce(&record).await?;
    }
    // No client library of ours lets one write such a header, and a broker takes it.
    let record = RawRecord { key: b"poison", value: b"no record", header_name: b"\xff", header: b"b" };
    produce_raw(&kafka.kafka_brokers, &topic.name(&installation.prefix), 0, &record)?;
    let client = installation.client("acme")?;
    let answer = client.pay(&payment(100, "tok_approve")).await?;
    client.settled(&answer.text("id"), Duration::from_secs(30)).await?;
    client.history(&answer.text("id"), 3).await?;
    let letters = eventually("five dead letters", Duration::from_secs(30), || async {
        let letters = dead_letters(&installation, part.dead_letters()).await?;
        ensure!(letters.len() == 5, "there are {}", letters.len());
        Ok::<_, anyhow::Error>(letters)
    })
    .await?;
    for letter in letters {
        ensure!(letter.part == part.name() && letter.reason == "undecodable", "{letter:?}");
        ensure!(letter.topic == topic.name(&installation.prefix), "{letter:?}");
        ensure!(letter.value.map(|value| value.0).as_deref() == Some(b"no record".as_slice()));
        ensure!(letter.headers.len() == 1 && matches!(letter.headers[0].key.as_str(), "a" | "\u{fffd}"));
    }
    Ok(())
}

/// Given up, looked at, and written back with the operator's tool. This one can never be processed, so it comes back.
#[tokio::test]
async fn dead_letters_are_listed_shown_and_replayed() -> Result<()> {
    let installation = Installation::start("letters", Options::default()).await?;
    let producer = Producer::open(&installation.kafka()?, Duration::from_secs(10))?;
    let record = NewRecord {
        topic: Arc::from(Topic::PaymentCommands.name(&installation.prefix)),
        partition: Some(2),
        key: b"poison".to_vec(),
        value: Some(b"no record".to_vec()),
        headers: Headers::default().with("a", "b"),
    };
    let (_, offset) = producer.produce(&record).await?;
    let list = async |count: usize| {
        eventually("dead letters", Duration::from_secs(30), || async {
            let listed = installation.tool(&["dead-letters", "list", "--part", "processor-payments"])?;
            let lines: Vec<Value> = listed.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
            ensure!(lines.len() == count, "{listed}");
            Ok::<_, anyhow::Error>(lines)
        })
        .await
    };
    let first = list(1).await?.remove(0);
    ensure!(first["reason"] == "undecodable" && first["partition"] == 2 && first["offset"] == offset, "{first}");
    let id = first["id"].as_str().context("an id")?;
    let shown: Value = serde_json::from_str(&installation.tool(&["dead-letters", "show", id])?)?;
    ensure!(shown["bytes"] == "bm8gcmVjb3Jk" && shown["headers"] == json!({"a": "b"}), "{shown}");
    let replayed = installation.tool(&["dead-letters", "replay", id])?;
    ensure!(replayed.starts_with(id), "{replayed}");
    let again = list(2).await?;
    let second = again.iter().find(|letter| letter["id"] != id).context("a second one")?;
    let shown = installation.tool(&["dead-letters", "show", second["id"].as_str().context("an id")?])?;
    let shown: Value = serde_json::from_str(&shown)?;
    ensure!(shown["headers"] == json!({"a": "b", "replayed-dead-letter": id}) && shown["partition"] == 2, "{shown}");
    // Of all that there are, those of a reason that none has.
    let none = installation.tool(&["dead-letters", "replay", "all", "--reason", "panicked"])?;
    ensure!(none.is_empty(), "{none}");
    let replayed = installation.tool(&["dead-letters", "replay", "all", "--reason", "undecodable"])?;
    ensure!(replayed.lines().count() == 2, "{replayed}");
    list(4).await?;
    let refused = installation.tool(&["dead-letters", "show", "processor-payments/0/99"]);
    ensure!(refused.is_err_and(|error| error.to_string().contains("there is no dead letter")));
    Ok(())
}

async fn dead_letters(installation: &Installation, topic: Topic) -> Result<Vec<DeadLetter>> {
    let (kafka, registry, handle) = (installation.kafka()?, installation.registry()?, Handle::current());
    tokio::task::spawn_blocking(move || {
        let mut schemas = Schemas::new(registry, handle);
        let mut records = Vec::new();
        Reader::new(&kafka, &topic.name(&kafka.topic_prefix))?.read_all(&[0], |record| records.push(record))?;
        let mut letters = Vec::new();
        for record in records {
            letters.push(schemas.read(|decoder| decoder.decode(record.value.as_deref().unwrap_or_default()))?);
        }
        Ok(letters)
    })
    .await?
}
