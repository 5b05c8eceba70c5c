//! Answers to captures, voids and refunds.

use super::*;
use crate::samples::OTHER_ATTEMPT_ID;

const CAPTURE: EffectKind = EffectKind::Capture;
const VOID: EffectKind = EffectKind::Void;
const REFUND: EffectKind = EffectKind::Refund;

#[rstest]
#[case::captured(CAPTURE, 201, moved("cap_1", "succeeded"), ResultOutcome::Approved)]
#[case::capture_not_settled(CAPTURE, 201, moved("cap_1", "pending"), ResultOutcome::Pending)]
#[case::capture_failed(CAPTURE, 201, moved("cap_1", "failed"), ResultOutcome::Declined)]
#[case::voided(VOID, 201, moved("void_1", "succeeded"), ResultOutcome::Approved)]
#[case::refunded(REFUND, 201, moved("re_1", "succeeded"), ResultOutcome::Approved)]
#[case::refund_not_settled(REFUND, 201, moved("re_1", "pending"), ResultOutcome::Pending)]
#[case::refund_failed(REFUND, 201, moved("re_1", "failed"), ResultOutcome::Declined)]
#[case::other_status(CAPTURE, 200, moved("cap_1", "succeeded"), ResultOutcome::Unknown)]
#[case::no_such_word(REFUND, 201, moved("re_1", "pondering"), ResultOutcome::Unknown)]
#[case::of_another_charge(CAPTURE, 201, with(&moved("cap_1", "succeeded"), &json!({"charge": "ch_2"})), ResultOutcome::Unknown)]
#[case::void_of_another_charge(VOID, 201, with(&moved("void_1", "succeeded"), &json!({"charge": "ch_2"})), ResultOutcome::Unknown)]
#[case::of_no_charge(REFUND, 201, with(&moved("re_1", "succeeded"), &json!({"charge": null})), ResultOutcome::Unknown)]
#[case::of_another_attempt(REFUND, 201, with(&moved("re_1", "succeeded"), &json!({"metadata": {"attempt_id": OTHER_ATTEMPT_ID}})), ResultOutcome::Unknown)]
#[case::void_of_another_attempt(VOID, 201, with(&moved("void_1", "succeeded"), &json!({"metadata": {"attempt_id": OTHER_ATTEMPT_ID}})), ResultOutcome::Unknown)]
#[case::nothing(CAPTURE, 201, with(&moved("cap_1", "succeeded"), &json!({"amount": 0})), ResultOutcome::Unknown)]
#[case::negative(VOID, 201, with(&moved("void_1", "succeeded"), &json!({"amount": -1})), ResultOutcome::Unknown)]
#[case::no_name(REFUND, 201, moved("", "succeeded"), ResultOutcome::Unknown)]
#[case::a_charge(CAPTURE, 201, succeeded(), ResultOutcome::Unknown)]
#[case::declined(CAPTURE, 402, decline(&declined_charge("do_not_honor", "")), ResultOutcome::Unknown)]
fn an_answer(#[case] kind: EffectKind, #[case] status: u16, #[case] body: Value, #[case] outcome: ResultOutcome) {
    let verdict = judged(kind, status, &body);
    assert_eq!(verdict.outcome, outcome, "{verdict:?}");
    if outcome == ResultOutcome::Approved {
        assert_eq!(verdict.amount.get(), 1250);
        assert_eq!(verdict.details.gateway_reference.as_deref(), body["id"].as_str());
    }
}

/// Also one that is not what was asked for: whether that is a contradiction is for the rules to say.
#[test]
fn the_amount_is_the_gateways() {
    for (kind, id) in [(CAPTURE, "cap_1"), (VOID, "void_1"), (REFUND, "re_1")] {
        let verdict = judged(kind, 201, &with(&moved(id, "succeeded"), &json!({ "amount": 9_999 })));
        assert_eq!(verdict.amount.get(), 9_999, "{kind}");
    }
}

#[test]
fn of_a_charge_that_was_never_authorized_all_is_released() {
    let verdict = judged(VOID, 201, &with(&moved("void_1", "succeeded"), &json!({ "amount": 0 })));
    assert_eq!((verdict.outcome, verdict.amount.get()), (ResultOutcome::Approved, 1250));
}

#[test]
fn why_it_failed_is_kept() {
    let failed = with(&moved("re_1", "failed"), &json!({ "failure_code": "expired_card" }));
    let verdict = judged(REFUND, 201, &failed);
    assert_eq!(verdict.details.raw_code.as_deref(), Some("expired_card"));
    assert_eq!(verdict.failure.and_then(|failure| failure.decline_code).as_deref(), Some("expired_card"));
}
