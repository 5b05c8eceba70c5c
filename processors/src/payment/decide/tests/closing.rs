//! Canceling, holding, expiring, and what succeeds when nobody wants it any more.

use quittance_avro::{
    records::Review,
    words::{
        CaptureMethod::{self, Automatic, Manual},
        FactStatus,
        OperationKind::{self, Authorize, Refund, Void},
        OperationStatus, PaymentStatus, Resolution,
        ResultOutcome::{self, Absent, Approved, Declined, NotProcessed, Pending, Rejected, Reported, Unknown},
        ReviewReason,
    },
};
use rstest::rstest;

use super::{
    commands::on_hold,
    results::under_review,
    scenario::{Scenario, told},
};
use crate::payment::samples::{Ask, command_id, fact, input, resolution};

#[test]
fn a_cancel_releases_what_is_authorized() {
    let mut scenario = Scenario::authorized();
    scenario.asks(Ask::Cancel);
    assert_eq!(told(&scenario.gateway_says(Approved)), "voided canceled → canceled");
    assert_eq!(scenario.payment().closing_reason.as_deref(), Some("because"));
    assert!(scenario.changelog().timers.is_empty());
}

#[test]
fn a_cancel_after_a_part_was_captured_releases_the_rest() {
    let mut scenario = Scenario::authorized();
    scenario.asks(Ask::Capture { amount: Some(400), is_final: false });
    scenario.gateway_says(Approved);
    scenario.asks(Ask::Cancel);
    assert_eq!(scenario.latest().amount.get(), 850);
    assert_eq!(told(&scenario.gateway_says(Approved)), "voided → succeeded");
    assert_eq!(scenario.payment().captured_amount.get(), 400);
}

#[test]
fn a_cancel_that_the_gateway_does_not_carry_out_leaves_the_payment_open() {
    let mut scenario = Scenario::authorized();
    scenario.asks(Ask::Cancel);
    assert_eq!(told(&scenario.gateway_says(Declined)), "operation_failed → requires_capture");
    assert!(scenario.due_at().is_some(), "it may still expire");
    assert_eq!(told(&scenario.asks(Ask::Cancel)), "operation_requested → processing void:1");
}

/// What is being authorized cannot be canceled at once. The wish is kept.
#[rstest]
#[case::declined(Automatic, Declined, "canceled → canceled")]
#[case::held(Manual, Approved, "authorized operation_requested → processing void:1")]
#[case::taken(Automatic, Approved, "authorized unwanted_success operation_requested → processing refund:1")]
#[case::rejected(Automatic, Rejected, "canceled → canceled")]
#[case::unknown(Automatic, Unknown, "→ processing retry")]
fn a_cancel_while_it_is_authorized(
    #[case] capture: CaptureMethod,
    #[case] outcome: ResultOutcome,
    #[case] expected: &str,
) {
    let mut scenario = Scenario::created(capture);
    assert_eq!(told(&scenario.asks(Ask::Cancel)), "cancel_requested → processing");
    assert_eq!(told(&scenario.gateway_says(outcome)), expected);
}

#[rstest]
#[case::held(Manual, "voided canceled → canceled")]
#[case::taken(Automatic, "refunded canceled → canceled")]
fn what_succeeds_after_a_cancel_is_given_back(#[case] capture: CaptureMethod, #[case] expected: &str) {
    let mut scenario = Scenario::created(capture);
    scenario.asks(Ask::Cancel);
    scenario.gateway_says(Approved);
    assert_eq!(scenario.payment().status, PaymentStatus::Processing, "not before it is given back");
    assert_eq!(told(&scenario.gateway_says(Approved)), expected);
    let payment = scenario.payment();
    assert_eq!((payment.captured_amount.get(), payment.refunded_amount.get()), (0, 0));
}

#[test]
fn after_a_cancel_nothing_is_sent_any_more() {
    let mut scenario = Scenario::created(Automatic);
    scenario.gateway_says(NotProcessed);
    scenario.asks(Ask::Cancel);
    assert_eq!(told(&scenario.timer_fires()), "→ processing retry");
    assert_eq!(told(&scenario.timer_fires()), "canceled → canceled");
}

#[test]
fn after_a_cancel_what_is_in_doubt_is_asked_for() {
    let mut scenario = Scenario::created(Automatic);
    scenario.gateway_says(Unknown);
    scenario.asks(Ask::Cancel);
    assert_eq!(told(&scenario.timer_fires()), "→ processing query:1");
    scenario.gateway_says_and_time_passes(Absent);
    assert_eq!(told(&scenario.gateway_says(Absent)), "canceled → canceled");
}

#[test]
fn giving_back_is_tried_until_a_person_has_to() {
    let mut scenario = Scenario::created(Automatic);
    scenario.asks(Ask::Cancel);
    scenario.gateway_says(Approved);
    for _ in 0..2 {
        assert_eq!(
            told(&scenario.gateway_says(Declined)),
            "operation_failed operation_requested → processing refund:1"
        );
    }
    let last = "operation_failed review_opened → processing review:unwanted_success";
    assert_eq!(told(&scenario.gateway_says(Declined)), last);
    assert_eq!(told(&scenario.asks(Ask::Acknowledge)), "refused: resolution_invalid", "it is not given back yet");
    let refund = scenario.operation(Refund).id.clone();
    let given_back = input(command_id(7), resolution(7, Some(&refund), Resolution::Succeeded));
    assert_eq!(told(&scenario.take(&given_back)), "review_resolved refunded canceled → canceled");
}

#[test]
fn what_a_gateway_could_not_be_asked_for_is_asked_for_anew() {
    let mut scenario = Scenario::created(Automatic);
    scenario.asks(Ask::Cancel);
    scenario.gateway_says(Approved);
    let first = scenario.latest().operation_id.clone();
    while scenario.latest().operation_id == first {
        scenario.gateway_says(NotProcessed);
        scenario.timer_fires();
    }
    assert_eq!(told(&scenario.gateway_says(Approved)), "refunded canceled → canceled");
}

/// That nobody could be asked is no refusal, but not for ever either.
#[test]
fn what_cannot_be_asked_for_is_asked_for_longer_than_what_is_refused() {
    let mut scenario = Scenario::created(Automatic);
    scenario.asks(Ask::Cancel);
    scenario.gateway_says(Approved);
    while scenario.payment().review.is_none() {
        scenario.gateway_says(NotProcessed);
        scenario.timer_fires();
    }
    let refunds = scenario.payment().operations.iter().filter(|found| found.kind == Refund).count();
    assert_eq!(refunds, 12, "four times as many as a gateway may refuse");
}

#[test]
fn what_is_not_captured_in_time_expires_when_the_gateway_agrees() {
    let mut scenario = Scenario::authorized();
    assert_eq!(told(&scenario.timer_fires()), "operation_requested → processing void:1");
    assert_eq!(scenario.age_ms(), 7 * 86_400_000);
    assert_eq!(told(&scenario.gateway_says(Approved)), "voided expired → expired");
}

#[test]
fn what_the_gateway_let_expire_is_expired() {
    let mut scenario = Scenario::authorized();
    let charge = scenario.latest().clone();
    scenario.asks(Ask::Capture { amount: None, is_final: true });
    scenario.gateway_says(Rejected);
    let mut void = fact(&charge, Void, FactStatus::Succeeded);
    (void.attempt_id, void.gateway_reference, void.reason) = (None, None, Some("expired".to_owned()));
    let facts = vec![fact(&charge, Authorize, FactStatus::Succeeded), void];
    assert_eq!(told(&scenario.reports(facts)), "voided expired → expired");
}

#[test]
fn a_capture_under_way_puts_the_expiry_off() {
    let mut scenario = Scenario::authorized();
    scenario.pass(7 * 86_400_000 - 1_000);
    scenario.asks(Ask::Capture { amount: Some(400), is_final: false });
    scenario.gateway_says(Pending);
    let at = scenario.now;
    while scenario.now.as_ms() < at.as_ms() + 1_000 {
        scenario.timer_fires();
    }
    assert_eq!(scenario.payment().status, PaymentStatus::RequiresCapture);
    let capture = scenario.latest_of(OperationKind::Capture).clone();
    scenario.says_of(&capture, Approved);
    scenario.pass(scenario.policy.expiry_recheck_ms);
    assert_eq!(told(&scenario.timer_fires()), "operation_requested → processing void:1");
    assert_eq!(told(&scenario.gateway_says(Approved)), "voided → succeeded");
}

#[test]
fn a_doubt_puts_the_expiry_off() {
    let mut scenario = Scenario::authorized();
    scenario.pass(7 * 86_400_000 - 1_000);
    assert_eq!(told(&scenario.gateway_says(Declined)), "→ requires_capture query:1");
    assert_eq!(told(&scenario.timer_fires()), "→ requires_capture");
    assert_eq!(told(&scenario.gateway_says(Reported)), "→ requires_capture");
    assert_eq!(told(&scenario.timer_fires()), "operation_requested → processing void:1");
}

/// A payment that was canceled and taken all the same. While the money is on its way back, the gateway takes back its word that it
/// had been taken, and then does not say.
fn doubted_while_giving_back() -> Scenario {
    let mut scenario = Scenario::created(Automatic);
    let charge = scenario.latest().clone();
    scenario.asks(Ask::Cancel);
    scenario.gateway_says(Approved);
    let refund = scenario.latest().clone();
    assert_eq!(told(&scenario.says_of(&charge, Declined)), "→ processing query:1");
    assert_eq!(told(&scenario.says_of(&refund, Declined)), "operation_failed → processing", "first it has to be known");
    scenario
}

#[test]
fn what_is_not_wanted_is_given_back_even_if_nobody_clears_up_a_doubt() {
    let mut scenario = doubted_while_giving_back();
    for _ in 0..2 {
        assert_eq!(told(&scenario.gateway_says_and_time_passes(Unknown)).split(':').next(), Some("→ processing query"));
    }
    assert_eq!(
        told(&scenario.gateway_says_and_time_passes(Unknown)),
        "review_opened operation_requested → processing review:contradicting_result refund:1"
    );
    assert_eq!(told(&scenario.gateway_says(Approved)), "refunded canceled → canceled review:contradicting_result");
    assert_eq!(told(&scenario.asks(Ask::Acknowledge)), "review_resolved → canceled");
}

/// As a build left it that did not see to that.
#[test]
fn what_was_left_behind_is_given_back_when_its_review_ends() {
    let mut scenario = doubted_while_giving_back();
    let state = scenario.state.as_mut().expect("it was created");
    state.timers.clear();
    state.state.review = Some(Review { reason: ReviewReason::ContradictingResult, opened_at: state.state.updated_at });
    assert_eq!(told(&scenario.asks(Ask::Acknowledge)), "review_resolved operation_requested → processing refund:1");
    assert_eq!(told(&scenario.gateway_says(Approved)), "refunded canceled → canceled");
}

#[test]
fn a_payment_on_hold_waits_for_a_person() {
    let mut scenario = on_hold();
    assert!(scenario.effects.is_empty() && scenario.changelog().timers.is_empty());
    scenario.asks(Ask::Approve);
    assert_eq!(told(&scenario.gateway_says(Approved)), "authorized captured → succeeded");
}

#[test]
fn a_payment_that_is_rejected_has_failed() {
    let mut scenario = on_hold();
    scenario.asks(Ask::Reject);
    assert_eq!(scenario.payment().failure.as_ref().map(|failure| &*failure.code), Some("rejected_by_reviewer"));
    assert_eq!(told(&scenario.asks(Ask::Approve)), "refused: not_on_hold");
}

#[rstest]
#[case::done(Resolution::Succeeded, "review_resolved authorized captured → succeeded")]
#[case::not_done(Resolution::Failed, "review_resolved declined → failed")]
fn a_person_resolves_what_nobody_knew(#[case] found: Resolution, #[case] expected: &str) {
    let mut scenario = under_review();
    let operation = scenario.payment().operations[0].id.clone();
    assert_eq!(told(&scenario.take(&input(command_id(7), resolution(7, Some(&operation), found)))), expected);
    assert!(scenario.payment().review.is_none());
}

#[test]
fn a_person_resolves_a_refund_that_nobody_knew_of() {
    let mut scenario = Scenario::captured();
    scenario.asks(Ask::Refund { amount: Some(100) });
    while scenario.payment().review.is_none() {
        scenario.gateway_says_and_time_passes(Unknown);
    }
    let refund = scenario.operation(Refund).id.clone();
    let capture = scenario.operation(OperationKind::Capture).id.clone();
    let settled = input(command_id(7), resolution(7, Some(&capture), Resolution::Failed));
    assert_eq!(told(&scenario.take(&settled)), "refused: resolution_invalid", "it is not in doubt");
    let found = input(command_id(8), resolution(8, Some(&refund), Resolution::Succeeded));
    assert_eq!(told(&scenario.take(&found)), "review_resolved refunded → succeeded");
    assert_eq!(scenario.operation(Refund).status, OperationStatus::Succeeded);
}
