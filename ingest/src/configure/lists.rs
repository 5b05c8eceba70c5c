//! Lists of small things in a body.

use serde_json::Value;

use crate::fields::{Fields, kind};

/// An array that may be absent, each item read by `parse` with its path; everything that is wrong is noted.
pub(super) fn list<T>(
    fields: &mut Fields<'_>,
    name: &str,
    items_max: usize,
    mut parse: impl FnMut(&mut Fields<'_>, &str, Value) -> Option<T>,
) -> Vec<T> {
    let items = match fields.take(name) {
        None => return Vec::new(),
        Some(Value::Array(items)) => items,
        Some(other) => {
            fields.refuse(name, format!("must be an array, got {}", kind(&other)));
            return Vec::new();
        }
    };
    if items.len() > items_max {
        fields.refuse(name, format!("must have at most {items_max} entries, got {}", items.len()));
        return Vec::new();
    }
    let items = items.into_iter().enumerate();
    items.filter_map(|(index, item)| parse(fields, &format!("{name}[{index}]"), item)).collect()
}

/// An array of texts, each of which has to be read by `parse`.
pub(super) fn texts<T>(
    fields: &mut Fields<'_>,
    name: &str,
    items_max: usize,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Vec<T> {
    list(fields, name, items_max, |fields, path, item| {
        let refused = match item.as_str() {
            None => format!("must be a string, got {}", kind(&item)),
            Some(text) => match parse(text) {
                Ok(value) => return Some(value),
                Err(message) => message,
            },
        };
        fields.refuse(path, refused);
        None
    })
}
