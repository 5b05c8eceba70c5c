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
    decision::{Change, Context, Decision},
    policy::policy,
    samples::{Ask, COMMAND, PAYMENT, TRACE, answer, ask, command, create, gateways, input, start},
};

fn created() -> Change {
    let gateways = gateways();
    let cx = Context { now: start(), traceparent: TRACE, policy: &policy(), gateways: &gateways };
    match decide(None, &create(Automatic), cx) {
        Decision::Applied(change) => *change,
        other => panic!("{other:?}"),
    }
}

fn result() -> GatewayResult {
    answer(&created().effects[0], Approved)
}

fn read<R: Record>(record: &R) -> Result<Message, DecodeError> {
    let mut decoder = Decoder::new();
    decoder.learn(7, &schema::of::<R>().json).expect("a schema of ours");
    Message::read(&decoder, &Encoder::new(7).encode(record).expect("it fits its schema"))
}

#[test]
fn commands_and_results_are_told_apart() {
    let command = command(Automatic);
    assert_eq!(read(&command).ok(), Some(Message::Command(Box::new(command.into()))));
    let result = result();
    assert_eq!(read(&result).ok(), Some(Message::Result(Box::new(result))));
}

#[test]
fn every_command_is_read_as_what_it_is() {
    let asks = [
        Ask::Capture { amount: Some(1), is_final: false },
        Ask::Refund { amount: None },
        Ask::Cancel,
        Ask::Confirm,
        Ask::Approve,
        Ask::Reject,
        Ask::Acknowledge,
        Ask::Update,
    ];
    for what in asks {
        let Input::Command(command) = ask(1, what) else { panic!("a command") };
        let told = match command.request.clone() {
            Request::Create(record) => read(&record),
            Request::Capture(record) => read(&record),
            Request::Refund(record) => read(&record),
            Request::Cancel(record) => read(&record),
            Request::Confirm(record) => read(&record),
            Request::Approve(record) => read(&record),
            Request::Reject(record) => read(&record),
            Request::Resolve(record) => read(&record),
            Request::Update(record) => read(&record),
        };
        assert_eq!(told.ok(), Some(Message::Command(Box::new(command.request))));
    }
}

#[test]
fn the_only_timer_of_the_first_version_is_for_the_only_attempt() {
    let mut old = created().state;
    let mut timer = old.timers.remove(0);
    let attempt = timer.attempt_id.take();
    (old.timer, old.state_version, old.state.state_version) = (Some(timer.clone()), 1, 1);
    let read = of_known_version(Kept::Payment(Box::new(old))).expect("an older state is read");
    let read = read.payment().expect("a payment");
    assert_eq!(read.timer, None);
    assert_eq!(read.timers, [quittance_avro::records::Timer { attempt_id: attempt, ..timer }]);
    assert_eq!((read.state_version, read.state.state_version), (STATE_VERSION, STATE_VERSION));
}

#[test]
fn no_other_record_comes_in() {
    let told = read(&created().effects[0]);
    assert!(matches!(told, Err(DecodeError::OtherRecord { .. })), "{told:?}");
    let told = Message::read(&Decoder::new(), b"");
    assert!(matches!(told, Err(DecodeError::NotWireFormat)), "{told:?}");
}

#[test]
fn a_message_is_for_the_payment_that_its_key_names() {
    let key = PAYMENT.to_string();
    let addressed = |message: Message| message.addressed(Some(key.as_bytes())).ok();
    let command = command(Automatic);
    let expected = input(COMMAND, command.clone());
    assert_eq!(addressed(Message::Command(Box::new(command.into()))), Some((key.clone(), Incoming::Payment(expected))));
    let result = Box::new(result());
    assert_eq!(
        addressed(Message::Result(result.clone())),
        Some((key.clone(), Incoming::Payment(Input::Result(result))))
    );
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
    let told = Message::Command(Box::new(command.into())).addressed(key.map(str::as_bytes));
    assert!(matches!(told, Err(ReadError::Invalid(found)) if found == field), "{told:?}");
}

#[test]
fn what_is_for_a_payment_method_comes_under_its_id_alone() {
    use crate::payment_method::samples::{self, Ask, METHOD, creation};
    let asks = [creation(&["stripe"]), samples::ask(1, Ask::Confirm), samples::ask(2, Ask::Remove)];
    for ask in asks {
        let payment_method::Input::Command(command) = &ask else { panic!("a command") };
        let told = match command.request.clone() {
            payment_method::Request::Create(record) => read(&*record),
            payment_method::Request::Confirm(record) => read(&*record),
            payment_method::Request::Remove(record) => read(&*record),
        };
        let message = Message::MethodCommand(Box::new(command.request.clone()));
        assert_eq!(told.as_ref().ok(), Some(&message));
        let key = METHOD.to_string();
        let addressed = told.ok().and_then(|told| told.addressed(Some(key.as_bytes())).ok());
        assert_eq!(addressed, Some((key, Incoming::Method(ask))));
    }
    let mut result = result();
    result.envelope.aggregate_id = METHOD.to_string();
    let strange = Message::Result(Box::new(result)).addressed(Some(METHOD.to_string().as_bytes()));
    assert!(matches!(strange, Err(ReadError::Invalid("envelope.aggregate_id"))), "{strange:?}");
}
