//! Records that are ours, and records that are not.

use quittance_avro::{
    records::{GatewayResult, Record},
    schema,
    wire::Encoder,
    words::{CaptureMethod::Automatic, ResultOutcome::Approved},
};
use rstest::rstest;

use super::*;
use crate::payment::{
    decide::decide,
    decision::{Change, Decision},
    policy::policy,
    samples::{COMMAND, PAYMENT, TRACE, answer, command, create, start},
};

fn created() -> Change {
    match decide(None, &create(Automatic), TRACE, start(), &policy()) {
        Decision::Applied(change) => *change,
        other => panic!("{other:?}"),
    }
}

fn result() -> GatewayResult {
    answer(&created().effect.expect("the gateway is asked"), Approved)
}

fn read<R: Record>(record: &R) -> Result<Message, DecodeError> {
    let mut decoder = Decoder::new();
    decoder.learn(7, &schema::of::<R>().json).expect("a schema of ours");
    Message::read(&decoder, &Encoder::new(7).encode(record).expect("it fits its schema"))
}

#[test]
fn commands_and_results_are_told_apart() {
    let command = command(Automatic);
    assert_eq!(read(&command).ok(), Some(Message::Create(Box::new(command))));
    let result = result();
    assert_eq!(read(&result).ok(), Some(Message::Result(Box::new(result))));
}

#[test]
fn no_other_record_comes_in() {
    let told = read(&created().effect.expect("the gateway is asked"));
    assert!(matches!(told, Err(DecodeError::OtherRecord { .. })), "{told:?}");
    let told = Message::read(&Decoder::new(), b"");
    assert!(matches!(told, Err(DecodeError::NotWireFormat)), "{told:?}");
}

#[test]
fn a_message_is_for_the_payment_that_its_key_names() {
    let key = PAYMENT.to_string();
    let addressed = |message: Message| message.addressed(Some(key.as_bytes())).ok();
    let command = Box::new(command(Automatic));
    let expected = Input::Create { id: COMMAND, command: command.clone() };
    assert_eq!(addressed(Message::Create(command)), Some((key.clone(), expected)));
    let result = Box::new(result());
    assert_eq!(addressed(Message::Result(result.clone())), Some((key.clone(), Input::Result(result))));
}

#[rstest]
#[case::no_key(None, "pay_00000000000000000000000000000001", "cmd_000000000000000000000000000000c0", "key")]
#[case::another_key(
    Some("pay_00000000000000000000000000000002"),
    "pay_00000000000000000000000000000001",
    "cmd_000000000000000000000000000000c0",
    "key"
)]
#[case::no_payment(
    Some("cus_00000000000000000000000000000001"),
    "cus_00000000000000000000000000000001",
    "cmd_000000000000000000000000000000c0",
    "envelope.aggregate_id"
)]
#[case::no_command(
    Some("pay_00000000000000000000000000000001"),
    "pay_00000000000000000000000000000001",
    "evt_000000000000000000000000000000c0",
    "envelope.id"
)]
fn a_message_that_is_not_addressed_right(
    #[case] key: Option<&str>,
    #[case] aggregate_id: &str,
    #[case] id: &str,
    #[case] field: &str,
) {
    let mut command = command(Automatic);
    command.envelope.aggregate_id = aggregate_id.to_owned();
    command.envelope.id = id.to_owned();
    let told = Message::Create(Box::new(command)).addressed(key.map(str::as_bytes));
    assert!(matches!(told, Err(ReadError::Invalid(found)) if found == field), "{told:?}");
}
