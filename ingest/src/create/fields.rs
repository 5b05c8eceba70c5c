//! Taking a JSON object apart, field by field, so that every mistake in it is told at once.

use serde_json::{Map, Value};

use crate::{problem::FieldError, text};

/// An object whose fields are being taken out. What is left at the end is unknown.
pub(super) struct Fields<'e> {
    path: String,
    members: Map<String, Value>,
    errors: &'e mut Vec<FieldError>,
}

impl<'e> Fields<'e> {
    /// `path` is that of the object, empty for the body itself.
    pub(super) fn new(path: &str, value: Value, errors: &'e mut Vec<FieldError>) -> Option<Self> {
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
    pub(super) fn path(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// Takes a field; `null` counts as absent.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.members.remove(name).filter(|value| !value.is_null())
    }

    /// Notes what is wrong with a field.
    pub(super) fn refuse(&mut self, name: &str, message: impl Into<String>) {
        let field = self.path(name);
        self.errors.push(FieldError { field, message: message.into() });
    }

    /// Where mistakes of an object inside go.
    pub(super) fn errors(&mut self) -> &mut Vec<FieldError> {
        self.errors
    }

    /// A text that may be absent.
    pub(super) fn text(&mut self, name: &str, chars_max: usize) -> Option<String> {
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
    pub(super) fn required<T>(
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

    /// Notes every field that nobody took.
    pub(super) fn end(self) {
        for name in self.members.keys() {
            let field = self.path(&FieldError::shown(name));
            self.errors.push(FieldError { field, message: "is not a field of this request".to_owned() });
        }
    }
}

/// What a JSON value is, for a person.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
