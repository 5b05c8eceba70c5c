//! The document, against the code and against what is committed of it.

use std::{collections::BTreeSet, fs, path::Path};

use quittance_avro::refusals::Refusal;

use super::*;
use crate::{auth::Role, endpoints::Access};

/// Each operation of the document: its method, its path, and what is said of it.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            operations.push((method.to_uppercase(), path.clone(), operation.clone()));
        }
    }
    operations
}

#[test]
fn the_committed_document_is_what_the_code_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/openapi.json");
    let wanted = format!("{:#}\n", document());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &wanted).expect("the document is written");
        return;
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    let differs = found.lines().zip(wanted.lines()).find(|(found, wanted)| found != wanted);
    assert!(
        found == wanted,
        "docs/openapi.json is not what the code says; make it anew with `UPDATE_DOCS=1 cargo test --workspace --lib openapi`. \
         First difference: {differs:#?}"
    );
}

#[test]
fn it_has_the_operations_of_the_table_and_no_others() {
    let document = document();
    let told: BTreeSet<_> =
        operations(&document).into_iter().map(|(method, path, _)| format!("{method} {path}")).collect();
    let table: BTreeSet<_> = ENDPOINTS.iter().map(|spec| format!("{} {}", spec.method, spec.path)).collect();
    assert_eq!(told, table);
}

#[test]
fn every_operation_has_a_name_of_its_own_and_something_to_say() {
    let document = document();
    let mut ids = BTreeSet::new();
    for (method, path, operation) in operations(&document) {
        let said = |name: &str| operation[name].as_str().unwrap_or_default().to_owned();
        assert!(ids.insert(said("operationId")), "{method} {path} has the name of another one");
        for name in ["summary", "description"] {
            let text = said(name);
            assert!(text.len() > 3 && text.trim() == text, "{method} {path} has no {name}: {text:?}");
        }
        let parameters = operation["parameters"].to_string();
        assert_eq!(
            path.contains('{'),
            parameters.contains(r#""in":"path""#),
            "{method} {path} and what its path names"
        );
    }
}

#[test]
fn the_roles_are_those_of_the_table() {
    let document = document();
    for spec in ENDPOINTS {
        let operation = &document["paths"][spec.path][spec.method.as_str().to_lowercase()];
        let told: BTreeSet<_> =
            operation["x-roles"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let all = [Role::Viewer, Role::Merchant, Role::Reviewer, Role::Operator, Role::Admin];
        let may: BTreeSet<_> =
            all.iter().filter(|role| spec.access.allows(&[**role])).map(|role| role.name()).collect();
        assert_eq!(told, may, "{} {}", spec.method, spec.path);
        let is_open = operation["security"].as_array().is_some_and(Vec::is_empty);
        assert_eq!(is_open, matches!(spec.access, Access::Public(_)), "{} {}", spec.method, spec.path);
    }
}

/// What the linter wants of every operation, but for those that nothing can be wrong with.
#[test]
fn every_operation_of_a_tenant_says_what_can_be_wrong() {
    let document = document();
    for (method, path, operation) in operations(&document).iter().filter(|(_, path, _)| path.starts_with("/v1/")) {
        let statuses: Vec<_> =
            operation["responses"].as_object().into_iter().flatten().map(|(status, _)| &**status).collect();
        for status in ["401", "422", "500", "503"] {
            assert!(statuses.contains(&status), "{method} {path} lacks {status}: {statuses:?}");
        }
        assert!(statuses.iter().any(|status| status.starts_with('2')), "{method} {path} never succeeds");
    }
}

/// One that none can answer with is none, and one that is not described is a surprise to clients.
#[test]
fn every_refusal_is_told_of_some_operation() {
    let document = document().to_string();
    for refusal in Refusal::ALL.iter().filter(|refusal| **refusal != Refusal::NotFound) {
        assert!(
            document.contains(&format!("\"{}\":{{\"value\"", refusal.code())),
            "{} is told nowhere",
            refusal.code()
        );
    }
}

#[test]
fn every_reference_leads_somewhere() {
    fn references<'v>(value: &'v Value, found: &mut BTreeSet<&'v str>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("$ref").and_then(Value::as_str));
                members.values().for_each(|member| references(member, found));
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }
    let document = document();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(found.len() > 50, "{}", found.len());
    for reference in found {
        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
    }
}
