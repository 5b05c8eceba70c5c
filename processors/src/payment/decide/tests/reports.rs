//! All that a gateway says of a payment, asked or not, held against what we know.

use quittance_avro::{
    records::GatewayFact,
    words::{
        CaptureMethod::Automatic,
        FactStatus::{self, Failed, Pending, Succeeded},
        OperationKind::{self, Authorize, Capture, Refund, Void},
        OperationStatus, Origin, PaymentStatus,
        ResultOutcome::{Approved, Declined, NotProcessed, Unknown},
    },
};
use rstest::rstest;

use super::{
    results::{in_doubt, querying_later, trying},
    scenario::{Scenario, told},
};
use crate::payment::samples::{Ask, amount, fact};

/// The authorization of a scenario and what was captured with it.
fn charge(scenario: &Scenario) -> Vec<GatewayFact> {
    crate::payment::samples::done(&scenario.effects[0])
}

/// Something that was done at the gateway, and not by us.
fn foreign(scenario: &Scenario, kind: OperationKind, name: &str, minor_units: i64) -> GatewayFact {
    let mut fact = fact(&scenario.effects[0], kind, Succeeded);
    (fact.attempt_id, fact.amount) = (None, amount(minor_units));
    fact.gateway_reference = Some(name.to_owned());
    fact.details.gateway_reference = Some(name.to_owned());
    fact
}

#[test]
fn a_notice_settles_what_is_under_way() {
    for mut scenario in [trying(), in_doubt(), querying_later()] {
        let facts = charge(&scenario);
        assert_eq!(told(&scenario.notices(facts.clone())), "authorized captured → succeeded");
        assert_eq!(told(&scenario.notices(facts)), "ignored: AlreadySettled");
        assert_eq!(told(&scenario.gateway_says(Approved)), "ignored: AlreadySettled", "the answer comes after it");
    }
}

#[test]
fn a_notice_of_a_decline_settles_it_too() {
    let mut scenario = trying();
    let no = fact(&scenario.effects[0], Authorize, Failed);
    assert_eq!(told(&scenario.notices(vec![no])), "declined → failed");
}

#[test]
fn that_a_notice_lacks_something_means_nothing() {
    assert_eq!(told(&trying().notices(vec![])), "ignored: AlreadySettled");
}

#[test]
fn a_query_that_finds_nothing_of_it_is_as_good_as_an_absence() {
    let mut scenario = querying_later();
    assert_eq!(told(&scenario.reports(vec![])), "failed → failed");
}

#[test]
fn a_contradiction_is_settled_by_what_the_gateway_says_when_asked() {
    let mut scenario = trying();
    scenario.gateway_says(Declined);
    let first = scenario.effects[0].clone();
    assert_eq!(told(&scenario.says_of(&first, Approved)), "→ failed query:1");
    let facts = charge(&scenario);
    let expected = "operation_corrected authorized captured → succeeded";
    assert_eq!(told(&scenario.reports(facts)), expected);
    assert!(scenario.payment().failure.is_none() && scenario.changelog().timers.is_empty());
}

#[test]
fn a_contradiction_that_the_gateway_does_not_confirm_is_dropped() {
    let mut scenario = Scenario::captured();
    scenario.gateway_says(Declined);
    let facts = charge(&scenario);
    assert_eq!(told(&scenario.reports(facts)), "→ succeeded");
    assert!(scenario.payment().review.is_none() && scenario.changelog().timers.is_empty());
}

#[test]
fn a_contradiction_that_nobody_clears_up_is_for_a_person() {
    let mut scenario = Scenario::captured();
    scenario.gateway_says(Declined);
    let mut last = String::new();
    for _ in 0..3 {
        last = told(&scenario.gateway_says_and_time_passes(Unknown));
    }
    assert_eq!(last, "review_opened → succeeded review:contradicting_result");
}

#[test]
fn a_refund_in_the_gateways_dashboard_counts() {
    let mut scenario = Scenario::captured();
    let mut facts = charge(&scenario);
    facts.push(foreign(&scenario, Refund, "re_dashboard", 250));
    assert_eq!(told(&scenario.notices(facts.clone())), "refunded → succeeded");
    let refund = scenario.operation(Refund);
    assert_eq!(
        (refund.origin, refund.status, refund.amount),
        (Origin::Gateway, OperationStatus::Succeeded, amount(250))
    );
    assert_eq!(told(&scenario.notices(facts)), "ignored: AlreadySettled");
    assert_eq!(told(&scenario.asks(Ask::Refund { amount: Some(1001) })), "refused: refund_exceeds_captured");
}

#[test]
fn more_than_was_captured_is_a_fact_and_for_a_person() {
    let mut scenario = Scenario::captured();
    scenario.asks(Ask::Refund { amount: None });
    scenario.gateway_says(Approved);
    let mut facts = charge(&scenario);
    facts.push(foreign(&scenario, Refund, "re_dashboard", 1));
    assert_eq!(told(&scenario.notices(facts)), "refunded review_opened → succeeded review:gateway_excess");
    assert_eq!(scenario.payment().refunded_amount, amount(1251));
}

#[test]
fn a_capture_in_the_gateways_dashboard_counts() {
    let mut scenario = Scenario::authorized();
    let mut facts = charge(&scenario);
    facts.push(foreign(&scenario, Capture, "cap_dashboard", 1250));
    assert_eq!(told(&scenario.notices(facts)), "captured → succeeded");
}

#[test]
fn a_void_in_the_gateways_dashboard_cancels() {
    let mut scenario = Scenario::authorized();
    let mut facts = charge(&scenario);
    let mut void = foreign(&scenario, Void, "void_1", 1250);
    void.reason = Some("requested".to_owned());
    facts.push(void);
    assert_eq!(told(&scenario.notices(facts)), "voided canceled → canceled");
    assert!(scenario.changelog().timers.is_empty());
}

/// What succeeded fails later, and what failed succeeds: the books follow, each time.
#[rstest]
#[case::refund(Refund)]
#[case::capture(Capture)]
fn a_gateway_that_changes_its_mind_is_followed(#[case] kind: OperationKind) {
    let mut scenario = match kind {
        Refund => Scenario::captured(),
        _ => Scenario::authorized(),
    };
    let ask = if kind == Refund { Ask::Refund { amount: None } } else { Ask::Capture { amount: None, is_final: true } };
    scenario.asks(ask);
    scenario.gateway_says(Approved);
    let effect = scenario.latest().clone();
    let moved = |scenario: &Scenario| match kind {
        Refund => scenario.payment().refunded_amount,
        _ => scenario.payment().captured_amount,
    };
    for turn in 0..3 {
        let facts = |status: FactStatus, scenario: &Scenario| {
            let mut facts = charge(scenario);
            facts.push(fact(&effect, kind, status));
            facts
        };
        let failed = facts(Failed, &scenario);
        assert!(told(&scenario.notices(failed)).starts_with("operation_corrected →"), "turn {turn}");
        assert_eq!(moved(&scenario), amount(0));
        let done = facts(Succeeded, &scenario);
        assert!(told(&scenario.notices(done)).starts_with("operation_corrected"), "turn {turn}");
        assert_eq!(moved(&scenario), amount(1250));
    }
}

#[test]
fn an_automatic_capture_that_fails_later_can_be_captured_again() {
    let mut scenario = Scenario::captured();
    let mut facts = charge(&scenario);
    facts[1].status = Failed;
    assert_eq!(told(&scenario.notices(facts)), "operation_corrected → requires_capture");
    assert!(scenario.due_at().is_some(), "until it expires");
    let again = scenario.asks(Ask::Capture { amount: None, is_final: true });
    assert_eq!(told(&again), "operation_requested → processing capture:1");
}

#[test]
fn an_older_report_does_not_undo_a_newer_one() {
    let mut scenario = Scenario::captured();
    scenario.asks(Ask::Refund { amount: None });
    scenario.gateway_says(Approved);
    let effect = scenario.latest().clone();
    let mut facts = charge(&scenario);
    facts.push(fact(&effect, Refund, Succeeded));
    let early = scenario.now.plus_ms(1);
    scenario.pass(10_000);
    facts[2].status = Failed;
    scenario.notices(facts.clone());
    facts[2].status = Succeeded;
    let late = crate::payment::samples::notice(&scenario.effects[0], facts, early);
    assert_eq!(told(&scenario.take(&late)), "ignored: AlreadySettled");
    assert_eq!(scenario.operation(Refund).status, OperationStatus::Failed);
}

#[test]
fn a_refund_that_is_pending_at_the_gateway_is_waited_for() {
    let mut scenario = Scenario::captured();
    scenario.asks(Ask::Refund { amount: None });
    let effect = scenario.latest().clone();
    let mut facts = charge(&scenario);
    facts.push(fact(&effect, Refund, Pending));
    assert_eq!(told(&scenario.notices(facts.clone())), "→ succeeded retry");
    facts[2].status = Succeeded;
    assert_eq!(told(&scenario.notices(facts)), "refunded → succeeded");
}

/// A late success of a payment that was given up by us stays what it is: the money goes back.
#[test]
fn a_success_after_a_failure_is_the_payments_if_nothing_else_came_of_it() {
    let mut scenario = Scenario::created(Automatic);
    let first = scenario.latest().clone();
    for _ in 0..100 {
        if scenario.payment().status == PaymentStatus::Failed {
            break;
        }
        scenario.gateway_says(NotProcessed);
        scenario.timer_fires();
    }
    assert_eq!(scenario.payment().status, PaymentStatus::Failed);
    let facts = crate::payment::samples::done(&first);
    assert_eq!(told(&scenario.notices(facts)), "operation_corrected authorized captured → succeeded");
}
