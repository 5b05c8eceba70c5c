//! JSON that everybody reads alike, and of a refusal where it is.
//!
//! Of two members with one name readers take the first or the last (RFC 8259, 4), so that what stands in front of us and
//! we could see two different amounts. Half of a surrogate pair is no character (RFC 8259, 8.2), and some readers put another in its
//! place; serde_json refuses that, and numbers that no double holds.

use std::{cell::RefCell, fmt};

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Error, Map, Number, Value, error::Category};

use crate::problem::FieldError;

/// How deep objects and arrays may lie in one another. The deepest body of today has 7: a value of a routing rule's condition.
const DEPTH_MAX: usize = 16;

/// Reads a whole text as one value, or says which field stopped the reading. The text is not repeated but for names of members, as far
/// as those may be told.
pub(crate) fn read(bytes: &[u8]) -> Result<Value, FieldError> {
    let at = RefCell::default();
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let read = Strict { at: &at }.deserialize(&mut deserializer);
    read.and_then(|value| deserializer.end().map(|()| value))
        .map_err(|error| FieldError { field: path(&at.into_inner()), message: message(&error) })
}

/// A step from a value to one inside of it.
enum Step {
    Member(String),
    Item(usize),
}

/// The path of a field, as validation tells it.
fn path(steps: &[Step]) -> String {
    let mut path = String::new();
    for step in steps {
        match step {
            Step::Member(name) if path.is_empty() => path.push_str(&FieldError::shown(name)),
            Step::Member(name) => path.push_str(&format!(".{}", FieldError::shown(name))),
            Step::Item(index) if path.is_empty() => path.push_str(&format!("body[{index}]")),
            Step::Item(index) => path.push_str(&format!("[{index}]")),
        }
    }
    if path.is_empty() { "body".to_owned() } else { path }
}

/// What is wrong, and where in the text. What serde_json says of syntax are words of its own, a list that is closed.
fn message(error: &Error) -> String {
    let (line, column, text) = (error.line(), error.column(), error.to_string());
    let why = text.split(" at line ").next().unwrap_or_default();
    let why = match error.classify() {
        Category::Data => why,
        Category::Eof => "is not JSON: it ends too early",
        Category::Syntax | Category::Io if why == "invalid unicode code point" => "is not JSON: it is not UTF-8",
        Category::Syntax | Category::Io => return format!("is not JSON: {why}, at line {line}, column {column}"),
    };
    format!("{why}, at line {line}, column {column}")
}

/// Reads one value. The steps to where it stands are those that are not taken back, so that after an error they lead to what was wrong.
#[derive(Clone, Copy)]
struct Strict<'p> {
    at: &'p RefCell<Vec<Step>>,
}

impl Strict<'_> {
    /// What is read by `read` is one step further in.
    fn inside<T, E>(self, step: Step, read: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        self.at.borrow_mut().push(step);
        let value = read()?;
        self.at.borrow_mut().pop();
        Ok(value)
    }

    /// Refuses an object or an array that lies too deep.
    fn not_too_deep<E: serde::de::Error>(self) -> Result<(), E> {
        if self.at.borrow().len() < DEPTH_MAX {
            return Ok(());
        }
        Err(E::custom(format_args!("must not lie deeper than {DEPTH_MAX} objects and arrays")))
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
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
        self.not_too_deep()?;
        let mut values = Vec::new();
        while let Some(value) = self.inside(Step::Item(values.len()), || items.next_element_seed(self))? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        self.not_too_deep()?;
        let mut map = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let is_named = map.contains_key(&name);
            let value = self.inside(Step::Member(name.clone()), || {
                if is_named { Err(A::Error::custom("is named twice")) } else { members.next_value_seed(self) }
            })?;
            map.insert(name, value);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests;
