//! Another attempt, after a definite failure.

use quittance_avro::{
    records::{CreatePayment, Failure, GatewayResult},
    words::{
        CaptureMethod::{self, Automatic, Manual},
        FactStatus,
        OperationKind::{self, Authorize},
        ResultOutcome::{self, Approved, Declined, NotProcessed, Rejected, Unknown},
    },
};
use rstest::rstest;

use super::scenario::{Scenario, told};
use crate::payment::samples::{COMMAND, answer, command, fact, input};

/// The rules choose between two gateway accounts.
fn routed(capture: CaptureMethod, declines_retried_max: i32) -> Scenario {
    let asked = CreatePayment { gateway_account: String::new(), declines_retried_max, ..command(capture) };
    Scenario::begun_by(&input(COMMAND, asked))
}

const ELSEWHERE: &str = "attempt_started → processing authorize:1";

#[rstest]
#[case::not_processed(NotProcessed, ELSEWHERE)]
#[case::rejected(Rejected, ELSEWHERE)]
#[case::declined(Declined, "declined → failed")]
#[case::unknown(Unknown, "→ processing retry")]
fn only_a_definite_failure_leads_elsewhere(#[case] outcome: ResultOutcome, #[case] expected: &str) {
    let mut scenario = routed(Automatic, 0);
    assert_eq!(scenario.latest().gateway_account, "other");
    assert_eq!(told(&scenario.gateway_says(outcome)), expected);
}

#[test]
fn the_second_account_has_an_attempt_and_a_token_of_its_own() {
    let mut scenario = routed(Automatic, 0);
    let first = scenario.latest().clone();
    scenario.gateway_says(NotProcessed);
    let second = scenario.latest().clone();
    assert_ne!(first.attempt_id, second.attempt_id);
    assert_eq!((&*second.gateway_account, &*second.token), ("simulator", "tok_simulator"));
    assert_eq!(first.operation_id, second.operation_id);
    assert_eq!(told(&scenario.gateway_says(Approved)), "authorized captured → succeeded");
    assert_eq!(scenario.payment().gateway_account, "simulator");
}

#[test]
fn when_no_account_is_left_the_last_one_is_tried_for_as_long_as_ever() {
    let mut scenario = routed(Automatic, 0);
    scenario.gateway_says(NotProcessed);
    assert_eq!(told(&scenario.gateway_says(NotProcessed)), "→ processing retry");
    assert_eq!(told(&scenario.gateway_says(Rejected)), "ignored: Superseded");
}

#[test]
fn a_named_account_has_no_alternative() {
    let mut scenario = Scenario::created(Automatic);
    assert_eq!(told(&scenario.gateway_says(NotProcessed)), "→ processing retry");
}

fn declined(scenario: &mut Scenario, advice: Option<&str>) -> String {
    let failure = Failure {
        code: "declined".to_owned(),
        decline_code: Some("insufficient_funds".to_owned()),
        network_code: None,
        advice: advice.map(str::to_owned),
        message: "declined".to_owned(),
    };
    let result = GatewayResult { failure: Some(failure), ..answer(scenario.latest(), Declined) };
    told(&scenario.result(result))
}

#[test]
fn a_soft_decline_is_tried_again_if_the_merchant_wants_that_and_no_more_often() {
    let soft = Some("try_again_later");
    let mut unwanted = routed(Automatic, 0);
    assert_eq!(declined(&mut unwanted, soft), "declined → failed");
    let mut scenario = routed(Automatic, 2);
    assert_eq!(declined(&mut scenario, soft), ELSEWHERE);
    assert_eq!(declined(&mut scenario, soft), "attempt_started → processing retry", "the same one, later");
    let due_at = scenario.due_at().expect("a timer is set");
    assert_eq!(due_at, scenario.now.plus_ms(scenario.policy.decline_retry_ms));
    assert_eq!(told(&scenario.timer_fires()), "→ processing authorize:1");
    assert_eq!(declined(&mut scenario, soft), "declined → failed");
    assert_eq!(scenario.payment().operations[0].attempts.len(), 3);
}

#[rstest]
#[case::hard(Some("do_not_try_again"))]
#[case::nobody_says(None)]
fn a_hard_decline_is_never_tried_again(#[case] advice: Option<&str>) {
    let mut scenario = routed(Automatic, 3);
    assert_eq!(declined(&mut scenario, advice), "declined → failed");
}

/// The first account took the money after all, while the second one has too.
#[rstest]
#[case::taken(Automatic, "unwanted_success operation_requested → succeeded refund:1", "refunded → succeeded")]
#[case::held(Manual, "unwanted_success operation_requested → requires_capture void:1", "voided → requires_capture")]
fn a_success_that_comes_after_a_failover_is_given_back(
    #[case] capture: CaptureMethod,
    #[case] unwanted: &str,
    #[case] given_back: &str,
) {
    let mut scenario = routed(capture, 0);
    let first = scenario.latest().clone();
    scenario.gateway_says(NotProcessed);
    scenario.gateway_says(Approved);
    let status = scenario.payment().status;
    assert!(told(&scenario.says_of(&first, Approved)).ends_with("query:1"), "it is not believed at once");
    let mut facts = vec![fact(&first, Authorize, FactStatus::Succeeded)];
    if capture == Automatic {
        facts.push(fact(&first, OperationKind::Capture, FactStatus::Succeeded));
    }
    assert_eq!(told(&scenario.reports(facts.clone())), unwanted);
    assert_eq!(scenario.latest().gateway_account, "other");
    assert_eq!(told(&scenario.gateway_says(Approved)), given_back);
    assert_eq!(scenario.payment().status, status);
    assert_eq!(scenario.payment().refunded_amount.get(), 0, "the merchant's money was not touched");
    assert_eq!(told(&scenario.says_of(&first, Approved)), "ignored: AlreadySettled");
}
