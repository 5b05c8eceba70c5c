//! The keys that an issuer publishes (RFC 7517, 5), by their ids.

use std::{collections::HashMap, fmt};

use serde_json::{Map, Value};

use super::key::{self, Key, KeyError};
use crate::json_value;

/// The keys of an issuer at one time.
pub(super) struct KeySet {
    keys: HashMap<String, Key>,
    left_out: Vec<LeftOut>,
}

/// A key that is not used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LeftOut {
    /// How it is found in the set: by its id or, without one, by its place.
    key: String,
    reason: KeyError,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key {}: {}", self.key, self.reason)
    }
}

/// Why a text is no set of keys at all.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("what it has is not a JSON object with a list of `keys`")]
pub(super) struct NoKeySet;

impl KeySet {
    /// Reads a set. A key that cannot be used is left out; the others count, even if there are none: that the issuer has taken
    /// back all of its keys is something that it may say.
    pub(super) fn read(text: &[u8]) -> Result<Self, NoKeySet> {
        let Ok(Value::Object(mut set)) = json_value::read(text) else { return Err(NoKeySet) };
        let Some(Value::Array(listed)) = set.remove("keys") else { return Err(NoKeySet) };
        let (mut keys, mut left_out) = (HashMap::new(), Vec::new());
        for (at, jwk) in listed.iter().enumerate() {
            let read = jwk.as_object().ok_or(KeyError::NoKey).and_then(|jwk| named(jwk, &keys));
            match read {
                Ok((id, key)) => {
                    keys.insert(id, key);
                }
                Err(reason) => {
                    let id = jwk.as_object().and_then(|jwk| key::id(jwk).ok());
                    let key = id.map_or_else(|| format!("[{at}]"), |id| format!("{id:?}"));
                    left_out.push(LeftOut { key, reason });
                }
            }
        }
        Ok(Self { keys, left_out })
    }

    /// The key of that id.
    pub(super) fn find(&self, id: &str) -> Option<&Key> {
        self.keys.get(id)
    }

    /// How many keys there are.
    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Keys that are left out of this set, and were not of that one.
    pub(super) fn newly_left_out<'s>(&'s self, before: Option<&'s Self>) -> impl Iterator<Item = &'s LeftOut> {
        let known = before.map_or(&[][..], |before| &before.left_out);
        self.left_out.iter().filter(move |key| !known.contains(key))
    }
}

fn named(jwk: &Map<String, Value>, keys: &HashMap<String, Key>) -> Result<(String, Key), KeyError> {
    let id = key::id(jwk)?;
    let key = Key::read(jwk)?;
    if keys.contains_key(id) { Err(KeyError::KeyIdTwice) } else { Ok((id.to_owned(), key)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left_out(text: &str) -> Vec<String> {
        KeySet::read(text.as_bytes()).expect("a set").left_out.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_no_set_is_refused() {
        for text in ["", "<html>", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[],"keys":[]}"#, r#"{"keys":[]} {}"#] {
            assert_eq!(KeySet::read(text.as_bytes()).err(), Some(NoKeySet), "{text}");
        }
    }

    #[test]
    fn a_key_that_is_not_used_is_told_by_its_id_or_its_place() {
        let told = left_out(r#"{"keys":[7,{"kty":"RSA"},{"kty":"oct","kid":"a\nb","k":"AAAA"}]}"#);
        assert!(told[0].starts_with("key [0]: ") && told[1].starts_with("key [1]: "), "{told:?}");
        assert!(told[2].starts_with(r#"key "a\nb": it is a secret key"#) && !told[2].contains("AAAA"), "{told:?}");
    }

    #[test]
    fn what_was_left_out_before_is_not_told_again() {
        let read = |text: &str| KeySet::read(text.as_bytes()).expect("a set");
        let (before, after) = (read(r#"{"keys":[{"kty":"RSA"}]}"#), read(r#"{"keys":[{"kty":"RSA"},7]}"#));
        assert_eq!(before.newly_left_out(None).count(), 1);
        assert_eq!(after.newly_left_out(Some(&before)).count(), 1);
        assert_eq!(after.newly_left_out(Some(&after)).count(), 0);
    }
}
