//! What may change in a schema: old and new are read both ways, by the code that reads in production.

use apache_avro::{
    Schema,
    reader::datum::GenericDatumReader,
    schema_compatibility::{Compatibility, SchemaCompatibility},
    writer::datum::GenericDatumWriter,
};
use quittance_avro::{
    records::{PaymentState, Record},
    schema,
    wire::{self, DecodeError, Decoder},
};
use rstest::rstest;
use serde_json::{Value, json};

use super::{
    TestResult,
    samples::{Fill, HEADER_BYTES, Sample, sample, samples},
};

/// The id of a schema that is not of this build.
const FOREIGN: u32 = 2;

/// A sample's schema after a change to the fields of one of its records.
fn evolved(sample: &Sample, record: &str, change: impl FnOnce(&mut Vec<Value>)) -> Result<Value, serde_json::Error> {
    let schema = schema::by_name(sample.record).map_or("{}", |schema| &schema.json);
    let mut schema = serde_json::from_str(schema)?;
    let fields = definition(&mut schema, record).and_then(|definition| definition["fields"].as_array_mut());
    change(fields.expect("the schema defines the record"));
    Ok(schema)
}

fn definition<'a>(node: &'a mut Value, record: &str) -> Option<&'a mut Value> {
    if node["type"] == "record" && node["name"] == record {
        return Some(node);
    }
    match node {
        Value::Array(nodes) => nodes.iter_mut().find_map(|node| definition(node, record)),
        Value::Object(members) => members.values_mut().find_map(|node| definition(node, record)),
        _ => None,
    }
}

/// The sample as it is written by an evolved schema, and a decoder that has learned that schema.
fn rewritten(sample: &Sample, evolved: &Value) -> Result<(Decoder, Vec<u8>), Box<dyn std::error::Error>> {
    let current = &schema::by_name(sample.record).ok_or("no schema")?.parsed;
    let parsed = Schema::parse(evolved)?;
    let (_, mut datum) = wire::split(&sample.wire).ok_or("not in the wire format")?;
    let value = GenericDatumReader::builder(current).reader_schema(&parsed).build()?.read_value(&mut datum)?;
    let datum = GenericDatumWriter::builder(&parsed).build()?.write_value_to_vec(value)?;
    let mut decoder = Decoder::new();
    decoder.learn(FOREIGN, &evolved.to_string())?;
    Ok((decoder, under_foreign_id(&datum)))
}

fn under_foreign_id(datum: &[u8]) -> Vec<u8> {
    [&[0], FOREIGN.to_be_bytes().as_slice(), datum].concat()
}

fn compatibility(sample: &Sample, evolved: &Value) -> Result<Compatibility, Box<dyn std::error::Error>> {
    let current = &schema::by_name(sample.record).ok_or("no schema")?.parsed;
    Ok(SchemaCompatibility::mutual_read(current, &Schema::parse(evolved)?)?)
}

#[rstest]
#[case::option("PaymentState", json!(["null", "string"]), json!(null), "")]
#[case::number("PaymentState", json!("long"), json!(7), "")]
#[case::in_a_nested_record("Envelope", json!("string"), json!("x"), "/envelope")]
#[case::in_an_optional_record("Failure", json!("boolean"), json!(true), "/failure")]
#[case::in_a_list("Attempt", json!({"type": "array", "items": "long"}), json!([]), "/operations/0/attempts/0")]
#[case::in_a_record_used_again_by_name("Sealed", json!("string"), json!("x"), "/sealed")]
#[case::with_a_new_record(
    "Operation",
    json!(["null", {"type": "record", "name": "Risk", "fields": [{"name": "score", "type": "int"}]}]),
    json!(null),
    "/operations/0",
)]
fn a_field_with_a_default_may_be_added(
    #[case] record: &str,
    #[case] schema: Value,
    #[case] default: Value,
    #[case] place: &str,
    #[values(true, false)] first: bool,
) -> TestResult {
    let sample = sample::<PaymentState>(Fill::Full);
    let added = json!({"name": "added", "type": schema, "default": default, "doc": "Added."});
    let evolved = evolved(sample, record, |fields| fields.insert(if first { 0 } else { fields.len() }, added))?;
    assert_eq!(compatibility(sample, &evolved)?, Compatibility::Full);

    let (decoder, bytes) = rewritten(sample, &evolved)?;
    let (_, read_by_newer) = decoder.json(&bytes)?;
    assert_eq!(read_by_newer.pointer(&format!("{place}/added")), Some(&default), "old bytes, new schema");
    assert_eq!((sample.decode)(&decoder, &bytes)?, sample.json, "new bytes, old type");
    Ok(())
}

#[rstest]
#[case::text("PaymentState", "initiator", json!("customer"), &[""])]
#[case::option("PaymentState", "stored_credential", json!(null), &[""])]
#[case::optional_record_by_name("PaymentState", "failure", json!(null), &[""])]
#[case::in_a_nested_record("Envelope", "sequence", json!(null), &["/envelope"])]
#[case::in_an_optional_record("Failure", "advice", json!(null), &["/failure", "/operations/0/attempts/0/failure"])]
#[case::number_in_a_list("Attempt", "queries", json!(0), &["/operations/0/attempts/0"])]
#[case::boolean_in_a_list("Attempt", "ambiguous", json!(false), &["/operations/0/attempts/0"])]
#[case::in_a_record_used_again_by_name("Sealed", "algorithm", json!("xchacha20poly1305"), &["/sealed", "/envelope/actor/sealed"])]
fn a_field_with_a_default_may_be_absent(
    #[case] record: &str,
    #[case] field: &str,
    #[case] default: Value,
    #[case] places: &[&str],
) -> TestResult {
    let sample = sample::<PaymentState>(Fill::Full);
    let evolved = evolved(sample, record, |fields| fields.retain(|member| member["name"] != field))?;
    assert_eq!(compatibility(sample, &evolved)?, Compatibility::Full);

    let mut expected = sample.json.clone();
    for place in places {
        *expected.pointer_mut(&format!("{place}/{field}")).ok_or("no such field")? = default.clone();
    }
    let (decoder, bytes) = rewritten(sample, &evolved)?;
    assert_eq!((sample.decode)(&decoder, &bytes)?, expected);
    Ok(())
}

#[rstest]
#[case::added_without_default(|fields: &mut Vec<Value>| fields.push(json!({"name": "added", "type": "long"})))]
#[case::removed_without_default(|fields: &mut Vec<Value>| fields.retain(|field| field["name"] != "status"))]
#[case::renamed(|fields: &mut Vec<Value>| fields[1]["name"] = json!("version"))]
#[case::of_another_type(|fields: &mut Vec<Value>| fields[1]["type"] = json!("string"))]
#[case::wider_one_way(|fields: &mut Vec<Value>| fields[1]["type"] = json!("long"))]
fn anything_else_is_refused(#[case] change: fn(&mut Vec<Value>)) -> TestResult {
    let sample = sample::<PaymentState>(Fill::Full);
    let evolved = evolved(sample, "PaymentState", change)?;
    assert!(compatibility(sample, &evolved).is_err());
    Ok(())
}

#[test]
fn a_record_without_a_field_that_we_need_is_malformed() -> TestResult {
    let sample = sample::<PaymentState>(Fill::Full);
    let evolved = evolved(sample, "PaymentState", |fields| fields.retain(|field| field["name"] != "status"))?;
    let (decoder, bytes) = rewritten(sample, &evolved)?;
    let Err(DecodeError::Malformed { record, .. }) = (sample.decode)(&decoder, &bytes) else {
        return Err("it was decoded".into());
    };
    assert_eq!(record, PaymentState::NAME);
    Ok(())
}

/// A schema that writes the same bytes but is not ours sends the decoder the long way, by way of generic values.
#[test]
fn the_long_way_leads_to_the_same_record() -> TestResult {
    for sample in samples() {
        let (decoder, bytes) = foreign_twin(sample)?;
        assert_eq!((sample.decode)(&decoder, &bytes)?, sample.json, "{}", sample.label());
    }
    Ok(())
}

/// The sample under [`FOREIGN`], whose schema has plain longs for times, and a decoder that has learned it.
pub(super) fn foreign_twin(sample: &Sample) -> Result<(Decoder, Vec<u8>), Box<dyn std::error::Error>> {
    let schema = &schema::by_name(sample.record).ok_or("no schema")?.json;
    let twin = schema.replace(r#""logicalType":"timestamp-millis","#, "");
    assert_ne!(&twin, schema, "{} has no time", sample.record);
    let mut decoder = Decoder::new();
    decoder.learn(FOREIGN, &twin)?;
    Ok((decoder, under_foreign_id(&sample.wire[HEADER_BYTES..])))
}
