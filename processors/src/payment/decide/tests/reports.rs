//! All that a gateway says of a payment, asked or not, held against what we know.

use quittance_avro::{
    records::GatewayFact,
    time::Timestamp,
    words::{
        CaptureMethod::Manual,
        FactStatus::{self, Failed, Pending, Succeeded},
        OperationKind::{self, Authorize, Capture, Refund, Void},
        OperationStatus, Origin, PaymentStatus, Resolution,
        ResultOutcome::{Approved, Declined, NotProcessed, Reported, Unknown},
    },
};
use rstest::rstest;

use super::{
    results::{in_doubt, querying_later, trying, under_review},
    scenario::{Scenario, told},
};
use crate::payment::{
    decision::Input,
    samples::{Ask, amount, answer, command_id, currency, fact, input, notice, report, resolution, start},
};

/// The authorization of a scenario and what was captured with it.
pub(super) fn charge(scenario: &Scenario) -> Vec<GatewayFact> {
    crate::payment::samples::done(&scenario.effects[0])
}

/// Something that was done at the gateway, and not by us.
pub(super) fn foreign(scenario: &Scenario, kind: OperationKind, name: &str, minor_units: i64) -> GatewayFact {
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

/// The gateway takes back its no, and had released what it held before that.
#[rstest]
#[case::whole(1250, "operation_corrected authorized canceled → canceled")]
#[case::part(1000, "operation_corrected authorized failed → failed")]
fn what_was_released_before_it_was_known_ends_anew(#[case] held: i64, #[case] expected: &str) {
    let mut scenario = Scenario::created(Manual);
    scenario.gateway_says(Declined);
    let void = foreign(&scenario, Void, "re_1", 1250);
    assert_eq!(told(&scenario.notices(vec![void])), "voided → failed");
    let mut charge = fact(&scenario.effects[0], Authorize, Succeeded);
    charge.amount = amount(held);
    assert_eq!(told(&scenario.notices(vec![charge])), expected);
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

/// What came along with the charge may come and go as well, and not be the same amount.
#[rstest]
#[case::the_same(1250, "EUR", "operation_corrected → succeeded", 1250)]
#[case::less(1000, "EUR", "operation_corrected → succeeded", 1000)]
#[case::another_currency(1250, "USD", "review_opened → requires_capture review:contradicting_result", 0)]
fn an_automatic_capture_that_comes_back(
    #[case] minor_units: i64,
    #[case] code: &str,
    #[case] expected: &str,
    #[case] captured: i64,
) {
    let mut scenario = Scenario::captured();
    let mut facts = charge(&scenario);
    facts[1].status = Failed;
    scenario.notices(facts.clone());
    (facts[1].status, facts[1].amount, facts[1].currency) = (Succeeded, amount(minor_units), currency(code));
    assert_eq!(told(&scenario.notices(facts)), expected);
    assert_eq!(scenario.payment().captured_amount, amount(captured));
}

#[rstest]
#[case::another_amount(1000, "EUR")]
#[case::another_currency(1250, "USD")]
fn an_automatic_capture_of_something_else(#[case] minor_units: i64, #[case] code: &str) {
    let mut scenario = Scenario::captured();
    let mut facts = charge(&scenario);
    (facts[1].amount, facts[1].currency) = (amount(minor_units), currency(code));
    assert_eq!(told(&scenario.notices(facts)), "review_opened → succeeded review:contradicting_result");
}

/// The answer to the latest query, as of a time on another clock.
fn answers_as_of(scenario: &mut Scenario, facts: Vec<GatewayFact>, at: Timestamp) -> String {
    let mut result = answer(scenario.latest(), Reported);
    (result.report, result.envelope.occurred_at) = (Some(report(facts)), at);
    told(&scenario.take(&Input::Result(Box::new(result))))
}

/// A refund that failed after it had succeeded, and an older notice of the success.
fn out_of_order() -> (Scenario, Vec<GatewayFact>, Timestamp) {
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
    let late = notice(&scenario.effects[0], facts.clone(), early);
    assert_eq!(told(&scenario.take(&late)), "→ succeeded query(refund):1", "it is neither believed nor dropped");
    (scenario, facts, early)
}

#[test]
fn an_older_report_does_not_undo_a_newer_one() {
    let (mut scenario, mut facts, _) = out_of_order();
    facts[2].status = Failed;
    assert_eq!(told(&scenario.reports(facts)), "→ succeeded");
    assert_eq!(scenario.operation(Refund).status, OperationStatus::Failed);
}

#[test]
fn what_the_gateway_says_when_it_is_asked_counts_whatever_its_clock_says() {
    let (mut scenario, facts, early) = out_of_order();
    assert_eq!(answers_as_of(&mut scenario, facts, early), "operation_corrected refunded → succeeded");
}

#[test]
fn an_older_report_of_an_automatic_capture_has_the_gateway_asked() {
    let mut scenario = Scenario::captured();
    scenario.pass(10_000);
    let mut facts = charge(&scenario);
    facts[1].status = Failed;
    scenario.notices(facts.clone());
    facts[1].status = Succeeded;
    let late = notice(&scenario.effects[0], facts.clone(), scenario.now.plus_ms(-5_000));
    assert_eq!(told(&scenario.take(&late)), "→ requires_capture query:1");
    let early = scenario.now.plus_ms(-5_000);
    assert_eq!(answers_as_of(&mut scenario, facts, early), "operation_corrected → succeeded");
}

/// While the gateway looks, it tells us by itself that a capture failed.
#[test]
fn an_answer_that_is_older_than_a_notice_is_asked_for_again() {
    let mut scenario = Scenario::captured();
    assert_eq!(told(&scenario.gateway_says(Declined)), "→ succeeded query:1");
    let mut early = answer(scenario.latest(), Reported);
    early.envelope.occurred_at = scenario.now;
    let mut facts = charge(&scenario);
    facts[1].status = Failed;
    assert_eq!(told(&scenario.notices(facts.clone())), "operation_corrected → requires_capture retry");
    assert_eq!(told(&scenario.take(&Input::Result(Box::new(early)))), "ignored: AlreadySettled");
    assert_eq!(told(&scenario.timer_fires()), "→ requires_capture query:2");
    assert_eq!(told(&scenario.reports(facts)), "→ requires_capture");
}

/// What was given up, by us or by a person, bears our time. The gateway's may be behind.
#[rstest]
#[case::by_us(given_up(), "→ failed query:1")]
#[case::by_a_person(resolved_as_failed(), "→ failed query:4")]
fn a_success_after_a_failure_counts_whatever_the_clocks_say(#[case] mut scenario: Scenario, #[case] asked: &str) {
    let facts = charge(&scenario);
    let late = notice(&scenario.effects[0], facts.clone(), start());
    assert_eq!(told(&scenario.take(&late)), asked);
    let answered = answers_as_of(&mut scenario, facts, start().plus_ms(1));
    assert_eq!(answered, "operation_corrected authorized captured → succeeded");
}

fn given_up() -> Scenario {
    let mut scenario = trying();
    while scenario.payment().status == PaymentStatus::Processing {
        scenario.gateway_says(NotProcessed);
        scenario.timer_fires();
    }
    scenario
}

fn resolved_as_failed() -> Scenario {
    let mut scenario = under_review();
    let operation = scenario.payment().operations[0].id.clone();
    scenario.take(&input(command_id(7), resolution(7, Some(&operation), Resolution::Failed)));
    scenario
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
    let mut scenario = given_up();
    assert_eq!(scenario.payment().status, PaymentStatus::Failed);
    let facts = charge(&scenario);
    assert_eq!(told(&scenario.notices(facts)), "operation_corrected authorized captured → succeeded");
}
