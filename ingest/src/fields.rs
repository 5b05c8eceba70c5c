//! Taking a JSON object apart, field by field, so that every mistake in it is told at once.

use quittance_avro::money::MinorUnits;
use serde_json::{Map, Number, Value};

use crate::{problem::FieldError, text};

/// An object whose fields are being taken out. What is left at the end is unknown.
pub(crate) struct Fields<'e> {
    path: String,
    members: Map<String, Value>,
    errors: &'e mut Vec<FieldError>,
}

impl<'e> Fields<'e> {
    /// `path` is that of the object, empty for the body itself.
    pub(crate) fn new(path: &str, value: Value, errors: &'e mut Vec<FieldError>) -> Option<Self> {
        match value {
            Value::Object(members) => Some(Self { path: path.to_owned(), members, errors }),
            other => {
                let field = if path.is_empty() { "body" } else { path };
                errors.push(FieldError {
                    field: field.to_owned(),
                    message: format!("must be an object, got {}", kind(&other)),
                });
                None
            }
        }
    }

    /// Path of one of its fields.
    pub(crate) fn path(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// Takes a field; `null` counts as absent.
    pub(crate) fn take(&mut self, name: &str) -> Option<Value> {
        self.members.remove(name).filter(|value| !value.is_null())
    }

    /// Takes a field that is `null`; any other is left.
    pub(crate) fn take_null(&mut self, name: &str) -> bool {
        let is_null = self.members.get(name).is_some_and(Value::is_null);
        if is_null {
            self.members.remove(name);
        }
        is_null
    }

    /// Notes what is wrong with a field.
    pub(crate) fn refuse(&mut self, name: &str, message: impl Into<String>) {
        let field = self.path(name);
        self.errors.push(FieldError { field, message: message.into() });
    }

    /// Whether something is wrong with a field.
    pub(crate) fn has_error(&self, name: &str) -> bool {
        let path = self.path(name);
        self.errors.iter().any(|error| error.field == path)
    }

    /// Where mistakes of an object inside go.
    pub(crate) fn errors(&mut self) -> &mut Vec<FieldError> {
        self.errors
    }

    /// A text that may be absent.
    pub(crate) fn text(&mut self, name: &str, chars_max: usize) -> Option<String> {
        match self.take(name)? {
            Value::String(text) => match text::refuse(&text, chars_max) {
                None => Some(text),
                Some(message) => {
                    self.refuse(name, message);
                    None
                }
            },
            other => {
                self.refuse(name, format!("must be a string, got {}", kind(&other)));
                None
            }
        }
    }

    /// A text that must be there, read by `parse`.
    pub(crate) fn required<T>(
        &mut self,
        name: &str,
        chars_max: usize,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        if self.members.get(name).is_none_or(Value::is_null) {
            self.refuse(name, "is required");
            return None;
        }
        let text = self.text(name, chars_max)?;
        match parse(&text) {
            Ok(value) => Some(value),
            Err(message) => {
                self.refuse(name, message);
                None
            }
        }
    }

    /// A boolean, or what holds where it is absent.
    pub(crate) fn flag(&mut self, name: &str, otherwise: bool) -> bool {
        match self.take(name) {
            None => otherwise,
            Some(Value::Bool(flag)) => flag,
            Some(other) => {
                self.refuse(name, format!("must be true or false, got {}", kind(&other)));
                otherwise
            }
        }
    }

    /// An integer within bounds, or what holds where it is absent.
    pub(crate) fn integer(&mut self, name: &str, bounds: std::ops::RangeInclusive<i64>, otherwise: i64) -> i64 {
        let (least, most) = (*bounds.start(), *bounds.end());
        match self.take(name) {
            None => otherwise,
            Some(value) => value.as_i64().filter(|number| bounds.contains(number)).unwrap_or_else(|| {
                self.refuse(name, format!("must be an integer from {least} to {most}"));
                otherwise
            }),
        }
    }

    /// An amount of minor units that may be absent.
    pub(crate) fn amount(&mut self, name: &str) -> Option<MinorUnits> {
        let refused = match self.take(name)? {
            Value::Number(number) => match number.as_i64().map(MinorUnits::payable) {
                Some(Ok(amount)) => return Some(amount),
                Some(Err(error)) => error.to_string(),
                None => format!("must be a positive integer of minor units, got {}", shown(&number)),
            },
            other => format!("must be a positive integer of minor units, got {}", kind(&other)),
        };
        self.refuse(name, refused);
        None
    }

    /// A word of the client's own, which is no place for text: lower-case letters, digits and `_`.
    pub(crate) fn word(&mut self, name: &str) -> Option<String> {
        const CHARS_MAX: usize = 64;
        let word = self.text(name, CHARS_MAX)?;
        let is_word = !word.is_empty() && word.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'));
        if is_word {
            return Some(word);
        }
        self.refuse(name, format!("must be 1 to {CHARS_MAX} lower-case letters, digits and _"));
        None
    }

    /// Notes every field that nobody took.
    pub(crate) fn end(self) {
        self.end_with("is not a field of this request");
    }

    /// The same, with what is to be said of each.
    pub(crate) fn end_with(self, message: &str) {
        for name in self.members.keys() {
            let field = self.path(&FieldError::shown(name));
            self.errors.push(FieldError { field, message: message.to_owned() });
        }
    }
}

/// A number as it may be told: one that is as long as a card's is not repeated.
fn shown(number: &Number) -> String {
    let text = number.to_string();
    if text.len() < 12 { text } else { format!("one of {} characters", text.len()) }
}

/// What a JSON value is, for a person.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
