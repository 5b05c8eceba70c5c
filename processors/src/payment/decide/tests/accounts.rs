//! A report is of one charge at one gateway account, and acts on nothing else.

use quittance_avro::{
    records::{CreatePayment, GatewayEffect, GatewayFact},
    words::{
        CaptureMethod::{self, Automatic, Manual},
        FactStatus::{self, Failed, Succeeded},
        OperationKind::{self, Capture, Refund, Void},
        OperationStatus,
        ResultOutcome::{self, ActionRequired, Approved, NotProcessed},
    },
};
use rstest::rstest;

use super::scenario::{Scenario, told};
use crate::payment::{
    decision::Decision,
    event::Event,
    samples::{Ask, COMMAND, command, fact, input, notice},
};

/// The first account did not process it, and the second one says this. Gives what was asked of the first one, too.
fn failed_over(capture: CaptureMethod, outcome: ResultOutcome) -> (Scenario, GatewayEffect) {
    let asked = CreatePayment { gateway_account: String::new(), ..command(capture) };
    let mut scenario = Scenario::begun_by(&input(COMMAND, asked));
    let first = scenario.latest().clone();
    scenario.gateway_says(NotProcessed);
    scenario.gateway_says(outcome);
    (scenario, first)
}

/// Something that was done at an account, and not by us.
fn done_at(effect: &GatewayEffect, kind: OperationKind, status: FactStatus, name: &str) -> GatewayFact {
    let name = Some(name.to_owned());
    GatewayFact { attempt_id: None, gateway_reference: name, ..fact(effect, kind, status) }
}

fn hears(scenario: &mut Scenario, effect: &GatewayEffect, facts: Vec<GatewayFact>) -> Decision {
    scenario.pass(1);
    let at = scenario.now;
    scenario.take(&notice(effect, facts, at))
}

const NOTHING: &str = "ignored: AlreadySettled";

#[rstest]
#[case::held(Manual, Approved)]
#[case::taken(Automatic, Approved)]
#[case::to_act(Automatic, ActionRequired)]
fn a_void_where_nothing_is_held_any_more_does_not_end_the_payment(
    #[case] capture: CaptureMethod,
    #[case] outcome: ResultOutcome,
) {
    let (mut scenario, first) = failed_over(capture, outcome);
    let before = scenario.changelog().clone();
    let mut void = done_at(&first, Void, Succeeded, "void_1");
    assert_eq!(told(&hears(&mut scenario, &first, vec![void.clone()])), NOTHING);
    void.gateway_reference = None;
    assert_eq!(told(&hears(&mut scenario, &first, vec![void])), NOTHING);
    assert_eq!(*scenario.changelog(), before);
}

/// Our own void, of which the first account knows nothing either.
#[test]
fn a_void_under_way_elsewhere_is_not_the_one_reported() {
    let (mut scenario, first) = failed_over(Manual, Approved);
    scenario.asks(Ask::Cancel);
    let mut void = done_at(&first, Void, Succeeded, "void_1");
    void.gateway_reference = None;
    assert_eq!(told(&hears(&mut scenario, &first, vec![void])), NOTHING);
    assert_eq!(scenario.operation(Void).status, OperationStatus::Pending);
}

/// Money was moved where nothing was authorized that we know of.
#[rstest]
#[case::capture(Capture)]
#[case::refund(Refund)]
fn what_is_moved_where_it_was_given_up_is_for_a_person(#[case] kind: OperationKind) {
    let (mut scenario, first) = failed_over(Automatic, Approved);
    let moved = done_at(&first, kind, Succeeded, "moved_1");
    let decision = hears(&mut scenario, &first, vec![moved]);
    assert_eq!(told(&decision), "review_opened → succeeded review:contradicting_result");
    let Decision::Applied(change) = decision else { panic!("a person is told") };
    let [Event::ReviewOpened(review)] = &change.events[..] else { panic!("and nothing else happens") };
    assert_eq!((&*review.gateway_account, review.attempt_id), ("other", first.attempt_id));
    assert_eq!(told(&hears(&mut scenario, &first, vec![done_at(&first, kind, Failed, "moved_2")])), NOTHING);
}

#[test]
fn the_capture_of_one_charge_is_not_that_of_another() {
    let (mut scenario, first) = failed_over(Automatic, Approved);
    assert_eq!(told(&hears(&mut scenario, &first, vec![fact(&first, Capture, Failed)])), NOTHING);
    assert_eq!(scenario.payment().captured_amount, scenario.payment().amount);
}

/// Two gateways may give the same name to two things.
#[test]
fn a_name_is_a_name_at_one_account_only() {
    let (mut scenario, first) = failed_over(Automatic, Approved);
    let second = scenario.latest().clone();
    let mut refund = done_at(&second, Refund, Succeeded, "re_1");
    refund.details.gateway_reference = Some("re_1".to_owned());
    assert_eq!(told(&hears(&mut scenario, &second, vec![refund])), "refunded → succeeded");
    hears(&mut scenario, &first, vec![done_at(&first, Refund, Failed, "re_1")]);
    assert_eq!(scenario.operation(Refund).status, OperationStatus::Succeeded);
}

#[test]
fn an_attempt_that_was_made_elsewhere_is_not_settled_by_mistake() {
    let (mut scenario, first) = failed_over(Automatic, ResultOutcome::Unknown);
    let second = scenario.latest().clone();
    let told_of = |status| vec![fact(&second, OperationKind::Authorize, status)];
    assert_eq!(told(&hears(&mut scenario, &first, told_of(Failed))), NOTHING);
    let expected = "review_opened → processing review:contradicting_result retry";
    assert_eq!(told(&hears(&mut scenario, &first, told_of(Succeeded))), expected);
}
