//! Saving a payment method.

use super::*;
use crate::{
    Credentials,
    stripe::setup::{self, Setup},
};

const SETUP: Setup<'_> = Setup {
    key: "key_1",
    payment_method: "pm_1",
    customer: Some("cus_1"),
    return_url: Some("https://shop.example"),
    metadata: &[("customer_id", "c-1")],
};

fn intent_to_set_up(status: &str) -> Value {
    json!({
        "id": "seti_1", "object": "setup_intent", "status": status, "payment_method": "pm_1", "next_action": null,
        "last_setup_error": null, "usage": "off_session",
    })
}

#[rstest]
#[case::saved(200, intent_to_set_up("succeeded"), ResultOutcome::Approved)]
#[case::customer_has_to_act(200, with(&intent_to_set_up("requires_action"), &json!({"next_action": requires_action()["next_action"]})), ResultOutcome::ActionRequired)]
#[case::customer_cannot_act(200, with(&intent_to_set_up("requires_action"), &json!({"next_action": requires_script()["next_action"]})), ResultOutcome::Rejected)]
#[case::not_settled(200, intent_to_set_up("processing"), ResultOutcome::Pending)]
#[case::failed(200, with(&intent_to_set_up("requires_payment_method"), &json!({"last_setup_error": card_error("card_declined", Some("lost_card"))})), ResultOutcome::Declined)]
#[case::declined(402, json!({"error": card_error("card_declined", Some("lost_card"))}), ResultOutcome::Declined)]
#[case::nothing_attempted(200, intent_to_set_up("requires_payment_method"), ResultOutcome::Unknown)]
#[case::not_confirmed(200, intent_to_set_up("requires_confirmation"), ResultOutcome::Unknown)]
#[case::given_up(200, intent_to_set_up("canceled"), ResultOutcome::Unknown)]
#[case::saved_nothing(200, with(&intent_to_set_up("succeeded"), &json!({"payment_method": null})), ResultOutcome::Unknown)]
#[case::no_object(200, json!([]), ResultOutcome::Unknown)]
#[case::wrong_key(401, json!({}), ResultOutcome::Rejected)]
#[case::no_such_method(404, error("invalid_request_error", Some("resource_missing")), ResultOutcome::Rejected)]
#[case::too_many(429, json!({}), ResultOutcome::NotProcessed)]
#[case::locked(400, error("invalid_request_error", Some("lock_timeout")), ResultOutcome::NotProcessed)]
#[case::twin_in_progress(409, error("idempotency_error", None), ResultOutcome::Unknown)]
#[case::key_reused(400, error("idempotency_error", None), ResultOutcome::Unknown)]
#[case::own_failure(500, error("api_error", None), ResultOutcome::Unknown)]
fn an_answer(#[case] status: u16, #[case] body: Value, #[case] outcome: ResultOutcome) {
    let saved = setup::judge(&answered(status, &body));
    assert_eq!(saved.outcome, outcome, "{saved:?}");
    assert_eq!(saved.payment_method.is_some(), outcome == ResultOutcome::Approved);
    assert_eq!(saved.next_action.is_some(), outcome == ResultOutcome::ActionRequired);
    if outcome == ResultOutcome::Declined {
        assert_eq!(saved.failure.and_then(|failure| failure.decline_code).as_deref(), Some("lost_card"));
        assert_eq!(saved.raw_code.as_deref(), Some("lost_card"));
    }
}

#[test]
fn a_lost_answer_says_nothing() {
    assert_eq!(setup::judge(&Exchange::Unanswered(Broken::TimedOut)).outcome, ResultOutcome::Unknown);
    assert_eq!(setup::judge(&Exchange::NotSent(String::new())).outcome, ResultOutcome::NotProcessed);
}

#[test]
fn what_is_asked() {
    let credentials = Credentials::Key("sk_test_1".parse().expect("a secret"));
    let request = setup::request(&SETUP, &credentials);
    assert_eq!(request.target, "/v1/setup_intents");
    assert!(request.headers.contains(&("idempotency-key", "key_1".to_owned())));
    let body = request.body.unwrap_or_default();
    let form: Vec<_> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let expected = [
        ("payment_method", "pm_1"),
        ("customer", "cus_1"),
        ("payment_method_types[]", "card"),
        ("usage", "off_session"),
        ("confirm", "true"),
        ("return_url", "https://shop.example"),
        ("metadata[customer_id]", "c-1"),
    ];
    assert_eq!(form, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let query = setup::query("seti_1", &credentials).map(|request| request.target);
    assert_eq!(query.as_deref(), Some("/v1/setup_intents/seti_1"));
    assert!(setup::query("../balance", &credentials).is_none());
}
