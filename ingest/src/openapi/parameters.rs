//! What a request says beside its body, and an answer in its headers.

use quittance_avro::{
    API_VERSION,
    ids::{AccountId, ApiKeyId, CommandId, GatewayAccountId, PaymentId, PaymentMethodId, RefundId},
    money::{Currency, MINOR_UNITS_END},
    words::PaymentStatus,
};
use serde_json::{Value, json};
use utoipa::{
    ToSchema,
    openapi::{RefOr, Schema},
};

use super::schemas::named;
use crate::{
    create::{ACCOUNT_NAME, REFERENCE_CHARS_MAX},
    query::{LIMIT, LIMITS},
    shape::{list, metadata, text},
};

/// Something that a request says.
pub(super) enum Parameter {
    /// One that the document has once, by its name.
    Shared(&'static str),
    /// One of this operation.
    Own(Value),
}

pub(super) fn json(parameter: &Parameter) -> Value {
    match parameter {
        Parameter::Shared(name) => json!({ "$ref": format!("#/components/parameters/{name}") }),
        Parameter::Own(own) => own.clone(),
    }
}

/// An id in the path.
fn id<T: ToSchema>(about: &str) -> Parameter {
    path("id", about, &json!({ "$ref": format!("#/components/schemas/{}", T::name()) }))
}

fn path(name: &str, about: &str, schema: &Value) -> Parameter {
    Parameter::Own(json!({ "name": name, "in": "path", "required": true, "description": about, "schema": schema }))
}

pub(super) fn payment() -> Parameter {
    id::<PaymentId>("Id of the payment.")
}

pub(super) fn refund() -> Parameter {
    id::<RefundId>("Id of the refund.")
}

pub(super) fn command() -> Parameter {
    id::<CommandId>("Id of the command.")
}

pub(super) fn method() -> Parameter {
    id::<PaymentMethodId>("Id of the payment method.")
}

pub(super) fn account() -> Parameter {
    id::<AccountId>("Id of the account.")
}

pub(super) fn api_key() -> Parameter {
    id::<ApiKeyId>("Id of the API key.")
}

pub(super) fn gateway_account_id() -> Parameter {
    path(
        "name",
        "Id of the gateway account.",
        &json!({ "$ref": format!("#/components/schemas/{}", GatewayAccountId::name()) }),
    )
}

pub(super) fn gateway_account(about: &str) -> Parameter {
    path("name", about, &json!({ "type": "string", "pattern": ACCOUNT_NAME, "examples": ["main"] }))
}

fn query(name: &str, about: &str, schema: &Value) -> Parameter {
    Parameter::Own(json!({ "name": name, "in": "query", "description": about, "schema": schema }))
}

/// A page of a list.
pub(super) fn page() -> [Parameter; 2] {
    let cursor = json!({ "type": "string", "description": "Opaque." });
    [Parameter::Shared("Limit"), query("cursor", "Where to begin: the `next_cursor` of the page before.", &cursor)]
}

/// Which payments are listed.
pub(super) fn filters() -> Vec<Parameter> {
    let time = json!({ "type": "string", "format": "date-time", "examples": ["2026-11-01T12:00:00Z"] });
    let amount = json!({ "type": "integer", "format": "int64", "minimum": 0, "maximum": MINOR_UNITS_END - 1 });
    let mut reference = text(REFERENCE_CHARS_MAX);
    reference["minLength"] = 1.into();
    let statuses = list(1..=PaymentStatus::ALL.len(), &schema_of::<PaymentStatus>());
    let several = |name: &str, about: &str, style: &str, explode: bool, schema: &Value| {
        Parameter::Own(json!({
            "name": name, "in": "query", "description": about, "style": style, "explode": explode, "schema": schema,
        }))
    };
    vec![
        several("status", "One of these, with commas between.", "form", false, &statuses),
        query("created_from", "Created then or later.", &time),
        query("created_to", "Created before.", &time),
        query("amount_from", "Of so many minor units, or more.", &amount),
        query("amount_to", "Of so many minor units, or less.", &amount),
        query("currency", "In this currency.", &schema_of::<Currency>()),
        query("gateway_account", "At this gateway account.", &json!({ "type": "string", "pattern": ACCOUNT_NAME })),
        query("payment_method_id", "Paid with this saved payment method.", &schema_of::<PaymentMethodId>()),
        query("reference", "With exactly this reference.", &reference),
        several("metadata", "With all of these, each as `metadata[key]=value`.", "deepObject", true, &metadata(false)),
    ]
}

fn schema_of<T: ToSchema>() -> Value {
    json!({ "$ref": format!("#/components/schemas/{}", T::name()) })
}

/// A page of the feed.
pub(super) fn feed_page() -> [Parameter; 3] {
    let about = "Where to begin: the `next_cursor` of the page before, the id of an event of a stream, or `now`. Without it a page begins with \
                 the first event, and a stream with the next.";
    let cursor = json!({ "type": "string", "description": "Opaque." });
    [Parameter::Shared("Limit"), query("cursor", about, &cursor), Parameter::Shared("LastEventId")]
}

/// A moment that the ledger is told of.
pub(super) fn moment() -> [Parameter; 2] {
    let at = json!({ "type": "string", "format": "date-time", "examples": ["2026-11-01T12:00:00Z"] });
    let by = json!({ "type": "string", "enum": ["posted", "effective"], "default": "posted" });
    [
        query("at", "The moment up to which postings count, at least 30 seconds ago.", &at),
        query(
            "by",
            "Whether postings count by when they were posted or by when they took effect. Only with `at`.",
            &by,
        ),
    ]
}

/// Parameters that several operations share.
pub(super) fn shared() -> Value {
    json!({
        "IdempotencyKey": {
            "name": "Idempotency-Key",
            "in": "header",
            "required": true,
            "description": "The client's name for this request, such as a random UUID: sent again under it, the same request is the same command, \
                            and another one is a problem. Quotes around it do not count.",
            "schema": { "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]([ -~]{0,253}[!-~])?$" },
            "example": "7f3c1a52-2f0e-4d4b-9d0a-51c97a3eb0d1",
        },
        "Prefer": {
            "name": "Prefer",
            "in": "header",
            "description": "How long the answer may wait (RFC 7240): `respond-async` not at all, `wait=N` for N seconds, 30 at most. Other \
                            preferences are ignored.",
            "schema": { "type": "string" },
            "example": "wait=5",
        },
        "After": {
            "name": "after",
            "in": "query",
            "description": "Only an answer that has reached this sequence will do: it is waited for, for as long as `Prefer` says.",
            "schema": { "type": "integer", "format": "int64", "minimum": 0 },
            "example": 3,
        },
        "Limit": {
            "name": "limit",
            "in": "query",
            "description": "How many are told at once.",
            "schema": { "type": "integer", "minimum": LIMITS.start(), "maximum": LIMITS.end(), "default": LIMIT },
        },
        "LastEventId": {
            "name": "Last-Event-ID",
            "in": "header",
            "description": "The id of the last event that the client has of a stream: it goes on behind it.",
            "schema": { "type": "string" },
        },
        "Version": {
            "name": "Quittance-Version",
            "in": "header",
            "description": "The dated version of the API that the client speaks. There is one.",
            "schema": { "type": "string", "const": API_VERSION },
        },
        "IfNoneMatch": {
            "name": "If-None-Match",
            "in": "header",
            "description": "An `ETag` that the client has (RFC 9110, 13.1.2).",
            "schema": { "type": "string" },
        },
    })
}

/// The ids that paths name.
pub(super) fn ids(found: &mut Vec<(String, RefOr<Schema>)>) {
    named::<PaymentId>("PaymentId", found);
    named::<RefundId>("RefundId", found);
    named::<CommandId>("CommandId", found);
    named::<PaymentMethodId>("PaymentMethodId", found);
    named::<AccountId>("AccountId", found);
    named::<ApiKeyId>("ApiKeyId", found);
    named::<GatewayAccountId>("GatewayAccountId", found);
}

/// Headers that every answer has.
pub(super) fn on_all() -> Value {
    json!({
        "Quittance-Version": { "$ref": "#/components/headers/Quittance-Version" },
        "Request-Id": { "$ref": "#/components/headers/Request-Id" },
    })
}

/// Headers of answers.
pub(super) fn answered() -> Value {
    let text = json!({ "type": "string" });
    json!({
        "Location": { "description": "Where to ask for it again.", "schema": { "type": "string" }, "example": "/v1/payments/pay_5f0c3b1e9d7a5e4c8b2f6a1d0e9c7b35" },
        "Preference-Applied": { "description": "What of `Prefer` was followed; absent if nothing was.", "schema": text },
        "Retry-After": { "description": "After how many seconds to try again.", "schema": { "type": "integer", "minimum": 0 }, "example": 1 },
        "WWW-Authenticate": { "description": "How to come in.", "schema": text, "example": "Bearer" },
        "Idempotent-Replayed": {
            "description": "Whether the request was decided before, and is told again; absent if not.",
            "schema": { "type": "string", "const": "true" },
        },
        "Quittance-Version": {
            "description": "The dated version of the API that it was answered by.",
            "required": true,
            "schema": { "type": "string", "const": API_VERSION },
        },
        "Request-Id": {
            "description": "Which request it was, for whoever has a question; its trace goes by the same id.",
            "required": true,
            "schema": { "type": "string", "pattern": "^[0-9a-f]{32}$" },
        },
        "ETag": { "description": "The name of this version of it.", "schema": text },
    })
}
