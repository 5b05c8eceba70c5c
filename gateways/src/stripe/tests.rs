//! Every answer of Stripe and what it means.

mod first_steps;
mod moves;
mod notices;
mod query;
mod random;
mod requests;
mod setups;

use quittance_avro::{
    records::GatewayEffect,
    words::{EffectKind, ResultOutcome},
};
use rstest::rstest;
use serde_json::{Value, json};

use super::Stripe;
use crate::{
    Adapter, Broken, Exchange, Verdict,
    samples::{self, ATTEMPT_ID, answered, with},
};

const ALL: &[EffectKind] = EffectKind::ALL;

/// The effect of the samples, on `pi_1`.
fn effect(kind: EffectKind) -> GatewayEffect {
    let mut effect = samples::effect(kind);
    effect.token = "pm_card_visa".to_owned();
    match kind {
        EffectKind::Authorize => {}
        EffectKind::Confirm | EffectKind::Query => effect.gateway_reference = Some("pi_1".to_owned()),
        EffectKind::Capture | EffectKind::Void | EffectKind::Refund => {
            effect.payment_reference = Some("pi_1".to_owned())
        }
    }
    effect
}

/// A PaymentIntent that was only created.
fn intent(status: &str) -> Value {
    json!({
        "id": "pi_1", "object": "payment_intent", "status": status, "amount": 1250, "amount_capturable": 0,
        "amount_received": 0, "currency": "eur", "capture_method": "automatic", "client_secret": "pi_1_secret_x",
        "metadata": { "payment_id": samples::PAYMENT_ID, "attempt_id": ATTEMPT_ID },
        "latest_charge": null, "next_action": null, "last_payment_error": null, "cancellation_reason": null,
    })
}

fn charge(captured: i64) -> Value {
    json!({
        "id": "ch_1", "object": "charge", "amount": 1250, "amount_captured": captured, "amount_refunded": 0,
        "captured": captured > 0, "status": "succeeded", "failure_code": null, "refunded": false,
        "payment_method_details": { "type": "card", "card": {
            "brand": "visa", "funding": "credit", "country": "IE", "last4": "4242", "exp_month": 12, "exp_year": 2034,
            "fingerprint": "fp_1", "iin": "424242", "network_transaction_id": "000000000000001",
            "authorization_code": "A00001", "wallet": { "type": "apple_pay" }, "amount_authorized": null,
            "capture_before": 1_793_600_000,
            "checks": { "address_line1_check": "fail", "address_postal_code_check": "pass", "cvc_check": "pass" },
            "three_d_secure": {
                "version": "2.2.0", "electronic_commerce_indicator": "05", "transaction_id": "ds_1",
                "exemption_indicator": null, "result": "authenticated",
            },
        } },
    })
}

/// Taken at once.
fn succeeded() -> Value {
    with(&intent("succeeded"), &json!({ "amount_received": 1250, "latest_charge": charge(1250) }))
}

/// Held until it is captured.
fn held() -> Value {
    let held = json!({ "amount_capturable": 1250, "capture_method": "manual", "latest_charge": charge(0) });
    with(&intent("requires_capture"), &held)
}

/// Held, and then captured by the attempt of the samples.
fn captured(amount: i64) -> Value {
    let other = json!({ "attempt_id": samples::OTHER_ATTEMPT_ID, "capture_attempt_id": ATTEMPT_ID });
    let captured = json!({
        "capture_method": "manual", "amount_received": amount, "latest_charge": charge(amount), "metadata": other,
    });
    with(&intent("succeeded"), &captured)
}

fn canceled(charge: &Value, reason: Option<&str>) -> Value {
    let canceled = json!({ "capture_method": "manual", "latest_charge": charge, "cancellation_reason": reason });
    with(&intent("canceled"), &canceled)
}

fn requires_action() -> Value {
    let redirect = json!({ "url": "https://hooks.stripe.example/redirect/1", "return_url": "https://shop.example" });
    let action = json!({ "type": "redirect_to_url", "redirect_to_url": redirect });
    with(&intent("requires_action"), &json!({ "next_action": action }))
}

/// The customer would have to act in a script of Stripe's.
fn requires_script() -> Value {
    let action = json!({ "type": "use_stripe_sdk", "use_stripe_sdk": { "type": "three_d_secure_redirect" } });
    with(&intent("requires_action"), &json!({ "next_action": action }))
}

fn card_error(code: &str, decline_code: Option<&str>) -> Value {
    json!({
        "type": "card_error", "code": code, "decline_code": decline_code, "charge": "ch_1",
        "message": "the gateway's own words", "doc_url": "https://x.example",
    })
}

/// A PaymentIntent whose last attempt to pay failed.
fn failed(error: &Value) -> Value {
    with(&intent("requires_payment_method"), &json!({ "latest_charge": "ch_1", "last_payment_error": error }))
}

/// The answer to a confirmation that was declined.
fn decline(code: &str, decline_code: Option<&str>) -> Value {
    let error = card_error(code, decline_code);
    json!({ "error": with(&error, &json!({ "payment_intent": failed(&error) })) })
}

fn error(kind: &str, code: Option<&str>) -> Value {
    json!({ "error": { "type": kind, "code": code, "message": "the gateway's own words", "param": "amount" } })
}

fn refund(status: &str) -> Value {
    json!({
        "id": "re_1", "object": "refund", "amount": 1250, "currency": "eur", "status": status, "charge": "ch_1",
        "payment_intent": "pi_1", "balance_transaction": "txn_1", "reason": null, "created": 1,
        "metadata": { "payment_id": samples::PAYMENT_ID, "attempt_id": ATTEMPT_ID },
    })
}

fn dispute(status: &str) -> Value {
    json!({
        "id": "dp_1", "object": "dispute", "amount": 1250, "currency": "eur", "status": status, "charge": "ch_1",
        "payment_intent": "pi_1", "reason": "fraudulent", "created": 1, "metadata": {},
    })
}

fn refunds(refunds: &[Value]) -> Value {
    json!({ "object": "list", "data": refunds, "has_more": false, "url": "/v1/refunds" })
}

/// Everything that a kind of effect is answered with, if all goes well.
fn good(kind: EffectKind) -> Value {
    match kind {
        EffectKind::Authorize => intent("requires_confirmation"),
        EffectKind::Confirm | EffectKind::Query => succeeded(),
        EffectKind::Capture => captured(1250),
        EffectKind::Void => canceled(&charge(0), None),
        EffectKind::Refund => refund("succeeded"),
    }
}

fn judged(kind: EffectKind, status: u16, body: &Value) -> Verdict {
    judge(kind, &[answered(status, body)])
}

fn judge(kind: EffectKind, exchanges: &[Exchange]) -> Verdict {
    let verdict = Stripe.judge(&effect(kind), exchanges);
    samples::check(&verdict, kind);
    verdict
}

#[rstest]
#[case::not_sent(Exchange::NotSent("connection refused".to_owned()), ResultOutcome::NotProcessed)]
#[case::timed_out(Exchange::Unanswered(Broken::TimedOut), ResultOutcome::Unknown)]
#[case::reset(Exchange::Unanswered(Broken::Failed("reset".to_owned())), ResultOutcome::Unknown)]
#[case::cut_off(Exchange::Answered { status: 200, body: Err(Broken::Failed("reset".to_owned())) }, ResultOutcome::Unknown)]
#[case::too_large(Exchange::Answered { status: 200, body: Err(Broken::TooLarge(9)) }, ResultOutcome::Unknown)]
#[case::refusal_cut_off(Exchange::Answered { status: 400, body: Err(Broken::TimedOut) }, ResultOutcome::Unknown)]
#[case::no_json(Exchange::Answered { status: 200, body: Ok(b"{".to_vec()) }, ResultOutcome::Unknown)]
#[case::too_many_cut_off(Exchange::Answered { status: 429, body: Err(Broken::TimedOut) }, ResultOutcome::NotProcessed)]
fn an_exchange_that_broke(#[case] exchange: Exchange, #[case] outcome: ResultOutcome) {
    for kind in ALL {
        let verdict = judge(*kind, std::slice::from_ref(&exchange));
        assert_eq!(verdict.outcome, outcome, "{kind}");
    }
}

#[test]
fn an_exchange_that_was_not_begun_says_nothing() {
    for kind in ALL {
        assert_eq!(judge(*kind, &[]).outcome, ResultOutcome::Unknown, "{kind}");
    }
}

#[rstest]
#[case::too_many(429, error("invalid_request_error", Some("rate_limit")), ResultOutcome::NotProcessed)]
#[case::too_many_says_a_proxy(429, json!("<html>"), ResultOutcome::NotProcessed)]
#[case::locked(429, error("invalid_request_error", Some("lock_timeout")), ResultOutcome::NotProcessed)]
#[case::locked_says_another_status(
    400,
    error("invalid_request_error", Some("lock_timeout")),
    ResultOutcome::NotProcessed
)]
#[case::twin_in_progress(409, error("invalid_request_error", Some("idempotency_key_in_use")), ResultOutcome::Unknown)]
#[case::conflict(409, error("idempotency_error", None), ResultOutcome::Unknown)]
#[case::key_reused(400, error("idempotency_error", None), ResultOutcome::Unknown)]
#[case::failed(500, error("api_error", None), ResultOutcome::Unknown)]
#[case::failed_with_an_error_that_would_refuse(
    500,
    error("invalid_request_error", Some("amount_too_large")),
    ResultOutcome::Unknown
)]
#[case::locked_says_a_server_that_failed(500, error("api_error", Some("lock_timeout")), ResultOutcome::Unknown)]
#[case::bad_gateway(502, json!("<html>"), ResultOutcome::Unknown)]
#[case::unavailable(503, json!({}), ResultOutcome::Unknown)]
#[case::own_error_under_another_status(402, error("api_error", None), ResultOutcome::Unknown)]
#[case::other_error(400, error("something_new", Some("something")), ResultOutcome::Unknown)]
#[case::refusal_of_a_proxy(400, json!("<html>"), ResultOutcome::Unknown)]
#[case::no_entry_says_a_proxy(403, json!({}), ResultOutcome::Unknown)]
#[case::card_error_under_another_status(400, json!({"error": card_error("card_declined", None)}), ResultOutcome::Unknown)]
#[case::redirect(307, json!({}), ResultOutcome::Unknown)]
#[case::created(201, intent("requires_confirmation"), ResultOutcome::Unknown)]
#[case::no_object(200, json!([]), ResultOutcome::Unknown)]
#[case::nothing_in_it(200, json!({}), ResultOutcome::Unknown)]
fn an_answer_that_means_the_same_to_all(#[case] status: u16, #[case] body: Value, #[case] outcome: ResultOutcome) {
    for kind in ALL {
        assert_eq!(judged(*kind, status, &body).outcome, outcome, "{kind}");
    }
}

#[rstest]
#[case::wrong_key(401, error("invalid_request_error", None), Some("invalid_credentials"))]
#[case::wrong_key_says_a_proxy(401, json!({}), Some("invalid_credentials"))]
#[case::expired_key(401, error("invalid_request_error", Some("api_key_expired")), Some("invalid_credentials"))]
#[case::may_not(403, error("invalid_request_error", None), None)]
#[case::no_such_thing(404, error("invalid_request_error", Some("resource_missing")), Some("not_found"))]
#[case::wrong(400, error("invalid_request_error", Some("parameter_unknown")), None)]
#[case::wrong_without_a_code(400, error("invalid_request_error", None), None)]
#[case::too_much(400, error("invalid_request_error", Some("amount_too_large")), Some("amount_too_large"))]
#[case::too_little(400, error("invalid_request_error", Some("amount_too_small")), Some("amount_too_small"))]
#[case::taken_already(400, error("invalid_request_error", Some("charge_already_captured")), Some("not_capturable"))]
#[case::too_late(
    400,
    error("invalid_request_error", Some("capture_charge_authorization_expired")),
    Some("authorization_expired")
)]
#[case::given_back_already(
    400,
    error("invalid_request_error", Some("charge_already_refunded")),
    Some("not_refundable")
)]
#[case::no_money(402, error("invalid_request_error", Some("balance_insufficient")), Some("balance_insufficient"))]
fn a_refusal_is_one_of_every_try(#[case] status: u16, #[case] body: Value, #[case] ours: Option<&str>) {
    for kind in samples::TRIES {
        let verdict = judged(kind, status, &body);
        assert_eq!(verdict.outcome, ResultOutcome::Rejected, "{kind}");
        assert_eq!(verdict.details.raw_code.as_deref(), body["error"]["code"].as_str());
        assert_eq!(verdict.failure.and_then(|failure| failure.decline_code).as_deref(), ours);
    }
    assert_eq!(judged(EffectKind::Query, status, &body).outcome, ResultOutcome::Unknown);
}

/// A PaymentIntent that is past what is asked for is past it for good. But what confirmed it may have been this very attempt.
#[test]
fn only_of_a_confirmation_an_unexpected_state_says_nothing() {
    for kind in samples::TRIES {
        let verdict = judged(kind, 400, &error("invalid_request_error", Some("payment_intent_unexpected_state")));
        let outcome = if kind == EffectKind::Confirm { ResultOutcome::Unknown } else { ResultOutcome::Rejected };
        assert_eq!(verdict.outcome, outcome, "{kind}");
        assert_eq!(verdict.details.raw_code.as_deref(), Some("payment_intent_unexpected_state"));
    }
}

#[test]
fn a_body_larger_than_any_is_not_believed() {
    for kind in samples::TRIES {
        let outcome = if kind == EffectKind::Authorize { ResultOutcome::Created } else { ResultOutcome::Approved };
        assert_eq!(judged(kind, 200, &good(kind)).outcome, outcome, "{kind}");
        let large = with(&good(kind), &json!({ "new_member": "x".repeat(crate::BODY_BYTES_MAX) }));
        assert_eq!(judged(kind, 200, &large).outcome, ResultOutcome::Unknown, "{kind}");
    }
}
