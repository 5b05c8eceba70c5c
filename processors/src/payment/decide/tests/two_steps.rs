//! Gateways that create first, which moves nothing, and then confirm.

use quittance_avro::{
    records::{CreatePayment, GatewayToken},
    words::{
        CaptureMethod::Automatic,
        EffectKind,
        ResultOutcome::{
            Absent, ActionRequired, Approved, Created, Declined, Expired, NotProcessed, Rejected, Unknown,
        },
    },
};
use rstest::rstest;

use super::scenario::{Scenario, told};
use crate::payment::samples::{CHARGE, COMMAND, command, input};

fn at_stripe() -> Scenario {
    let mut asked = CreatePayment { gateway_account: "stripe".to_owned(), ..command(Automatic) };
    let (gateway_account, token) = ("stripe".to_owned(), "tok_stripe".to_owned());
    asked.payment_method.tokens.push(GatewayToken { gateway_account, token });
    Scenario::begun_by(&input(COMMAND, asked))
}

/// The first step is done.
fn confirming() -> Scenario {
    let mut scenario = at_stripe();
    scenario.gateway_says(Created);
    scenario
}

#[test]
fn what_was_created_is_confirmed() {
    let mut scenario = at_stripe();
    assert_eq!(told(&scenario.gateway_says(Created)), "→ processing confirm:2");
    let confirm = scenario.latest().clone();
    assert_eq!(confirm.gateway_reference.as_deref(), Some(CHARGE));
    assert_eq!(confirm.attempt_id, scenario.effects[0].attempt_id);
    assert_eq!(told(&scenario.gateway_says(Approved)), "authorized captured → succeeded");
}

/// A try of the first step may be lost as often as it likes: nothing was moved, so nothing is in doubt.
#[test]
fn the_first_step_leaves_no_doubt() {
    let mut scenario = at_stripe();
    for outcome in [Unknown, Expired, Unknown, Unknown, Unknown, NotProcessed] {
        assert!(told(&scenario.gateway_says_and_time_passes(outcome)).contains("authorize"));
        assert!(!scenario.payment().operations[0].attempts[0].ambiguous);
    }
    scenario.pass(scenario.policy.attempt_ttl_ms);
    scenario.gateway_says(Unknown);
    assert_eq!(told(&scenario.timer_fires()), "failed → failed", "it is given up without asking");
}

#[test]
fn the_second_step_is_in_doubt_like_any_try() {
    let mut scenario = confirming();
    scenario.gateway_says(Unknown);
    assert!(scenario.payment().operations[0].attempts[0].ambiguous);
    assert_eq!(told(&scenario.timer_fires()), "→ processing confirm:3");
    for _ in 0..3 {
        scenario.gateway_says_and_time_passes(Unknown);
    }
    assert_eq!(
        (scenario.latest().kind, scenario.latest().gateway_reference.as_deref()),
        (EffectKind::Query, Some(CHARGE))
    );
    scenario.gateway_says_and_time_passes(Absent);
    assert_eq!(told(&scenario.gateway_says(Absent)), "failed → failed");
}

#[test]
fn a_late_answer_to_the_first_step_changes_nothing() {
    let mut scenario = confirming();
    let first = scenario.effects[0].clone();
    assert_eq!(told(&scenario.says_of(&first, Created)), "ignored: Superseded");
    assert_eq!(told(&scenario.says_of(&first, Unknown)), "ignored: Superseded");
}

#[test]
fn the_second_step_may_be_declined_or_need_the_customer() {
    assert_eq!(told(&confirming().gateway_says(Declined)), "declined → failed");
    assert_eq!(told(&confirming().gateway_says(ActionRequired)), "action_required → requires_action retry");
}

/// No other try of the second step can be under way, however often the first one was tried.
#[rstest]
#[case::at_once(0)]
#[case::after_some_tries(2)]
fn a_rejected_confirmation_has_failed(#[case] tries: usize) {
    let mut scenario = at_stripe();
    for _ in 0..tries {
        scenario.gateway_says_and_time_passes(NotProcessed);
    }
    scenario.gateway_says(Created);
    assert_eq!(told(&scenario.gateway_says(Rejected)), "failed → failed");
}

#[test]
fn a_rejected_confirmation_after_another_waits_until_that_is_over() {
    let mut scenario = confirming();
    scenario.gateway_says_and_time_passes(NotProcessed);
    assert_eq!(told(&scenario.gateway_says(Rejected)), "→ processing retry");
    scenario.timer_fires();
    assert_eq!(told(&scenario.timer_fires()), "failed → failed");
}

#[test]
fn what_is_canceled_before_it_is_confirmed_is_never_confirmed() {
    let mut scenario = at_stripe();
    scenario.asks(crate::payment::samples::Ask::Cancel);
    assert_eq!(told(&scenario.gateway_says(Created)), "canceled → canceled");
}
