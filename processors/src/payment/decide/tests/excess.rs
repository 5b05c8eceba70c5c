//! More is moved than there is to move. It is a fact all the same, and a person hears of it, whoever did it and however it came to
//! light.

use quittance_avro::{
    records::GatewayFact,
    words::{
        CaptureMethod::Automatic,
        FactStatus::{Failed, Succeeded},
        OperationKind::{self, Capture, Refund},
        Resolution,
        ResultOutcome::{Approved, Declined},
    },
};
use rstest::rstest;

use super::{
    reports::{charge, foreign},
    scenario::{Scenario, told},
};
use crate::payment::samples::{Ask, amount, answer, command_id, fact, input, resolution};

const ALL: Ask = Ask::Refund { amount: None };

fn notice(scenario: &mut Scenario, fact: GatewayFact) -> String {
    let mut facts = charge(scenario);
    facts.retain(|known| (known.kind, known.attempt_id) != (fact.kind, fact.attempt_id));
    facts.push(fact);
    told(&scenario.notices(facts))
}

#[test]
fn more_than_was_captured_is_a_fact_and_for_a_person() {
    let mut scenario = Scenario::captured();
    scenario.asks(ALL);
    scenario.gateway_says(Approved);
    let dashboard = foreign(&scenario, Refund, "re_dashboard", 1);
    assert_eq!(notice(&mut scenario, dashboard), "refunded review_opened → succeeded review:gateway_excess");
    assert_eq!(scenario.payment().refunded_amount, amount(1251));
}

#[test]
fn our_refund_and_one_in_the_dashboard_may_be_too_much_together() {
    let mut scenario = Scenario::captured();
    scenario.asks(ALL);
    let dashboard = foreign(&scenario, Refund, "re_dashboard", 250);
    assert_eq!(notice(&mut scenario, dashboard), "refunded → succeeded");
    assert_eq!(told(&scenario.gateway_says(Approved)), "refunded review_opened → succeeded review:gateway_excess");
    assert_eq!(told(&scenario.asks(Ask::Acknowledge)), "review_resolved → succeeded");
    assert_eq!(told(&scenario.asks(Ask::Update)), "updated → succeeded", "what is known is not told again");
}

/// The capture is taken back when its money has been given back already.
#[rstest]
#[case::in_one_charge(true)]
#[case::in_an_operation_of_its_own(false)]
fn a_capture_that_fails_after_its_refund(#[case] is_one_charge: bool) {
    let mut scenario = if is_one_charge { Scenario::captured() } else { Scenario::authorized() };
    if !is_one_charge {
        scenario.asks(Ask::Capture { amount: None, is_final: true });
        scenario.gateway_says(Approved);
    }
    let effect = scenario.latest().clone();
    scenario.asks(ALL);
    scenario.gateway_says(Approved);
    let told = notice(&mut scenario, fact(&effect, Capture, Failed));
    assert_eq!(told, "operation_corrected review_opened → requires_capture review:gateway_excess");
}

#[test]
fn a_refund_that_succeeds_after_all_beside_the_one_that_made_up_for_it() {
    let mut scenario = Scenario::captured();
    scenario.asks(ALL);
    let first = scenario.latest().clone();
    scenario.gateway_says(Declined);
    scenario.asks(ALL);
    scenario.gateway_says(Approved);
    let told = notice(&mut scenario, fact(&first, Refund, Succeeded));
    assert_eq!(told, "operation_corrected refunded review_opened → succeeded review:gateway_excess");
}

/// A payment that was canceled and taken all the same.
fn unwanted() -> Scenario {
    let mut scenario = Scenario::created(Automatic);
    scenario.asks(Ask::Cancel);
    scenario.gateway_says(Approved);
    scenario
}

#[test]
fn what_nobody_wants_may_be_given_back_in_the_dashboard() {
    let mut scenario = unwanted();
    let dashboard = foreign(&scenario, Refund, "re_dashboard", 1250);
    assert_eq!(notice(&mut scenario, dashboard), "refunded canceled → canceled");
    assert_eq!(told(&scenario.gateway_says(Declined)), "operation_failed → canceled");
    assert!(scenario.payment().review.is_none());
}

#[test]
fn what_nobody_wants_may_be_given_back_twice() {
    let mut scenario = unwanted();
    let dashboard = foreign(&scenario, Refund, "re_dashboard", 1250);
    notice(&mut scenario, dashboard);
    assert_eq!(told(&scenario.gateway_says(Approved)), "refunded review_opened → canceled review:gateway_excess");
}

/// A person cannot have an operation succeed that failed, once something else has made up for it.
#[test]
fn a_refund_that_failed_cannot_be_resolved_when_nothing_is_left_to_give_back() {
    let mut scenario = unwanted();
    let first = scenario.operation(Refund).id.clone();
    for _ in 0..3 {
        scenario.gateway_says(Declined);
    }
    let by_hand = input(command_id(7), resolution(7, Some(&first), Resolution::Succeeded));
    assert_eq!(told(&scenario.clone().take(&by_hand)), "review_resolved refunded canceled → canceled");
    let dashboard = foreign(&scenario, Refund, "re_dashboard", 1250);
    assert_eq!(notice(&mut scenario, dashboard), "refunded canceled → canceled review:unwanted_success");
    assert_eq!(told(&scenario.take(&by_hand)), "refused: resolution_invalid");
    assert_eq!(told(&scenario.asks(Ask::Acknowledge)), "review_resolved → canceled");
}

#[test]
fn a_capture_that_failed_cannot_be_resolved_when_all_is_captured() {
    let mut scenario = Scenario::created(Automatic);
    let held =
        quittance_avro::records::GatewayResult { captured_amount: amount(0), ..answer(scenario.latest(), Approved) };
    scenario.result(held);
    let by_system = scenario.operation(OperationKind::Capture).id.clone();
    scenario.gateway_says(Declined);
    scenario.asks(Ask::Capture { amount: None, is_final: true });
    scenario.gateway_says(Approved);
    let dashboard = foreign(&scenario, Refund, "re_dashboard", 1251);
    notice(&mut scenario, dashboard);
    let by_hand = input(command_id(7), resolution(7, Some(&by_system), Resolution::Succeeded));
    assert_eq!(told(&scenario.take(&by_hand)), "refused: resolution_invalid");
}
