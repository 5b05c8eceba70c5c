//! What each result does to a payment, wherever its authorization stands.

use quittance_avro::{
    ids::AttemptId,
    records::{Failure, GatewayDetails, GatewayResult, PaymentMethod},
    words::{
        CaptureMethod::Automatic,
        OperationStatus,
        ResultOutcome::{
            self, Absent, ActionRequired, Approved, Created, Declined, Expired, NotProcessed, Pending, Rejected,
            Reported, Unknown,
        },
    },
};
use rstest::rstest;
use uuid::Uuid;

use super::scenario::{Scenario, told};
use crate::payment::{
    decision::{Decision, Ignored},
    event::Event,
    samples::{answer, command},
};

/// The first try is under way.
pub(super) fn trying() -> Scenario {
    Scenario::created(Automatic)
}

/// The first try was not processed, and the second is not due yet.
fn waiting() -> Scenario {
    let mut scenario = trying();
    scenario.gateway_says(NotProcessed);
    scenario
}

/// The second try is under way; the first was not processed.
fn trying_again() -> Scenario {
    let mut scenario = waiting();
    scenario.timer_fires();
    scenario
}

/// The second try is under way; what became of the first is unknown.
pub(super) fn in_doubt() -> Scenario {
    let mut scenario = trying();
    scenario.gateway_says_and_time_passes(Unknown);
    scenario
}

/// The gateway is asked what became of four tries, the last of which may still be under way.
pub(super) fn querying() -> Scenario {
    let mut scenario = trying();
    for _ in 0..4 {
        scenario.gateway_says_and_time_passes(Unknown);
    }
    scenario
}

/// The gateway is asked again, when no try can be under way any more.
pub(super) fn querying_later() -> Scenario {
    let mut scenario = querying();
    scenario.gateway_says_and_time_passes(Absent);
    scenario
}

fn declined() -> Scenario {
    let mut scenario = trying();
    scenario.gateway_says(Declined);
    scenario
}

fn rejected() -> Scenario {
    let mut scenario = trying();
    scenario.gateway_says(Rejected);
    scenario
}

/// Nobody knows, and a person looks into it.
pub(super) fn under_review() -> Scenario {
    let mut scenario = querying();
    for _ in 0..3 {
        scenario.gateway_says_and_time_passes(Unknown);
    }
    scenario
}

const TAKEN: &str = "authorized captured → succeeded";
const NO: &str = "declined → failed";
const FAILED: &str = "failed → failed";
const NOTED: &str = "→ processing";
const GO_ON: &str = "→ processing retry";
const OLD: &str = "ignored: Superseded";
const OVER: &str = "ignored: AlreadySettled";
const ACT: &str = "action_required → requires_action retry";
const FOUND: &str = "authorized captured → succeeded review:outcome_unknown";
const FOUND_NO: &str = "declined → failed review:outcome_unknown";

#[rstest]
//                                     approved  declined  rejected not_proc expired absent  unknown  pending action
#[case::trying(trying(),              [TAKEN,    NO,       FAILED,  GO_ON,   GO_ON,  GO_ON,  GO_ON,   GO_ON,  ACT])]
#[case::waiting(waiting(),            [TAKEN,    NO,       OLD,     OLD,     GO_ON,  GO_ON,  GO_ON,   GO_ON,  ACT])]
#[case::trying_again(trying_again(),  [TAKEN,    NO,       GO_ON,   GO_ON,   GO_ON,  GO_ON,  GO_ON,   GO_ON,  ACT])]
#[case::in_doubt(in_doubt(),          [TAKEN,    NO,       GO_ON,   GO_ON,   GO_ON,  GO_ON,  GO_ON,   GO_ON,  ACT])]
#[case::querying(querying(),          [TAKEN,    NO,       GO_ON,   GO_ON,   GO_ON,  GO_ON,  GO_ON,   GO_ON,  ACT])]
#[case::later(querying_later(),       [TAKEN,    NO,       GO_ON,   GO_ON,   GO_ON,  FAILED, GO_ON,   GO_ON,  ACT])]
#[case::captured(Scenario::captured(),[OVER,     "→ succeeded query:1", OVER, OVER, OVER, OVER, OVER, OVER,   OVER])]
#[case::declined(declined(),          ["→ failed query:1", OVER, OVER, OVER, OVER,   OVER,   OVER,    OVER,   OVER])]
#[case::rejected(rejected(),          ["→ failed query:1", OVER, OVER, OVER, OVER,   OVER,   OVER,    OVER,   OVER])]
fn a_result_of_the_latest_effect(#[case] scenario: Scenario, #[case] expected: [&str; 9]) {
    check(&scenario, scenario.effects.len() - 1, expected);
}

#[test]
fn a_result_while_a_person_looks() {
    let scenario = under_review();
    let expected = [FOUND, FOUND_NO, OLD, OLD, OLD, OLD, OLD];
    for (outcome, expected) in OUTCOMES.into_iter().zip(expected) {
        assert_eq!(told(&scenario.clone().gateway_says(outcome)), expected, "{outcome}");
    }
}

#[rstest]
//                                     approved      declined      rejected not_proc expired absent  unknown  pending action
#[case::trying_again(trying_again(),  [TAKEN,        NO,           OLD,     OLD,     NOTED,  NOTED,  NOTED,   GO_ON,  ACT])]
#[case::in_doubt(in_doubt(),          [TAKEN,        NO,           OLD,     OLD,     OLD,    OLD,    OLD,     GO_ON,  ACT])]
#[case::querying(querying(),          [TAKEN,        NO,           OLD,     OLD,     OLD,    OLD,    OLD,     GO_ON,  ACT])]
fn a_late_result_of_the_first_try(#[case] scenario: Scenario, #[case] expected: [&str; 9]) {
    check(&scenario, 0, expected);
}

const OUTCOMES: [ResultOutcome; 9] =
    [Approved, Declined, Rejected, NotProcessed, Expired, Absent, Unknown, Pending, ActionRequired];

fn check(scenario: &Scenario, effect: usize, expected: [&str; 9]) {
    for (outcome, expected) in OUTCOMES.into_iter().zip(expected) {
        let mut scenario = scenario.clone();
        let effect = scenario.effects[effect].clone();
        assert_eq!(told(&scenario.says_of(&effect, outcome)), expected, "{outcome}");
    }
}

/// A match, so that a new outcome has to be thought of.
#[test]
fn every_outcome_is_in_a_table() {
    for outcome in ResultOutcome::ALL {
        let is_here = OUTCOMES.contains(outcome);
        match outcome {
            // Told of in `two_steps` and `reports`.
            Created | Reported => assert!(!is_here),
            Approved | Declined | Rejected | NotProcessed | Expired | Absent | Unknown | Pending | ActionRequired => {
                assert!(is_here);
            }
        }
    }
}

#[rstest]
#[case::not_processed(NotProcessed, false, 0)]
#[case::unknown(Unknown, true, 1)]
#[case::expired_now_but_perhaps_read_before(Expired, true, 0)]
#[case::absent_is_not_for_a_try_to_say(Absent, true, 1)]
fn what_a_try_leaves_behind(#[case] outcome: ResultOutcome, #[case] ambiguous: bool, #[case] unknowns: i32) {
    let mut scenario = trying();
    scenario.gateway_says(outcome);
    let attempt = &scenario.payment().operations[0].attempts[0];
    assert_eq!((attempt.ambiguous, attempt.unknowns), (ambiguous, unknowns));
}

#[test]
fn a_late_unknown_puts_the_next_step_in_doubt() {
    let mut scenario = trying_again();
    let first = scenario.effects[0].clone();
    scenario.says_of(&first, Unknown);
    scenario.gateway_says_and_time_passes(NotProcessed);
    scenario.now = scenario.now.plus_ms(scenario.policy.attempt_ttl_ms);
    scenario.gateway_says(NotProcessed);
    assert_eq!(told(&scenario.timer_fires()), "→ processing query:1", "it may not be given up unasked");
}

#[test]
fn a_result_for_another_attempt_payment_or_account_is_not_ours() {
    let mut scenario = trying();
    let result = answer(scenario.latest(), Approved);
    let unknown = Decision::Ignored(Ignored::UnknownAttempt);
    assert_eq!(Scenario::new(scenario.policy.clone()).result(result.clone()), unknown);
    let of_another = GatewayResult { attempt_id: AttemptId::new(Uuid::from_u128(9)), ..result.clone() };
    assert_eq!(scenario.result(of_another), unknown);
    let elsewhere = GatewayResult { gateway_account: "other".to_owned(), ..result };
    assert_eq!(scenario.result(elsewhere), unknown);
}

#[rstest]
#[case::declined(trying(), Declined, "declined")]
#[case::rejected(trying(), Rejected, "rejected")]
#[case::absent(querying_later(), Absent, "gateway_unavailable")]
fn a_failure_says_why(#[case] mut scenario: Scenario, #[case] outcome: ResultOutcome, #[case] code: &str) {
    let mut told = scenario.clone();
    scenario.gateway_says(outcome);
    assert_eq!(scenario.payment().failure.as_ref().map(|failure| &*failure.code), Some(code));
    let mut result = answer(told.latest(), outcome);
    let reason = Failure {
        code: code.to_owned(),
        decline_code: Some("insufficient_funds".to_owned()),
        network_code: None,
        advice: None,
        message: "as the gateway puts it".to_owned(),
    };
    result.failure = Some(reason.clone());
    told.result(result);
    let expected = if outcome == Absent { scenario.payment().failure.clone() } else { Some(reason) };
    assert_eq!(told.payment().failure, expected);
    assert_eq!(told.payment().operations[0].attempts[0].failure, expected);
}

#[test]
fn a_reference_learned_in_doubt_is_asked_by_and_kept() {
    let mut scenario = trying();
    let mut result = answer(scenario.latest(), Unknown);
    result.details.gateway_reference = Some("ch_unconfirmed".to_owned());
    scenario.result(result);
    scenario.timer_fires();
    assert_eq!(scenario.latest().gateway_reference.as_deref(), Some("ch_unconfirmed"));
    let declined = GatewayResult { details: GatewayDetails::default(), ..answer(scenario.latest(), Declined) };
    scenario.result(declined);
    let operation = &scenario.payment().operations[0];
    let details = operation.attempts[0].details.as_ref().expect("details");
    let references = [&operation.gateway_reference, &details.gateway_reference].map(Option::as_deref);
    assert_eq!(references, [Some("ch_unconfirmed"); 2]);
}

#[test]
fn after_a_claim_that_money_was_taken_only_a_person_believes_that_none_was() {
    let mut scenario = trying();
    let mut result = answer(scenario.latest(), Approved);
    result.currency = "JPY".parse().expect("a currency");
    assert_eq!(told(&scenario.result(result)), "review_opened → processing unknown review:contradicting_result");
    assert_eq!(told(&scenario.gateway_says(Declined)), OVER);
}

#[test]
fn facts_about_the_card_fill_in_what_the_client_did_not_say() {
    let mut scenario = trying();
    let method = command(Automatic).payment_method;
    let reported = PaymentMethod {
        tokens: Vec::new(),
        brand: Some("visa".to_owned()),
        last4: Some("4242".to_owned()),
        exp_month: Some(12),
        ..method.clone()
    };
    let result = GatewayResult { card: Some(reported.clone()), ..answer(scenario.latest(), Approved) };
    scenario.result(result);
    assert_eq!(scenario.payment().payment_method, PaymentMethod { tokens: method.tokens, ..reported });
}

#[test]
fn an_approval_makes_the_operations_and_events_that_belong_to_it() {
    let mut scenario = trying();
    let Decision::Applied(change) = scenario.gateway_says(Approved) else { panic!("an approval is booked") };
    let [Event::Authorized(authorized), Event::Captured(captured)] = &change.events[..] else {
        panic!("both happened")
    };
    let [authorization, capture] = &scenario.payment().operations[..] else { panic!("both are there") };
    assert_eq!((&authorized.operation_id, &captured.operation_id), (&authorization.id, &capture.id));
    assert!(authorization.id.starts_with("aut_") && capture.id.starts_with("cap_"));
    assert_eq!((authorization.status, capture.status), (OperationStatus::Succeeded, OperationStatus::Succeeded));
    assert_eq!((authorized.attempt_id, captured.attempt_id), (scenario.latest().attempt_id, authorized.attempt_id));
    assert_eq!((authorized.amount, captured.amount), (scenario.payment().amount, scenario.payment().amount));
    assert!(captured.is_final);
}
