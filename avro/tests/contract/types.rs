//! The Rust types say the same as the schemas.

use apache_avro::{Schema, reader::datum::GenericDatumReader, types::Value as AvroValue};
use quittance_avro::{schema, wire};
use serde_json::Value;

use super::{
    TestResult,
    samples::{Fill, ID, Sample, samples},
};

/// The sample read by its schema alone.
fn generic(sample: &Sample) -> Result<AvroValue, Box<dyn std::error::Error>> {
    let schema = &schema::by_name(sample.record).ok_or("no schema")?.parsed;
    let (_, mut datum) = wire::split(&sample.wire).ok_or("not in the wire format")?;
    Ok(GenericDatumReader::builder(schema).build()?.read_value(&mut datum)?)
}

/// The paths of all fields, in order.
fn paths(value: &AvroValue, at: &str, found: &mut Vec<String>) {
    match value {
        AvroValue::Record(fields) => {
            for (name, value) in fields {
                found.push(format!("{at}/{name}"));
                paths(value, &format!("{at}/{name}"), found);
            }
        }
        AvroValue::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| paths(item, &format!("{at}/{index}"), found));
        }
        AvroValue::Union(_, value) => paths(value, at, found),
        _ => {}
    }
}

#[test]
fn structs_have_the_fields_of_their_schemas_in_the_same_order() -> TestResult {
    for sample in samples() {
        let [mut of_struct, mut of_schema] = [Vec::new(), Vec::new()];
        paths(&sample.fields, "", &mut of_struct);
        paths(&generic(sample)?, "", &mut of_schema);
        assert_eq!(of_struct, of_schema, "{}", sample.label());
    }
    Ok(())
}

#[test]
fn json_by_the_schema_alone_is_json_by_the_struct() -> TestResult {
    for sample in samples() {
        let mut decoder = wire::Decoder::new();
        decoder.learn(ID, &schema::by_name(sample.record).ok_or("no schema")?.json)?;
        assert_eq!(decoder.name_of(&sample.wire)?, sample.record);
        assert_eq!(decoder.json(&sample.wire)?, (sample.record, sample.json.clone()));
        assert_eq!((sample.decode)(&decoder, &sample.wire)?, sample.json);
    }
    Ok(())
}

/// Options that are set, options that are not, lists with something in them, empty lists.
fn count(value: &AvroValue) -> [usize; 4] {
    let (own, parts) = match value {
        AvroValue::Record(fields) => ([0; 4], fields.iter().map(|(_, value)| count(value)).collect()),
        AvroValue::Union(_, value) if **value == AvroValue::Null => ([0, 1, 0, 0], Vec::new()),
        AvroValue::Union(_, value) => ([1, 0, 0, 0], vec![count(value)]),
        AvroValue::Array(items) if items.is_empty() => ([0, 0, 0, 1], Vec::new()),
        AvroValue::Array(items) => ([0, 0, 1, 0], items.iter().map(count).collect()),
        _ => ([0; 4], Vec::new()),
    };
    parts.iter().fold(own, |sum, part| std::array::from_fn(|kind| sum[kind] + part[kind]))
}

#[test]
fn full_samples_are_full_and_minimal_ones_minimal() -> TestResult {
    for sample in samples() {
        let [set, unset, filled, empty] = count(&generic(sample)?);
        let wrong = match sample.fill {
            Fill::Full => unset + empty,
            Fill::Minimal => set + filled,
        };
        assert_eq!(wrong, 0, "{}", sample.label());
    }
    Ok(())
}

/// Where in the JSON of a full sample the schema has a string, and what its doc says.
fn strings<'a>(schema: &'a Schema, at: &str, doc: &'a str, found: &mut Vec<(String, &'a str)>) {
    match schema {
        Schema::Record(record) => {
            for field in &record.fields {
                let doc = field.doc.as_deref().unwrap_or_default();
                strings(&field.schema, &format!("{at}/{}", field.name), doc, found);
            }
        }
        Schema::Ref { name } => {
            if let Some(named) = schema::by_name(&name.fullname(None)) {
                strings(&named.parsed, at, doc, found);
            }
        }
        Schema::Array(array) => strings(&array.items, &format!("{at}/0"), doc, found),
        Schema::Union(union) => union.variants().iter().for_each(|variant| strings(variant, at, doc, found)),
        Schema::String => found.push((at.to_owned(), doc)),
        _ => {}
    }
}

/// What stands in backticks, asides in parentheses left out.
fn quoted(text: &str) -> Vec<&str> {
    let outside = text.split('(').enumerate();
    let outside =
        outside.map(|(index, part)| if index == 0 { part } else { part.split_once(')').unwrap_or_default().1 });
    outside.flat_map(|part| part.split('`').skip(1).step_by(2)).collect()
}

#[test]
fn docs_name_exactly_the_words_that_the_rust_type_knows() -> TestResult {
    let mut vocabularies = 0;
    for sample in samples().iter().filter(|sample| sample.fill == Fill::Full) {
        let mut found = Vec::new();
        strings(&schema::by_name(sample.record).ok_or("no schema")?.parsed, "", "", &mut found);
        for (pointer, doc) in found {
            let mut json = sample.json.clone();
            *json.pointer_mut(&pointer).ok_or("a full sample has every field")? = Value::from("no such word");
            // Only a vocabulary complains like this, and then lists its words.
            let complaint = (sample.parse)(json).err().unwrap_or_default();
            if let Some(words) = complaint.strip_prefix("must be one of ") {
                assert_eq!(quoted(doc), quoted(words), "{}{pointer}", sample.record);
                vocabularies += 1;
            }
        }
    }
    assert!(vocabularies > 0, "the complaint about an unknown word is not what it was");
    Ok(())
}
