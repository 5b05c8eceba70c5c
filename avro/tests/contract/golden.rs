//! Golden bytes of every version of every schema, kept for ever: what was written once must be read always.
//!
//! `golden/v<n>/` holds the n-th version of a record's schema as it was registered, and for each sample its JSON and
//! its bytes in the wire format. A test run with `UPDATE_GOLDEN=1` gives a schema that changed its next version; it
//! never writes over a file.

use std::{
    collections::BTreeSet,
    env, fs,
    io::Write,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use apache_avro::{Schema, reader::datum::GenericDatumReader, types::Value as AvroValue};
use quittance_avro::{
    schema,
    wire::{self, Decoder},
};
use serde_json::Value;

use super::{
    TestResult,
    samples::{ID, Sample, samples},
};

const WHAT_TO_DO: &str = "these schemas are not (or no longer) those of their newest golden version. If the change is \
    meant and FULL_TRANSITIVE allows it, run `UPDATE_GOLDEN=1 cargo test -p quittance-avro --test contract golden` and \
    commit the new files under avro/tests/golden";

/// A sample as one version of its schema writes it.
struct Golden {
    sample: &'static Sample,
    version: u32,
    newest: bool,
    schema: String,
    json: Value,
    wire: Vec<u8>,
}

static GOLDEN: LazyLock<Vec<Golden>> = LazyLock::new(|| {
    if env::var_os("UPDATE_GOLDEN").is_some() {
        let stale = samples().iter().filter(|sample| is_stale(sample)).map(|sample| (sample, newest(sample) + 1));
        stale.collect::<Vec<_>>().into_iter().for_each(|(sample, version)| add(sample, version));
    }
    samples().iter().flat_map(|sample| (1..=newest(sample)).map(|version| load(sample, version))).collect()
});

fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden"))
}

fn path(version: u32, file: &str) -> PathBuf {
    root().join(format!("v{version}")).join(file)
}

fn schema_path(sample: &Sample, version: u32) -> PathBuf {
    path(version, &format!("{}.avsc", sample.short_name()))
}

/// The newest version of a sample's schema; 0 if there is none yet.
fn newest(sample: &Sample) -> u32 {
    (1..).take_while(|version| schema_path(sample, *version).exists()).last().unwrap_or(0)
}

fn current_schema(sample: &Sample) -> Value {
    let schema = schema::by_name(sample.record).expect("every record has a schema");
    serde_json::from_str(&schema.json).expect("a schema is JSON")
}

fn is_stale(sample: &Sample) -> bool {
    let version = newest(sample);
    version == 0 || serde_json::from_str(&read(&schema_path(sample, version))).ok() != Some(current_schema(sample))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn load(sample: &'static Sample, version: u32) -> Golden {
    let json = read(&path(version, &format!("{}.json", sample.label())));
    Golden {
        sample,
        version,
        newest: version == newest(sample),
        schema: read(&schema_path(sample, version)),
        json: serde_json::from_str(&json).expect("a golden file is JSON"),
        wire: from_hex(&read(&path(version, &format!("{}.hex", sample.label())))),
    }
}

fn add(sample: &Sample, version: u32) {
    let pretty = |json: &Value| format!("{json:#}\n");
    if !schema_path(sample, version).exists() {
        create(&schema_path(sample, version), &pretty(&current_schema(sample)));
    }
    create(&path(version, &format!("{}.json", sample.label())), &pretty(&sample.json));
    create(&path(version, &format!("{}.hex", sample.label())), &to_hex(&sample.wire));
}

fn create(path: &Path, text: &str) {
    let written = fs::create_dir_all(path.parent().unwrap_or(path))
        .and_then(|()| fs::File::create_new(path))
        .and_then(|mut file| file.write_all(text.as_bytes()));
    written.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

fn to_hex(bytes: &[u8]) -> String {
    let line =
        |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).chain(["\n".to_owned()]).collect::<String>();
    bytes.chunks(32).map(line).collect()
}

fn from_hex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | *digit as u8)).collect()
}

#[test]
fn every_schema_has_golden_bytes() {
    LazyLock::force(&GOLDEN);
    let stale: BTreeSet<&str> = samples().iter().filter(|sample| is_stale(sample)).map(|s| s.record).collect();
    assert!(stale.is_empty(), "{WHAT_TO_DO}: {stale:?}");
}

#[test]
fn samples_are_written_as_the_newest_golden_bytes() {
    for golden in GOLDEN.iter().filter(|golden| golden.newest) {
        let label = format!("v{}/{}", golden.version, golden.sample.label());
        assert_eq!(golden.sample.json, golden.json, "{label}.json");
        assert_eq!(to_hex(&golden.sample.wire), to_hex(&golden.wire), "{label}.hex");
    }
}

#[test]
fn every_version_is_still_read() -> TestResult {
    for golden in &*GOLDEN {
        let mut decoder = Decoder::new();
        decoder.learn(ID, &golden.schema)?;
        assert_eq!(decoder.json(&golden.wire)?, (golden.sample.record, golden.json.clone()));
        let decoded = (golden.sample.decode)(&decoder, &golden.wire)?;
        assert!(
            agrees(&golden.json, &decoded),
            "v{} of {} is read as {decoded:#}",
            golden.version,
            golden.sample.label()
        );
    }
    Ok(())
}

/// Whether nothing that a record said when it was written reads otherwise; fields may have come and gone since.
fn agrees(then: &Value, now: &Value) -> bool {
    match (then, now) {
        (Value::Object(then), Value::Object(now)) => {
            then.iter().all(|(name, then)| now.get(name).is_none_or(|now| agrees(then, now)))
        }
        (Value::Array(then), Value::Array(now)) => {
            then.len() == now.len() && then.iter().zip(now).all(|(then, now)| agrees(then, now))
        }
        (then, now) => then == now,
    }
}

/// Older and newer: an instance that is not upgraded yet, or a client of another make, reads what a newer one writes.
#[test]
fn every_version_reads_what_every_other_wrote() -> TestResult {
    for writer in &*GOLDEN {
        for reader in GOLDEN.iter().filter(|reader| reader.sample.label() == writer.sample.label()) {
            let value = resolve(writer, reader)?;
            assert!(matches!(value, AvroValue::Record(_)));
        }
    }
    Ok(())
}

fn resolve(writer: &Golden, reader: &Golden) -> Result<AvroValue, Box<dyn std::error::Error>> {
    let (written, wanted) = (Schema::parse_str(&writer.schema)?, Schema::parse_str(&reader.schema)?);
    let (_, mut datum) = wire::split(&writer.wire).ok_or("not in the wire format")?;
    let read = GenericDatumReader::builder(&written).reader_schema(&wanted).build()?.read_value(&mut datum);
    let (record, from, to) = (writer.sample.record, writer.version, reader.version);
    read.map_err(|error| format!("v{from} of {record} is not read by v{to}: {error}").into())
}

/// A record's files outlive the record: its bytes are in logs that are kept.
#[test]
fn every_golden_file_is_used() -> TestResult {
    LazyLock::force(&GOLDEN);
    let mut found = BTreeSet::new();
    for folder in fs::read_dir(root())? {
        for file in fs::read_dir(folder?.path())? {
            found.insert(file?.path());
        }
    }
    let used = GOLDEN.iter().flat_map(|golden| {
        let files = ["json", "hex"].map(|kind| path(golden.version, &format!("{}.{kind}", golden.sample.label())));
        files.into_iter().chain([schema_path(golden.sample, golden.version)])
    });
    let used = used.collect();
    let odd: Vec<&PathBuf> = found.symmetric_difference(&used).collect();
    assert!(odd.is_empty(), "not the files of the records on our topics: {odd:?}");
    Ok(())
}
