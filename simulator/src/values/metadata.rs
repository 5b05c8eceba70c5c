//! A client's own marks on what it asked for.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

const ENTRIES_MAX: usize = 50;
const NAME_CHARS_MAX: usize = 40;
const VALUE_CHARS_MAX: usize = 500;

/// Names and values, sorted by name: up to 50, names of up to 40 characters and values of up to 500, which are Stripe's
/// limits. Cheap to clone, because a capture made at once has the marks of its charge.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "BTreeMap<String, String>")]
pub(crate) struct Metadata(Arc<[(Box<str>, Box<str>)]>);

impl Metadata {
    /// The value of that name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.entries().find(|(other, _)| *other == name).map(|(_, value)| value)
    }

    /// All names and values.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }
}

impl TryFrom<BTreeMap<String, String>> for Metadata {
    type Error = &'static str;

    fn try_from(entries: BTreeMap<String, String>) -> Result<Self, Self::Error> {
        let fits = |(name, value): (&String, &String)| {
            !name.is_empty() && name.chars().count() <= NAME_CHARS_MAX && value.chars().count() <= VALUE_CHARS_MAX
        };
        if entries.len() <= ENTRIES_MAX && entries.iter().all(fits) {
            Ok(Self(entries.into_iter().map(|(name, value)| (name.into(), value.into())).collect()))
        } else {
            Err("metadata must be up to 50 entries, names of 1 to 40 characters and values of up to 500")
        }
    }
}

impl Serialize for Metadata {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.entries())
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::nothing(0, 1, 1, true)]
    #[case::at_every_limit(50, 40, 500, true)]
    #[case::too_many(51, 40, 500, false)]
    #[case::long_name(1, 41, 1, false)]
    #[case::long_value(1, 40, 501, false)]
    fn limits(#[case] entries: usize, #[case] name: usize, #[case] value: usize, #[case] accepted: bool) {
        let entries = (0..entries).map(|n| (format!("{n:0>name$}"), "é".repeat(value))).collect::<BTreeMap<_, _>>();
        assert_eq!(Metadata::try_from(entries).is_ok(), accepted);
    }

    #[test]
    fn is_told_as_it_came() -> Result<(), serde_json::Error> {
        let text = r#"{"attempt_id":"att_1","payment_id":"pay_1"}"#;
        let metadata: Metadata = serde_json::from_str(text)?;
        assert_eq!((metadata.get("attempt_id"), metadata.get("order")), (Some("att_1"), None));
        assert_eq!(serde_json::to_string(&metadata)?, text);
        Ok(())
    }
}
