//! `quittance topics read`

use std::{
    borrow::Cow,
    collections::BTreeMap,
    io::{self, BufWriter, ErrorKind, Write},
};

use anyhow::{Context, bail};
use quittance_avro::topics::{TOPICS, TopicSpec};
use quittance_log::{KafkaArgs, ReadError, Reader, Record, RegistryArgs, Schemas};
use serde::Serialize;
use serde_json::Value;
use tokio::runtime::Handle;

/// Options of `topics read`.
#[derive(Debug, clap::Args)]
pub(crate) struct Read {
    #[command(flatten)]
    kafka: KafkaArgs,
    #[command(flatten)]
    registry: RegistryArgs,
    /// Name of the topic, with or without the prefix, such as payment.events.v1
    topic: String,
    /// Show only the records with this key, such as a payment's id
    #[arg(long, env = "QUITTANCE_READ_AGGREGATE", help_heading = "Topics")]
    key: Option<String>,
    /// Show no more records than this
    #[arg(long, env = "QUITTANCE_READ_MAX", help_heading = "Topics", value_parser = clap::value_parser!(u64).range(1..))]
    max: Option<u64>,
}

/// Prints the committed records that stand in a topic now, one JSON object a line. Joins no group and moves no position.
pub(crate) async fn read(args: Read) -> anyhow::Result<()> {
    let registry = args.registry.registry(&args.kafka.topic_prefix)?;
    let schemas = Schemas::new(registry, Handle::current());
    tokio::task::spawn_blocking(move || print(&args, schemas, BufWriter::new(io::stdout().lock()))).await?
}

fn print(args: &Read, mut schemas: Schemas, mut out: impl Write) -> anyhow::Result<()> {
    let prefix = &args.kafka.topic_prefix;
    let spec = find(&args.topic, prefix)?;
    let reader = Reader::new(&args.kafka, &spec.topic.name(prefix))?;
    let partitions: Vec<_> = (0..reader.partitions()?).collect();
    let mut left = args.max.unwrap_or(u64::MAX);
    let mut printed = Ok(());
    reader.read_all(&partitions, |record| {
        let wanted = args.key.as_deref().is_none_or(|key| record.key.as_deref() == Some(key.as_bytes()));
        if wanted && left > 0 && printed.is_ok() {
            left -= 1;
            printed = print_one(&record, &mut schemas, &mut out);
        }
    })?;
    match printed.and_then(|()| Ok(out.flush()?)) {
        // Whoever was reading has seen enough.
        Err(error) if is_broken_pipe(&error) => Ok(()),
        printed => printed,
    }
}

/// The topic of that name among ours: those of others hold no records of this contract.
fn find(name: &str, prefix: &str) -> anyhow::Result<&'static TopicSpec> {
    let short = name.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('.')).unwrap_or(name);
    let Some(spec) = TOPICS.iter().find(|spec| spec.name == short) else {
        let names: Vec<_> = TOPICS.iter().map(|spec| spec.name).collect();
        bail!("there is no topic {name}; there are {}", names.join(", "));
    };
    Ok(spec)
}

fn print_one(record: &Record, schemas: &mut Schemas, out: &mut impl Write) -> anyhow::Result<()> {
    let decoded = match &record.value {
        Some(bytes) => {
            match schemas.read(|decoder| decoder.json(bytes).map(|(name, value)| (name.to_owned(), value))) {
                Ok((name, value)) => Decoded::Record(name, value),
                // It would be shown as undecodable although it is not.
                Err(error) if error.is_transient() => return Err(error).context("reading the schema of a record"),
                Err(error) => Decoded::Undecodable(error),
            }
        }
        None => Decoded::Tombstone,
    };
    writeln!(out, "{}", serde_json::to_string(&line(record, &decoded))?)?;
    Ok(())
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

/// What a record's value turned out to be.
enum Decoded {
    Record(String, Value),
    Tombstone,
    Undecodable(ReadError),
}

/// A record as it is shown. What is sealed stays sealed: no key is needed to look at a topic.
#[derive(Serialize)]
struct Line<'a> {
    topic: &'a str,
    partition: i32,
    offset: i64,
    key: Option<Cow<'a, str>>,
    headers: BTreeMap<&'a str, Option<Cow<'a, str>>>,
    record: Option<&'a str>,
    value: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    undecodable: Option<String>,
}

fn line<'a>(record: &'a Record, decoded: &'a Decoded) -> Line<'a> {
    let (name, value, undecodable) = match decoded {
        Decoded::Record(name, value) => (Some(name.as_str()), Some(value), None),
        Decoded::Tombstone => (None, None, None),
        Decoded::Undecodable(error) => (None, None, Some(error.to_string())),
    };
    let headers = record.headers.0.iter();
    Line {
        topic: &record.at.topic,
        partition: record.at.partition,
        offset: record.offset,
        key: record.key.as_deref().map(String::from_utf8_lossy),
        headers: headers.map(|(key, value)| (key.as_str(), value.as_deref().map(String::from_utf8_lossy))).collect(),
        record: name,
        value,
        undecodable,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use quittance_avro::wire::DecodeError;
    use quittance_log::{Headers, TopicPartition};
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case("payment.events.v1", Some("payment.events.v1"))]
    #[case("shop.payment.events.v1", Some("payment.events.v1"))]
    #[case("shoppayment.events.v1", None)]
    #[case("payment.events", None)]
    #[case("", None)]
    fn topics_are_found_with_and_without_the_prefix(#[case] name: &str, #[case] found: Option<&str>) {
        assert_eq!(find(name, "shop").ok().map(|spec| spec.name), found);
    }

    #[rstest]
    #[case::record(
        Decoded::Record("quittance.payment.PaymentCreated".to_owned(), json!({"amount": 5})),
        r#""record":"quittance.payment.PaymentCreated","value":{"amount":5}}"#
    )]
    #[case::tombstone(Decoded::Tombstone, r#""record":null,"value":null}"#)]
    #[case::undecodable(
        Decoded::Undecodable(DecodeError::NotWireFormat.into()),
        r#""record":null,"value":null,"undecodable":"not in the wire format (a zero byte, a schema id, an Avro datum)"}"#
    )]
    fn a_record_is_one_line(#[case] decoded: Decoded, #[case] end: &str) -> anyhow::Result<()> {
        let record = Record {
            at: TopicPartition { topic: Arc::from("shop.payment.events.v1"), partition: 3 },
            offset: 7,
            timestamp_ms: None,
            key: Some(b"pay_1".to_vec()),
            value: None,
            headers: Headers::default().with("command-id", "cmd_1"),
        };
        let begin = r#"{"topic":"shop.payment.events.v1","partition":3,"offset":7,"key":"pay_1","headers":{"command-id":"cmd_1"},"#;
        assert_eq!(serde_json::to_string(&line(&record, &decoded))?, format!("{begin}{end}"));
        Ok(())
    }
}
