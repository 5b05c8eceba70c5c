//! Rules that every schema follows, and every topic.

use std::{collections::BTreeSet, fs, path::Path};

use apache_avro::{Schema, schema::RecordField};
use quittance_avro::{
    schema,
    topics::{TOPICS, Topic},
};
use rstest::rstest;
use serde_json::Value;

use super::{TestResult, samples::samples};

fn fields() -> impl Iterator<Item = (String, &'static RecordField)> {
    schema::all().flat_map(|schema| {
        let Schema::Record(record) = &schema.parsed else { panic!("{} is not a record", schema.name) };
        record.fields.iter().map(move |field| (format!("{}.{}", schema.name, field.name), field))
    })
}

/// A field is nullable in one way only, so that it may come and go: `["null", X]` with null as its default.
fn unions_are_options(field: &RecordField) -> bool {
    match &field.schema {
        Schema::Union(union) => {
            matches!(union.variants(), [Schema::Null, other] if plain(other)) && field.default == Some(Value::Null)
        }
        other => plain(other),
    }
}

/// No unions within, and no enums (a new symbol would break old readers), fixed or maps: nothing that we do not use.
fn plain(schema: &Schema) -> bool {
    match schema {
        Schema::Array(array) => plain(&array.items),
        Schema::Boolean | Schema::Int | Schema::Long | Schema::TimestampMillis | Schema::Bytes | Schema::String => true,
        Schema::Record(_) | Schema::Ref { .. } => true,
        _ => false,
    }
}

fn is_documented(field: &RecordField) -> bool {
    field.doc.as_ref().is_some_and(|doc| doc.ends_with('.'))
}

fn is_snake_case(field: &RecordField) -> bool {
    let inner = field
        .name
        .split('_')
        .all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()));
    inner && field.name.starts_with(|first: char| first.is_ascii_lowercase())
}

fn money_is_in_minor_units(field: &RecordField) -> bool {
    let is_money = field.name == "amount" || field.name.ends_with("_amount");
    let says_so = field.doc.as_ref().is_some_and(|doc| doc.contains("in minor units of `currency`"));
    is_money == says_so && (!is_money || is_or_may_be(&field.schema, &Schema::Long))
}

fn times_are_timestamps(field: &RecordField) -> bool {
    let is_time = field.name.ends_with("_at") || field.name.ends_with("not_after");
    !is_time || is_or_may_be(&field.schema, &Schema::TimestampMillis)
}

/// Of that type, or an option of it.
fn is_or_may_be(schema: &Schema, wanted: &Schema) -> bool {
    match schema {
        Schema::Union(union) => union.variants().iter().all(|variant| *variant == Schema::Null || variant == wanted),
        other => other == wanted,
    }
}

#[rstest]
#[case::unions_are_options(unions_are_options)]
#[case::is_documented(is_documented)]
#[case::is_snake_case(is_snake_case)]
#[case::money_is_in_minor_units(money_is_in_minor_units)]
#[case::times_are_timestamps(times_are_timestamps)]
fn every_field(#[case] rule: fn(&RecordField) -> bool) {
    let offenders: Vec<String> = fields().filter(|(_, field)| !rule(field)).map(|(path, _)| path).collect();
    assert_eq!(offenders, [""; 0]);
}

#[test]
fn every_record_is_documented() {
    for schema in schema::all() {
        let Schema::Record(record) = &schema.parsed else { panic!("{} is not a record", schema.name) };
        assert!(record.doc.as_ref().is_some_and(|doc| doc.ends_with('.')), "{}", schema.name);
    }
}

#[test]
fn every_schema_file_is_part_of_the_build_and_lies_where_its_name_says() -> TestResult {
    let mut files = BTreeSet::new();
    for folder in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas"))? {
        let folder = folder?;
        for file in fs::read_dir(folder.path())? {
            files.insert(format!("{}/{}", folder.file_name().display(), file?.file_name().display()));
        }
    }
    assert_eq!(files, schema::all().map(|schema| file_of(&schema.name)).collect());
    Ok(())
}

/// `quittance.payment.PaymentState` is in `payment/payment_state.avsc`.
fn file_of(record: &str) -> String {
    let (namespace, name) = record.rsplit_once('.').unwrap_or_default();
    let mut file = format!("{}/", namespace.trim_start_matches("quittance."));
    for (position, letter) in name.char_indices() {
        if letter.is_uppercase() && position > 0 {
            file.push('_');
        }
        file.push(letter.to_ascii_lowercase());
    }
    file + ".avsc"
}

#[test]
fn every_record_on_a_topic_has_a_schema_and_samples() {
    let carried: BTreeSet<&str> = TOPICS.iter().flat_map(|spec| spec.records).copied().collect();
    assert!(carried.iter().all(|record| schema::by_name(record).is_some()));
    assert_eq!(carried, samples().iter().map(|sample| sample.record).collect());
}

#[test]
fn every_topic_is_in_the_table_once() {
    let topics: Vec<Topic> = std::iter::successors(Some(Topic::PaymentCommands), |topic| after(*topic)).collect();
    let mut listed: Vec<Topic> = TOPICS.iter().map(|spec| spec.topic).collect();
    listed.sort();
    assert_eq!(listed, topics);
    assert_eq!(TOPICS.iter().map(|spec| spec.name).collect::<BTreeSet<_>>().len(), TOPICS.len());
}

/// The next variant. A match, so that a new variant has to be put in.
const fn after(topic: Topic) -> Option<Topic> {
    Some(match topic {
        Topic::PaymentCommands => Topic::PaymentResults,
        Topic::PaymentResults => Topic::PaymentNotices,
        Topic::PaymentNotices => Topic::PaymentEvents,
        Topic::PaymentEvents => Topic::PaymentState,
        Topic::PaymentState => Topic::PaymentChangelog,
        Topic::PaymentChangelog => Topic::PaymentGatewayEffects,
        Topic::PaymentGatewayEffects => Topic::PaymentOutcomes,
        Topic::PaymentOutcomes => Topic::LedgerTransfers,
        Topic::LedgerTransfers => Topic::GatewayAnomalies,
        Topic::GatewayAnomalies => Topic::GatewayHealth,
        Topic::GatewayHealth => Topic::Configuration,
        Topic::Configuration => Topic::ApiKeys,
        Topic::ApiKeys => Topic::ProcessorPaymentsDeadLetters,
        Topic::ProcessorPaymentsDeadLetters => Topic::SinkGatewayDeadLetters,
        Topic::SinkGatewayDeadLetters => Topic::SinkPostgresDeadLetters,
        Topic::SinkPostgresDeadLetters => Topic::SinkRedisDeadLetters,
        Topic::SinkRedisDeadLetters => Topic::TenantKeys,
        Topic::TenantKeys => Topic::Installation,
        Topic::Installation => Topic::PaymentMethodEvents,
        Topic::PaymentMethodEvents => Topic::PaymentMethodState,
        Topic::PaymentMethodState => return None,
    })
}
