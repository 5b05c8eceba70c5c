//! Captures and refunds.

use quittance_avro::{
    records::{GatewayResult, PaymentState},
    words::{
        CaptureMethod::Manual,
        OperationKind::{self, Capture, Refund},
        OperationStatus,
        ResultOutcome::{self, Absent, Approved, Declined, NotProcessed, Pending, Rejected, Unknown},
    },
};
use rstest::rstest;

use super::scenario::{Scenario, told};
use crate::payment::samples::{Ask, amount, answer, currency};

fn capture(amount: i64, is_final: bool) -> Ask {
    Ask::Capture { amount: Some(amount), is_final }
}

fn refund(amount: i64) -> Ask {
    Ask::Refund { amount: Some(amount) }
}

fn amounts(payment: &PaymentState) -> [i64; 4] {
    [payment.authorized_amount, payment.captured_amount, payment.capturable_amount, payment.refunded_amount]
        .map(|amount| amount.get())
}

#[test]
fn parts_are_captured_until_nothing_is_left() {
    let mut scenario = Scenario::authorized();
    assert_eq!(told(&scenario.asks(capture(400, false))), "operation_requested → requires_capture capture:1");
    assert_eq!(amounts(scenario.payment()), [1250, 0, 850, 0], "what is under way cannot be captured twice");
    assert_eq!(told(&scenario.gateway_says(Approved)), "captured → requires_capture");
    assert_eq!(told(&scenario.asks(capture(851, true))), "refused: capture_exceeds_authorized");
    scenario.asks(capture(850, false));
    assert!(scenario.latest().is_final, "what takes all that is left leaves nothing to release");
    assert_eq!(told(&scenario.gateway_says(Approved)), "captured → succeeded");
    assert_eq!(amounts(scenario.payment()), [1250, 1250, 0, 0]);
    assert!(scenario.changelog().timers.is_empty());
}

#[test]
fn a_final_capture_releases_the_rest() {
    let mut scenario = Scenario::authorized();
    assert_eq!(told(&scenario.asks(capture(400, true))), "operation_requested → processing capture:1");
    assert_eq!(told(&scenario.gateway_says(Approved)), "captured → succeeded");
    assert_eq!(amounts(scenario.payment()), [1250, 400, 0, 0]);
    assert_eq!(told(&scenario.asks(capture(1, true))), "refused: not_capturable");
}

#[test]
fn a_capture_that_fails_gives_back_what_it_took() {
    let mut scenario = Scenario::authorized();
    scenario.asks(capture(1250, true));
    assert_eq!(told(&scenario.gateway_says(Declined)), "operation_failed → requires_capture");
    assert_eq!(amounts(scenario.payment()), [1250, 0, 1250, 0]);
    assert!(scenario.due_at().is_some(), "it may still expire");
    assert_eq!(told(&scenario.asks(capture(1250, true))), "operation_requested → processing capture:1");
}

/// Two refunds of a half and a bit cannot both be taken on, whatever becomes of the first.
#[rstest]
#[case::under_way(None)]
#[case::unknown(Some(Unknown))]
#[case::pending(Some(Pending))]
#[case::done(Some(Approved))]
fn refunds_never_exceed_what_was_captured(#[case] outcome: Option<ResultOutcome>) {
    let mut scenario = Scenario::captured();
    assert_eq!(told(&scenario.asks(refund(700))), "operation_requested → succeeded refund:1");
    if let Some(outcome) = outcome {
        scenario.gateway_says(outcome);
    }
    assert_eq!(told(&scenario.asks(refund(551))), "refused: refund_exceeds_captured");
    assert!(told(&scenario.asks(refund(550))).starts_with("operation_requested → succeeded refund:1"));
    assert_eq!(told(&scenario.asks(Ask::Refund { amount: None })), "refused: refund_exceeds_captured");
}

#[test]
fn a_refund_that_fails_can_be_asked_for_again() {
    let mut scenario = Scenario::captured();
    scenario.asks(Ask::Refund { amount: None });
    assert_eq!(told(&scenario.gateway_says(Declined)), "operation_failed → succeeded");
    assert_eq!(told(&scenario.asks(Ask::Refund { amount: None })), "operation_requested → succeeded refund:1");
    assert_eq!(told(&scenario.gateway_says(Approved)), "refunded → succeeded");
    assert_eq!(amounts(scenario.payment()), [1250, 1250, 0, 1250]);
}

#[rstest]
#[case::nothing(0, "amount_invalid")]
#[case::negative(-1, "amount_invalid")]
#[case::too_much(1251, "refund_exceeds_captured")]
fn a_refund_that_cannot_be(#[case] amount: i64, #[case] code: &str) {
    let mut scenario = Scenario::captured();
    assert_eq!(told(&scenario.asks(refund(amount))), format!("refused: {code}"));
}

#[rstest]
#[case::nothing(0, "amount_invalid")]
#[case::negative(-1, "amount_invalid")]
#[case::too_much(1251, "capture_exceeds_authorized")]
fn a_capture_that_cannot_be(#[case] amount: i64, #[case] code: &str) {
    let mut scenario = Scenario::authorized();
    assert_eq!(told(&scenario.asks(capture(amount, true))), format!("refused: {code}"));
}

/// An operation goes the same way as an authorization: the same key again, then queries, then a person.
#[rstest]
#[case::capture(Capture)]
#[case::refund(Refund)]
fn what_nobody_knows_is_tried_asked_for_and_looked_into(#[case] kind: OperationKind) {
    let mut scenario = match kind {
        Refund => Scenario::captured(),
        _ => Scenario::authorized(),
    };
    scenario.asks(if kind == Refund { refund(100) } else { capture(100, false) });
    let id = scenario.latest().attempt_id;
    let mut steps = Vec::new();
    for _ in 0..8 {
        steps.push(told(&scenario.gateway_says_and_time_passes(Unknown)));
        assert!(scenario.effects.iter().rev().take(1).all(|effect| effect.attempt_id == id), "under one key");
        if scenario.payment().review.is_some() {
            break;
        }
    }
    assert!(steps[..3].iter().all(|step| step.contains(&format!("{kind}:"))), "{steps:?}");
    assert!(steps[3].contains(&format!("query({kind}):1")), "{steps:?}");
    assert!(steps.last().is_some_and(|step| step.contains("review:outcome_unknown")), "{steps:?}");
    assert_eq!(scenario.operation(kind).status, OperationStatus::Unknown);
}

#[rstest]
#[case::not_processed(NotProcessed)]
#[case::absent(Absent)]
fn what_nobody_processes_fails_in_the_end(#[case] outcome: ResultOutcome) {
    let mut scenario = Scenario::captured();
    scenario.asks(refund(100));
    for _ in 0..200 {
        scenario.gateway_says(outcome);
        if scenario.operation(Refund).status == OperationStatus::Failed {
            break;
        }
        scenario.timer_fires();
    }
    assert_eq!(scenario.operation(Refund).status, OperationStatus::Failed);
    assert_eq!(amounts(scenario.payment()), [1250, 1250, 0, 0]);
}

/// What the gateway does not take may be out of date here: it is asked how the payment stands.
#[test]
fn a_rejected_operation_has_the_gateway_asked_about_the_payment() {
    let mut scenario = Scenario::authorized();
    scenario.asks(capture(1250, true));
    assert_eq!(told(&scenario.gateway_says(Rejected)), "operation_failed → requires_capture query:1");
}

#[test]
fn a_gateway_that_takes_its_time_is_asked_again_and_again() {
    let mut scenario = Scenario::captured();
    scenario.asks(refund(100));
    assert_eq!(told(&scenario.gateway_says(Pending)), "→ succeeded retry");
    let mut queries = 0;
    while told(&scenario.timer_fires()).contains("query") {
        scenario.gateway_says(Pending);
        queries += 1;
    }
    assert!((50..1_000).contains(&queries), "{queries} queries in ten days");
    assert!(scenario.age_ms() >= scenario.policy.pending_ttl_ms);
    assert!(scenario.payment().review.is_some());
}

#[test]
fn operations_can_be_under_way_side_by_side() {
    let mut scenario = Scenario::captured();
    for _ in 0..3 {
        scenario.asks(refund(100));
    }
    let effects = scenario.effects.clone();
    let [_, first, second, third] = &effects[..] else { panic!("three refunds were asked for") };
    scenario.says_of(third, Approved);
    scenario.says_of(first, Unknown);
    scenario.says_of(second, Declined);
    assert_eq!(amounts(scenario.payment()), [1250, 1250, 0, 100]);
    let statuses: Vec<OperationStatus> = scenario.payment().operations[2..].iter().map(|found| found.status).collect();
    assert_eq!(statuses, [OperationStatus::Pending, OperationStatus::Failed, OperationStatus::Succeeded]);
    assert_eq!(told(&scenario.timer_fires()), "→ succeeded refund:2");
}

#[rstest]
#[case::another_amount(100, "EUR", 99)]
#[case::another_currency(100, "JPY", 100)]
fn what_was_moved_is_not_what_was_asked_for(#[case] asked: i64, #[case] code: &str, #[case] moved: i64) {
    let mut scenario = Scenario::captured();
    scenario.asks(refund(asked));
    let result =
        GatewayResult { amount: amount(moved), currency: currency(code), ..answer(scenario.latest(), Approved) };
    let expected = "review_opened → succeeded review:contradicting_result";
    assert_eq!(told(&scenario.result(result)), expected);
    assert_eq!(scenario.operation(Refund).status, OperationStatus::Unknown);
}

/// A person looks into one refund, for a reason as grave as it can be. What is said of another one counts all the same.
#[rstest]
#[case::another_amount(Approved, 99, "review_opened → succeeded review:contradicting_result", OperationStatus::Unknown)]
#[case::declined(Declined, 100, "operation_failed → succeeded review:contradicting_result", OperationStatus::Failed)]
fn a_review_of_one_operation_does_not_gag_another(
    #[case] outcome: ResultOutcome,
    #[case] moved: i64,
    #[case] expected: &str,
    #[case] status: OperationStatus,
) {
    let mut scenario = Scenario::captured();
    scenario.asks(refund(200));
    let effect = scenario.latest().clone();
    scenario.result(GatewayResult { amount: amount(1), ..answer(&effect, Approved) });
    scenario.asks(refund(100));
    let result = GatewayResult { amount: amount(moved), ..answer(scenario.latest(), outcome) };
    assert_eq!(told(&scenario.result(result)), expected);
    assert_eq!(scenario.payment().operations.last().map(|refund| refund.status), Some(status));
}

#[test]
fn what_a_gateway_cannot_do_is_refused_before_it_is_sent() {
    let mut scenario = Scenario::created(Manual);
    scenario.gateways = crate::payment::Gateways::all(quittance_avro::words::GatewayKind::Stripe);
    scenario.gateway_says(ResultOutcome::Created);
    scenario.gateway_says(Approved);
    assert_eq!(told(&scenario.asks(capture(400, false))), "refused: not_supported_by_gateway");
    assert_eq!(told(&scenario.asks(capture(400, true))), "operation_requested → processing capture:1");
}
