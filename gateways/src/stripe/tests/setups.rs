//! Setting a payment method up.

use quittance_avro::{records::SetUpEffect, words::SetUpKind};

use super::*;
use crate::{Credentials, Request, samples::only};

/// The effect of the samples, for a customer.
fn set_up(kind: SetUpKind) -> SetUpEffect {
    SetUpEffect { token: "cus_1/pm_0".to_owned(), ..samples::set_up(kind) }
}

fn requested(effect: &SetUpEffect) -> Request {
    only(Stripe.set_up_requests(effect, &Credentials::Key("sk_test_1".parse().expect("a secret"))))
}

pub(super) fn judged(kind: SetUpKind, exchange: &Exchange) -> Verdict {
    let verdict = Stripe.judge_set_up(&set_up(kind), std::slice::from_ref(exchange));
    samples::check_set_up(&verdict, kind);
    verdict
}

pub(super) fn intent_to_set_up(status: &str) -> Value {
    let method = json!({ "id": "pm_1", "object": "payment_method", "card": {
        "brand": "visa", "country": "IE", "exp_month": 12, "exp_year": 2034, "funding": "credit", "last4": "4242",
    } });
    json!({
        "id": "seti_1", "object": "setup_intent", "status": status, "payment_method": method, "next_action": null,
        "last_setup_error": null, "usage": "off_session", "metadata": { "attempt_id": ATTEMPT_ID },
    })
}

fn failed_set_up() -> Value {
    let error = card_error("card_declined", Some("lost_card"));
    with(&intent_to_set_up("requires_payment_method"), &json!({ "last_setup_error": error, "payment_method": null }))
}

fn with_action(intent: &Value) -> Value {
    with(&intent_to_set_up("requires_action"), &json!({ "next_action": intent["next_action"] }))
}

fn of_attempt(metadata: &Value) -> Value {
    with(&intent_to_set_up("succeeded"), &json!({ "metadata": metadata }))
}

#[rstest]
#[case::saved(intent_to_set_up("succeeded"), ResultOutcome::Approved)]
#[case::customer_has_to_act(with_action(&requires_action()), ResultOutcome::ActionRequired)]
#[case::customer_cannot_act(with_action(&requires_script()), ResultOutcome::Rejected)]
#[case::not_settled(intent_to_set_up("processing"), ResultOutcome::Pending)]
#[case::failed(failed_set_up(), ResultOutcome::Declined)]
#[case::nothing_attempted(intent_to_set_up("requires_payment_method"), ResultOutcome::Unknown)]
#[case::not_confirmed(intent_to_set_up("requires_confirmation"), ResultOutcome::Unknown)]
#[case::given_up(intent_to_set_up("canceled"), ResultOutcome::Rejected)]
#[case::saved_nothing(with(&intent_to_set_up("succeeded"), &json!({"payment_method": null})), ResultOutcome::Unknown)]
#[case::of_another_attempt(of_attempt(&json!({"attempt_id": samples::OTHER_ATTEMPT_ID})), ResultOutcome::Unknown)]
#[case::without_our_marks(of_attempt(&Value::Null), ResultOutcome::Approved)]
#[case::name_that_leads_elsewhere(with(&intent_to_set_up("succeeded"), &json!({"id": "seti_1/.."})), ResultOutcome::Unknown)]
#[case::no_object(json!([]), ResultOutcome::Unknown)]
fn what_it_stands_at(#[case] body: Value, #[case] outcome: ResultOutcome) {
    for kind in SetUpKind::ALL {
        assert_eq!(judged(*kind, &answered(200, &body)).outcome, outcome, "{kind}");
    }
}

#[rstest]
#[case::declined(402, json!({"error": card_error("card_declined", Some("lost_card"))}), ResultOutcome::Declined)]
#[case::wrong_key(401, json!({}), ResultOutcome::Rejected)]
#[case::no_such_method(404, error("invalid_request_error", Some("resource_missing")), ResultOutcome::Rejected)]
#[case::too_many(429, json!({}), ResultOutcome::NotProcessed)]
#[case::locked(400, error("invalid_request_error", Some("lock_timeout")), ResultOutcome::NotProcessed)]
#[case::twin_in_progress(409, error("idempotency_error", None), ResultOutcome::Unknown)]
#[case::key_reused(400, error("idempotency_error", None), ResultOutcome::Unknown)]
#[case::own_failure(500, error("api_error", None), ResultOutcome::Unknown)]
fn a_refusal(#[case] status: u16, #[case] body: Value, #[case] of_a_try: ResultOutcome) {
    assert_eq!(judged(SetUpKind::SetUp, &answered(status, &body)).outcome, of_a_try);
    let is_busy = of_a_try == ResultOutcome::NotProcessed;
    let of_a_query = if is_busy { ResultOutcome::NotProcessed } else { ResultOutcome::Unknown };
    assert_eq!(judged(SetUpKind::Query, &answered(status, &body)).outcome, of_a_query);
}

#[test]
fn what_is_saved_is_charged_from_then_on() {
    let saved = judged(SetUpKind::SetUp, &answered(200, &intent_to_set_up("succeeded")));
    assert_eq!(saved.token.as_deref(), Some("cus_1/pm_1"), "for the customer that it was asked for");
    assert_eq!(saved.card.and_then(|card| card.last4).as_deref(), Some("4242"));
    let by_id = with(&intent_to_set_up("succeeded"), &json!({ "payment_method": "pm_2" }));
    let saved = Stripe.judge_set_up(&samples::set_up(SetUpKind::SetUp), &[answered(200, &by_id)]);
    assert_eq!((saved.token.as_deref(), saved.card), (Some("pm_2"), None));
}

#[rstest]
#[case::told_by_the_error(402, json!({"error": card_error("card_declined", Some("lost_card"))}))]
#[case::told_by_the_intent(200, failed_set_up())]
fn a_decline_says_why(#[case] status: u16, #[case] body: Value) {
    let declined = judged(SetUpKind::SetUp, &answered(status, &body));
    assert_eq!(declined.failure.and_then(|failure| failure.decline_code).as_deref(), Some("lost_card"));
    assert_eq!(declined.details.raw_code.as_deref(), Some("lost_card"));
}

#[test]
fn another_set_up_is_no_answer_to_a_query() {
    let other = with(&intent_to_set_up("succeeded"), &json!({ "id": "seti_2" }));
    assert_eq!(judged(SetUpKind::Query, &answered(200, &other)).outcome, ResultOutcome::Unknown);
}

#[test]
fn a_lost_answer_says_nothing() {
    for kind in SetUpKind::ALL {
        assert_eq!(judged(*kind, &Exchange::Unanswered(Broken::TimedOut)).outcome, ResultOutcome::Unknown);
        assert_eq!(judged(*kind, &Exchange::NotSent(String::new())).outcome, ResultOutcome::NotProcessed);
        assert_eq!(Stripe.judge_set_up(&set_up(*kind), &[]).outcome, ResultOutcome::Unknown);
    }
}

#[test]
fn what_is_asked() {
    let mut effect = set_up(SetUpKind::SetUp);
    effect.return_url = Some("https://shop.example".to_owned());
    let request = requested(&effect);
    assert_eq!(request.target, "/v1/setup_intents");
    assert!(request.headers.contains(&("idempotency-key", ATTEMPT_ID.to_string())));
    let body = request.body.unwrap_or_default();
    let form: Vec<_> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let attempt = ATTEMPT_ID.to_string();
    let expected = [
        ("customer", "cus_1"),
        ("payment_method", "pm_0"),
        ("payment_method_types[]", "card"),
        ("usage", "off_session"),
        ("confirm", "true"),
        ("return_url", "https://shop.example"),
        ("metadata[payment_method_id]", samples::PAYMENT_METHOD_ID),
        ("metadata[attempt_id]", &attempt),
        ("expand[]", "payment_method"),
    ];
    assert_eq!(form, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    effect.try_number = 2;
    assert_eq!(requested(&effect).body, Some(body), "every try asks for the same");

    let query = requested(&set_up(SetUpKind::Query));
    assert_eq!((query.target.as_str(), query.body), ("/v1/setup_intents/seti_1?expand%5B%5D=payment_method", None));
}

#[rstest]
#[case::unnamed(None)]
#[case::leads_elsewhere(Some("../balance"))]
fn what_was_never_named_is_not_asked_about(#[case] reference: Option<&str>) {
    let mut effect = set_up(SetUpKind::Query);
    effect.gateway_reference = reference.map(str::to_owned);
    let verdict = samples::unsent(Stripe.set_up_requests(&effect, &Credentials::Open));
    assert_eq!(verdict.outcome, ResultOutcome::NotProcessed);
}

#[test]
fn a_token_without_a_customer_is_not_saved() {
    let effect = SetUpEffect { token: "pm_0".to_owned(), ..set_up(SetUpKind::SetUp) };
    let verdict =
        samples::unsent(Stripe.set_up_requests(&effect, &Credentials::Key("sk_test_1".parse().expect("a secret"))));
    assert_eq!(verdict.outcome, ResultOutcome::Rejected);
    assert_eq!(verdict.failure.and_then(|failure| failure.decline_code).as_deref(), Some("invalid_payment_method"));
}
