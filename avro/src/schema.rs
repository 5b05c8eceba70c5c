//! The schemas as they are registered: each self-contained, made from the files under `schemas/`.
//!
//! A file names the records it uses by full name; [`by_name`] puts their definitions in at first use, so that every
//! registered schema can be read by any client without following references.

use std::{collections::BTreeMap, sync::LazyLock};

use apache_avro::Schema;
use serde_json::Value;

use crate::records::Record;

macro_rules! sources {
    ($($file:literal),* $(,)?) => { &[$(include_str!(concat!("../schemas/", $file, ".avsc"))),*] };
}

static SOURCES: &[&str] = sources![
    "access/api_key",
    "access/api_key_use",
    "common/actor",
    "common/envelope",
    "common/fingerprint",
    "common/sealed",
    "configuration/currency_limit",
    "configuration/fee_rule",
    "configuration/fee_rules",
    "configuration/gateway_account",
    "configuration/metadata_condition",
    "configuration/payment_limits",
    "configuration/routing_conditions",
    "configuration/routing_rule",
    "configuration/routing_rules",
    "configuration/weighted_account",
    "gateway/gateway_anomaly",
    "gateway/gateway_health",
    "gateway/gateway_notice",
    "ledger/posting",
    "ledger/transfer",
    "payment/approve_payment",
    "payment/attempt",
    "payment/cancel_payment",
    "payment/capture_payment",
    "payment/confirm_payment",
    "payment/create_payment",
    "payment/failure",
    "payment/gateway_details",
    "payment/gateway_effect",
    "payment/gateway_fact",
    "payment/gateway_report",
    "payment/gateway_result",
    "payment/gateway_token",
    "payment/hold",
    "payment/metadata_pair",
    "payment/next_action",
    "payment/operation",
    "payment/outcome",
    "payment/payment_action_required",
    "payment/payment_approved",
    "payment/payment_attempt_started",
    "payment/payment_authorized",
    "payment/payment_cancel_requested",
    "payment/payment_canceled",
    "payment/payment_captured",
    "payment/payment_changelog",
    "payment/payment_confirmed",
    "payment/payment_created",
    "payment/payment_declined",
    "payment/payment_dispute_closed",
    "payment/payment_dispute_opened",
    "payment/payment_expired",
    "payment/payment_failed",
    "payment/payment_held",
    "payment/payment_method",
    "payment/payment_operation_corrected",
    "payment/payment_operation_failed",
    "payment/payment_operation_requested",
    "payment/payment_refunded",
    "payment/payment_rejected",
    "payment/payment_review_opened",
    "payment/payment_review_resolved",
    "payment/payment_state",
    "payment/payment_stub",
    "payment/payment_unwanted_success",
    "payment/payment_updated",
    "payment/payment_voided",
    "payment/refund_payment",
    "payment/refused_creation",
    "payment/reject_payment",
    "payment/remembered_command",
    "payment/remembered_refusal",
    "payment/resolve_review",
    "payment/review",
    "payment/routing",
    "payment/standing",
    "payment/three_d_secure",
    "payment/timer",
    "payment/update_payment",
    "payment_method/confirm_payment_method",
    "payment_method/create_payment_method",
    "payment_method/payment_method_action_required",
    "payment_method/payment_method_activated",
    "payment_method/payment_method_changelog",
    "payment_method/payment_method_confirmed",
    "payment_method/payment_method_created",
    "payment_method/payment_method_failed",
    "payment_method/payment_method_removed",
    "payment_method/payment_method_set_up",
    "payment_method/payment_method_set_up_failed",
    "payment_method/payment_method_state",
    "payment_method/remove_payment_method",
    "payment_method/set_up",
    "payment_method/set_up_effect",
    "payment_method/set_up_result",
    "runtime/dead_letter",
    "runtime/header",
    "runtime/installation",
    "runtime/tenant_key",
];

/// A schema of this build.
#[derive(Debug)]
pub struct RecordSchema {
    /// Full name of the record.
    pub name: String,
    /// The self-contained schema, as it is registered.
    pub json: String,
    /// The same, parsed.
    pub parsed: Schema,
}

static SCHEMAS: LazyLock<BTreeMap<String, RecordSchema>> = LazyLock::new(|| {
    let definitions: BTreeMap<String, Value> = SOURCES
        .iter()
        .map(|source| {
            let definition: Value = serde_json::from_str(source).expect("a schema file is JSON");
            (full_name(&definition).expect("a schema file defines a record"), definition)
        })
        .collect();
    definitions.keys().map(|name| (name.clone(), self_contained(name, &definitions))).collect()
});

/// The schema of a record of this build by its full name.
pub fn by_name(name: &str) -> Option<&'static RecordSchema> {
    SCHEMAS.get(name)
}

/// The schema of a record type.
pub fn of<R: Record>() -> &'static RecordSchema {
    by_name(R::NAME).expect("every record type has a schema file, which a test holds")
}

/// A number of a schema within this build, from 1, where no registry gives it an id.
///
/// # Panics
/// When there is no such schema.
pub fn number_of(name: &str) -> u32 {
    let number = SCHEMAS.keys().position(|found| found == name).expect("a schema of this build");
    u32::try_from(number + 1).expect("there are not so many")
}

/// Every schema of this build, records that are only parts of others included.
pub fn all() -> impl Iterator<Item = &'static RecordSchema> {
    SCHEMAS.values()
}

fn full_name(definition: &Value) -> Option<String> {
    Some(format!("{}.{}", definition["namespace"].as_str()?, definition["name"].as_str()?))
}

fn self_contained(name: &str, definitions: &BTreeMap<String, Value>) -> RecordSchema {
    let mut defined = vec![name.to_owned()];
    let mut schema = definitions[name].clone();
    inline(&mut schema["fields"], definitions, &mut defined);
    let json = schema.to_string();
    let parsed = Schema::parse_str(&json).unwrap_or_else(|error| panic!("{name} is not an Avro schema: {error}"));
    RecordSchema { name: name.to_owned(), json, parsed }
}

/// Replaces the first use of each record's name by its definition, depth first, as Avro's scoping wants it.
fn inline(node: &mut Value, definitions: &BTreeMap<String, Value>, defined: &mut Vec<String>) {
    match node {
        Value::Array(nodes) => nodes.iter_mut().for_each(|node| inline(node, definitions, defined)),
        Value::Object(members) => {
            for member in ["type", "items", "fields"] {
                if let Some(node) = members.get_mut(member) {
                    inline(node, definitions, defined);
                }
            }
        }
        Value::String(name) => {
            if let Some(definition) = definitions.get(name)
                && !defined.contains(name)
            {
                defined.push(name.clone());
                *node = definition.clone();
                inline(&mut node["fields"], definitions, defined);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
