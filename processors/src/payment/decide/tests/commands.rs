//! What each command does in each status.

use std::collections::BTreeSet;

use quittance_avro::{
    ids::CommandId,
    records::{Bytes, CreatePayment},
    words::{
        CaptureMethod::{Automatic, Manual},
        EffectKind, FactStatus, Mode, OperationKind, OutcomeStatus, PaymentStatus,
        ResultOutcome::{self, Approved, Declined, Pending, Unknown},
    },
};
use rstest::rstest;

use super::{
    results::under_review,
    scenario::{Scenario, told},
};
use crate::payment::{
    decide::decide,
    decision::{Change, Context, Decision},
    event::Event,
    policy::policy,
    samples::{Ask, COMMAND, TRACE, amount, command, command_id, create, fact, gateways, input, start, update},
};

const ALL: Ask = Ask::Capture { amount: None, is_final: true };
const REFUND: Ask = Ask::Refund { amount: None };
const PART: Ask = Ask::Capture { amount: Some(400), is_final: false };

/// Everything that can be asked. A match, so that a new command has to be put in.
pub(super) fn asks() -> [Ask; 9] {
    let known =
        [Ask::Create, ALL, REFUND, Ask::Cancel, Ask::Confirm, Ask::Approve, Ask::Reject, Ask::Acknowledge, Ask::Update];
    for ask in known {
        match ask {
            Ask::Create
            | Ask::Capture { .. }
            | Ask::Refund { .. }
            | Ask::Cancel
            | Ask::Confirm
            | Ask::Approve
            | Ask::Reject
            | Ask::Acknowledge
            | Ask::Update => {}
        }
    }
    known
}

pub(super) fn on_hold() -> Scenario {
    Scenario::begun_by(&input(COMMAND, CreatePayment { hold: true, ..command(Automatic) }))
}

/// A capture of all is under way.
fn capturing() -> Scenario {
    let mut scenario = Scenario::authorized();
    scenario.asks(ALL);
    scenario
}

/// 4.00 of 12.50 EUR are captured.
fn partly_captured() -> Scenario {
    let mut scenario = Scenario::authorized();
    scenario.asks(PART);
    scenario.gateway_says(Approved);
    scenario
}

/// A refund of all is under way.
fn refunding() -> Scenario {
    let mut scenario = Scenario::captured();
    scenario.asks(REFUND);
    scenario
}

fn refunded() -> Scenario {
    let mut scenario = refunding();
    scenario.gateway_says(Approved);
    scenario
}

/// A void is under way.
fn canceling() -> Scenario {
    let mut scenario = Scenario::authorized();
    scenario.asks(Ask::Cancel);
    scenario
}

fn canceled() -> Scenario {
    let mut scenario = canceling();
    scenario.gateway_says(Approved);
    scenario
}

fn expired() -> Scenario {
    let mut scenario = Scenario::authorized();
    scenario.timer_fires();
    scenario.gateway_says(Approved);
    scenario
}

fn declined() -> Scenario {
    let mut scenario = Scenario::created(Automatic);
    scenario.gateway_says(Declined);
    scenario
}

const EXISTS: &str = "refused: already_exists";
const NO_CAPTURE: &str = "refused: not_capturable";
const NO_REFUND: &str = "refused: not_refundable";
const NO_CANCEL: &str = "refused: not_cancelable";
const NO_ACTION: &str = "refused: no_action_required";
const NO_HOLD: &str = "refused: not_on_hold";
const NO_REVIEW: &str = "refused: not_under_review";

#[rstest]
#[case::processing(Scenario::created(Automatic), PaymentStatus::Processing, [
    EXISTS, NO_CAPTURE, NO_REFUND, "cancel_requested → processing", NO_ACTION, NO_HOLD, NO_HOLD, NO_REVIEW, "updated → processing",
])]
#[case::requires_action(Scenario::awaiting_action(), PaymentStatus::RequiresAction, [
    EXISTS, NO_CAPTURE, NO_REFUND, "cancel_requested operation_requested → processing void:1", "confirmed → processing query:1", NO_HOLD, NO_HOLD, NO_REVIEW, "updated → requires_action retry",
])]
#[case::on_hold(on_hold(), PaymentStatus::OnHold, [
    EXISTS, NO_CAPTURE, NO_REFUND, "cancel_requested canceled → canceled", NO_ACTION, "approved → processing authorize:1", "rejected → failed", NO_REVIEW, "updated → on_hold",
])]
#[case::requires_capture(Scenario::authorized(), PaymentStatus::RequiresCapture, [
    EXISTS, "operation_requested → processing capture:1", NO_REFUND, "operation_requested → processing void:1", NO_ACTION, NO_HOLD, NO_HOLD, NO_REVIEW, "updated → requires_capture",
])]
#[case::capturing(capturing(), PaymentStatus::Processing, [
    EXISTS, "refused: capture_exceeds_authorized", NO_REFUND, "refused: operation_in_progress", NO_ACTION, NO_HOLD, NO_HOLD, NO_REVIEW, "updated → processing",
])]
#[case::partly_captured(partly_captured(), PaymentStatus::RequiresCapture, [
    EXISTS, "operation_requested → processing capture:1", "operation_requested → requires_capture refund:1", "operation_requested → processing void:1", NO_ACTION, NO_HOLD, NO_HOLD, NO_REVIEW, "updated → requires_capture",
])]
#[case::succeeded(Scenario::captured(), PaymentStatus::Succeeded, [
    EXISTS, NO_CAPTURE, "operation_requested → succeeded refund:1", NO_CANCEL, NO_ACTION, NO_HOLD, NO_HOLD, NO_REVIEW, "updated → succeeded",
])]
#[case::refunding(refunding(), PaymentStatus::Succeeded, [
    EXISTS, NO_CAPTURE, "refused: refund_exceeds_captured", NO_CANCEL, NO_ACTION, NO_HOLD, NO_HOLD, NO_REVIEW, "updated → succeeded",
])]
#[case::refunded(refunded(), PaymentStatus::Succeeded, [
    EXISTS, NO_CAPTURE, "refused: refund_exceeds_captured", NO_CANCEL, NO_ACTION, NO_HOLD, NO_HOLD, NO_REVIEW, "updated → succeeded",
])]
#[case::canceling(canceling(), PaymentStatus::Processing, [
    EXISTS, NO_CAPTURE, NO_REFUND, NO_CANCEL, NO_ACTION, NO_HOLD, NO_HOLD, NO_REVIEW, "updated → processing",
])]
#[case::canceled(canceled(), PaymentStatus::Canceled, [
    EXISTS, NO_CAPTURE, NO_REFUND, NO_CANCEL, NO_ACTION, NO_HOLD, NO_HOLD, NO_REVIEW, "updated → canceled",
])]
#[case::expired(expired(), PaymentStatus::Expired, [
    EXISTS, NO_CAPTURE, NO_REFUND, NO_CANCEL, NO_ACTION, NO_HOLD, NO_HOLD, NO_REVIEW, "updated → expired",
])]
#[case::failed(declined(), PaymentStatus::Failed, [
    EXISTS, NO_CAPTURE, NO_REFUND, NO_CANCEL, NO_ACTION, NO_HOLD, NO_HOLD, NO_REVIEW, "updated → failed",
])]
#[case::under_review(under_review(), PaymentStatus::Processing, [
    EXISTS, NO_CAPTURE, NO_REFUND, "cancel_requested → processing unknown review:outcome_unknown", NO_ACTION, NO_HOLD, NO_HOLD, "refused: resolution_invalid", "updated → processing unknown review:outcome_unknown",
])]
fn every_command(#[case] scenario: Scenario, #[case] status: PaymentStatus, #[case] expected: [&str; 9]) {
    assert_eq!(scenario.payment().status, status);
    for (ask, expected) in asks().into_iter().zip(expected) {
        assert_eq!(told(&scenario.clone().asks(ask)), expected, "{ask:?}");
    }
}

#[test]
fn every_status_is_in_the_table() {
    let situations = [
        Scenario::created(Automatic),
        Scenario::awaiting_action(),
        on_hold(),
        Scenario::authorized(),
        Scenario::captured(),
        canceled(),
        expired(),
        declined(),
    ];
    let found: BTreeSet<PaymentStatus> = situations.iter().map(|scenario| scenario.payment().status).collect();
    assert_eq!(found, PaymentStatus::ALL.iter().copied().collect());
}

#[test]
fn a_payment_is_created_and_sent() {
    let mut scenario = Scenario::new(policy());
    let decision = scenario.take(&create(Automatic));
    assert_eq!(told(&decision), "created → processing authorize:1");
    let Decision::Applied(change) = decision else { panic!("it was applied") };
    let asked = command(Automatic);
    let Event::Created(event) = &change.events[0] else { panic!("it was created") };
    assert_eq!((event.amount, event.currency, event.capture), (asked.amount, asked.currency, asked.capture));
    assert_eq!(event.payment_method, asked.payment_method);
    assert_eq!(event.envelope.actor, asked.envelope.actor);
    assert_eq!(change.state.traceparent, TRACE);
    let effect = &change.effects[0];
    assert_eq!((effect.kind, effect.not_after), (EffectKind::Authorize, scenario.now.plus_ms(30_000)));
    assert_eq!(effect.return_url, asked.return_url);
    assert_eq!(scenario.due_at(), Some(scenario.now.plus_ms(330_000)));
}

fn with(change: impl FnOnce(&mut CreatePayment)) -> CreatePayment {
    let mut command = command(Automatic);
    change(&mut command);
    command
}

#[test]
fn a_payments_sequence_begins_at_one_whatever_its_command_says() {
    let command = with(|command| command.envelope.sequence = Some(5));
    let Decision::Applied(change) = Scenario::new(policy()).take(&input(COMMAND, command)) else {
        panic!("it is applied")
    };
    assert_eq!(change.events[0].envelope().sequence, Some(1));
    assert_eq!(change.state.state.envelope.sequence, Some(1));
}

#[rstest]
#[case::nothing(with(|command| command.amount = amount(0)), "amount_invalid")]
#[case::negative(with(|command| command.amount = amount(-5)), "amount_invalid")]
#[case::too_large(with(|command| command.amount = amount(1 << 53)), "amount_invalid")]
#[case::no_token(with(|command| command.payment_method.tokens.clear()), "no_token")]
#[case::token_of_another(with(|command| command.gateway_account = "elsewhere".to_owned()), "no_token")]
#[case::no_account(with(|command| {
    command.gateway_account.clear();
    command.payment_method.tokens.clear();
}), "no_route")]
fn a_payment_that_cannot_be(#[case] command: CreatePayment, #[case] code: &str) {
    let mut scenario = Scenario::new(policy());
    let decision = scenario.take(&input(COMMAND, command.clone()));
    assert_eq!(told(&decision), format!("refused: {code}"));
    let Decision::Refused(refused) = decision else { panic!("it was refused") };
    assert_eq!(refused.state, None, "an absent payment leaves nothing behind");
    let outcome = refused.outcome;
    assert_eq!((outcome.status, outcome.sequence), (OutcomeStatus::Refused, None));
    assert_eq!((outcome.command_id, outcome.envelope.cause), (COMMAND, Some(COMMAND)));
    assert_eq!(outcome.fingerprint, command.fingerprint);
    assert_eq!(outcome.envelope.aggregate_id, command.envelope.aggregate_id);
}

#[test]
fn a_payment_that_is_not_there_is_asked_for_in_vain() {
    for ask in asks().into_iter().filter(|ask| *ask != Ask::Create) {
        let mut scenario = Scenario::new(policy());
        assert_eq!(told(&scenario.asks(ask)), "refused: not_found");
        assert_eq!(scenario.state, None);
    }
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
        let Decision::Repeated(told) = scenario.take(&input(COMMAND, command)) else { panic!("it was applied before") };
        // Its time, too, is that at which it was applied.
        assert_eq!(Some(*told), change.outcome);
    }
}

#[test]
fn a_refusal_is_told_again_for_a_week_even_if_it_would_be_applied_by_then() {
    let mut scenario = Scenario::created(Manual);
    let early = crate::payment::samples::ask(99, ALL);
    assert_eq!(told(&scenario.take(&early)), NO_CAPTURE);
    scenario.gateway_says(Approved);
    assert_eq!(told(&scenario.take(&early)), "repeated: refused");
    scenario.asks(ALL);
    scenario.gateway_says(Approved);
    scenario.pass(7 * 86_400_000);
    assert_eq!(told(&scenario.take(&early)), NO_CAPTURE, "after a week it is decided anew");
}

#[test]
fn the_latest_refusals_are_remembered() {
    let mut scenario = Scenario::created(Automatic);
    for _ in 0..25 {
        scenario.asks(REFUND);
    }
    assert_eq!(scenario.changelog().refusals.len(), 20);
    assert_eq!(told(&scenario.take(&crate::payment::samples::ask(1, REFUND))), NO_REFUND, "the first is forgotten");
    assert_eq!(told(&scenario.take(&crate::payment::samples::ask(25, REFUND))), "repeated: refused");
}

#[test]
fn a_command_says_which_operation_it_began() {
    let mut scenario = Scenario::authorized();
    let Decision::Applied(change) = scenario.asks(ALL) else { panic!("it is applied") };
    let id = change.outcome.and_then(|outcome| outcome.operation_id).expect("a capture was begun");
    assert_eq!(id, scenario.operation(OperationKind::Capture).id);
    let Decision::Repeated(again) = scenario.take(&crate::payment::samples::ask(1, ALL)) else { panic!("again") };
    assert_eq!(again.operation_id, Some(id));
}

#[test]
fn operations_are_bounded() {
    let mut scenario = Scenario::captured();
    for _ in 0..98 {
        scenario.asks(Ask::Refund { amount: Some(1) });
    }
    assert_eq!(scenario.payment().operations.len(), 100);
    assert_eq!(told(&scenario.asks(Ask::Refund { amount: Some(1) })), "refused: too_many_operations");
}

#[test]
fn changes_of_text_leave_room_for_what_moves_money() {
    let mut scenario = Scenario::captured();
    for _ in 0..250 {
        scenario.asks(Ask::Update);
    }
    assert_eq!(told(&scenario.asks(Ask::Update)), "refused: too_many_operations");
    assert!(matches!(scenario.asks(Ask::Refund { amount: Some(1) }), Decision::Applied(_)));
}

#[test]
fn a_text_replaces_the_one_that_it_was_made_of_and_no_later_one() {
    let mut scenario = Scenario::captured();
    let mut change = |number, made_of| told(&scenario.take(&input(command_id(number), update(number, made_of))));
    assert_eq!(change(1, Some(1)), "updated → succeeded", "made of the text of its creation, whatever happened since");
    assert_eq!(change(2, Some(1)), "refused: text_changed");
    assert_eq!(change(3, None), "updated → succeeded", "as builds ask that do not say what it was made of");
    let came_with = scenario.payment().text_came_with();
    assert_eq!(Some(came_with), scenario.payment().envelope.sequence);
    scenario.asks(Ask::Refund { amount: Some(1) });
    let mut change = |number, made_of| told(&scenario.take(&input(command_id(number), update(number, made_of))));
    assert_eq!(change(4, Some(came_with - 1)), "refused: text_changed");
    assert!(change(5, Some(came_with)).starts_with("updated"));
}

fn applied(command: CreatePayment) -> Change {
    let gateways = gateways();
    let cx = Context { now: start(), traceparent: TRACE, policy: &policy(), gateways: &gateways };
    match decide(None, &input(COMMAND, command), cx) {
        Decision::Applied(change) => *change,
        other => panic!("{other:?}"),
    }
}

/// The attempt's id is the key at the gateway: two payments must never share it, nor the records that go with it.
#[test]
fn two_payments_have_no_id_in_common() {
    let ids = |aggregate_id: &str| {
        let change = applied(with(|command| command.envelope.aggregate_id = aggregate_id.to_owned()));
        let effect = &change.effects[0];
        let event = change.events[0].envelope().id.clone();
        let state = change.state.state.envelope.id;
        [effect.attempt_id.to_string(), effect.operation_id.clone(), effect.envelope.id.clone(), event, state]
    };
    let one = ids("pay_00000000000000000000000000000001");
    let other = ids("pay_00000000000000000000000000000002");
    assert!(one.iter().all(|id| !other.contains(id)));
}

#[test]
fn a_live_payment_is_live_in_all_its_records() {
    let change = applied(with(|command| command.envelope.mode = Mode::Live));
    let outcome = change.outcome.expect("a command has an outcome").envelope;
    let envelopes = [&change.effects[0].envelope, &outcome, &change.state.state.envelope, change.events[0].envelope()];
    assert_eq!(envelopes.map(|found| found.mode), [Mode::Live; 4]);
}

#[test]
fn what_comes_of_a_command_goes_back_to_it() {
    let mut scenario = Scenario::authorized();
    scenario.asks(ALL);
    let cause: Option<CommandId> = scenario.latest().envelope.cause;
    assert_eq!(cause, Some(crate::payment::samples::command_id(1)));
    scenario.gateway_says(Pending);
    let effect = scenario.latest().clone();
    scenario.notices(vec![fact(&effect, OperationKind::Capture, FactStatus::Succeeded)]);
    assert_eq!(scenario.payment().envelope.cause, cause);
}
