//! Answers to an authorization.

use quittance_avro::{money::MinorUnits, time::Timestamp, words::CaptureMethod};

use super::*;
use crate::samples::OTHER_ATTEMPT_ID;

const AUTHORIZE: EffectKind = EffectKind::Authorize;

#[rstest]
#[case::taken(201, succeeded(), ResultOutcome::Approved)]
#[case::held(201, charge("authorized", 0), ResultOutcome::Approved)]
#[case::customer_has_to_act(201, requires_action(), ResultOutcome::ActionRequired)]
#[case::not_settled(201, charge("processing", 0), ResultOutcome::Pending)]
#[case::soft_decline(402, decline(&declined_charge("insufficient_funds", "try_again_later")), ResultOutcome::Declined)]
#[case::hard_decline(402, decline(&declined_charge("stolen_card", "do_not_try_again")), ResultOutcome::Declined)]
#[case::given_up_since(201, charge("voided", 0), ResultOutcome::Unknown)]
#[case::expired_since(201, charge("expired", 0), ResultOutcome::Unknown)]
#[case::approval_under_another_status(200, succeeded(), ResultOutcome::Unknown)]
#[case::approved_but_declined(201, declined_charge("stolen_card", "do_not_try_again"), ResultOutcome::Unknown)]
#[case::declined_but_approved(402, decline(&succeeded()), ResultOutcome::Unknown)]
#[case::payment_required_of_a_proxy(402, json!({}), ResultOutcome::Unknown)]
#[case::nothing_authorized(201, with(&succeeded(), &json!({"amount": 0})), ResultOutcome::Unknown)]
#[case::beyond_any_amount(201, with(&succeeded(), &json!({"amount": 1_i64 << 53})), ResultOutcome::Unknown)]
#[case::negative(201, with(&succeeded(), &json!({"amount_captured": -1})), ResultOutcome::Unknown)]
#[case::taken_but_nothing(201, charge("succeeded", 0), ResultOutcome::Unknown)]
#[case::held_but_something_taken(201, charge("authorized", 1), ResultOutcome::Unknown)]
#[case::more_taken_than_authorized(201, charge("succeeded", 1251), ResultOutcome::Unknown)]
#[case::other_currency(201, with(&succeeded(), &json!({"currency": "USD"})), ResultOutcome::Unknown)]
#[case::other_attempt(201, with(&succeeded(), &json!({"metadata": {"attempt_id": OTHER_ATTEMPT_ID}})), ResultOutcome::Unknown)]
#[case::declined_in_other_currency(402, decline(&with(&declined_charge("stolen_card", ""), &json!({"currency": "USD"}))), ResultOutcome::Unknown)]
#[case::other_status(201, charge("pondering", 0), ResultOutcome::Unknown)]
#[case::amount_is_no_integer(201, with(&succeeded(), &json!({"amount": 12.5})), ResultOutcome::Unknown)]
#[case::no_name(201, with(&succeeded(), &json!({"id": ""})), ResultOutcome::Unknown)]
#[case::name_that_leads_elsewhere(201, with(&succeeded(), &json!({"id": "../ch_1"})), ResultOutcome::Unknown)]
#[case::action_without_an_address(201, with(&requires_action(), &json!({"next_action": null})), ResultOutcome::Unknown)]
#[case::action_of_another_kind(201, with(&requires_action(), &json!({"next_action": {"type": "dance", "url": "https://x.example"}})), ResultOutcome::Unknown)]
#[case::action_at_no_web_page(201, with(&requires_action(), &json!({"next_action": {"type": "redirect", "url": "javascript:x"}})), ResultOutcome::Unknown)]
fn an_answer_to_a_charge(#[case] status: u16, #[case] body: Value, #[case] outcome: ResultOutcome) {
    let verdict = judged(AUTHORIZE, status, &body);
    assert_eq!(verdict.outcome, outcome, "{verdict:?}");
}

#[test]
fn an_approval_has_what_the_gateway_told() {
    let verdict = judged(AUTHORIZE, 201, &succeeded());
    assert_eq!((verdict.authorized_amount.get(), verdict.captured_amount.get()), (1250, 1250));
    assert_eq!(verdict.details.gateway_reference.as_deref(), Some("ch_1"));
    assert_eq!(verdict.details.network_transaction_id.as_deref(), Some("000000000000001"));
    assert_eq!(verdict.details.authorization_code.as_deref(), Some("A00001"));
    assert_eq!(verdict.details.avs_result.as_deref(), Some("Y"));
    assert_eq!(verdict.details.cvc_result.as_deref(), Some("M"));
    let card = verdict.card.expect("a card");
    assert_eq!((card.brand.as_deref(), card.last4.as_deref()), (Some("visa"), Some("4242")));
    assert_eq!((card.exp_month, card.exp_year), (Some(12), Some(2034)));
    assert_eq!(card.tokens, []);
}

#[test]
fn amounts_are_those_of_the_gateway() {
    let part = judged(AUTHORIZE, 201, &with(&charge("succeeded", 300), &json!({"amount": 1000})));
    assert_eq!((part.authorized_amount.get(), part.captured_amount.get()), (1000, 300));
    let held = judged(AUTHORIZE, 201, &with(&charge("authorized", 0), &json!({"expires_at": 1_793_000_000_000_i64})));
    assert_eq!((held.authorized_amount.get(), held.captured_amount.get()), (1250, 0));
    assert_eq!(held.authorization_expires_at, Some(Timestamp::from_ms(1_793_000_000_000)));
}

/// An answer that is given again may tell of what came after the first time.
#[test]
fn what_another_attempt_captured_did_not_come_with_the_authorization() {
    let capture = json!({
        "id": "cap_1", "amount": 500, "status": "succeeded", "metadata": { "attempt_id": OTHER_ATTEMPT_ID },
    });
    let undone = with(&capture, &json!({ "status": "failed" }));
    let part = json!({ "status": "authorized", "amount_captured": 500, "captures": [capture, undone] });
    let verdict = judged(AUTHORIZE, 201, &with(&succeeded(), &part));
    assert_eq!((verdict.authorized_amount.get(), verdict.captured_amount), (1250, MinorUnits::ZERO));
}

#[test]
fn the_customer_is_told_where_to_act_and_until_when() {
    let action = judged(AUTHORIZE, 201, &requires_action()).next_action.expect("an action");
    assert_eq!((action.kind.as_str(), action.url.as_str()), ("redirect", "http://127.0.0.1:8090/actions/ch_1"));
    assert_eq!(action.expires_at, Some(Timestamp::from_ms(1_793_534_500_000)));
}

#[rstest]
#[case("insufficient_funds", "try_again_later", Some("insufficient_funds"), Some("try_again_later"))]
#[case("stolen_card", "do_not_try_again", Some("stolen_card"), Some("do_not_try_again"))]
#[case("do_not_honor", "", Some("card_declined"), None)]
#[case("expired_card", "", Some("expired_card"), None)]
#[case("incorrect_cvc", "", Some("incorrect_cvc"), None)]
#[case("fraudulent", "", Some("fraudulent"), None)]
#[case("lost_card", "", Some("lost_card"), None)]
#[case("card_velocity_exceeded", "", Some("card_velocity_exceeded"), None)]
#[case("processing_error", "try_again_later", Some("processing_error"), Some("try_again_later"))]
#[case("authentication_required", "", Some("authentication_required"), None)]
#[case("authentication_failed", "", Some("authentication_failed"), None)]
#[case("action_expired", "", Some("action_expired"), None)]
#[case::not_in_our_words("act_of_god", "pray", None, None)]
fn a_decline_is_put_into_our_words(
    #[case] raw_code: &str,
    #[case] raw_advice: &str,
    #[case] decline_code: Option<&str>,
    #[case] advice: Option<&str>,
) {
    let verdict = judged(AUTHORIZE, 402, &decline(&declined_charge(raw_code, raw_advice)));
    let failure = verdict.failure.expect("a failure");
    assert_eq!((failure.decline_code.as_deref(), failure.advice.as_deref()), (decline_code, advice));
    assert_eq!(verdict.details.raw_code.as_deref(), Some(raw_code));
    assert_eq!(verdict.details.raw_advice.as_deref(), Some(raw_advice).filter(|raw| !raw.is_empty()));
}

#[test]
fn what_is_no_fact_is_left_out_of_an_approval() {
    let odd = json!({
        "authorization_code": "x".repeat(256), "avs_result": "", "cvc_result": "M\n", "new_member": 1,
        "card": { "iin": "4242424242424242", "last4": "4242424242424242", "exp_month": 13, "exp_year": 34 },
    });
    let verdict = judged(AUTHORIZE, 201, &with(&succeeded(), &odd));
    assert_eq!(verdict.outcome, ResultOutcome::Approved);
    let details = verdict.details;
    assert_eq!((details.authorization_code, details.avs_result, details.cvc_result), (None, None, None));
    let card = verdict.card.expect("a card");
    assert_eq!((card.iin, card.last4, card.exp_month, card.exp_year), (None, None, None, None));
}

#[test]
fn a_body_larger_than_any_is_not_believed() {
    let large = with(&succeeded(), &json!({ "new_member": "x".repeat(crate::BODY_BYTES_MAX) }));
    assert_eq!(judged(AUTHORIZE, 201, &large).outcome, ResultOutcome::Unknown);
}

/// The simulator authorizes in one step.
#[test]
fn there_is_nothing_to_confirm() {
    let mut effect = samples::effect(EffectKind::Confirm);
    effect.capture = CaptureMethod::Manual;
    let verdict = samples::unsent(Simulator.requests(&effect, &crate::Credentials::Open));
    assert_eq!(verdict.outcome, ResultOutcome::Rejected);
    assert_eq!(judged(EffectKind::Confirm, 201, &succeeded()).outcome, ResultOutcome::Unknown);
}
