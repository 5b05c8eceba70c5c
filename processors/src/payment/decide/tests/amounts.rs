//! Approvals of something else than what was asked for.

use quittance_avro::{
    records::GatewayResult,
    words::{
        CaptureMethod::{self, Automatic, Manual},
        ResultOutcome::{Approved, Declined},
    },
};
use rstest::rstest;

use super::{
    results::under_review,
    scenario::{Scenario, told},
};
use crate::payment::samples::{CHARGE, amount, answer, currency};

const UNBOOKED: &str = "review_opened → processing unknown review:contradicting_result";

fn approval(scenario: &Scenario, authorized: i64, captured: i64, code: &str) -> GatewayResult {
    GatewayResult {
        authorized_amount: amount(authorized),
        captured_amount: amount(captured),
        currency: currency(code),
        ..answer(scenario.latest(), Approved)
    }
}

/// 12.50 EUR were asked for. What is less is given back at once, and at what is more a person looks.
#[rstest]
#[case::as_asked(Automatic, 1250, 1250, "EUR", "authorized captured → succeeded")]
#[case::as_asked_for_later(Manual, 1250, 0, "EUR", "authorized → requires_capture")]
#[case::less(Automatic, 1000, 1000, "EUR", "authorized unwanted_success operation_requested → processing refund:1")]
#[case::less_for_later(Manual, 1000, 0, "EUR", "authorized operation_requested → processing void:1")]
#[case::more(Automatic, 1251, 1251, "EUR", "authorized captured review_opened → succeeded review:contradicting_result")]
#[case::not_captured(Automatic, 1250, 0, "EUR", "authorized operation_requested → processing capture:1")]
#[case::partly_captured(
    Automatic,
    1250,
    1000,
    "EUR",
    "authorized captured review_opened → requires_capture review:contradicting_result"
)]
#[case::captured_unasked(
    Manual,
    1250,
    1250,
    "EUR",
    "authorized captured review_opened → succeeded review:contradicting_result"
)]
#[case::more_captured_than_authorized(Automatic, 1250, 1251, "EUR", UNBOOKED)]
#[case::other_currency(Automatic, 1250, 1250, "JPY", UNBOOKED)]
#[case::nothing(Automatic, 0, 0, "EUR", UNBOOKED)]
#[case::captured_alone(Automatic, 0, 1250, "EUR", UNBOOKED)]
#[case::negative(Automatic, -1250, -1250, "EUR", UNBOOKED)]
#[case::negative_capture(Manual, 1250, -1, "EUR", UNBOOKED)]
#[case::too_large(Automatic, 1 << 53, 1250, "EUR", UNBOOKED)]
fn an_approval(
    #[case] capture: CaptureMethod,
    #[case] authorized: i64,
    #[case] captured: i64,
    #[case] code: &str,
    #[case] expected: &str,
) {
    let mut scenario = Scenario::created(capture);
    let result = approval(&scenario, authorized, captured, code);
    assert_eq!(told(&scenario.result(result)), expected);
    let booked = if expected == UNBOOKED { 0 } else { authorized };
    assert_eq!(scenario.payment().authorized_amount, amount(booked));
}

/// A partial approval is given back whole, and the payment has failed.
#[rstest]
#[case::captured(Automatic, 1000)]
#[case::held(Manual, 0)]
fn a_partial_approval_comes_to_nothing(#[case] capture: CaptureMethod, #[case] captured: i64) {
    let mut scenario = Scenario::created(capture);
    let result = approval(&scenario, 1000, captured, "EUR");
    scenario.result(result);
    let ended = told(&scenario.gateway_says(Approved));
    assert!(ended.ends_with("failed → failed"), "{ended}");
    assert_eq!(scenario.payment().failure.as_ref().map(|failure| &*failure.code), Some("partially_approved"));
    assert!(scenario.changelog().timers.is_empty());
}

const DOUBT: &str = "review_opened → succeeded review:contradicting_result";

/// After 12.50 EUR were authorized and captured as one charge.
#[rstest]
#[case::again(1250, 1250, "EUR", Some(CHARGE), "ignored: AlreadySettled")]
#[case::without_its_name(1250, 1250, "EUR", None, "ignored: AlreadySettled")]
#[case::another_charge(1250, 1250, "EUR", Some("ch_2"), DOUBT)]
#[case::another_amount(1000, 1000, "EUR", Some(CHARGE), DOUBT)]
#[case::not_captured(1250, 0, "EUR", Some(CHARGE), DOUBT)]
#[case::another_currency(1250, 1250, "USD", Some(CHARGE), DOUBT)]
fn a_second_approval(
    #[case] authorized: i64,
    #[case] captured: i64,
    #[case] code: &str,
    #[case] reference: Option<&str>,
    #[case] expected: &str,
) {
    let mut scenario = Scenario::captured();
    let mut result = approval(&scenario, authorized, captured, code);
    result.details.gateway_reference = reference.map(str::to_owned);
    assert_eq!(told(&scenario.result(result)), expected);
}

#[test]
fn a_fact_is_booked_while_a_person_looks_into_a_contradiction() {
    let mut scenario = Scenario::created(Automatic);
    let nonsense = approval(&scenario, 1250, 1250, "JPY");
    scenario.result(nonsense);
    let contradicted = " review:contradicting_result";
    assert_eq!(told(&scenario.gateway_says(Approved)), format!("authorized captured → succeeded{contradicted}"));
}

#[test]
fn a_contradiction_is_more_than_an_unknown() {
    let mut scenario = under_review();
    let nonsense = approval(&scenario, 1250, 1250, "JPY");
    assert_eq!(told(&scenario.result(nonsense)), UNBOOKED);
}

#[test]
fn a_decline_after_an_approval_is_looked_into_at_the_gateway() {
    let mut scenario = Scenario::captured();
    assert_eq!(told(&scenario.gateway_says(Declined)), "→ succeeded query:1");
}
