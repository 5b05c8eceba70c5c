//! What time does to a payment.

use quittance_avro::{
    time::Timestamp,
    words::{
        CaptureMethod::Automatic,
        ResultOutcome::{self, Absent, Approved, Declined, NotProcessed, Rejected, Unknown},
    },
};
use rstest::rstest;

use super::{
    results::{in_doubt, querying, trying, under_review},
    scenario::{Scenario, told},
};
use crate::payment::{
    decision::{Decision, Ignored, Input},
    policy::{KEY_AGE_MAX_MS, Policy, policy},
    samples::{create, start},
};

/// Answers, in turn, or silence (`None`) until the try counts as lost. After each, the timer fires.
#[rstest]
#[case::try_lost(&[None], "→ processing authorize:2")]
#[case::not_processed(&[Some(NotProcessed)], "→ processing authorize:2")]
#[case::unknown(&[Some(Unknown)], "→ processing authorize:2")]
#[case::unknown_thrice(&[Some(Unknown); 3], "→ processing authorize:4")]
#[case::unknown_too_often(&[Some(Unknown); 4], "→ processing query:1")]
#[case::unknown_and_lost(&[None, Some(Unknown), Some(Unknown), Some(Unknown)], "→ processing query:1")]
#[case::lost_past_the_time_for_tries(&[None, None], "→ processing query:1")]
#[case::rejected_in_doubt(&[Some(Unknown), Some(Rejected)], "→ processing query:1")]
#[case::rejected_later(&[Some(NotProcessed), Some(Rejected)], "→ processing retry")]
#[case::query_lost(&[None, None, None], "→ processing query:2")]
#[case::query_not_answered(&[None, None, Some(NotProcessed)], "→ processing query:2")]
#[case::queries_lost(&[None, None, None, None, None],
    "review_opened → processing unknown review:outcome_unknown")]
#[case::queries_not_answered(&[None, None, Some(Unknown), Some(NotProcessed), Some(Rejected)],
    "review_opened → processing unknown review:outcome_unknown")]
fn the_next_step(#[case] answers: &[Option<ResultOutcome>], #[case] expected: &str) {
    let mut scenario = trying();
    let mut last = String::new();
    for answer in answers {
        if let Some(outcome) = answer {
            scenario.gateway_says(*outcome);
        }
        last = told(&scenario.timer_fires());
    }
    assert_eq!(last, expected);
}

/// Not before the last try is over: a crashed sink may be carrying it out again.
#[test]
fn what_nobody_processes_is_given_up_when_it_is_surely_over() {
    let mut scenario = trying();
    while told(&scenario.gateway_says_and_time_passes(NotProcessed)).contains("authorize") {}
    let attempt = scenario.payment().operations[0].attempts[0].clone();
    assert!(scenario.age_ms() >= scenario.policy.attempt_ttl_ms);
    assert_eq!(scenario.due_at(), Some(attempt.last_not_after.plus_ms(scenario.policy.query_settle_ms)));
    assert_eq!(told(&scenario.timer_fires()), "failed → failed");
    assert_eq!(scenario.payment().failure.as_ref().map(|failure| &*failure.code), Some("gateway_unavailable"));
}

#[test]
fn while_it_waits_to_be_given_up_a_second_reading_may_still_settle_it() {
    let mut scenario = Scenario::new(Policy { attempt_ttl_ms: 0, ..policy() });
    scenario.take(&create(Automatic));
    assert_eq!(told(&scenario.gateway_says_and_time_passes(NotProcessed)), "→ processing retry");
    assert_eq!(told(&scenario.gateway_says(Approved)), "authorized captured → succeeded");
}

#[test]
fn a_rejection_is_told_when_earlier_tries_are_over() {
    let mut scenario = trying();
    scenario.gateway_says_and_time_passes(NotProcessed);
    scenario.gateway_says_and_time_passes(Rejected);
    assert_eq!(told(&scenario.timer_fires()), "failed → failed");
    assert_eq!(scenario.payment().failure.as_ref().map(|failure| &*failure.code), Some("rejected"));
}

#[test]
fn a_query_that_comes_too_early_is_repeated_when_nothing_is_under_way() {
    let mut scenario = querying();
    let over_at = scenario.payment().operations[0].attempts[0].last_not_after.plus_ms(15_000);
    scenario.gateway_says(Absent);
    assert_eq!(scenario.due_at(), Some(over_at));
    assert_eq!(told(&scenario.timer_fires()), "→ processing query:2");
    assert_eq!(told(&scenario.gateway_says(Absent)), "failed → failed");
}

/// It is when the query was asked that counts; a slow answer may be of a look that came too early.
#[test]
fn a_slow_answer_does_not_make_an_early_query_a_late_one() {
    let mut scenario = querying();
    scenario.pass(60_000);
    assert_eq!(told(&scenario.gateway_says(Absent)), "→ processing retry");
    assert_eq!(scenario.due_at(), Some(scenario.now));
}

#[test]
fn the_last_early_query_leaves_it_to_a_person() {
    let mut scenario = Scenario::new(Policy { queries_max: 1, unknown_tries_max: 1, ..policy() });
    scenario.take(&create(Automatic));
    scenario.gateway_says_and_time_passes(Unknown);
    assert_eq!(
        told(&scenario.gateway_says_and_time_passes(Absent)),
        "review_opened → processing unknown review:outcome_unknown"
    );
}

/// Not even after a restart with more patience: the query may just have found nothing.
#[test]
fn what_was_queried_is_never_sent_again() {
    let mut scenario = querying();
    scenario.policy.unknown_tries_max = 20;
    assert_eq!(told(&scenario.gateway_says_and_time_passes(Unknown)), "→ processing query:2");
}

#[rstest]
#[case::trying(trying())]
#[case::in_doubt(in_doubt())]
#[case::querying(querying())]
fn a_timer_before_its_time_does_nothing(#[case] mut scenario: Scenario) {
    scenario.now = Timestamp::from_ms(scenario.due_at().expect("a timer is set").as_ms() - 1);
    assert_eq!(scenario.take(&Input::Timer), Decision::Ignored(Ignored::NothingPending));
}

#[rstest]
#[case::nothing_there(Scenario::new(policy()))]
#[case::approved(settled(Approved))]
#[case::declined(settled(Declined))]
#[case::rejected(settled(Rejected))]
#[case::under_review(under_review())]
fn a_timer_that_nobody_set_does_nothing(#[case] mut scenario: Scenario) {
    scenario.pass(i64::MAX);
    assert_eq!(scenario.take(&Input::Timer), Decision::Ignored(Ignored::NothingPending));
}

fn settled(outcome: ResultOutcome) -> Scenario {
    let mut scenario = trying();
    scenario.gateway_says(outcome);
    scenario
}

/// A timer may fire long after it was due, when all of us was down.
#[rstest]
#[case::try_lost(trying(), "→ processing query:1")]
#[case::querying(querying(), "→ processing query:2")]
fn a_timer_that_fires_days_late(#[case] mut scenario: Scenario, #[case] expected: &str) {
    scenario.pass(5 * 24 * 3_600_000);
    assert_eq!(told(&scenario.timer_fires()), expected);
}

#[test]
fn a_retry_that_fires_days_late_is_not_sent_any_more() {
    let mut scenario = trying();
    scenario.gateway_says(NotProcessed);
    scenario.pass(5 * 24 * 3_600_000);
    assert_eq!(told(&scenario.timer_fires()), "failed → failed");
}

#[test]
fn no_try_may_be_sent_when_its_key_may_be_forgotten() {
    let day = KEY_AGE_MAX_MS;
    let patient = Policy { attempt_ttl_ms: day, try_not_after_ms: day, unknown_tries_max: 20, ..policy() };
    let mut scenario = Scenario::new(patient);
    scenario.take(&create(Automatic));
    scenario.gateway_says(Unknown);
    scenario.pass(day - 1_000);
    assert_eq!(told(&scenario.timer_fires()), "→ processing authorize:2");
    assert_eq!(scenario.latest().not_after, start().plus_ms(day));
    scenario.gateway_says(Unknown);
    scenario.pass(1_000);
    assert_eq!(told(&scenario.timer_fires()), "→ processing query:1");
    assert_eq!(scenario.latest().not_after, scenario.now.plus_ms(day), "a query needs no key");
}

#[test]
fn delays_grow_until_they_are_as_long_as_they_may_be() {
    let mut scenario = trying();
    let mut longest_ms = 0;
    for count in 1..12 {
        scenario.gateway_says(NotProcessed);
        let delay_ms = scenario.due_at().expect("a timer is set").as_ms() - scenario.now.as_ms();
        let full_ms = (250 << (count - 1)).min(30_000);
        assert!((full_ms / 2..=full_ms).contains(&delay_ms), "{delay_ms} ms after {count} tries");
        longest_ms = longest_ms.max(delay_ms);
        scenario.timer_fires();
    }
    assert!(longest_ms >= 15_000);
}

/// Another worker with a slower clock takes over.
#[test]
fn a_clock_that_goes_back_does_no_harm() {
    let mut scenario = trying();
    scenario.now = Timestamp::from_ms(start().as_ms() - 5_000);
    assert_eq!(told(&scenario.gateway_says(Unknown)), "→ processing retry");
    assert_eq!(told(&scenario.timer_fires()), "→ processing authorize:2");
    let attempt = &scenario.payment().operations[0].attempts[0];
    assert_eq!(attempt.last_not_after, start().plus_ms(30_000), "the first try has the later end");
}
