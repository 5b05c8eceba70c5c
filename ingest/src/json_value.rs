//! JSON whose objects name each member once.
//!
//! Of two members with one name readers take the first or the last (RFC 8259, 4), so that what stands in front of us and
//! we could see two different amounts.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Error, Map, Number, Value};

/// Reads a whole text as one value.
pub(crate) fn read(bytes: &[u8]) -> Result<Value, Error> {
    serde_json::from_slice::<Strict>(bytes).map(|strict| strict.0)
}

struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Strict(value)) = items.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((name, Strict(value))) = members.next_entry::<String, Strict>()? {
            if map.insert(name, value).is_some() {
                return Err(A::Error::custom("a member is named twice"));
            }
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(r#"{"a":[1,-2,3.5,true,null,"x",{"a":{}}],"b":18446744073709551615}"#)]
    #[case("7")]
    #[case(r#""text""#)]
    fn reads_what_everybody_reads(#[case] text: &str) {
        assert_eq!(read(text.as_bytes()).ok(), serde_json::from_str(text).ok());
    }

    #[rstest]
    #[case::twice(r#"{"a":1,"b":2,"a":1}"#)]
    #[case::inside(r#"[{"a":{"b":1,"b":2}}]"#)]
    #[case::spelled_otherwise(r#"{"a":1,"\u0061":2}"#)]
    #[case::no_json("{")]
    #[case::more("{} {}")]
    #[case::too_deep(&"[".repeat(1_000))]
    fn refuses(#[case] text: &str) {
        assert!(read(text.as_bytes()).is_err(), "{text}");
    }
}
