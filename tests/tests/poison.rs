//! Records that can never be processed: buried with their position, and in nobody's way.

use std::{sync::Arc, time::Duration};

use anyhow::{Result, ensure};
use quittance_avro::{
    records::DeadLetter,
    topics::{Part as LogPart, Topic},
};
use quittance_log::{Headers, NewRecord, Producer, Reader, Schemas};
use quittance_tests::{Installation, Options, eventually, payment};
use rstest::rstest;
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
    let client = installation.client("acme")?;
    let answer = client.pay(&payment(100, "tok_approve")).await?;
    client.settled(&answer.text("id"), Duration::from_secs(30)).await?;
    client.history(&answer.text("id"), 3).await?;
    let letters = eventually("four dead letters", Duration::from_secs(30), || async {
        let letters = dead_letters(&installation, part.dead_letters()).await?;
        ensure!(letters.len() == 4, "there are {}", letters.len());
        Ok::<_, anyhow::Error>(letters)
    })
    .await?;
    for letter in letters {
        ensure!(letter.part == part.name() && letter.reason == "undecodable", "{letter:?}");
        ensure!(letter.topic == topic.name(&installation.prefix), "{letter:?}");
        ensure!(letter.value.map(|value| value.0).as_deref() == Some(b"no record".as_slice()));
        ensure!(letter.headers.len() == 1 && letter.headers[0].key == "a");
    }
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
