//! What records become in Redis. Pure.

use std::time::Duration;

use quittance_avro::{
    cache,
    ids::{AggregateId, PaymentId},
    records::{Outcome, PaymentState},
    topics::Topic,
};
use quittance_log::ReadError;

use crate::store::{Entry, Fields};

/// How long an entry is kept. Requests wait for seconds, and people look at a payment on the day it is made; later reads
/// go to Postgres, so that memory follows the payments of a day and not those of all time.
pub const TIME_TO_LIVE: Duration = Duration::from_secs(24 * 60 * 60);

/// An entry of the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// A payment's public state.
    State {
        /// Its key.
        key: String,
        /// Of which payment.
        payment_id: PaymentId,
        /// The sequence that it is of; a lower one never replaces it.
        sequence: i64,
        /// JSON of `PaymentState`.
        state: String,
    },
    /// What became of a command.
    Outcome {
        /// Its key.
        key: String,
        /// Of which payment, or payment method.
        aggregate_id: AggregateId,
        /// JSON of `Outcome`.
        outcome: String,
    },
}

/// What a record becomes. One that would have gone from the cache by now becomes nothing, so that an emptied server is
/// filled again with a day's records and not with all that the log has.
pub(super) fn row(prefix: &str, entry: Entry, now_ms: i64) -> Result<Option<Row>, ReadError> {
    let time_to_live_ms = i64::try_from(TIME_TO_LIVE.as_millis()).unwrap_or(i64::MAX);
    if entry.timestamp_ms.is_some_and(|timestamp_ms| now_ms.saturating_sub(timestamp_ms) >= time_to_live_ms) {
        return Ok(None);
    }
    match entry.topic {
        Topic::PaymentState => state(prefix, &entry.expect::<PaymentState>()?).map(Some),
        Topic::PaymentOutcomes => outcome(prefix, &entry.expect::<Outcome>()?).map(Some),
        Topic::PaymentCommands
        | Topic::PaymentResults
        | Topic::PaymentNotices
        | Topic::PaymentEvents
        | Topic::PaymentChangelog
        | Topic::PaymentGatewayEffects
        | Topic::LedgerTransfers
        | Topic::GatewayAnomalies
        | Topic::GatewayHealth
        | Topic::Configuration
        | Topic::ApiKeys
        | Topic::ProcessorPaymentsDeadLetters
        | Topic::SinkGatewayDeadLetters
        | Topic::SinkPostgresDeadLetters
        | Topic::SinkRedisDeadLetters
        | Topic::TenantKeys
        | Topic::Installation
        | Topic::PaymentMethodEvents
        | Topic::PaymentMethodState => Err(ReadError::Invalid("topic")),
    }
}

fn state(prefix: &str, entry: &Entry) -> Result<Row, ReadError> {
    let fields = Fields(&entry.json);
    let (mode, tenant) = (fields.mode("envelope.mode")?, fields.parsed("envelope.tenant")?);
    let payment_id = fields.parsed("envelope.aggregate_id")?;
    Ok(Row::State {
        key: cache::payment_key(prefix, mode, &tenant, payment_id),
        payment_id,
        sequence: fields.integer("envelope.sequence")?,
        state: entry.json.to_string(),
    })
}

fn outcome(prefix: &str, entry: &Entry) -> Result<Row, ReadError> {
    let fields = Fields(&entry.json);
    let (mode, tenant) = (fields.mode("envelope.mode")?, fields.parsed("envelope.tenant")?);
    Ok(Row::Outcome {
        key: cache::outcome_key(prefix, mode, &tenant, fields.parsed("command_id")?),
        aggregate_id: fields.parsed("envelope.aggregate_id")?,
        outcome: entry.json.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use quittance_avro::records::Record;
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    const PAYMENT: &str = "pay_00000000000000000000000000000001";
    const NOW_MS: i64 = 1_700_000_000_000;

    fn json() -> Value {
        json!({
            "envelope": {"mode": "test", "tenant": "acme", "aggregate_id": PAYMENT, "sequence": 3},
            "command_id": "cmd_00000000000000000000000000000002",
            "younger_than_this_build": 1,
        })
    }

    fn row_of(topic: Topic, name: &str, timestamp_ms: Option<i64>) -> Result<Option<Row>, ReadError> {
        row("q", Entry { topic, partition: 0, offset: 0, name: name.to_owned(), timestamp_ms, json: json() }, NOW_MS)
    }

    #[test]
    fn entries_are_under_the_names_that_readers_use() {
        let payment_id: PaymentId = PAYMENT.parse().expect("an id");
        let state = Row::State {
            key: format!("q:test:acme:payment:{PAYMENT}"),
            payment_id,
            sequence: 3,
            state: json().to_string(),
        };
        let outcome = Row::Outcome {
            key: "q:test:acme:outcome:cmd_00000000000000000000000000000002".to_owned(),
            aggregate_id: payment_id.into(),
            outcome: json().to_string(),
        };
        assert_eq!(row_of(Topic::PaymentState, PaymentState::NAME, Some(NOW_MS)).ok(), Some(Some(state)));
        assert_eq!(row_of(Topic::PaymentOutcomes, Outcome::NAME, Some(NOW_MS)).ok(), Some(Some(outcome)));
    }

    #[rstest]
    #[case(None, true)]
    #[case(Some(NOW_MS - 86_399_999), true)]
    #[case(Some(NOW_MS - 86_400_000), false)]
    #[case(Some(0), false)]
    #[case(Some(i64::MIN), false)]
    #[case(Some(i64::MAX), true)]
    fn what_would_have_gone_is_left_out(#[case] timestamp_ms: Option<i64>, #[case] is_kept: bool) {
        let row = row_of(Topic::PaymentState, PaymentState::NAME, timestamp_ms).expect("a good state");
        assert_eq!(row.is_some(), is_kept);
    }

    #[rstest]
    #[case(Topic::PaymentState, Outcome::NAME)]
    #[case(Topic::PaymentOutcomes, PaymentState::NAME)]
    #[case(Topic::PaymentEvents, "quittance.payment.PaymentCreated")]
    fn what_does_not_belong_is_refused(#[case] topic: Topic, #[case] name: &str) {
        assert!(row_of(topic, name, None).is_err());
    }
}
