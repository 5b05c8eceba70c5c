//! Reading.

use std::{collections::HashMap, sync::Arc};

use apache_avro::{Schema, from_value, reader::datum::GenericDatumReader, schema::Name, types::Value};

use super::{datum::Datum, split};
use crate::{records::Record, schema};

/// Reads records by the schemas it has learned. Holds no connection: who meets [`DecodeError::UnknownSchema`] fetches
/// that schema from the registry, calls [`Decoder::learn`] and decodes again.
#[derive(Clone, Default)]
pub struct Decoder {
    writers: HashMap<u32, Arc<Writer>>,
}

struct Writer {
    name: String,
    reader: GenericDatumReader<'static>,
    /// Whether the writer's schema is that of this build, so that bytes can become a struct without a detour.
    own: bool,
}

/// Why bytes are not the record that was wanted.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Not the wire format at all. Final.
    #[error("not in the wire format (a zero byte, a schema id, an Avro datum)")]
    NotWireFormat,
    /// Its schema has not been learned. Not final: fetch it and try again.
    #[error("schema {0} has not been fetched from the registry")]
    UnknownSchema(u32),
    /// A record of another type. Final.
    #[error("holds {found}, expected {wanted}")]
    OtherRecord {
        /// Full name of the record found.
        found: String,
        /// Full name of the record wanted.
        wanted: &'static str,
    },
    /// The datum does not follow its schema, or cannot be resolved to ours. Final.
    #[error("{record} does not decode")]
    Malformed {
        /// Full name of the record.
        record: String,
        /// What the Avro reader said, which may show what is in the record: not for a log.
        #[source]
        cause: Box<apache_avro::Error>,
    },
    /// Bytes are left over after the datum. Final.
    #[error("{left} bytes are left over after {record}")]
    TrailingBytes {
        /// Full name of the record.
        record: String,
        /// How many.
        left: usize,
    },
}

/// Why a fetched schema is of no use.
#[derive(Debug, thiserror::Error)]
pub enum LearnError {
    /// Not an Avro schema.
    #[error("schema {id} is not an Avro schema: {cause}")]
    Unparsable {
        /// Id in the registry.
        id: u32,
        /// What the Avro parser said.
        cause: Box<apache_avro::Error>,
    },
    /// Not a record.
    #[error("schema {id} is not a record")]
    NotARecord {
        /// Id in the registry.
        id: u32,
    },
    /// It holds itself, so that a few bytes could nest deeper than any stack is.
    #[error("schema {id} is recursive")]
    Recursive {
        /// Id in the registry.
        id: u32,
    },
}

/// The largest allocation that a datum may ask for; no record of ours comes near it.
const ALLOCATION_BYTES_MAX: usize = 16 << 20;

impl Decoder {
    /// A decoder that has learned nothing yet.
    pub fn new() -> Self {
        apache_avro::util::max_allocation_bytes(ALLOCATION_BYTES_MAX);
        Self::default()
    }

    /// A decoder that knows every schema of this build under [`schema::number_of`], for a log that no registry stands
    /// beside.
    pub fn of_this_build() -> Self {
        let mut decoder = Self::new();
        for schema in schema::all() {
            decoder.learn(schema::number_of(&schema.name), &schema.json).expect("a schema of ours, which a test holds");
        }
        decoder
    }

    /// Takes in the schema that the registry has under `id`.
    pub fn learn(&mut self, id: u32, json: &str) -> Result<(), LearnError> {
        let unparsable = |cause| LearnError::Unparsable { id, cause: Box::new(cause) };
        let parsed = Schema::parse_str(json).map_err(unparsable)?;
        let Schema::Record(record) = &parsed else { return Err(LearnError::NotARecord { id }) };
        if is_recursive(&parsed, &mut Vec::new()) {
            return Err(LearnError::Recursive { id });
        }
        let name = record.name.fullname(None);
        let own = schema::by_name(&name).filter(|own| own.parsed == parsed);
        // A schema is kept for the life of the process. Their number is that of the registry's schemas for our topics.
        let writer_schema = own.map_or_else(|| &*Box::leak(Box::new(parsed)), |own| &own.parsed);
        let reader = GenericDatumReader::builder(writer_schema).human_readable(false).build().map_err(unparsable)?;
        self.writers.insert(id, Arc::new(Writer { name, reader, own: own.is_some() }));
        Ok(())
    }

    /// Full name of the record that these bytes hold.
    pub fn name_of(&self, bytes: &[u8]) -> Result<&str, DecodeError> {
        self.writer(bytes).map(|(writer, _)| writer.name.as_str())
    }

    /// The record, with fields that its writer did not know at their defaults.
    pub fn decode<R: Record>(&self, bytes: &[u8]) -> Result<R, DecodeError> {
        let (writer, mut datum) = self.writer(bytes)?;
        if writer.name != R::NAME {
            return Err(DecodeError::OtherRecord { found: writer.name.clone(), wanted: R::NAME });
        }
        let malformed = |cause| DecodeError::Malformed { record: writer.name.clone(), cause: Box::new(cause) };
        let record = if writer.own {
            writer.reader.read_deser(&mut datum).map_err(malformed)?
        } else {
            let value = writer.reader.read_value(&mut datum).map_err(malformed)?;
            let value = value.resolve(&schema::of::<R>().parsed).map_err(malformed)?;
            from_value(&value).map_err(malformed)?
        };
        writer.nothing_left(&datum)?;
        Ok(record)
    }

    /// Any record as JSON, by its writer's schema alone: for tools, and for stores that keep what they do not know.
    pub fn json(&self, bytes: &[u8]) -> Result<(&str, serde_json::Value), DecodeError> {
        let (writer, mut datum) = self.writer(bytes)?;
        let malformed = |cause| DecodeError::Malformed { record: writer.name.clone(), cause: Box::new(cause) };
        let value = writer.reader.read_value(&mut datum).map_err(malformed)?;
        writer.nothing_left(&datum)?;
        Ok((&writer.name, to_json(value)))
    }

    fn writer<'b>(&self, bytes: &'b [u8]) -> Result<(&Writer, Datum<'b>), DecodeError> {
        let (id, datum) = split(bytes).ok_or(DecodeError::NotWireFormat)?;
        let writer = self.writers.get(&id).ok_or(DecodeError::UnknownSchema(id))?;
        Ok((writer, Datum::new(datum)))
    }
}

/// Whether something inside of it refers to what it is inside of. `around` are the records that `schema` is inside of.
fn is_recursive<'s>(schema: &'s Schema, around: &mut Vec<&'s Name>) -> bool {
    match schema {
        Schema::Record(record) => {
            around.push(&record.name);
            let is_recursive = record.fields.iter().any(|field| is_recursive(&field.schema, around));
            around.pop();
            is_recursive
        }
        Schema::Ref { name } => around.contains(&name),
        Schema::Array(array) => is_recursive(&array.items, around),
        Schema::Map(map) => is_recursive(&map.types, around),
        Schema::Union(union) => union.variants().iter().any(|variant| is_recursive(variant, around)),
        _ => false,
    }
}

impl Writer {
    fn nothing_left(&self, datum: &Datum<'_>) -> Result<(), DecodeError> {
        match datum.left() {
            0 => Ok(()),
            left => Err(DecodeError::TrailingBytes { record: self.name.clone(), left }),
        }
    }
}

/// JSON of a datum as the record types write it: unions without a wrapper, bytes in base64, times in milliseconds.
fn to_json(value: Value) -> serde_json::Value {
    use base64::{Engine, engine::general_purpose::STANDARD};
    match value {
        Value::Record(fields) => fields.into_iter().map(|(name, value)| (name, to_json(value))).collect(),
        Value::Map(entries) => entries.into_iter().map(|(name, value)| (name, to_json(value))).collect(),
        Value::Array(items) => items.into_iter().map(to_json).collect(),
        Value::Union(_, value) => to_json(*value),
        Value::Bytes(bytes) | Value::Fixed(_, bytes) => STANDARD.encode(bytes).into(),
        Value::String(text) | Value::Enum(_, text) => text.into(),
        Value::Boolean(value) => value.into(),
        Value::Int(value) => value.into(),
        Value::Long(value) | Value::TimestampMillis(value) | Value::TimestampMicros(value) => value.into(),
        Value::Float(value) => value.into(),
        Value::Double(value) => value.into(),
        Value::Null => serde_json::Value::Null,
        // No schema of ours has these; a tool shows them as Rust does.
        other => format!("{other:?}").into(),
    }
}
