//! The merchant's own data on a payment: a few short texts by key.

use serde_json::Value;

use crate::{
    fields::{Fields, kind},
    problem::FieldError,
    text,
};

pub(crate) const KEYS_MAX: usize = 50;
pub(crate) const KEY_CHARS_MAX: usize = 40;
pub(crate) const VALUE_CHARS_MAX: usize = 500;

/// What `null` says in place of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Null {
    /// Nothing: there has to be a text.
    Refused,
    /// The key is to be removed (RFC 7396).
    Removes,
}

/// Takes `metadata` out of a body. Everything that is wrong with it is noted, by its key as far as that may be told.
pub(crate) fn take(fields: &mut Fields<'_>, null: Null) -> Vec<(String, Option<String>)> {
    let members = match fields.take("metadata") {
        None => return Vec::new(),
        Some(Value::Object(members)) => members,
        Some(other) => {
            fields.refuse("metadata", format!("must be an object, got {}", kind(&other)));
            return Vec::new();
        }
    };
    if let Err(error) = fits(members.len()) {
        fields.refuse("metadata", error.message);
        return Vec::new();
    }
    let mut taken = Vec::with_capacity(members.len());
    for (key, value) in members {
        let name = format!("metadata.{}", FieldError::shown(&key));
        match (refuse_key(&key), value) {
            (Err(message), _) => fields.refuse(&name, message),
            (Ok(()), Value::Null) if null == Null::Removes => taken.push((key, None)),
            (Ok(()), Value::String(text)) => match text::refuse(&text, VALUE_CHARS_MAX) {
                Some(message) => fields.refuse(&name, message),
                None => taken.push((key, Some(text))),
            },
            (Ok(()), other) => {
                let wanted = if null == Null::Removes { "a string or null" } else { "a string" };
                fields.refuse(&name, format!("must be {wanted}, got {}", kind(&other)));
            }
        }
    }
    taken
}

/// Refuses what may not be a key.
pub(crate) fn refuse_key(key: &str) -> Result<(), String> {
    if key.is_empty() {
        return Err(format!("a key must have 1 to {KEY_CHARS_MAX} characters"));
    }
    text::refuse(key, KEY_CHARS_MAX).map_or(Ok(()), |message| Err(format!("a key {message}")))
}

/// Refuses more keys than there may be.
pub(crate) fn fits(keys: usize) -> Result<(), FieldError> {
    if keys <= KEYS_MAX {
        return Ok(());
    }
    let message = format!("must have at most {KEYS_MAX} keys, got {keys}");
    Err(FieldError { field: "metadata".to_owned(), message })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn taken(null: Null, metadata: &Value) -> (usize, Vec<FieldError>) {
        let mut errors = Vec::new();
        let body = json!({ "metadata": metadata });
        let taken = Fields::new("", body, &mut errors).map_or(0, |mut fields| take(&mut fields, null).len());
        (taken, errors)
    }

    fn of_keys(count: usize) -> Value {
        (0..count).map(|index| (format!("k{index}"), json!("v"))).collect()
    }

    #[rstest]
    #[case::none(json!({}), 0)]
    #[case::as_many_as_may_be(of_keys(KEYS_MAX), 50)]
    #[case::longest(json!({"ä".repeat(40): "ö".repeat(500)}), 1)]
    #[case::empty_value(json!({"a": ""}), 1)]
    #[case::spaces(json!({"a key": "a value"}), 1)]
    fn within_bounds(#[case] metadata: Value, #[case] count: usize) {
        assert_eq!(taken(Null::Refused, &metadata), (count, Vec::new()));
        assert_eq!(taken(Null::Removes, &metadata), (count, Vec::new()));
    }

    #[rstest]
    #[case::no_object(json!([]), "metadata", "must be an object, got an array")]
    #[case::too_many(of_keys(51), "metadata", "must have at most 50 keys, got 51")]
    #[case::no_key(json!({"": "x"}), "metadata.(not shown)", "a key must have 1 to 40 characters")]
    #[case::long_key(json!({"k".repeat(41): "x"}), &format!("metadata.{}", "k".repeat(41)), "a key must have at most 40 characters, got 41")]
    #[case::line_in_a_key(json!({"a\nb": "x"}), "metadata.(not shown)", "a key must not contain control characters, such as U+000A")]
    #[case::card_as_a_key(json!({"4242424242424242": "x"}), "metadata.(not shown)", "a key must not contain a card number")]
    #[case::long_value(json!({"a": "x".repeat(501)}), "metadata.a", "must have at most 500 characters, got 501")]
    #[case::lines(json!({"a": "x\ny"}), "metadata.a", "must not contain control characters, such as U+000A")]
    #[case::number(json!({"a": 4_242_424_242_424_242_i64}), "metadata.a", "must be a string, got a number")]
    #[case::deeper(json!({"a": {"b": "c"}}), "metadata.a", "must be a string, got an object")]
    #[case::null(json!({"a": null}), "metadata.a", "must be a string, got null")]
    #[case::card(json!({"a": "4242-4242-4242-4242"}), "metadata.a", "must not contain a card number")]
    #[case::key_of_ours(json!({"a": "qk_live_0123456789abcdefABCD"}), "metadata.a", "must not contain an API key")]
    fn refused(#[case] metadata: Value, #[case] field: &str, #[case] message: &str) {
        let expected = FieldError { field: field.to_owned(), message: message.to_owned() };
        assert_eq!(taken(Null::Refused, &metadata).1, [expected]);
    }

    #[test]
    fn null_removes_where_it_may() {
        assert_eq!(taken(Null::Removes, &json!({"a": null})), (1, Vec::new()));
        assert_eq!(taken(Null::Removes, &json!({"a": 1})).1[0].message, "must be a string or null, got a number");
    }
}
