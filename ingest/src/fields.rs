//! Taking a JSON object apart, field by field, so that every mistake in it is told at once.

use std::ops::RangeInclusive;

use quittance_avro::money::MinorUnits;
use serde_json::{Map, Number, Value};

#[cfg(test)]
pub(crate) use self::record::asked_for;
use crate::{
    problem::FieldError,
    text::{self, Kind},
};

/// An object whose fields are being taken out. What is left at the end is unknown.
pub(crate) struct Fields<'e> {
    path: String,
    members: Map<String, Value>,
    errors: &'e mut Vec<FieldError>,
}

/// What a body asks for, or everything that is wrong with it. `read` takes the fields that there are; any other is a mistake.
pub(crate) fn whole<T>(body: Value, read: impl FnOnce(&mut Fields<'_>) -> Option<T>) -> Result<T, Vec<FieldError>> {
    let mut errors = Vec::new();
    let asked = Fields::new("", body, &mut errors).and_then(|mut fields| {
        let asked = read(&mut fields);
        fields.end();
        asked
    });
    match asked {
        Some(asked) if errors.is_empty() => Ok(asked),
        _ => Err(errors),
    }
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
        #[cfg(test)]
        record::note(self.path(name));
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

    /// A text of one line that may be absent.
    pub(crate) fn text(&mut self, name: &str, chars_max: usize) -> Option<String> {
        self.text_as(Kind::Line, name, chars_max)
    }

    /// A text for people that may be absent.
    pub(crate) fn prose(&mut self, name: &str, chars_max: usize) -> Option<String> {
        self.text_as(Kind::Prose, name, chars_max)
    }

    /// A reference that somebody else made up, such as a gateway, and that may be absent: its digits may look like a card number.
    pub(crate) fn reference_of_others(&mut self, name: &str, chars_max: usize) -> Option<String> {
        self.text_as(Kind::Foreign, name, chars_max)
    }

    fn text_as(&mut self, kind_of: Kind, name: &str, chars_max: usize) -> Option<String> {
        match self.take(name)? {
            Value::String(text) => match text::refuse_as(kind_of, &text, chars_max) {
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
            self.take(name);
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
    pub(crate) fn integer(&mut self, name: &str, bounds: RangeInclusive<i64>, otherwise: i64) -> i64 {
        self.bounded(name, bounds).unwrap_or(otherwise)
    }

    /// An integer within bounds that may be absent.
    pub(crate) fn bounded(&mut self, name: &str, bounds: RangeInclusive<i64>) -> Option<i64> {
        let wanted = format!("must be an integer from {} to {}", bounds.start(), bounds.end());
        let number = self.whole(name, &wanted)?;
        if bounds.contains(&number) {
            return Some(number);
        }
        self.refuse(name, wanted);
        None
    }

    /// An amount of minor units that may be absent.
    pub(crate) fn amount(&mut self, name: &str) -> Option<MinorUnits> {
        let number = self.whole(name, "must be a positive integer of minor units, below 9007199254740992")?;
        match MinorUnits::payable(number) {
            Ok(amount) => Some(amount),
            Err(error) => {
                self.refuse(name, error.to_string());
                None
            }
        }
    }

    /// An integer that may be absent. `wanted` is what would be right.
    fn whole(&mut self, name: &str, wanted: &str) -> Option<i64> {
        let value = self.take(name)?;
        let refused = match &value {
            Value::Number(number) => match (text::unwanted(&number.to_string()), number.as_i64()) {
                (None, Some(number)) => return Some(number),
                (None, None) => format!("{wanted}, got {}", no_integer(number)),
                (Some(message), _) => message.to_owned(),
            },
            Value::String(_) => format!("{wanted}, got a string: numbers stand without quotes"),
            other => format!("{wanted}, got {}", kind(other)),
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
        for (name, value) in &self.members {
            let field = self.path(&FieldError::shown(name));
            let unknown = || FieldError { field: field.clone(), message: message.to_owned() };
            let error = unwanted_name(&field, name).or_else(|| unwanted(&field, value)).unwrap_or_else(unknown);
            self.errors.push(error);
        }
    }
}

/// Where in a value that nobody takes there is what must not be sent at all: whoever did has to know that more than the field is wrong.
fn unwanted(path: &str, value: &Value) -> Option<FieldError> {
    let refused = |message: &str| FieldError { field: path.to_owned(), message: message.to_owned() };
    match value {
        Value::Null | Value::Bool(_) => None,
        Value::Number(number) => text::unwanted(&number.to_string()).map(refused),
        Value::String(text) => text::unwanted(text).map(refused),
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(index, item)| unwanted(&format!("{path}[{index}]"), item))
        }
        Value::Object(members) => members.iter().find_map(|(name, value)| {
            let path = format!("{path}.{}", FieldError::shown(name));
            unwanted_name(&path, name).or_else(|| unwanted(&path, value))
        }),
    }
}

fn unwanted_name(path: &str, name: &str) -> Option<FieldError> {
    let message = text::unwanted(name)?;
    Some(FieldError { field: path.to_owned(), message: format!("a name {message}") })
}

/// What a number is that is no integer of 64 bits. It is not repeated: it may be what must not be.
fn no_integer(number: &Number) -> &'static str {
    const END: f64 = 9_223_372_036_854_775_808.0;
    match number.as_f64() {
        Some(value) if value.abs() < END => "a number with a fraction or an exponent",
        _ => "a number that is too large",
    }
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

#[cfg(test)]
mod record;
