//! What each command does.

use quittance_avro::{
    ids::CommandId,
    records::{Bytes, CreatePayment, PaymentCreated},
    words::{
        CaptureMethod::Automatic,
        EffectKind, Mode, OutcomeStatus,
        ResultOutcome::{self, Approved, Declined, Unknown},
    },
};
use rstest::rstest;
use uuid::Uuid;

use super::{
    folded::envelope,
    scenario::{Scenario, told},
};
use crate::payment::{
    decide::decide,
    decision::{Change, Decision, Event, Input},
    policy::policy,
    samples::{COMMAND, TRACE, amount, command, create, start},
};

#[test]
fn a_payment_is_created_and_sent() {
    let mut scenario = Scenario::new(policy());
    let decision = scenario.take(&create(Automatic));
    assert_eq!(told(&decision), "created → processing authorize:1");
    let Decision::Applied(change) = decision else { panic!("it was applied") };
    let asked = command(Automatic);
    let Event::Created(event) = &change.events[0] else { panic!("it was created") };
    let expected = PaymentCreated {
        envelope: event.envelope.clone(),
        amount: asked.amount,
        currency: asked.currency,
        capture: asked.capture,
        payment_method: asked.payment_method,
        gateway_account: asked.gateway_account,
        initiator: asked.initiator,
        stored_credential: asked.stored_credential,
        sealed: asked.sealed,
    };
    assert_eq!(*event, expected);
    assert_eq!(event.envelope.actor, asked.envelope.actor);
    assert_eq!(change.state.traceparent, TRACE);
    let effect = change.effect.expect("the gateway is asked");
    assert_eq!((effect.kind, effect.not_after), (EffectKind::Authorize, scenario.now.plus_ms(30_000)));
    assert_eq!(scenario.due_at(), Some(scenario.now.plus_ms(330_000)));
}

fn with(change: impl FnOnce(&mut CreatePayment)) -> CreatePayment {
    let mut command = command(Automatic);
    change(&mut command);
    command
}

#[test]
fn a_payments_sequence_begins_at_one_whatever_its_command_says() {
    let command = Box::new(with(|command| command.envelope.sequence = Some(5)));
    let decision = Scenario::new(policy()).take(&Input::Create { id: COMMAND, command });
    let Decision::Applied(change) = decision else { panic!("it is applied") };
    let Event::Created(event) = &change.events[0] else { panic!("it was created") };
    assert_eq!((event.envelope.sequence, change.state.state.envelope.sequence), (Some(1), Some(1)));
}

#[rstest]
#[case::nothing(with(|command| command.amount = amount(0)), "amount_invalid")]
#[case::negative(with(|command| command.amount = amount(-5)), "amount_invalid")]
#[case::too_large(with(|command| command.amount = amount(1 << 53)), "amount_invalid")]
#[case::no_token(with(|command| command.payment_method.tokens.clear()), "no_token")]
#[case::token_of_another(with(|command| command.gateway_account = "elsewhere".to_owned()), "no_token")]
fn a_payment_that_cannot_be(#[case] command: CreatePayment, #[case] code: &str) {
    let mut scenario = Scenario::new(policy());
    let decision = scenario.take(&Input::Create { id: COMMAND, command: Box::new(command.clone()) });
    assert_eq!(told(&decision), format!("refused: {code}"));
    let Decision::Refused(outcome) = decision else { panic!("it was refused") };
    assert_eq!((outcome.status, outcome.sequence), (OutcomeStatus::Refused, None));
    assert_eq!((outcome.command_id, outcome.envelope.cause), (COMMAND, Some(COMMAND)));
    assert_eq!(outcome.fingerprint, command.fingerprint);
    assert_eq!(outcome.envelope.aggregate_id, command.envelope.aggregate_id);
}

/// The outcome is that of the request that was applied, whatever the second one says and wherever the payment stands.
#[rstest]
#[case::at_once(&[])]
#[case::in_doubt(&[Unknown])]
#[case::approved(&[Approved])]
#[case::declined(&[Declined])]
fn the_same_command_again(#[case] outcomes: &[ResultOutcome]) {
    let mut scenario = Scenario::new(policy());
    let Decision::Applied(change) = scenario.take(&create(Automatic)) else { panic!("it was applied") };
    for outcome in outcomes {
        scenario.gateway_says(*outcome);
    }
    scenario.pass(1_000);
    let other = with(|command| {
        command.amount = amount(1);
        command.fingerprint.digest = Bytes(vec![8; 32]);
        command.envelope.merchant_account = "paris".to_owned();
    });
    for command in [command(Automatic), other] {
        let Decision::Repeated(told) = scenario.take(&Input::Create { id: COMMAND, command: Box::new(command) }) else {
            panic!("it was applied before")
        };
        let mut expected = change.outcome.clone().expect("a command has an outcome");
        expected.envelope.occurred_at = scenario.now;
        assert_eq!(*told, expected);
    }
}

#[test]
fn another_command_for_a_payment_that_exists_is_refused() {
    let mut scenario = Scenario::created(Automatic);
    let id = CommandId::new(Uuid::from_u128(0xc1));
    let decision = scenario.take(&Input::Create { id, command: Box::new(command(Automatic)) });
    assert_eq!(told(&decision), "refused: already_exists");
    let Decision::Refused(outcome) = decision else { panic!("it was refused") };
    assert_eq!((outcome.command_id, outcome.envelope.cause), (id, Some(id)));
}

fn applied(command: CreatePayment) -> Change {
    let input = Input::Create { id: COMMAND, command: Box::new(command) };
    match decide(None, &input, TRACE, start(), &policy()) {
        Decision::Applied(change) => *change,
        other => panic!("{other:?}"),
    }
}

/// The attempt's id is the key at the gateway: two payments must never share it, nor the records that go with it.
#[test]
fn two_payments_have_no_id_in_common() {
    let ids = |aggregate_id: &str| {
        let change = applied(with(|command| command.envelope.aggregate_id = aggregate_id.to_owned()));
        let effect = change.effect.expect("the gateway is asked");
        let event = envelope(&change.events[0]).id.clone();
        let state = change.state.state.envelope.id;
        [effect.attempt_id.to_string(), effect.operation_id, effect.envelope.id, event, state]
    };
    let one = ids("pay_00000000000000000000000000000001");
    let other = ids("pay_00000000000000000000000000000002");
    assert!(one.iter().all(|id| !other.contains(id)));
}

#[test]
fn a_live_payment_is_live_in_all_its_records() {
    let change = applied(with(|command| command.envelope.mode = Mode::Live));
    let effect = change.effect.expect("the gateway is asked").envelope;
    let outcome = change.outcome.expect("a command has an outcome").envelope;
    let modes = [&effect, &outcome, &change.state.state.envelope, envelope(&change.events[0])].map(|found| found.mode);
    assert_eq!(modes, [Mode::Live; 4]);
}
