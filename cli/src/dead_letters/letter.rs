//! A dead letter as an operator sees it.

use std::{fmt, str::FromStr};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use quittance_avro::{
    records::{Bytes, DeadLetter},
    topics::Part,
};
use quittance_log::{ReadError, Record, Schemas, catch_panic};
use serde_json::{Value, json};

/// Where a dead letter stands: `PART/PARTITION/OFFSET`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LetterId {
    part: String,
    partition: i32,
    offset: i64,
}

/// A dead letter.
#[derive(Debug, Clone)]
pub(super) struct Letter {
    pub(super) id: LetterId,
    pub(super) part: Part,
    pub(super) says: DeadLetter,
}

impl fmt::Display for LetterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.part, self.partition, self.offset)
    }
}

impl FromStr for LetterId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let malformed = || format!("{text} is no id of a dead letter, which is PART/PARTITION/OFFSET");
        let mut pieces = text.split('/');
        let (Some(part), Some(partition), Some(offset), None) =
            (pieces.next(), pieces.next(), pieces.next(), pieces.next())
        else {
            return Err(malformed());
        };
        let partition = partition.parse().map_err(|_| malformed())?;
        Ok(Self { part: part.to_owned(), partition, offset: offset.parse().map_err(|_| malformed())? })
    }
}

impl Letter {
    pub(super) fn read(part: Part, record: &Record, schemas: &mut Schemas) -> Result<Self, ReadError> {
        let says: DeadLetter = schemas.read(|decoder| decoder.decode(record.value.as_deref().unwrap_or_default()))?;
        let id = LetterId { part: part.name().to_owned(), partition: record.at.partition, offset: record.offset };
        Ok(Self { id, part, says })
    }

    /// Whether its record was too large to be copied.
    pub(super) fn is_empty(&self) -> bool {
        self.says.key.is_none() && self.says.value.is_none()
    }

    /// Name and content of the record, if it can be read. What a decoder panicked at may have been given up for just that.
    fn decoded(&self, schemas: &mut Schemas) -> Result<Option<(String, Value)>, ReadError> {
        let value = self.says.value.as_ref().map(|value| value.0.as_slice()).unwrap_or_default();
        let read = || schemas.read(|decoder| decoder.json(value).map(|(name, value)| (name.to_owned(), value)));
        match catch_panic(read) {
            // It would be shown as undecodable although it is not.
            Err(error) if error.is_transient() => Err(error),
            decoded => Ok(decoded.ok()),
        }
    }

    /// What it is, without what is in it.
    pub(super) fn line(&self) -> Value {
        let says = &self.says;
        json!({
            "id": self.id.to_string(),
            "reason": says.reason,
            "detail": says.detail,
            "topic": says.topic,
            "partition": says.partition,
            "offset": says.offset,
            "key": says.key.as_ref().map(text),
            "occurred_at": says.occurred_at.to_string(),
        })
    }

    /// All of it. Bytes that are no record are shown in base64.
    pub(super) fn in_full(&self, schemas: &mut Schemas) -> Result<Value, ReadError> {
        let mut line = self.line();
        let headers = self.says.headers.iter();
        line["headers"] = headers.map(|header| (header.key.clone(), json!(header.value.as_ref().map(text)))).collect();
        line["timestamp"] = json!(self.says.timestamp);
        match (self.decoded(schemas)?, &self.says.value) {
            (Some((name, value)), _) => {
                line["record"] = json!(name);
                line["value"] = value;
            }
            (None, value) => line["bytes"] = json!(value.as_ref().map(|value| BASE64_STANDARD.encode(&value.0))),
        }
        Ok(line)
    }
}

fn text(bytes: &Bytes) -> String {
    String::from_utf8_lossy(&bytes.0).into_owned()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("processor-payments/0/12", true)]
    #[case("processor-payments/0", false)]
    #[case("processor-payments/0/12/1", false)]
    #[case("processor-payments/a/12", false)]
    #[case("", false)]
    fn an_id_says_where_it_stands(#[case] text: &str, #[case] is_one: bool) {
        let id = text.parse::<LetterId>();
        assert_eq!(id.is_ok(), is_one);
        assert!(id.is_err() || id.is_ok_and(|id| id.to_string() == text));
    }
}
