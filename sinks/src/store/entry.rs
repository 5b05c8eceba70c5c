//! Records as stores see them.

use quittance_avro::{
    records::{
        GatewayAnomaly, Outcome, PaymentActionRequired, PaymentApproved, PaymentAttemptStarted, PaymentAuthorized,
        PaymentCancelRequested, PaymentCanceled, PaymentCaptured, PaymentConfirmed, PaymentCreated, PaymentDeclined,
        PaymentDisputeClosed, PaymentDisputeOpened, PaymentExpired, PaymentFailed, PaymentHeld,
        PaymentMethodActionRequired, PaymentMethodActivated, PaymentMethodConfirmed, PaymentMethodCreated,
        PaymentMethodFailed, PaymentMethodRemoved, PaymentMethodSetUp, PaymentMethodSetUpFailed, PaymentMethodState,
        PaymentOperationCorrected, PaymentOperationFailed, PaymentOperationRequested, PaymentRefunded, PaymentRejected,
        PaymentReviewOpened, PaymentReviewResolved, PaymentState, PaymentUnwantedSuccess, PaymentUpdated,
        PaymentVoided, Record as AvroRecord, Transfer,
    },
    topics::Topic,
    wire::{DecodeError, Decoder},
};
use quittance_log::{ReadError, Record, Schemas};
use serde_json::Value;

/// A record, decoded.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The topic that it stands on.
    pub topic: Topic,
    /// Number of its partition there.
    pub partition: i32,
    /// Its offset there.
    pub offset: i64,
    /// Full name of the Avro record.
    pub name: String,
    /// The Kafka timestamp, milliseconds since the epoch.
    pub timestamp_ms: Option<i64>,
    /// All that its writer wrote, fields unknown to this build included, and the defaults of those that the writer did
    /// not know. Bytes are base64.
    pub json: Value,
}

impl Entry {
    /// Decodes a record.
    pub(super) fn read(schemas: &mut Schemas, topic: Topic, record: &Record) -> Result<Self, ReadError> {
        let value = record.value.as_deref().ok_or(ReadError::Invalid("value"))?;
        let (name, json) = schemas.read(|decoder| complete(decoder, value))?;
        let (partition, offset, timestamp_ms) = (record.at.partition, record.offset, record.timestamp_ms);
        Ok(Self { topic, partition, offset, name, timestamp_ms, json })
    }

    /// The entry, if it is the record that is wanted.
    pub fn expect<R: AvroRecord>(self) -> Result<Self, ReadError> {
        if self.name == R::NAME {
            Ok(self)
        } else {
            Err(DecodeError::OtherRecord { found: self.name, wanted: R::NAME }.into())
        }
    }
}

/// A record as JSON, with the fields of both its writer's schema and ours.
///
/// The writer's alone would leave out fields that are younger than the record, and who reads the store expects them.
/// Ours alone would lose fields that are younger than this build.
fn complete(decoder: &Decoder, bytes: &[u8]) -> Result<(String, Value), DecodeError> {
    let (name, mut json) = decoder.json(bytes)?;
    let ours = OURS.iter().find(|(ours, _)| *ours == name).and_then(|(_, resolve)| resolve(decoder, bytes));
    if let Some(ours) = ours {
        fill(&mut json, ours);
    }
    Ok((name.to_owned(), json))
}

/// Resolves a record to our schema, as JSON. `None` if that cannot be done: its writer is newer then (it uses a word
/// that we do not know), so there is nothing to fill in.
type Resolve = fn(&Decoder, &[u8]) -> Option<Value>;

macro_rules! ours {
    ($($record:ident,)*) => { &[$(($record::NAME, resolve::<$record>),)*] };
}

const OURS: &[(&str, Resolve)] = ours![
    PaymentState,
    Outcome,
    Transfer,
    GatewayAnomaly,
    PaymentCreated,
    PaymentAuthorized,
    PaymentCaptured,
    PaymentDeclined,
    PaymentFailed,
    PaymentReviewOpened,
    PaymentOperationRequested,
    PaymentOperationFailed,
    PaymentOperationCorrected,
    PaymentRefunded,
    PaymentVoided,
    PaymentActionRequired,
    PaymentConfirmed,
    PaymentCancelRequested,
    PaymentCanceled,
    PaymentExpired,
    PaymentHeld,
    PaymentApproved,
    PaymentRejected,
    PaymentReviewResolved,
    PaymentAttemptStarted,
    PaymentUnwantedSuccess,
    PaymentUpdated,
    PaymentDisputeOpened,
    PaymentDisputeClosed,
    PaymentMethodState,
    PaymentMethodCreated,
    PaymentMethodActionRequired,
    PaymentMethodConfirmed,
    PaymentMethodSetUp,
    PaymentMethodSetUpFailed,
    PaymentMethodActivated,
    PaymentMethodFailed,
    PaymentMethodRemoved,
];

fn resolve<R: AvroRecord>(decoder: &Decoder, bytes: &[u8]) -> Option<Value> {
    serde_json::to_value(decoder.decode::<R>(bytes).ok()?).ok()
}

/// Adds the fields that are missing.
fn fill(json: &mut Value, ours: Value) {
    match (json, ours) {
        (Value::Object(fields), Value::Object(ours)) => {
            for (name, ours) in ours {
                match fields.get_mut(&name) {
                    Some(value) => fill(value, ours),
                    None => drop(fields.insert(name, ours)),
                }
            }
        }
        (Value::Array(items), Value::Array(ours)) => {
            items.iter_mut().zip(ours).for_each(|(item, ours)| fill(item, ours));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use quittance_avro::topics::Part;
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case::a_younger_field(json!({"a": 1}), json!({"a": 1, "b": null}), json!({"a": 1, "b": null}))]
    #[case::an_unknown_field(json!({"a": 1, "z": 9}), json!({"a": 1}), json!({"a": 1, "z": 9}))]
    #[case::inside(json!({"a": {"z": 9}}), json!({"a": {"b": 0}}), json!({"a": {"b": 0, "z": 9}}))]
    #[case::in_a_list(json!([{"z": 9}, {}]), json!([{"b": 0}, {"b": 1}]), json!([{"b": 0, "z": 9}, {"b": 1}]))]
    #[case::never_over_what_is_there(json!({"a": null}), json!({"a": {"b": 0}}), json!({"a": null}))]
    fn what_is_missing_is_filled_in(#[case] mut theirs: Value, #[case] ours: Value, #[case] both: Value) {
        fill(&mut theirs, ours);
        assert_eq!(theirs, both);
    }

    #[test]
    fn every_record_that_a_store_consumes_is_resolved_to_ours() {
        let topics = [Part::SinkPostgres, Part::SinkRedis].into_iter().flat_map(Part::topics);
        for name in topics.flat_map(|topic| topic.spec().records) {
            assert!(OURS.iter().any(|(ours, _)| ours == name), "{name}");
        }
    }
}
