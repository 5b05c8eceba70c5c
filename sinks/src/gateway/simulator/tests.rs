//! Every answer and what it means.

use proptest::prelude::*;
use quittance_avro::{money::MinorUnits, words::CaptureMethod};
use rstest::rstest;
use serde_json::{Value, json};

use super::*;
use crate::gateway::{exchange::Broken, samples};

const AUTHORIZE: EffectKind = EffectKind::Authorize;
const QUERY: EffectKind = EffectKind::Query;

fn charge(status: &str, captured: i64) -> Value {
    json!({
        "id": "ch_1", "status": status, "amount": 1250, "amount_captured": captured, "currency": "EUR",
        "authorization_code": "A00001", "decline_code": null, "advice": null,
        "network_transaction_id": "000000000000001", "avs_result": "Y", "cvc_result": "M",
        "card": {
            "brand": "visa", "funding": "credit", "country": "IE", "iin": "424242", "last4": "4242",
            "exp_month": 12, "exp_year": 2034, "fingerprint": "card_fp_approve",
        },
    })
}

fn succeeded() -> Value {
    charge("succeeded", 1250)
}

fn declined_charge(decline_code: &str, advice: &str) -> Value {
    with(&charge("declined", 0), &json!({ "decline_code": decline_code, "advice": advice }))
}

fn decline(charge: &Value) -> Value {
    json!({ "error": { "code": "card_declined", "message": "declined" }, "charge": charge })
}

fn error(code: &str) -> Value {
    json!({ "error": { "code": code, "message": "the gateway's own words" } })
}

/// The object with some members replaced.
fn with(object: &Value, replaced: &Value) -> Value {
    let members = |value: &Value| value.as_object().cloned().unwrap_or_default();
    members(object).into_iter().chain(members(replaced)).collect()
}

fn judged(kind: EffectKind, status: u16, body: &Value) -> Verdict {
    let body = Ok(body.to_string().into_bytes());
    judge(&samples::effect(kind, "tok_approve"), &Exchange::Answered { status, body })
}

#[rstest]
#[case::taken(201, succeeded(), ResultOutcome::Approved)]
#[case::held(201, charge("authorized", 0), ResultOutcome::Approved)]
#[case::soft_decline(402, decline(&declined_charge("insufficient_funds", "try_again_later")), ResultOutcome::Declined)]
#[case::hard_decline(402, decline(&declined_charge("stolen_card", "do_not_try_again")), ResultOutcome::Declined)]
#[case::no_such_token(400, error("invalid_token"), ResultOutcome::Rejected)]
#[case::invalid(400, error("invalid_request"), ResultOutcome::Rejected)]
#[case::malformed(400, error("malformed_json"), ResultOutcome::Rejected)]
#[case::wrong_path(404, error("not_found"), ResultOutcome::Rejected)]
#[case::too_large_a_request(413, error("body_too_large"), ResultOutcome::Rejected)]
#[case::too_many(429, error("slow_down"), ResultOutcome::NotProcessed)]
#[case::too_many_says_a_proxy(429, json!("<html>"), ResultOutcome::NotProcessed)]
#[case::full(503, error("memory_full"), ResultOutcome::NotProcessed)]
#[case::in_progress(409, error("in_progress"), ResultOutcome::Unknown)]
#[case::key_reused(409, error("idempotency_key_reused"), ResultOutcome::Unknown)]
#[case::failed(500, error("gateway_error"), ResultOutcome::Unknown)]
#[case::failed_with_a_code_that_would_refuse(500, error("invalid_token"), ResultOutcome::Unknown)]
#[case::full_says_another_status(500, error("memory_full"), ResultOutcome::Unknown)]
#[case::unavailable(503, error("unavailable"), ResultOutcome::Unknown)]
#[case::bad_gateway(502, json!("<html>"), ResultOutcome::Unknown)]
#[case::other_refusal(400, error("something_new"), ResultOutcome::Unknown)]
#[case::refusal_of_a_proxy(400, json!("<html>"), ResultOutcome::Unknown)]
#[case::no_entry(403, json!({}), ResultOutcome::Unknown)]
#[case::redirect(307, json!({}), ResultOutcome::Unknown)]
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
#[case::declined_in_other_currency(402, decline(&with(&declined_charge("stolen_card", ""), &json!({"currency": "USD"}))), ResultOutcome::Unknown)]
#[case::other_status(201, charge("pending", 0), ResultOutcome::Unknown)]
#[case::amount_is_no_integer(201, with(&succeeded(), &json!({"amount": 12.5})), ResultOutcome::Unknown)]
#[case::no_object(201, json!([]), ResultOutcome::Unknown)]
fn an_answer_to_a_charge(#[case] status: u16, #[case] body: Value, #[case] outcome: ResultOutcome) {
    check(&judged(AUTHORIZE, status, &body), outcome);
}

#[rstest]
#[case::taken(200, json!({"data": [succeeded()]}), ResultOutcome::Approved)]
#[case::held(200, json!({"data": [charge("authorized", 0)]}), ResultOutcome::Approved)]
#[case::declined(200, json!({"data": [declined_charge("stolen_card", "do_not_try_again")]}), ResultOutcome::Declined)]
#[case::nothing(200, json!({"data": []}), ResultOutcome::Absent)]
#[case::too_many(429, json!({}), ResultOutcome::NotProcessed)]
#[case::full(503, error("memory_full"), ResultOutcome::NotProcessed)]
#[case::several(200, json!({"data": [succeeded(), succeeded()]}), ResultOutcome::Unknown)]
#[case::contradiction(200, json!({"data": [charge("succeeded", 0)]}), ResultOutcome::Unknown)]
#[case::other_currency(200, json!({"data": [with(&succeeded(), &json!({"currency": "USD"}))]}), ResultOutcome::Unknown)]
#[case::no_list(200, json!({}), ResultOutcome::Unknown)]
#[case::created(201, succeeded(), ResultOutcome::Unknown)]
#[case::refused(400, error("invalid_query"), ResultOutcome::Unknown)]
#[case::not_found(404, error("not_found"), ResultOutcome::Unknown)]
#[case::failed(500, error("gateway_error"), ResultOutcome::Unknown)]
fn an_answer_to_a_query(#[case] status: u16, #[case] body: Value, #[case] outcome: ResultOutcome) {
    check(&judged(QUERY, status, &body), outcome);
}

#[rstest]
#[case::not_sent(Exchange::NotSent("connection refused".to_owned()), ResultOutcome::NotProcessed)]
#[case::timed_out(Exchange::Unanswered(Broken::TimedOut), ResultOutcome::Unknown)]
#[case::reset(Exchange::Unanswered(Broken::Failed("reset".to_owned())), ResultOutcome::Unknown)]
#[case::cut_off(Exchange::Answered { status: 201, body: Err(Broken::Failed("reset".to_owned())) }, ResultOutcome::Unknown)]
#[case::too_late(Exchange::Answered { status: 201, body: Err(Broken::TimedOut) }, ResultOutcome::Unknown)]
#[case::too_large(Exchange::Answered { status: 201, body: Err(Broken::TooLarge(9)) }, ResultOutcome::Unknown)]
#[case::refusal_cut_off(Exchange::Answered { status: 400, body: Err(Broken::TimedOut) }, ResultOutcome::Unknown)]
#[case::no_json(Exchange::Answered { status: 201, body: Ok(b"{".to_vec()) }, ResultOutcome::Unknown)]
#[case::too_many_cut_off(Exchange::Answered { status: 429, body: Err(Broken::TimedOut) }, ResultOutcome::NotProcessed)]
fn an_exchange_that_broke(
    #[values(AUTHORIZE, QUERY)] kind: EffectKind,
    #[case] exchange: Exchange,
    #[case] outcome: ResultOutcome,
) {
    check(&judge(&samples::effect(kind, "tok_approve"), &exchange), outcome);
}

/// The outcome, and what goes with each.
fn check(verdict: &Verdict, outcome: ResultOutcome) {
    assert_eq!(verdict.outcome, outcome, "{verdict:?}");
    let code = match outcome {
        ResultOutcome::Approved => None,
        ResultOutcome::Declined => Some("declined"),
        ResultOutcome::Rejected => Some("rejected"),
        ResultOutcome::NotProcessed | ResultOutcome::Expired | ResultOutcome::Absent => Some("gateway_unavailable"),
        ResultOutcome::Unknown => Some("outcome_unknown"),
    };
    assert_eq!(verdict.failure.as_ref().map(|failure| failure.code.as_str()), code);
    if outcome != ResultOutcome::Approved {
        assert_eq!((verdict.authorized_amount, verdict.captured_amount), (MinorUnits::ZERO, MinorUnits::ZERO));
    }
    let told = verdict.failure.as_ref().map_or("", |failure| failure.message.as_str());
    assert!(!told.contains("the gateway's own words"), "{told}");
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
    let held = judged(AUTHORIZE, 201, &charge("authorized", 0));
    assert_eq!((held.authorized_amount.get(), held.captured_amount.get()), (1250, 0));
}

#[rstest]
#[case::soft("insufficient_funds", "try_again_later", Some("insufficient_funds"), Some("try_again_later"))]
#[case::hard("stolen_card", "do_not_try_again", Some("stolen_card"), Some("do_not_try_again"))]
#[case::not_in_our_words("act_of_god", "pray", None, None)]
fn a_decline_is_put_into_our_words(
    #[values(AUTHORIZE, QUERY)] kind: EffectKind,
    #[case] raw_code: &str,
    #[case] raw_advice: &str,
    #[case] decline_code: Option<&str>,
    #[case] advice: Option<&str>,
) {
    let charge = declined_charge(raw_code, raw_advice);
    let verdict = match kind {
        EffectKind::Authorize => judged(kind, 402, &decline(&charge)),
        EffectKind::Query => judged(kind, 200, &json!({ "data": [charge] })),
    };
    let failure = verdict.failure.expect("a failure");
    assert_eq!((failure.decline_code.as_deref(), failure.advice.as_deref()), (decline_code, advice));
    assert_eq!(verdict.details.raw_code.as_deref(), Some(raw_code));
    assert_eq!(verdict.details.raw_advice.as_deref(), Some(raw_advice));
}

#[test]
fn what_is_no_fact_is_left_out_of_an_approval() {
    let odd = json!({
        "authorization_code": "x".repeat(256), "avs_result": "", "new_member": 1,
        "card": { "iin": "4242424242424242", "last4": "4242424242424242", "exp_month": 13, "exp_year": 34 },
    });
    let verdict = judged(AUTHORIZE, 201, &with(&succeeded(), &odd));
    assert_eq!(verdict.outcome, ResultOutcome::Approved);
    assert_eq!((verdict.details.authorization_code, verdict.details.avs_result), (None, None));
    let card = verdict.card.expect("a card");
    assert_eq!((card.iin, card.last4, card.exp_month, card.exp_year), (None, None, None, None));
}

#[test]
fn a_failure_keeps_the_code_of_the_gateway() {
    assert_eq!(judged(AUTHORIZE, 500, &error("gateway_error")).details.raw_code.as_deref(), Some("gateway_error"));
    assert_eq!(judged(AUTHORIZE, 400, &error("invalid_token")).details.raw_code.as_deref(), Some("invalid_token"));
}

#[test]
fn every_try_of_an_attempt_asks_for_the_same() {
    let mut effect = samples::effect(AUTHORIZE, "tok_approve");
    let first = request(&effect);
    effect.try_number = 2;
    effect.envelope.id = "eff_00000000000000000000000000000002".to_owned();
    let second = request(&effect);

    assert_eq!((&first.target, &first.headers, &first.body), (&second.target, &second.headers, &second.body));
    let key = samples::ATTEMPT_ID.to_string();
    assert!(first.headers.contains(&("idempotency-key", key.clone())));
    let body: Value = serde_json::from_str(first.body.as_deref().unwrap_or_default()).expect("JSON");
    let expected = json!({
        "amount": 1250, "currency": "EUR", "token": "tok_approve", "capture": true, "metadata": { "attempt_id": key },
    });
    assert_eq!((first.method, first.target.as_str(), body), (Method::POST, "/v1/charges", expected));

    effect.capture = CaptureMethod::Manual;
    let held: Value = serde_json::from_str(request(&effect).body.as_deref().unwrap_or_default()).expect("JSON");
    assert_eq!(held["capture"], false);
}

#[test]
fn a_query_asks_by_the_key() {
    let query = request(&samples::effect(QUERY, "tok_approve"));
    assert_eq!(query.method, Method::GET);
    assert_eq!(query.target, format!("/v1/charges?idempotency_key={}", samples::ATTEMPT_ID));
    assert_eq!((query.headers, query.body), (vec![], None));
}

proptest! {
    #[test]
    fn no_answer_makes_it_panic_or_say_what_its_question_cannot_mean(
        is_query: bool,
        status in prop_oneof![any::<u16>(), proptest::sample::select(vec![200, 201, 400, 402, 409, 429, 500, 503])],
        body in proptest::collection::vec(any::<u8>(), 0..64),
    ) {
        let kind = if is_query { QUERY } else { AUTHORIZE };
        let exchange = Exchange::Answered { status, body: Ok(body) };
        let verdict = judge(&samples::effect(kind, "tok_approve"), &exchange);
        prop_assert_ne!(verdict.outcome, ResultOutcome::Expired);
        // That a query failed says nothing of the try, and a try is never about what is there already.
        let impossible = if is_query { ResultOutcome::Rejected } else { ResultOutcome::Absent };
        prop_assert_ne!(verdict.outcome, impossible);
    }
}
