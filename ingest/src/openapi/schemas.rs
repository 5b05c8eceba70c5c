//! The schemas of answers, by the types that are answered with, and an example of each.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use utoipa::{
    ToSchema,
    openapi::{RefOr, Schema},
};

use crate::{
    command_view::CommandView,
    configure::{AccountView as GatewayAccountView, ApiKeyView, FeesView, LimitsView, RulesView},
    handlers::{All, AnomalyView, EventPage},
    ledger_view::{AccountView, Page, PostingView, TrialBalanceView},
    problem::Body,
    view::{EventView, List, MethodView, OperationView, PaymentView},
};

type Found = Vec<(String, RefOr<Schema>)>;

/// Every schema by its name, with those that it refers to.
pub(super) fn all() -> BTreeMap<String, Value> {
    let mut found = Found::new();
    named::<PaymentView<'_>>("Payment", &mut found);
    named::<Page<PaymentView<'_>>>("PaymentPage", &mut found);
    named::<OperationView<'_>>("Operation", &mut found);
    named::<MethodView<'_>>("PaymentMethod", &mut found);
    named::<CommandView>("Command", &mut found);
    named::<List<EventView>>("History", &mut found);
    named::<EventPage>("EventPage", &mut found);
    named::<AccountView>("Account", &mut found);
    named::<Page<AccountView>>("AccountPage", &mut found);
    named::<PostingView>("Posting", &mut found);
    named::<Page<PostingView>>("PostingPage", &mut found);
    named::<TrialBalanceView>("TrialBalance", &mut found);
    named::<GatewayAccountView>("GatewayAccount", &mut found);
    named::<All<GatewayAccountView>>("GatewayAccounts", &mut found);
    named::<ApiKeyView<'_>>("ApiKey", &mut found);
    named::<All<ApiKeyView<'_>>>("ApiKeys", &mut found);
    named::<RulesView>("RoutingRules", &mut found);
    named::<LimitsView>("Limits", &mut found);
    named::<FeesView>("Fees", &mut found);
    named::<AnomalyView>("GatewayAnomaly", &mut found);
    named::<Page<AnomalyView>>("GatewayAnomalyPage", &mut found);
    named::<Body<'_>>("Problem", &mut found);
    super::parameters::ids(&mut found);
    let schemas =
        found.into_iter().filter_map(|(name, schema)| Some((name, finished(serde_json::to_value(schema).ok()?))));
    let mut schemas: BTreeMap<_, _> = schemas.collect();
    schemas.insert("Nothing".to_owned(), json!({ "type": "object", "description": "Nothing is to be said." }));
    schemas.insert("Document".to_owned(), document());
    schemas.insert("StreamedEvent".to_owned(), streamed());
    schemas
}

/// A schema, and those that it refers to.
pub(super) fn named<T: ToSchema>(name: &str, found: &mut Found) {
    found.push((name.to_owned(), T::schema()));
    T::schemas(found);
}

fn document() -> Value {
    json!({
        "type": "object",
        "description": "A description of the API (OpenAPI 3.1).",
        "required": ["openapi", "info", "paths"],
        "properties": { "openapi": { "type": "string" }, "info": { "type": "object" }, "paths": { "type": "object" } },
    })
}

/// An event as a stream tells it. OpenAPI 3.1 has no words for a stream of them.
fn streamed() -> Value {
    let data = json!({
        "type": "string",
        "description": "The event.",
        "contentMediaType": "application/json",
        "contentSchema": { "$ref": "#/components/schemas/Event" },
    });
    json!({
        "type": "object",
        "description": "A server-sent event, of which the body has one after the other.",
        "required": ["id", "event", "data"],
        "properties": {
            "id": { "type": "string", "description": "What `Last-Event-ID` is to say to go on behind it." },
            "event": { "type": "string", "description": "The type of the event." },
            "data": data,
        },
    })
}

/// What the derived schemas do not say: that what may be null is there all the same, and that what has one value has no other.
fn finished(mut schema: Value) -> Value {
    match &mut schema {
        Value::Object(members) => {
            if let Some(word) = members.get("pattern").and_then(Value::as_str).and_then(only_word) {
                members.insert("const".to_owned(), word.into());
                members.remove("pattern");
            }
            if let Some(Value::Object(properties)) = members.get("properties") {
                let nullable = properties.iter().filter(|(_, property)| is_nullable(property));
                let nullable: Vec<Value> = nullable.map(|(name, _)| Value::from(name.as_str())).collect();
                let required = members.entry("required").or_insert_with(|| json!([]));
                if let Value::Array(required) = required {
                    required.extend(nullable);
                    required.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
                    required.dedup();
                }
            }
            for member in members.values_mut() {
                *member = finished(member.take());
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| *item = finished(item.take())),
        _ => {}
    }
    schema
}

/// The word of a pattern that only one word has.
fn only_word(pattern: &str) -> Option<String> {
    let word = pattern.strip_prefix('^')?.strip_suffix('$')?;
    word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_').then(|| word.to_owned())
}

fn is_nullable(property: &Value) -> bool {
    let null = json!("null");
    let of_type = property["type"].as_array().is_some_and(|types| types.contains(&null));
    of_type || property["oneOf"].as_array().is_some_and(|any| any.iter().any(|one| one["type"] == null))
}

macro_rules! examples {
    ($($name:literal),* $(,)?) => { [$(($name, include_str!(concat!("examples/", $name, ".json")))),*] };
}

/// Answers of a real installation, by the names of their schemas.
pub(super) fn examples() -> Map<String, Value> {
    let examples = examples![
        "Account",
        "AccountPage",
        "ApiKey",
        "ApiKeys",
        "Command",
        "Document",
        "EventPage",
        "Fees",
        "GatewayAccount",
        "GatewayAccounts",
        "GatewayAnomalyPage",
        "History",
        "Limits",
        "Nothing",
        "Operation",
        "Payment",
        "PaymentMethod",
        "PaymentPage",
        "PostingPage",
        "RoutingRules",
        "StreamedEvent",
        "TrialBalance",
    ];
    let read = |text: &str| serde_json::from_str::<Value>(text).expect("every example is JSON, which the tests hold");
    examples.into_iter().map(|(name, text)| (name.to_owned(), json!({ "value": read(text) }))).collect()
}
