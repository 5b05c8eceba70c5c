//! The customer's bank takes the money back, or wants to.

use quittance_avro::{
    records::GatewayFact,
    words::{
        CaptureMethod::Automatic,
        FactStatus::{self, Failed, Pending, Succeeded},
        OperationKind::{Dispute, Refund},
        OperationStatus, Origin, PaymentStatus,
        ResultOutcome::{self, Approved, NotProcessed, Rejected, Unknown},
    },
};
use rstest::rstest;

use super::{
    reports::{charge, foreign},
    scenario::{Scenario, told},
};
use crate::payment::{
    policy::policy,
    samples::{Ask, COMMAND, amount, command, done, input, notice},
};

const DAY_MS: i64 = 86_400_000;

/// A dispute as the gateway tells of it.
fn dispute(scenario: &Scenario, status: FactStatus, minor_units: i64) -> GatewayFact {
    let reason = Some("fraudulent".to_owned());
    GatewayFact { status, reason, ..foreign(scenario, Dispute, "dp_1", minor_units) }
}

fn disputed() -> Scenario {
    let mut scenario = Scenario::captured();
    let open = dispute(&scenario, Pending, 1250);
    assert_eq!(told(&scenario.notices(vec![open])), "dispute_opened → succeeded retry");
    scenario
}

fn ends(scenario: &mut Scenario, status: FactStatus) -> String {
    let end = dispute(scenario, status, 1250);
    told(&scenario.notices(vec![end]))
}

#[test]
fn a_dispute_is_an_operation_of_the_gateways() {
    let scenario = disputed();
    let found = scenario.operation(Dispute);
    assert!(found.id.starts_with("dsp_"));
    assert_eq!((found.status, found.origin, found.amount.get()), (OperationStatus::Pending, Origin::Gateway, 1250));
    assert_eq!((found.reason.as_deref(), found.gateway_reference.as_deref()), (Some("fraudulent"), Some("dp_1")));
}

#[rstest]
#[case::open(None, "refused: payment_disputed")]
#[case::lost(Some(Succeeded), "refused: payment_disputed")]
#[case::won(Some(Failed), "operation_requested → succeeded refund:1")]
fn nothing_is_refunded_while_a_dispute_is_open_or_lost(#[case] end: Option<FactStatus>, #[case] expected: &str) {
    let mut scenario = disputed();
    if let Some(status) = end {
        assert_eq!(ends(&mut scenario, status), "dispute_closed → succeeded");
    }
    assert_eq!(told(&scenario.asks(Ask::Refund { amount: Some(100) })), expected);
}

#[test]
fn money_moves_only_when_it_is_lost() {
    let mut scenario = disputed();
    let before = scenario.ledger.clone();
    ends(&mut scenario, Failed);
    assert_eq!(scenario.ledger, before);
    let mut scenario = disputed();
    ends(&mut scenario, Succeeded);
    assert_ne!(scenario.ledger, before);
    assert_eq!(scenario.payment().status, PaymentStatus::Succeeded);
}

#[test]
fn what_was_lost_may_be_won_back_and_lost_again() {
    let mut scenario = disputed();
    let before = scenario.ledger.clone();
    ends(&mut scenario, Succeeded);
    assert_eq!(ends(&mut scenario, Failed), "operation_corrected → succeeded");
    assert_eq!(scenario.operation(Dispute).status, OperationStatus::Failed);
    assert_eq!(scenario.ledger.balances(), before.balances());
    assert_eq!(ends(&mut scenario, Succeeded), "operation_corrected dispute_closed → succeeded");
}

#[test]
fn how_much_of_it_is_lost_the_end_says() {
    let mut scenario = disputed();
    let part = dispute(&scenario, Succeeded, 400);
    assert_eq!(told(&scenario.notices(vec![part])), "dispute_closed → succeeded");
    assert_eq!(scenario.operation(Dispute).amount.get(), 400);
}

#[rstest]
#[case::lost(Succeeded, "dispute_opened dispute_closed → succeeded")]
#[case::won(Failed, "dispute_opened dispute_closed → succeeded")]
fn one_that_is_heard_of_when_it_is_over_is_opened_and_closed(#[case] status: FactStatus, #[case] expected: &str) {
    let mut scenario = Scenario::captured();
    assert_eq!(ends(&mut scenario, status), expected);
    assert_eq!(ends(&mut scenario, status), "ignored: AlreadySettled");
}

#[test]
fn an_open_one_is_asked_about_day_by_day_until_a_person_has_to() {
    let mut scenario = disputed();
    let mut days = 0;
    while scenario.payment().review.is_none() {
        let before = scenario.now;
        scenario.timer_fires();
        assert!(scenario.now.as_ms() - before.as_ms() <= DAY_MS, "at least once a day");
        if scenario.payment().review.is_none() {
            scenario.gateway_says(Unknown);
        }
        days += 1;
        assert!(days < 2_000, "it goes on for ever");
    }
    assert!(scenario.age_ms() >= 400 * DAY_MS);
}

#[test]
fn what_it_is_asked_about_ends_it() {
    let mut scenario = disputed();
    assert_eq!(told(&scenario.timer_fires()), "→ succeeded query(dispute):1");
    let mut facts = charge(&scenario);
    facts.push(dispute(&scenario, Succeeded, 1250));
    assert_eq!(told(&scenario.reports(facts)), "dispute_closed → succeeded");
    assert!(scenario.changelog().timers.is_empty());
}

#[test]
fn a_refund_and_a_lost_dispute_together_are_for_a_person() {
    let mut scenario = Scenario::captured();
    scenario.asks(Ask::Refund { amount: None });
    let refund = scenario.latest_of(Refund).clone();
    let open = dispute(&scenario, Pending, 1250);
    scenario.notices(vec![open]);
    scenario.says_of(&refund, Approved);
    assert_eq!(ends(&mut scenario, Succeeded), "dispute_closed review_opened → succeeded review:gateway_excess");
}

/// What nobody wants and the bank takes back is not given back as well.
#[test]
fn what_the_bank_takes_back_of_what_nobody_wants_is_back() {
    let mut scenario = Scenario::created(Automatic);
    scenario.asks(Ask::Cancel);
    scenario.gateway_says(Approved);
    let refund = scenario.latest_of(Refund).clone();
    let open = dispute(&scenario, Pending, 1250);
    assert_eq!(told(&scenario.notices(vec![open])), "dispute_opened → processing retry");
    assert_eq!(told(&scenario.says_of(&refund, Rejected)), "operation_failed → processing retry");
    assert_eq!(ends(&mut scenario, Succeeded), "dispute_closed canceled → canceled retry");
}

#[test]
fn a_dispute_of_another_currency_is_for_a_person() {
    let mut scenario = Scenario::captured();
    let mut open = dispute(&scenario, Pending, 1250);
    open.currency = "USD".parse().expect("a currency");
    assert_eq!(told(&scenario.notices(vec![open])), "review_opened → succeeded review:contradicting_result");
    let mut nothing = dispute(&scenario, Pending, 1250);
    nothing.amount = amount(0);
    scenario.notices(vec![nothing]);
    assert!(!scenario.payment().operations.iter().any(|found| found.kind == Dispute));
}

#[rstest]
#[case::not_sent(NotProcessed, "operation_failed → succeeded retry")]
#[case::in_doubt(Unknown, "→ succeeded query(refund):1 retry")]
fn a_refund_that_is_not_done_yet_is_not_sent_again(#[case] first: ResultOutcome, #[case] expected: &str) {
    let mut scenario = Scenario::captured();
    scenario.asks(Ask::Refund { amount: None });
    scenario.gateway_says(first);
    let open = dispute(&scenario, Pending, 1250);
    scenario.notices(vec![open]);
    let mut told_last = told(&scenario.timer_fires());
    while told_last == "→ succeeded retry" {
        told_last = told(&scenario.timer_fires());
    }
    assert_eq!(told_last, expected);
}

#[rstest]
#[case::won(Failed)]
#[case::lost(Succeeded)]
fn one_that_is_opened_again_is_open(#[case] end: FactStatus) {
    let mut scenario = disputed();
    let before = scenario.ledger.balances();
    ends(&mut scenario, end);
    assert_eq!(ends(&mut scenario, Pending), "dispute_opened → succeeded retry");
    assert_eq!(scenario.ledger.balances(), before);
    assert_eq!(told(&scenario.asks(Ask::Refund { amount: None })), "refused: payment_disputed");
    assert_eq!(ends(&mut scenario, Succeeded), "dispute_closed → succeeded");
    assert_ne!(scenario.ledger.balances(), before);
}

/// What was taken at one account and nobody wants is given back, whatever is disputed at the other.
#[test]
fn a_dispute_of_one_charge_holds_up_no_other() {
    let mut scenario = Scenario::new(policy());
    let mut asked = command(Automatic);
    asked.gateway_account.clear();
    scenario.take(&input(COMMAND, asked));
    let first = scenario.latest().clone();
    scenario.gateway_says(Rejected);
    let second = scenario.latest().clone();
    assert_ne!(first.gateway_account, second.gateway_account);
    scenario.gateway_says(Approved);
    let own = GatewayFact { status: Pending, ..foreign(&scenario, Dispute, "dp_1", 1250) };
    let at = scenario.now.plus_ms(1);
    scenario.pass(1);
    assert_eq!(told(&scenario.take(&notice(&second, vec![own], at))), "dispute_opened → succeeded retry");
    scenario.pass(1);
    let late = done(&first);
    let at = scenario.now;
    assert_eq!(
        told(&scenario.take(&notice(&first, late, at))),
        "unwanted_success operation_requested → succeeded refund:1 retry"
    );
}
