//! A body is what is parsed: its examples are taken, of each of its members a value of another type, or just beyond a bound, is refused by
//! name, and the parser asks for no member that it does not have. (What is within the bounds may still be refused for the sake of
//! another member.)

use std::collections::BTreeSet;

use serde_json::Value;

use super::*;
use crate::{fields::asked_for, problem::FieldError};

/// Holds a body and its parser together. `parse` gives what is wrong.
pub(crate) fn is_what_is_parsed(body: &Body, parse: impl Fn(Value) -> Vec<FieldError>) {
    let mut asked = BTreeSet::new();
    let mut parse = |body: Value| {
        let (errors, names) = asked_for(|| parse(body));
        asked.extend(names.iter().map(|name| without_indexes(name)));
        errors
    };
    let mut described = BTreeSet::new();
    paths(&body.schema, "", &mut described);
    let mut shown = BTreeSet::new();
    for (name, example) in &body.examples {
        assert_eq!(parse(example.clone()), Vec::new(), "the example {name} is not taken");
        for (path, wrong) in mistakes(&body.schema, example) {
            let errors = parse(wrong.clone());
            let named = errors.iter().any(|error| error.field == path || error.field.starts_with(&format!("{path}[")));
            assert!(named, "{path} is not refused by name in {wrong}: {errors:?}");
            shown.insert(without_indexes(&path));
        }
    }
    assert_eq!(described.difference(&shown).collect::<Vec<_>>(), Vec::<&String>::new(), "no example has these");
    // Members of the client's own are not asked for.
    assert_eq!(asked, described, "what the parser asks for, and what is described");
}

/// `a[0].b` as `a[].b`.
fn without_indexes(path: &str) -> String {
    let mut is_inside = false;
    let is_kept = |c: &char| {
        is_inside = (is_inside || *c == '[') && *c != ']';
        !is_inside || *c == '['
    };
    path.chars().filter(is_kept).collect()
}

fn joined(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// The paths of all members that a schema has.
fn paths(schema: &Value, path: &str, found: &mut BTreeSet<String>) {
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        let path = joined(path, name);
        paths(member, &path, found);
        paths(&member["items"], &format!("{path}[]"), found);
        found.insert(path);
    }
}

/// The example with one of its members replaced by a value that it may not have, for each of them and each such value: its path, and the
/// whole.
fn mistakes(schema: &Value, example: &Value) -> Vec<(String, Value)> {
    let mut mistakes = Vec::new();
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        let Some(value) = example.get(name) else { continue };
        let mut with = |path: String, value: Value| {
            let mut whole = example.clone();
            whole[name] = value;
            mistakes.push((path, whole));
        };
        for value in wrong(member) {
            with(name.clone(), value);
        }
        for (path, value) in self::mistakes(member, value) {
            with(joined(name, &path), value);
        }
        for (index, item) in value.as_array().into_iter().flatten().enumerate() {
            for (path, item) in self::mistakes(&member["items"], item) {
                let mut items = value.clone();
                items[index] = item;
                with(format!("{name}[{index}].{path}"), items);
            }
        }
    }
    mistakes
}

/// Values that a member may not have by its schema: one of another type, and those just beyond each bound.
fn wrong(schema: &Value) -> Vec<Value> {
    let types = schema["type"].to_string();
    let other = if types.contains("object") || types.contains("array") { json!(7) } else { json!({}) };
    let below = schema["minimum"].as_i64().map(|least| json!(least - 1));
    let above = schema["maximum"].as_i64().map(|most| json!(most + 1));
    let chars_max = schema["maxLength"].as_u64().and_then(|most| usize::try_from(most).ok());
    let longer = chars_max.map(|most| json!("a".repeat(most + 1)));
    let unknown = schema["enum"].is_array().then(|| json!("no_such_word"));
    [Some(other), below, above, longer, unknown].into_iter().flatten().collect()
}
