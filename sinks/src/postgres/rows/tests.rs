use std::time::Duration;

use rstest::rstest;
use serde_json::json;

use super::*;

fn id(prefix: &str, number: u8) -> String {
    format!("{prefix}{number:032x}")
}

fn envelope(prefix: &str, payment: u8, sequence: i64) -> Value {
    json!({
        "id": id(prefix, payment), "mode": "test", "tenant": "acme", "merchant_account": "default",
        "aggregate_id": id("pay_", payment), "sequence": sequence, "occurred_at": 1_700_000_000_123_i64,
    })
}

fn state_json(payment: u8, sequence: i64) -> Value {
    json!({
        "envelope": envelope("sta_", payment, sequence), "status": "succeeded", "amount": 1250, "currency": "EUR",
        "captured_amount": 1250, "refunded_amount": 0, "gateway_account": "simulator",
        "created_at": 1_700_000_000_000_i64, "updated_at": 1_700_000_000_123_i64, "younger_than_this_build": [1],
    })
}

pub(in crate::postgres) fn state(payment: u8, sequence: i64) -> StateRow {
    super::state(state_json(payment, sequence)).expect("a good state")
}

pub(in crate::postgres) fn event(payment: u8, sequence: i64) -> EventRow {
    let json = json!({"envelope": envelope("evt_", payment, sequence)});
    super::event("payment", entry(Topic::PaymentEvents, "quittance.payment.PaymentCaptured", json))
        .expect("a good event")
}

pub(in crate::postgres) fn outcome(command: u8, status: &str) -> OutcomeRow {
    let json = json!({"envelope": envelope("out_", 1, 1), "command_id": id("cmd_", command), "status": status});
    super::outcome(json).expect("a good outcome")
}

/// The state of a payment method.
pub(in crate::postgres) fn method(number: u8, sequence: i64) -> MethodRow {
    let mut envelope = envelope("sta_", number, sequence);
    envelope["aggregate_id"] = json!(id("pm_", number));
    let at = 1_700_000_000_000_i64;
    let json = json!({"envelope": envelope, "status": "active", "created_at": at, "updated_at": at, "younger": 1});
    super::method::method(json).expect("a good state")
}

fn entry(topic: Topic, name: &str, json: Value) -> Entry {
    Entry { topic, partition: 3, offset: 7, name: name.to_owned(), timestamp_ms: None, json }
}

#[rstest]
#[case::absent(json!(null), 0)]
#[case::none(json!([]), 0)]
#[case::two(json!(["AAAAAAAAAAAAAAAAAAAAAA==", "/////////////////////w=="]), 2)]
#[case::one_twice(json!(["AAAAAAAAAAAAAAAAAAAAAA==", "AAAAAAAAAAAAAAAAAAAAAA=="]), 1)]
#[case::not_bytes(json!([1, "?"]), 0)]
fn tokens_are_bytes_again(#[case] told: Value, #[case] tokens: usize) {
    let mut json = state_json(1, 1);
    json["search_tokens"] = told;
    let row = super::state(json).expect("a good state");
    assert_eq!(row.search_tokens.len(), tokens);
    assert!(row.search_tokens.iter().all(|token| token.len() == 16));
}

#[test]
fn a_state_is_kept_whole_and_its_columns_are_taken_from_it() {
    let row = state(1, 3);
    assert_eq!((row.sequence, row.amount, row.captured_amount, row.refunded_amount), (3, 1250, 1250, 0));
    assert_eq!((row.mode, row.tenant.as_str(), row.payment_id.to_string()), (Mode::Test, "acme", id("pay_", 1)));
    assert_eq!(row.updated_at, SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_123));
    assert_eq!(row.state, state_json(1, 3), "with the fields that this build does not know");
}

#[test]
fn a_payment_method_is_kept_whole_and_its_outcomes_are_kept_as_those_of_payments() {
    let row = method(1, 3);
    assert_eq!((row.sequence, row.status.as_str(), row.payment_method_id.to_string()), (3, "active", id("pm_", 1)));
    assert_eq!(row.state["younger"], 1);
    let mut json = json!({"envelope": envelope("out_", 1, 1), "command_id": id("cmd_", 1), "status": "applied"});
    json["envelope"]["aggregate_id"] = json!(id("pm_", 1));
    assert_eq!(super::outcome(json).expect("a good outcome").aggregate_id.to_string(), id("pm_", 1));
}

#[rstest]
#[case("quittance.payment.PaymentCreated", "payment.created")]
#[case("quittance.payment.PaymentReviewOpened", "payment.review_opened")]
#[case("quittance.customer.CustomerVerified", "customer.verified")]
#[case("quittance.payment_method.PaymentMethodSetUpFailed", "payment_method.set_up_failed")]
#[case("quittance.payment.RefundSent", "refund_sent")]
#[case("Odd", "odd")]
#[case("", "")]
fn event_types(#[case] name: &str, #[case] kind: &str) {
    assert_eq!(event_type(name), kind);
}

#[test]
fn an_event_of_an_unknown_kind_is_history_too() {
    let json = json!({"envelope": envelope("evt_", 1, 9), "points": 7});
    let row = row(entry(Topic::PaymentEvents, "quittance.payment.PaymentGilded", json.clone()));
    let Ok(Row::Event(row)) = row else { panic!("{row:?}") };
    assert_eq!((row.kind.as_str(), row.sequence, row.data), ("payment.gilded", 9, json));
    assert_eq!((row.stream, row.partition, row.position), ("payment", 3, 7));
}

#[rstest]
#[case(Topic::PaymentState, "quittance.payment.Outcome")]
#[case(Topic::PaymentOutcomes, "quittance.payment.PaymentState")]
#[case(Topic::PaymentCommands, "quittance.payment.CreatePayment")]
fn what_does_not_belong_on_a_topic_is_refused(#[case] topic: Topic, #[case] name: &str) {
    assert!(row(entry(topic, name, state_json(1, 1))).is_err());
}

#[rstest]
#[case("/envelope/aggregate_id", json!("pay_1"), "envelope.aggregate_id")]
#[case("/envelope/tenant", json!("Acme!"), "envelope.tenant")]
#[case("/envelope/mode", json!("dry"), "envelope.mode")]
#[case("/envelope/sequence", json!(null), "envelope.sequence")]
#[case("/amount", json!(1.5), "amount")]
#[case("/created_at", json!(i64::MAX), "created_at")]
fn a_bad_field_is_named(#[case] path: &str, #[case] value: Value, #[case] field: &'static str) {
    let mut json = state_json(1, 1);
    *json.pointer_mut(path).expect("a field") = value;
    let error = super::state(json).expect_err("a bad field");
    assert!(matches!(error, ReadError::Invalid(found) if found == field), "{error}");
}

#[test]
fn what_postgres_cannot_hold_is_replaced() {
    let mut json = state_json(1, 1);
    json["status"] = json!("a\0b");
    json["failure"] = json!({"messages": ["\0"]});
    let row = super::state(json).expect("a good state");
    assert_eq!((row.status.as_str(), &row.state["failure"]["messages"][0]), ("a\u{fffd}b", &json!("\u{fffd}")));
}
