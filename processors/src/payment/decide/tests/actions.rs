//! The customer has to act: until when that is waited for, how it is noticed, and what ends it.

use quittance_avro::{
    records::{CreatePayment, Failure, GatewayFact},
    words::{
        CaptureMethod::Automatic,
        FactStatus,
        OperationKind::{self, Authorize},
        OperationStatus, PaymentStatus,
        ResultOutcome::{ActionRequired, Approved, Rejected, Reported, Unknown},
        TimerKind,
    },
};
use rstest::rstest;

use super::scenario::{Scenario, told};
use crate::payment::{
    policy::{Policy, policy},
    samples::{Ask, COMMAND, command, create, fact, input},
};

/// How the authorization stands, as the gateway says when it is asked.
fn stands(scenario: &Scenario, status: FactStatus) -> Vec<GatewayFact> {
    vec![fact(&scenario.effects[0], Authorize, status)]
}

fn says(scenario: &mut Scenario, status: FactStatus) -> String {
    let facts = stands(scenario, status);
    told(&scenario.reports(facts))
}

/// The customer does nothing until the time is over, and the gateway is asked once more. Gives how often it was asked before.
fn waits_in_vain(scenario: &mut Scenario) -> usize {
    for queries in 0..200 {
        let asked = told(&scenario.timer_fires());
        assert!(asked.starts_with("→ requires_action query:"), "{asked}");
        if scenario.age_ms() >= scenario.policy.action_ttl_ms + scenario.policy.query_settle_ms {
            return queries;
        }
        assert_eq!(says(scenario, FactStatus::ActionRequired), "→ requires_action retry");
    }
    panic!("the time is never over");
}

fn awaits_expiry(scenario: &Scenario) -> bool {
    scenario.changelog().timers.iter().any(|timer| timer.kind == TimerKind::ActionExpiry)
}

#[test]
fn a_customer_who_acts_is_done() {
    let mut scenario = Scenario::awaiting_action();
    assert!(scenario.payment().next_action.is_some());
    assert_eq!(told(&scenario.asks(Ask::Confirm)), "confirmed → processing query:1");
    assert_eq!(told(&scenario.gateway_says(Reported)), "authorized captured → succeeded");
    assert!(scenario.changelog().timers.is_empty() && scenario.payment().next_action.is_none());
}

#[test]
fn a_customer_who_acts_is_noticed_without_anybody_saying_so() {
    let mut scenario = Scenario::awaiting_action();
    assert_eq!(told(&scenario.timer_fires()), "→ requires_action query:1");
    assert!(scenario.age_ms() < 60_000);
    assert_eq!(told(&scenario.gateway_says(Reported)), "authorized captured → succeeded");
}

#[test]
fn a_customer_who_has_not_acted_is_asked_again() {
    let mut scenario = Scenario::awaiting_action();
    scenario.asks(Ask::Confirm);
    let still = says(&mut scenario, FactStatus::ActionRequired);
    assert_eq!(still, "action_required → requires_action retry");
    assert_eq!(told(&scenario.asks(Ask::Confirm)), "confirmed → processing query:2");
}

#[test]
fn a_customer_who_fails_to_prove_who_they_are_has_not_paid() {
    let mut scenario = Scenario::awaiting_action();
    scenario.asks(Ask::Confirm);
    assert_eq!(says(&mut scenario, FactStatus::Failed), "declined → failed");
}

#[test]
fn a_customer_who_never_acts_lets_the_payment_expire_once_the_gateway_was_asked() {
    let mut scenario = Scenario::awaiting_action();
    let queries = waits_in_vain(&mut scenario);
    assert!((5..60).contains(&queries), "asked {queries} times in an hour");
    let settled_ms = scenario.policy.query_settle_ms;
    assert_eq!(scenario.age_ms(), scenario.policy.action_ttl_ms + settled_ms, "a query shows it by then");
    let given_up = says(&mut scenario, FactStatus::ActionRequired);
    assert_eq!(given_up, "operation_requested → processing void:1");
    assert_eq!(told(&scenario.gateway_says(Approved)), "voided expired → expired");
}

#[test]
fn a_customer_who_acts_at_the_last_moment_has_paid() {
    let mut scenario = Scenario::awaiting_action();
    waits_in_vain(&mut scenario);
    assert_eq!(told(&scenario.gateway_says(Reported)), "authorized captured → succeeded");
}

#[test]
fn without_an_answer_the_payment_does_not_expire() {
    let mut scenario = Scenario::awaiting_action();
    waits_in_vain(&mut scenario);
    assert_eq!(told(&scenario.gateway_says(Unknown)), "→ requires_action retry");
    assert!(told(&scenario.timer_fires()).starts_with("→ requires_action query:"));
    let given_up = says(&mut scenario, FactStatus::ActionRequired);
    assert_eq!(given_up, "operation_requested → processing void:1");
}

#[test]
fn a_gateway_that_is_never_heard_of_again_leaves_it_to_a_person() {
    let mut scenario = Scenario::awaiting_action();
    while scenario.payment().review.is_none() {
        scenario.timer_fires();
    }
    assert!(scenario.age_ms() >= scenario.policy.pending_ttl_ms);
    let payment = scenario.payment();
    assert_eq!((payment.status, payment.operations[0].status), (PaymentStatus::Processing, OperationStatus::Unknown));
}

#[test]
fn a_customer_may_take_longer_than_a_gateway() {
    let mut scenario = Scenario::new(Policy { pending_ttl_ms: 60_000, ..policy() });
    scenario.take(&create(Automatic));
    scenario.gateway_says(ActionRequired);
    waits_in_vain(&mut scenario);
    assert!(scenario.payment().review.is_none());
}

/// The customer acts at the very moment at which the payment is given up.
#[rstest]
#[case::expired(false, "expired")]
#[case::canceled(true, "canceled")]
fn a_customer_who_acts_too_late_gets_the_money_back(#[case] is_canceled: bool, #[case] end: &str) {
    let mut scenario = Scenario::awaiting_action();
    if is_canceled {
        scenario.asks(Ask::Cancel);
    } else {
        waits_in_vain(&mut scenario);
        says(&mut scenario, FactStatus::ActionRequired);
    }
    let at = scenario.now;
    assert_eq!(told(&scenario.gateway_says(Rejected)), "operation_failed → processing retry");
    assert!(told(&scenario.timer_fires()).starts_with("→ processing query:"));
    assert_eq!(scenario.now, at.plus_ms(scenario.policy.query_settle_ms), "it shows by then why the void was refused");
    let mut facts = stands(&scenario, FactStatus::Succeeded);
    facts.push(fact(&scenario.effects[0], OperationKind::Capture, FactStatus::Succeeded));
    assert_eq!(told(&scenario.reports(facts)), "authorized unwanted_success operation_requested → processing refund:1");
    assert_eq!(told(&scenario.gateway_says(Approved)), format!("refunded {end} → {end}"));
}

/// Once the customer has acted, the time in which to act is over for good.
#[rstest]
#[case::the_merchant_says_so(true, "→ processing query:1")]
#[case::nobody_says_so(false, "→ requires_action query:1")]
fn what_the_gateway_works_on_does_not_expire(#[case] is_confirmed: bool, #[case] asked: &str) {
    let mut scenario = Scenario::awaiting_action();
    let told = if is_confirmed { told(&scenario.asks(Ask::Confirm)) } else { told(&scenario.timer_fires()) };
    assert!(told.ends_with(asked), "{told}");
    assert_eq!(says(&mut scenario, FactStatus::Pending), "confirmed → processing retry");
    assert!(!awaits_expiry(&scenario) && scenario.payment().action_expires_at.is_none());
    scenario.pass(2 * scenario.policy.action_ttl_ms);
    scenario.timer_fires();
    assert_eq!(told_of_success(&mut scenario), "authorized captured → succeeded");
}

fn told_of_success(scenario: &mut Scenario) -> String {
    told(&scenario.gateway_says(Reported))
}

/// Another attempt, at another account or at the same one later, has nothing to do with what the customer had to do at the first.
#[rstest]
#[case::elsewhere(1, "attempt_started → processing authorize:1")]
#[case::later(2, "attempt_started → processing retry")]
fn another_attempt_does_not_expire(#[case] declines: usize, #[case] expected: &str) {
    let asked = CreatePayment { gateway_account: String::new(), declines_retried_max: 2, ..command(Automatic) };
    let mut scenario = Scenario::begun_by(&input(COMMAND, asked));
    let mut last = String::new();
    for _ in 0..declines {
        let effect = scenario.latest().clone();
        scenario.gateway_says(ActionRequired);
        scenario.asks(Ask::Confirm);
        let mut declined = fact(&effect, Authorize, FactStatus::Failed);
        declined.failure = Some(Failure {
            code: "declined".to_owned(),
            decline_code: None,
            network_code: None,
            advice: Some("try_again_later".to_owned()),
            message: "declined".to_owned(),
        });
        last = told(&scenario.reports(vec![declined]));
    }
    assert_eq!(last, expected);
    assert!(!awaits_expiry(&scenario) && scenario.payment().action_expires_at.is_none());
}

#[test]
fn the_time_may_be_over_while_the_gateway_is_asked() {
    let mut scenario = Scenario::awaiting_action();
    scenario.pass(scenario.policy.action_ttl_ms - 1);
    scenario.asks(Ask::Confirm);
    assert_eq!(told(&scenario.timer_fires()), "→ processing", "the answer says what comes next");
    assert_eq!(says(&mut scenario, FactStatus::ActionRequired), "action_required → requires_action retry");
    assert_eq!(told(&scenario.timer_fires()), "→ requires_action query:2", "the first look may have come too early");
    assert_eq!(says(&mut scenario, FactStatus::ActionRequired), "operation_requested → processing void:1");
}

#[test]
fn a_notice_that_may_be_old_does_not_call_the_customer_back() {
    let mut scenario = Scenario::awaiting_action();
    scenario.timer_fires();
    says(&mut scenario, FactStatus::Pending);
    let facts = stands(&scenario, FactStatus::ActionRequired);
    assert_eq!(told(&scenario.notices(facts)), "→ processing retry");
    assert_eq!(told(&scenario.timer_fires()), "→ processing query:2");
    assert_eq!(says(&mut scenario, FactStatus::ActionRequired), "action_required → requires_action retry");
}
