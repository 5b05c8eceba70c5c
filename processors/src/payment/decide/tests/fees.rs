//! What payments cost, and what comes back of that.

use std::sync::Arc;

use quittance_avro::{
    records::{FeeRule, FeeRules},
    words::{
        CaptureMethod::{Automatic, Manual},
        FactStatus::{Failed, Pending, Succeeded},
        OperationKind::{Capture, Dispute, Refund},
        ResultOutcome::Approved,
    },
};
use quittance_tables::{TenantConfiguration, Versioned};
use rstest::rstest;

use super::{reports::foreign, scenario::Scenario};
use crate::payment::{
    gateways::Gateways,
    policy::policy,
    samples::{Ask, amount, create, currency, envelope, fact, gateways},
};

/// The same gateways for a tenant whose merchants pay that.
pub(super) fn with_fees(rate_ppm: i64, fixed: i64, returned: bool) -> Gateways {
    let rule = FeeRule { currency: currency("EUR"), rate_ppm, fixed_amount: amount(fixed), returned };
    let value = FeeRules { envelope: envelope("cfg_1".to_owned()), rules: vec![rule] };
    let fees = Some(Arc::new(Versioned { version: 7, value }));
    gateways().configured(&TenantConfiguration { fees, ..TenantConfiguration::default() })
}

/// 12.50 EUR were taken.
fn captured(fees: Gateways) -> Scenario {
    let mut scenario = Scenario { gateways: fees, ..Scenario::new(policy()) };
    scenario.take(&create(Automatic));
    scenario.gateway_says(Approved);
    scenario
}

fn fees(scenario: &Scenario) -> Vec<i64> {
    let fees = scenario.payment().operations.iter().filter_map(|found| found.fee_amount);
    fees.map(quittance_avro::money::MinorUnits::get).collect()
}

#[rstest]
#[case::nothing(0, 0, &[])]
#[case::share(14_000, 0, &[18])]
#[case::share_that_is_rounded_down(13_999, 0, &[17])]
#[case::half_is_rounded_up(14_000, 25, &[43])]
#[case::never_more_than_what_was_taken(1_000_000, 25, &[1250])]
fn a_capture_costs(#[case] rate_ppm: i64, #[case] fixed: i64, #[case] expected: &[i64]) {
    assert_eq!(fees(&captured(with_fees(rate_ppm, fixed, false))), expected);
}

#[test]
fn the_version_that_says_so_is_noted() {
    let scenario = captured(with_fees(14_000, 0, false));
    assert_eq!(scenario.operation(Capture).fee_version, Some(7));
}

#[test]
fn another_currency_costs_nothing() {
    let mut scenario = Scenario { gateways: with_fees(14_000, 0, false), ..Scenario::new(policy()) };
    let mut asked = crate::payment::samples::command(Automatic);
    asked.currency = currency("USD");
    scenario.take(&crate::payment::samples::input(crate::payment::samples::COMMAND, asked));
    scenario.gateway_says(Approved);
    assert!(fees(&scenario).is_empty());
}

#[rstest]
#[case::kept(false, &[18])]
#[case::returned(true, &[18, 6, 6, 6])]
fn refunds_give_back(#[case] returned: bool, #[case] expected: &[i64]) {
    let mut scenario = captured(with_fees(14_000, 0, returned));
    for part in [Some(400), Some(433), None] {
        scenario.asks(Ask::Refund { amount: part });
        scenario.gateway_says(Approved);
    }
    assert_eq!(fees(&scenario), expected);
}

#[test]
fn rounding_adds_nothing_up() {
    let mut scenario = captured(with_fees(0, 3, true));
    for _ in 0..5 {
        scenario.asks(Ask::Refund { amount: Some(250) });
        scenario.gateway_says(Approved);
    }
    let all = fees(&scenario);
    assert_eq!(all[0], all[1..].iter().sum::<i64>(), "{all:?}");
}

#[test]
fn what_is_turned_over_takes_its_fee_with_it() {
    let mut scenario = captured(with_fees(14_000, 0, true));
    scenario.asks(Ask::Refund { amount: None });
    let refund = scenario.latest().clone();
    scenario.gateway_says(Approved);
    let before = scenario.ledger.balances();
    scenario.notices(vec![fact(&refund, Refund, Failed)]);
    assert_ne!(scenario.ledger.balances(), before, "the invariants compare the ledger with the operations");
    scenario.notices(vec![fact(&refund, Refund, Succeeded)]);
    assert_eq!(scenario.ledger.balances(), before);
    assert_eq!(fees(&scenario), [18, 18]);
}

/// A fee is for what was taken in the end.
#[test]
fn what_is_done_again_for_less_costs_less() {
    let mut scenario = Scenario { gateways: with_fees(1_000_000, 0, true), ..Scenario::new(policy()) };
    scenario.take(&create(Manual));
    scenario.gateway_says(Approved);
    scenario.asks(Ask::Capture { amount: None, is_final: true });
    let capture = scenario.latest().clone();
    scenario.gateway_says(Approved);
    scenario.notices(vec![fact(&capture, Capture, Failed)]);
    let mut less = fact(&capture, Capture, Succeeded);
    less.amount = amount(600);
    scenario.notices(vec![less]);
    assert_eq!(fees(&scenario), [600]);
}

#[test]
fn a_lost_dispute_gives_nothing_back() {
    let mut scenario = captured(with_fees(14_000, 0, true));
    for status in [Pending, Succeeded] {
        let mut dispute = foreign(&scenario, Dispute, "dp_1", 1250);
        dispute.status = status;
        scenario.notices(vec![dispute]);
    }
    assert_eq!(fees(&scenario), [18]);
}

#[test]
fn what_nobody_wants_costs_nothing() {
    let mut scenario = Scenario { gateways: with_fees(14_000, 0, true), ..Scenario::new(policy()) };
    scenario.take(&create(Automatic));
    scenario.asks(Ask::Cancel);
    scenario.gateway_says(Approved);
    scenario.gateway_says(Approved);
    assert!(fees(&scenario).is_empty());
}
