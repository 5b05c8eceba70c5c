//! Answers to the two steps of an authorization.

use quittance_avro::{
    money::MinorUnits,
    time::Timestamp,
    words::{CaptureMethod, Initiator},
};

use super::*;

const AUTHORIZE: EffectKind = EffectKind::Authorize;
const CONFIRM: EffectKind = EffectKind::Confirm;

#[rstest]
#[case::to_be_confirmed(intent("requires_confirmation"), ResultOutcome::Created)]
#[case::without_a_method(intent("requires_payment_method"), ResultOutcome::Created)]
#[case::taken_already(succeeded(), ResultOutcome::Unknown)]
#[case::held_already(held(), ResultOutcome::Unknown)]
#[case::other_amount(with(&intent("requires_confirmation"), &json!({"amount": 1251})), ResultOutcome::Unknown)]
#[case::other_currency(with(&intent("requires_confirmation"), &json!({"currency": "usd"})), ResultOutcome::Unknown)]
#[case::currency_in_upper_case(with(&intent("requires_confirmation"), &json!({"currency": "EUR"})), ResultOutcome::Unknown)]
#[case::other_attempt(with(&intent("requires_confirmation"), &json!({"metadata": {"attempt_id": samples::OTHER_ATTEMPT_ID}})), ResultOutcome::Unknown)]
#[case::to_be_held(with(&intent("requires_confirmation"), &json!({"capture_method": "manual"})), ResultOutcome::Unknown)]
#[case::no_name(with(&intent("requires_confirmation"), &json!({"id": ""})), ResultOutcome::Unknown)]
#[case::name_that_leads_elsewhere(with(&intent("requires_confirmation"), &json!({"id": "pi_1/capture"})), ResultOutcome::Unknown)]
#[case::other_status(intent("pondering"), ResultOutcome::Unknown)]
fn an_answer_to_the_first_step(#[case] body: Value, #[case] outcome: ResultOutcome) {
    let verdict = judged(AUTHORIZE, 200, &body);
    assert_eq!(verdict.outcome, outcome, "{verdict:?}");
    if outcome == ResultOutcome::Created {
        assert_eq!(verdict.details.gateway_reference.as_deref(), Some("pi_1"));
    }
}

#[test]
fn what_is_to_be_held_is_created_so() {
    let mut effect = effect(AUTHORIZE);
    effect.capture = CaptureMethod::Manual;
    let manual = with(&intent("requires_confirmation"), &json!({ "capture_method": "manual" }));
    assert_eq!(Stripe.judge(&effect, &[answered(200, &manual)]).outcome, ResultOutcome::Created);
}

#[rstest]
#[case::taken(200, succeeded(), ResultOutcome::Approved)]
#[case::held(200, held(), ResultOutcome::Approved)]
#[case::without_its_charge(200, with(&succeeded(), &json!({"latest_charge": "ch_1"})), ResultOutcome::Approved)]
#[case::customer_has_to_act(200, requires_action(), ResultOutcome::ActionRequired)]
#[case::customer_cannot_act(200, requires_script(), ResultOutcome::Rejected)]
#[case::action_without_an_address(200, with(&requires_action(), &json!({"next_action": {"type": "redirect_to_url", "redirect_to_url": {"url": null}}})), ResultOutcome::Rejected)]
#[case::not_settled(200, intent("processing"), ResultOutcome::Pending)]
#[case::declined(402, decline("card_declined", Some("insufficient_funds")), ResultOutcome::Declined)]
#[case::declined_without_the_intent(402, json!({"error": card_error("expired_card", None)}), ResultOutcome::Declined)]
#[case::declined_told_otherwise(200, failed(&card_error("card_declined", Some("do_not_honor"))), ResultOutcome::Declined)]
#[case::customer_failed(402, json!({"error": with(&card_error("payment_intent_authentication_failure", None), &json!({"type": "invalid_request_error"}))}), ResultOutcome::Declined)]
#[case::nothing_attempted(200, intent("requires_payment_method"), ResultOutcome::Unknown)]
#[case::not_confirmed(200, intent("requires_confirmation"), ResultOutcome::Unknown)]
#[case::given_up(200, canceled(&json!(null), None), ResultOutcome::Unknown)]
#[case::other_intent(200, with(&succeeded(), &json!({"id": "pi_2"})), ResultOutcome::Unknown)]
#[case::other_attempt(200, with(&succeeded(), &json!({"metadata": {"attempt_id": samples::OTHER_ATTEMPT_ID}})), ResultOutcome::Unknown)]
#[case::other_currency(200, with(&succeeded(), &json!({"currency": "usd"})), ResultOutcome::Unknown)]
#[case::taken_but_nothing(200, with(&succeeded(), &json!({"amount_received": 0})), ResultOutcome::Unknown)]
#[case::held_but_something_taken(200, with(&held(), &json!({"amount_received": 1})), ResultOutcome::Unknown)]
#[case::more_taken_than_authorized(200, with(&held(), &json!({"status": "succeeded", "amount_received": 1251})), ResultOutcome::Unknown)]
#[case::negative(200, with(&succeeded(), &json!({"amount_received": -1})), ResultOutcome::Unknown)]
#[case::declined_but_taken(402, json!({"error": with(&card_error("card_declined", None), &json!({"payment_intent": succeeded()}))}), ResultOutcome::Unknown)]
#[case::other_was_declined(402, json!({"error": with(&card_error("card_declined", None), &json!({"payment_intent": with(&intent("requires_payment_method"), &json!({"id": "pi_2"}))}))}), ResultOutcome::Unknown)]
fn an_answer_to_the_second_step(#[case] status: u16, #[case] body: Value, #[case] outcome: ResultOutcome) {
    let verdict = judged(CONFIRM, status, &body);
    assert_eq!(verdict.outcome, outcome, "{verdict:?}");
    if [ResultOutcome::Approved, ResultOutcome::ActionRequired, ResultOutcome::Pending].contains(&outcome) {
        assert_eq!(verdict.details.gateway_reference.as_deref(), Some("pi_1"));
    }
}

#[test]
fn an_approval_has_what_the_gateway_told() {
    let verdict = judged(CONFIRM, 200, &succeeded());
    assert_eq!((verdict.authorized_amount.get(), verdict.captured_amount.get()), (1250, 1250));
    assert_eq!(verdict.authorization_expires_at, None, "nothing is held");
    let details = verdict.details;
    assert_eq!(details.network_transaction_id.as_deref(), Some("000000000000001"));
    assert_eq!(details.authorization_code.as_deref(), Some("A00001"));
    assert_eq!((details.avs_result.as_deref(), details.cvc_result.as_deref()), (Some("pass"), Some("pass")));
    let authentication = details.three_d_secure.expect("an authentication");
    assert_eq!((authentication.version.as_deref(), authentication.eci.as_deref()), (Some("2.2.0"), Some("05")));
    assert_eq!(authentication.ds_transaction_id.as_deref(), Some("ds_1"));
    let card = verdict.card.expect("a card");
    assert_eq!((card.brand.as_deref(), card.last4.as_deref()), (Some("visa"), Some("4242")));
    assert_eq!((card.funding.as_deref(), card.wallet.as_deref()), (Some("credit"), Some("apple_pay")));
    assert_eq!((card.exp_month, card.exp_year), (Some(12), Some(2034)));
}

#[test]
fn amounts_are_those_of_the_gateway() {
    let verdict = judged(CONFIRM, 200, &held());
    assert_eq!((verdict.authorized_amount.get(), verdict.captured_amount), (1250, MinorUnits::ZERO));
    assert_eq!(verdict.authorization_expires_at, Some(Timestamp::from_ms(1_793_600_000_000)));

    let part = judged(CONFIRM, 200, &with(&held(), &json!({ "amount_capturable": 750 })));
    assert_eq!(part.authorized_amount.get(), 750);
    let part = judged(CONFIRM, 200, &with(&succeeded(), &json!({ "amount_received": 750, "latest_charge": "ch_1" })));
    assert_eq!((part.authorized_amount.get(), part.captured_amount.get()), (750, 750));

    let mut by_card = charge(0);
    by_card["payment_method_details"]["card"]["amount_authorized"] = json!(800);
    let part = judged(CONFIRM, 200, &with(&held(), &json!({ "latest_charge": by_card })));
    assert_eq!(part.authorized_amount.get(), 800);

    let more = with(&held(), &json!({ "amount_capturable": 2_000 }));
    assert_eq!(judged(CONFIRM, 200, &more).authorized_amount.get(), 2_000, "what is too much is said, too");
}

/// An answer that is given again may tell of what came after the first time.
#[test]
fn what_another_attempt_captured_did_not_come_with_the_authorization() {
    let metadata = json!({ "attempt_id": ATTEMPT_ID, "capture_attempt_id": samples::OTHER_ATTEMPT_ID });
    let verdict = judged(CONFIRM, 200, &with(&captured(1250), &json!({ "metadata": metadata })));
    assert_eq!((verdict.authorized_amount.get(), verdict.captured_amount), (1250, MinorUnits::ZERO));
}

#[test]
fn amounts_are_put_into_our_units() {
    for (currency, ours, theirs) in
        [("ISK", 1250, 125_000), ("JPY", 1250, 1250), ("MGA", 1200, 12), ("KWD", 1250, 1250)]
    {
        let mut effect = effect(CONFIRM);
        effect.currency = currency.parse().expect("a currency");
        effect.amount = MinorUnits::payable(ours).expect("an amount");
        let amounts = json!({
            "amount": theirs, "amount_received": theirs, "currency": currency.to_lowercase(), "latest_charge": "ch_1",
        });
        let verdict = Stripe.judge(&effect, &[answered(200, &with(&succeeded(), &amounts))]);
        assert_eq!((verdict.authorized_amount.get(), verdict.captured_amount.get()), (ours, ours), "{currency}");
    }
}

#[test]
fn the_customer_is_told_where_to_act() {
    let action = judged(CONFIRM, 200, &requires_action()).next_action.expect("an action");
    assert_eq!((action.kind.as_str(), action.url.as_str()), ("redirect", "https://hooks.stripe.example/redirect/1"));
    let failure = judged(CONFIRM, 200, &requires_script()).failure.expect("a failure");
    assert_eq!(failure.decline_code.as_deref(), Some("action_not_supported"));
}

#[rstest]
#[case("card_declined", Some("insufficient_funds"), Some("insufficient_funds"), Some("try_again_later"))]
#[case("card_declined", Some("generic_decline"), Some("card_declined"), None)]
#[case("card_declined", Some("do_not_honor"), Some("card_declined"), None)]
#[case("card_declined", Some("lost_card"), Some("lost_card"), Some("do_not_try_again"))]
#[case("card_declined", Some("stolen_card"), Some("stolen_card"), Some("do_not_try_again"))]
#[case("card_declined", Some("fraudulent"), Some("fraudulent"), Some("do_not_try_again"))]
#[case("card_declined", Some("card_velocity_exceeded"), Some("card_velocity_exceeded"), None)]
#[case("card_declined", Some("card_not_supported"), Some("card_not_supported"), Some("do_not_try_again"))]
#[case("card_declined", Some("currency_not_supported"), Some("currency_not_supported"), Some("do_not_try_again"))]
#[case("card_declined", Some("invalid_account"), Some("invalid_account"), Some("do_not_try_again"))]
#[case("card_declined", Some("issuer_not_available"), Some("processing_error"), Some("try_again_later"))]
#[case("expired_card", None, Some("expired_card"), Some("do_not_try_again"))]
#[case("expired_card", Some("expired_card"), Some("expired_card"), Some("do_not_try_again"))]
#[case("incorrect_cvc", Some("incorrect_cvc"), Some("incorrect_cvc"), None)]
#[case("processing_error", None, Some("processing_error"), Some("try_again_later"))]
#[case("authentication_required", Some("authentication_required"), Some("authentication_required"), None)]
#[case("payment_intent_authentication_failure", None, Some("authentication_failed"), None)]
#[case::new_code_of_an_issuer("card_declined", Some("act_of_god"), Some("card_declined"), None)]
#[case::not_in_our_words("act_of_god", None, None, None)]
fn a_decline_is_put_into_our_words(
    #[case] code: &str,
    #[case] raw: Option<&str>,
    #[case] decline_code: Option<&str>,
    #[case] advice: Option<&str>,
) {
    let answers = [(402, decline(code, raw)), (200, failed(&card_error(code, raw)))];
    for (status, body) in answers {
        let verdict = judged(CONFIRM, status, &body);
        let failure = verdict.failure.expect("a failure");
        assert_eq!((failure.decline_code.as_deref(), failure.advice.as_deref()), (decline_code, advice));
        assert_eq!(verdict.details.raw_code.as_deref(), raw.or(Some(code)));
        assert_eq!(verdict.details.gateway_reference.as_deref(), Some("pi_1"));
    }
}

#[rstest]
#[case("do_not_try_again", Some("do_not_try_again"))]
#[case("try_again_later", Some("try_again_later"))]
#[case("confirm_card_data", None)]
fn the_gateways_advice_goes_before_our_table(#[case] raw: &str, #[case] advice: Option<&str>) {
    let said = json!({ "advice_code": raw, "network_decline_code": "51", "network_advice_code": "02" });
    let error = with(&card_error("card_declined", Some("insufficient_funds")), &said);
    let verdict = judged(CONFIRM, 402, &json!({ "error": error }));
    let failure = verdict.failure.expect("a failure");
    assert_eq!((failure.advice.as_deref(), failure.network_code.as_deref()), (advice, Some("51")));
    assert_eq!(verdict.details.raw_advice.as_deref(), Some(raw));
}

#[test]
fn what_is_no_fact_is_left_out_of_an_approval() {
    let mut odd = charge(1250);
    odd["payment_method_details"]["card"] = json!({
        "iin": "4242424242424242", "last4": "4242424242424242", "exp_month": 13, "exp_year": 34, "funding": "unknown",
        "authorization_code": "x".repeat(256), "checks": null, "wallet": null, "new_member": 1,
        "three_d_secure": { "electronic_commerce_indicator": "five", "version": "" },
    });
    let verdict = judged(CONFIRM, 200, &with(&succeeded(), &json!({ "latest_charge": odd })));
    assert_eq!(verdict.outcome, ResultOutcome::Approved);
    assert_eq!((verdict.details.authorization_code, verdict.details.three_d_secure), (None, None));
    let card = verdict.card.expect("a card");
    assert_eq!((card.iin, card.last4, card.exp_month, card.exp_year, card.funding), (None, None, None, None, None));
}

#[test]
fn a_merchants_own_charge_is_told_apart() {
    let mut effect = effect(CONFIRM);
    effect.initiator = Initiator::Merchant;
    let request = samples::only(Stripe.requests(&effect, &crate::Credentials::Open));
    assert!(request.body.is_some_and(|body| body.contains("off_session=true")));
}
