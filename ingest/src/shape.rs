//! Bodies of requests, as JSON Schema tells them. They stand beside the parsers and are made of the same bounds: the parsers are by hand, so
//! that every mistake is told at once, and the tests hold the two together.

use std::ops::RangeInclusive;

use quittance_avro::money::MINOR_UNITS_END;
use serde_json::{Map, Value, json};

use crate::{
    metadata,
    text::{LINE, PROSE},
};

/// The body of a request.
pub(crate) struct Body {
    pub(crate) schema: Value,
    /// Whether there has to be one: an empty one says nothing, like `{}`.
    pub(crate) is_required: bool,
    /// By their names; together they have every member that there is.
    pub(crate) examples: Vec<(&'static str, Value)>,
}

/// A member of an object.
pub(crate) struct Member {
    name: &'static str,
    is_required: bool,
    schema: Value,
}

impl Body {
    /// One that has to be there.
    pub(crate) fn required(schema: Value, examples: impl IntoIterator<Item = (&'static str, Value)>) -> Self {
        Self { schema, is_required: true, examples: examples.into_iter().collect() }
    }

    /// One that may be left out.
    pub(crate) fn optional(schema: Value, examples: impl IntoIterator<Item = (&'static str, Value)>) -> Self {
        Self { is_required: false, ..Self::required(schema, examples) }
    }

    /// As the document has it.
    pub(super) fn json(&self) -> Value {
        let examples: Map<_, _> =
            self.examples.iter().map(|(name, value)| ((*name).to_owned(), json!({ "value": value }))).collect();
        json!({
            "required": self.is_required,
            "content": { "application/json": { "schema": self.schema, "examples": examples } },
        })
    }
}

impl Member {
    /// One that has to be there.
    pub(crate) fn required(name: &'static str, about: &str, schema: Value) -> Self {
        Self { name, is_required: true, schema: described(schema, about) }
    }

    /// One that may be absent, or null, which is the same.
    pub(crate) fn optional(name: &'static str, about: &str, schema: Value) -> Self {
        Self { name, is_required: false, schema: described(nullable(schema), about) }
    }
}

fn described(mut schema: Value, about: &str) -> Value {
    schema["description"] = about.into();
    schema
}

/// The same or null.
fn nullable(mut schema: Value) -> Value {
    schema["type"] = json!([schema["type"], "null"]);
    if let Some(Value::Array(words)) = schema.get_mut("enum") {
        words.push(Value::Null);
    }
    schema
}

/// An object that has these members and no others.
pub(crate) fn object(members: impl IntoIterator<Item = Member>) -> Value {
    let (mut required, mut properties) = (Vec::new(), Map::new());
    for member in members {
        required.extend(member.is_required.then_some(member.name));
        properties.insert(member.name.to_owned(), member.schema);
    }
    let mut object = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    if !required.is_empty() {
        object["required"] = required.into();
    }
    object
}

/// Exactly one of two members of an object has to be there.
pub(crate) fn one_of(mut object: Value, first: &str, second: &str) -> Value {
    let only = |one: &str, other: &str| {
        let there = json!({ "not": { "type": "null" } });
        json!({ "required": [one], "properties": { one: there, other: { "type": "null" } } })
    };
    object["oneOf"] = json!([only(first, second), only(second, first)]);
    object
}

/// Text of one line.
pub(crate) fn text(chars_max: usize) -> Value {
    json!({ "type": "string", "maxLength": chars_max, "pattern": LINE })
}

/// Text that people read.
pub(crate) fn prose(chars_max: usize) -> Value {
    json!({ "type": "string", "maxLength": chars_max, "pattern": PROSE })
}

/// The merchant's own data: texts by key, or also null where that removes one.
pub(crate) fn metadata(or_null: bool) -> Value {
    let value = text(metadata::VALUE_CHARS_MAX);
    json!({
        "type": "object",
        "maxProperties": metadata::KEYS_MAX,
        "propertyNames": metadata_key(),
        "additionalProperties": if or_null { nullable(value) } else { value },
    })
}

/// Text that a pattern describes.
pub(crate) fn matching(pattern: &str) -> Value {
    json!({ "type": "string", "pattern": pattern })
}

/// A word of the client's own.
pub(crate) fn word() -> Value {
    matching("^[a-z0-9_]{1,64}$")
}

/// A key of the merchant's own data.
pub(crate) fn metadata_key() -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": metadata::KEY_CHARS_MAX, "pattern": LINE })
}

/// One of these words.
pub(crate) fn words(words: impl IntoIterator<Item = &'static str>) -> Value {
    json!({ "type": "string", "enum": words.into_iter().collect::<Vec<_>>() })
}

/// An amount that can be paid.
pub(crate) fn amount() -> Value {
    integer(1..=MINOR_UNITS_END - 1)
}

/// An integer within bounds.
pub(crate) fn integer(bounds: RangeInclusive<i64>) -> Value {
    json!({ "type": "integer", "format": "int64", "minimum": bounds.start(), "maximum": bounds.end() })
}

/// A boolean, and what holds where it is absent.
pub(crate) fn flag(otherwise: bool) -> Value {
    json!({ "type": "boolean", "default": otherwise })
}

/// So many of something.
pub(crate) fn list(count: RangeInclusive<usize>, items: &Value) -> Value {
    let mut list = json!({ "type": "array", "maxItems": count.end(), "items": items });
    if *count.start() > 0 {
        list["minItems"] = (*count.start()).into();
    }
    list
}

#[cfg(test)]
pub(crate) mod tests;
