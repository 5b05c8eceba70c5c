//! Answers to captures, voids and refunds.

use super::*;

const CAPTURE: EffectKind = EffectKind::Capture;
const VOID: EffectKind = EffectKind::Void;
const REFUND: EffectKind = EffectKind::Refund;

#[rstest]
#[case::captured(CAPTURE, captured(1250), ResultOutcome::Approved)]
#[case::capture_not_settled(CAPTURE, with(&captured(0), &json!({"status": "processing"})), ResultOutcome::Pending)]
#[case::captured_without_its_charge(CAPTURE, with(&captured(1250), &json!({"latest_charge": null})), ResultOutcome::Approved)]
#[case::captured_without_our_mark(CAPTURE, with(&captured(1250), &json!({"metadata": {}})), ResultOutcome::Approved)]
#[case::captured_by_another_attempt(CAPTURE, with(&captured(1250), &json!({"metadata": {"capture_attempt_id": samples::OTHER_ATTEMPT_ID}})), ResultOutcome::Unknown)]
#[case::captured_nothing(CAPTURE, captured(0), ResultOutcome::Unknown)]
#[case::still_held(CAPTURE, held(), ResultOutcome::Unknown)]
#[case::captured_another(CAPTURE, with(&captured(1250), &json!({"id": "pi_2"})), ResultOutcome::Unknown)]
#[case::captured_in_another_currency(CAPTURE, with(&captured(1250), &json!({"currency": "usd"})), ResultOutcome::Unknown)]
#[case::voided(VOID, canceled(&charge(0), None), ResultOutcome::Approved)]
#[case::voided_before_the_customer_acted(VOID, canceled(&json!(null), None), ResultOutcome::Approved)]
#[case::voided_without_its_charge(VOID, canceled(&json!("ch_1"), None), ResultOutcome::Approved)]
#[case::not_voided(VOID, succeeded(), ResultOutcome::Unknown)]
#[case::voided_another(VOID, with(&canceled(&charge(0), None), &json!({"id": "pi_2"})), ResultOutcome::Unknown)]
#[case::voided_nothing(VOID, with(&canceled(&charge(1250), None), &json!({"amount_received": 1250})), ResultOutcome::Unknown)]
#[case::refunded(REFUND, refund("succeeded"), ResultOutcome::Approved)]
#[case::refund_not_settled(REFUND, refund("pending"), ResultOutcome::Pending)]
#[case::refund_wants_something(REFUND, refund("requires_action"), ResultOutcome::Pending)]
#[case::refund_failed(REFUND, refund("failed"), ResultOutcome::Declined)]
#[case::refund_given_up(REFUND, refund("canceled"), ResultOutcome::Declined)]
#[case::refund_of_another(REFUND, with(&refund("succeeded"), &json!({"payment_intent": "pi_2"})), ResultOutcome::Unknown)]
#[case::refund_of_another_attempt(REFUND, with(&refund("succeeded"), &json!({"metadata": {"attempt_id": samples::OTHER_ATTEMPT_ID}})), ResultOutcome::Unknown)]
#[case::refund_in_another_currency(REFUND, with(&refund("succeeded"), &json!({"currency": "usd"})), ResultOutcome::Unknown)]
#[case::refund_of_nothing(REFUND, with(&refund("succeeded"), &json!({"amount": 0})), ResultOutcome::Unknown)]
#[case::refund_without_a_name(REFUND, with(&refund("succeeded"), &json!({"id": ""})), ResultOutcome::Unknown)]
#[case::payment_instead_of_a_refund(REFUND, succeeded(), ResultOutcome::Unknown)]
#[case::no_such_word(REFUND, refund("pondering"), ResultOutcome::Unknown)]
fn an_answer(#[case] kind: EffectKind, #[case] body: Value, #[case] outcome: ResultOutcome) {
    let verdict = judged(kind, 200, &body);
    assert_eq!(verdict.outcome, outcome, "{verdict:?}");
    assert_eq!(verdict.amount.get(), if outcome == ResultOutcome::Approved { 1250 } else { 0 });
}

#[rstest]
#[case(CAPTURE, captured(1250), "ch_1")]
#[case(CAPTURE, with(&captured(1250), &json!({"latest_charge": "ch_7"})), "ch_7")]
#[case(CAPTURE, with(&captured(1250), &json!({"latest_charge": null})), "pi_1")]
#[case(VOID, canceled(&charge(0), None), "pi_1")]
#[case(REFUND, refund("succeeded"), "re_1")]
#[case(REFUND, refund("pending"), "re_1")]
fn it_has_the_gateways_name(#[case] kind: EffectKind, #[case] body: Value, #[case] name: &str) {
    assert_eq!(judged(kind, 200, &body).details.gateway_reference.as_deref(), Some(name));
}

/// Also one that is not what was asked for: whether that is a contradiction is for the rules to say.
#[test]
fn the_amount_is_the_gateways() {
    assert_eq!(judged(CAPTURE, 200, &captured(700)).amount.get(), 700);
    assert_eq!(judged(REFUND, 200, &with(&refund("succeeded"), &json!({ "amount": 9_999 }))).amount.get(), 9_999);
    let mut part = charge(0);
    part["payment_method_details"]["card"]["amount_authorized"] = json!(750);
    assert_eq!(judged(VOID, 200, &canceled(&part, None)).amount.get(), 750, "what was authorized is released");
}

#[test]
fn a_capture_can_be_declined() {
    for kind in [CAPTURE, REFUND] {
        let verdict = judged(kind, 402, &json!({ "error": card_error("card_declined", Some("expired_card")) }));
        assert_eq!(verdict.outcome, ResultOutcome::Declined);
        assert_eq!(verdict.failure.and_then(|failure| failure.decline_code).as_deref(), Some("expired_card"));
    }
}

#[rstest]
#[case("lost_or_stolen_card", Some("lost_card"))]
#[case("expired_or_canceled_card", Some("expired_card"))]
#[case("charge_for_pending_refund_disputed", Some("charge_disputed"))]
#[case("insufficient_funds", Some("balance_insufficient"))]
#[case("unknown", None)]
fn why_a_refund_failed_is_kept(#[case] raw: &str, #[case] ours: Option<&str>) {
    let verdict = judged(REFUND, 200, &with(&refund("failed"), &json!({ "failure_reason": raw })));
    assert_eq!(verdict.details.raw_code.as_deref(), Some(raw));
    assert_eq!(verdict.failure.and_then(|failure| failure.decline_code).as_deref(), ours);
}
