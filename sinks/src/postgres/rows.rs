//! What records become in Postgres. Pure.

mod anomaly;
mod ledger;
mod method;

use std::{collections::BTreeSet, time::SystemTime};

use quittance_avro::{
    ids::{AggregateId, CommandId, EventId, PaymentId},
    records::{Bytes, GatewayAnomaly, Outcome, PaymentMethodState, PaymentState, Transfer},
    tenant::Tenant,
    topics::Topic,
    words::Mode,
};
use quittance_log::ReadError;
use serde::Deserialize;
use serde_json::Value;

pub(super) use self::{
    anomaly::AnomalyRow,
    ledger::{PostingRow, TransferRow},
    method::MethodRow,
};
use crate::store::{Entry, Fields};

/// A row of one of the tables.
#[derive(Debug, Clone, PartialEq)]
pub enum Row {
    /// Of `payments`.
    State(StateRow),
    /// Of `events`.
    Event(EventRow),
    /// Of `outcomes`.
    Outcome(OutcomeRow),
    /// Of `transfers`, `postings` and `accounts`.
    Transfer(TransferRow),
    /// Of `gateway_anomalies`.
    Anomaly(AnomalyRow),
    /// Of `payment_methods`.
    Method(MethodRow),
}

/// A payment as it is after its latest event.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the columns have their comments in the database")]
pub struct StateRow {
    pub payment_id: PaymentId,
    pub mode: Mode,
    pub tenant: Tenant,
    pub merchant_account: String,
    pub sequence: i64,
    pub status: String,
    pub amount: i64,
    pub currency: String,
    pub captured_amount: i64,
    pub refunded_amount: i64,
    pub gateway_account: String,
    pub created_at: SystemTime,
    pub updated_at: SystemTime,
    pub operations: Vec<OperationRow>,
    pub payment_method_id: Option<String>,
    pub search_tokens: BTreeSet<Vec<u8>>,
    pub state: Value,
}

/// An operation of a payment.
#[derive(Debug, Clone, PartialEq)]
pub struct OperationRow {
    /// Its id.
    pub id: String,
    /// Where it is.
    pub gateway_account: Option<String>,
    /// What it is called there.
    pub gateway_reference: Option<String>,
}

/// An event of an aggregate.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the columns have their comments in the database")]
pub struct EventRow {
    pub aggregate_id: AggregateId,
    pub sequence: i64,
    pub mode: Mode,
    pub tenant: Tenant,
    pub event_id: EventId,
    pub kind: String,
    pub occurred_at: SystemTime,
    pub stream: &'static str,
    pub partition: i32,
    pub position: i64,
    pub data: Value,
}

/// What became of a command.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the columns have their comments in the database")]
pub struct OutcomeRow {
    pub command_id: CommandId,
    pub mode: Mode,
    pub tenant: Tenant,
    pub aggregate_id: AggregateId,
    pub outcome: Value,
    pub occurred_at: SystemTime,
}

/// What a record becomes.
pub(super) fn row(entry: Entry) -> Result<Row, ReadError> {
    match entry.topic {
        Topic::PaymentState => state(entry.expect::<PaymentState>()?.json).map(Row::State),
        // An event of a kind that this build does not know is history too.
        Topic::PaymentEvents => event("payment", entry).map(Row::Event),
        Topic::PaymentMethodEvents => event("payment_method", entry).map(Row::Event),
        Topic::PaymentOutcomes => outcome(entry.expect::<Outcome>()?.json).map(Row::Outcome),
        Topic::LedgerTransfers => ledger::transfer(&entry.expect::<Transfer>()?.json).map(Row::Transfer),
        Topic::GatewayAnomalies => anomaly::anomaly(entry.expect::<GatewayAnomaly>()?.json).map(Row::Anomaly),
        Topic::PaymentMethodState => method::method(entry.expect::<PaymentMethodState>()?.json).map(Row::Method),
        Topic::PaymentCommands
        | Topic::PaymentResults
        | Topic::PaymentNotices
        | Topic::GatewayHealth
        | Topic::Configuration
        | Topic::ApiKeys
        | Topic::PaymentChangelog
        | Topic::PaymentGatewayEffects
        | Topic::ProcessorPaymentsDeadLetters
        | Topic::SinkGatewayDeadLetters
        | Topic::SinkPostgresDeadLetters
        | Topic::SinkRedisDeadLetters
        | Topic::TenantKeys
        | Topic::Installation => Err(ReadError::Invalid("topic")),
    }
}

fn state(mut json: Value) -> Result<StateRow, ReadError> {
    make_storable(&mut json);
    let fields = Fields(&json);
    let operations = json.get("operations").and_then(Value::as_array).into_iter().flatten();
    let operations = operations.filter_map(operation).collect();
    Ok(StateRow {
        payment_id: fields.parsed("envelope.aggregate_id")?,
        mode: fields.mode("envelope.mode")?,
        tenant: fields.parsed("envelope.tenant")?,
        merchant_account: fields.text("envelope.merchant_account")?.to_owned(),
        sequence: fields.integer("envelope.sequence")?,
        status: fields.text("status")?.to_owned(),
        amount: fields.integer("amount")?,
        currency: fields.text("currency")?.to_owned(),
        captured_amount: fields.integer("captured_amount")?,
        refunded_amount: fields.integer("refunded_amount")?,
        gateway_account: fields.text("gateway_account")?.to_owned(),
        created_at: fields.time("created_at")?,
        updated_at: fields.time("updated_at")?,
        operations,
        payment_method_id: json.get("payment_method_id").and_then(Value::as_str).map(str::to_owned),
        search_tokens: search_tokens(&json),
        state: json,
    })
}

/// Its decoder has made base64 of bytes, so what is none is nothing that anybody could look for.
fn search_tokens(json: &Value) -> BTreeSet<Vec<u8>> {
    let tokens = json.get("search_tokens").and_then(Value::as_array).into_iter().flatten();
    tokens.filter_map(|token| Some(Bytes::deserialize(token).ok()?.0)).collect()
}

/// One that came along with its authorization is where that is, and is found by that.
fn operation(json: &Value) -> Option<OperationRow> {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let latest = json.get("attempts").and_then(Value::as_array).and_then(|attempts| attempts.last());
    Some(OperationRow {
        id: text(json.get("id"))?,
        gateway_account: text(latest.and_then(|attempt| attempt.get("gateway_account"))),
        gateway_reference: text(json.get("gateway_reference")),
    })
}

fn event(stream: &'static str, entry: Entry) -> Result<EventRow, ReadError> {
    let Entry { partition, offset: position, name, mut json, .. } = entry;
    make_storable(&mut json);
    let fields = Fields(&json);
    Ok(EventRow {
        aggregate_id: fields.parsed("envelope.aggregate_id")?,
        sequence: fields.integer("envelope.sequence")?,
        mode: fields.mode("envelope.mode")?,
        tenant: fields.parsed("envelope.tenant")?,
        event_id: fields.parsed("envelope.id")?,
        kind: event_type(&name),
        occurred_at: fields.time("envelope.occurred_at")?,
        stream,
        partition,
        position,
        data: json,
    })
}

fn outcome(mut json: Value) -> Result<OutcomeRow, ReadError> {
    make_storable(&mut json);
    let fields = Fields(&json);
    Ok(OutcomeRow {
        command_id: fields.parsed("command_id")?,
        mode: fields.mode("envelope.mode")?,
        tenant: fields.parsed("envelope.tenant")?,
        aggregate_id: fields.parsed("envelope.aggregate_id")?,
        occurred_at: fields.time("envelope.occurred_at")?,
        outcome: json,
    })
}

/// The type of an event, by the full name of its record: `quittance.payment.PaymentReviewOpened` is
/// `payment.review_opened`, whatever events may come.
fn event_type(name: &str) -> String {
    let mut segments = name.rsplit('.');
    let (name, aggregate) = (snake_case(segments.next().unwrap_or_default()), segments.next().unwrap_or_default());
    match name.strip_prefix(aggregate).and_then(|rest| rest.strip_prefix('_')) {
        Some(what) if !aggregate.is_empty() => format!("{aggregate}.{what}"),
        _ => name,
    }
}

/// `ReviewOpened` as `review_opened`.
fn snake_case(name: &str) -> String {
    let mut words = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_ascii_uppercase() && !words.is_empty() {
            words.push('_');
        }
        words.push(c.to_ascii_lowercase());
    }
    words
}

/// Replaces NUL characters, which neither `text` nor `jsonb` can hold. A gateway that says one in a message must not
/// keep a payment out of the database.
fn make_storable(json: &mut Value) {
    match json {
        Value::String(text) if text.contains('\0') => *text = text.replace('\0', "\u{fffd}"),
        Value::Array(items) => items.iter_mut().for_each(make_storable),
        Value::Object(fields) => fields.values_mut().for_each(make_storable),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
pub(super) mod tests;
