//! Webhooks.

use super::*;
use crate::{Notice, NoticeError};

fn event(kind: &str, object: &Value) -> Value {
    json!({
        "id": "evt_1", "object": "event", "type": kind, "api_version": "2019-01-01", "created": 1, "livemode": false,
        "data": { "object": object, "previous_attributes": {} },
    })
}

fn noticed(body: &Value) -> Result<Notice, NoticeError> {
    Stripe.notice(body.to_string().as_bytes())
}

#[rstest]
#[case::intent("payment_intent.succeeded", succeeded())]
#[case::intent_that_failed("payment_intent.payment_failed", failed(&card_error("card_declined", None)))]
#[case::refund("charge.refund.updated", refund("failed"))]
#[case::charge("charge.refunded", with(&charge(1250), &json!({"payment_intent": "pi_1", "metadata": intent("x")["metadata"]})))]
#[case::charge_with_its_intent("charge.refunded", with(&charge(1250), &json!({"payment_intent": {"id": "pi_1"}, "metadata": intent("x")["metadata"]})))]
fn a_notice_names_the_payment_and_the_attempt(#[case] kind: &str, #[case] object: Value) {
    let expected = Notice {
        id: "evt_1".to_owned(),
        kind: kind.to_owned(),
        gateway_reference: "pi_1".to_owned(),
        payment_id: samples::PAYMENT_ID.parse().ok(),
        attempt_id: Some(ATTEMPT_ID),
    };
    assert_eq!(noticed(&event(kind, &object)), Ok(expected));
}

#[rstest]
#[case::made_elsewhere(with(&succeeded(), &json!({"metadata": {}})))]
#[case::marked_by_somebody_else(with(&succeeded(), &json!({"metadata": {"payment_id": "42", "attempt_id": "x", "order": "7"}})))]
#[case::no_marks(with(&succeeded(), &json!({"metadata": null})))]
#[case::dispute(json!({"object": "dispute", "id": "dp_1", "payment_intent": "pi_1"}))]
fn a_payment_may_not_be_marked(#[case] object: Value) {
    let notice = noticed(&event("x", &object)).expect("a notice");
    assert_eq!((notice.gateway_reference.as_str(), notice.payment_id, notice.attempt_id), ("pi_1", None, None));
}

#[rstest]
#[case::about_something_else(event("customer.created", &json!({"object": "customer", "id": "cus_1"})), NoticeError::NoPayment)]
#[case::charge_without_an_intent(event("charge.succeeded", &with(&charge(1), &json!({"payment_intent": null}))), NoticeError::NoPayment)]
#[case::balance(event("balance.available", &json!({"object": "balance"})), NoticeError::NoPayment)]
#[case::name_that_leads_elsewhere(event("x", &with(&succeeded(), &json!({"id": "../1"}))), NoticeError::NoPayment)]
#[case::no_event(with(&event("x", &succeeded()), &json!({"object": "list"})), NoticeError::Malformed)]
#[case::no_id(with(&event("x", &succeeded()), &json!({"id": null})), NoticeError::Malformed)]
#[case::empty_id(with(&event("x", &succeeded()), &json!({"id": ""})), NoticeError::Malformed)]
#[case::no_object(json!([]), NoticeError::Malformed)]
fn other_bodies_are_no_notices(#[case] body: Value, #[case] why: NoticeError) {
    assert_eq!(noticed(&body), Err(why));
}

#[test]
fn a_notice_is_bounded() {
    assert_eq!(Stripe.notice(&vec![b' '; crate::NOTICE_BYTES_MAX + 1]), Err(NoticeError::TooLarge));
}
