//! Every answer of the simulator and what it means.

mod authorize;
mod moves;
mod query;
mod random;
mod requests;

use quittance_avro::words::{EffectKind, ResultOutcome};
use rstest::rstest;
use serde_json::{Value, json};

use super::Simulator;
use crate::{
    Adapter, Broken, Exchange, NoticeError, Verdict,
    samples::{self, ATTEMPT_ID, answered, with},
};

const ALL: &[EffectKind] = EffectKind::ALL;

fn charge(status: &str, captured: i64) -> Value {
    let own = json!({ "payment_id": samples::PAYMENT_ID, "attempt_id": ATTEMPT_ID });
    let capture = json!({
        "id": "cap_1", "amount": captured, "status": "succeeded", "final": true, "metadata": own, "created": 1,
    });
    json!({
        "id": "ch_1", "status": status, "amount": 1250, "amount_captured": captured, "amount_refunded": 0,
        "currency": "EUR", "authorization_code": "A00001", "decline_code": null, "advice": null,
        "network_transaction_id": "000000000000001", "avs_result": "Y", "cvc_result": "M",
        "card": {
            "brand": "visa", "funding": "credit", "country": "IE", "iin": "424242", "last4": "4242",
            "exp_month": 12, "exp_year": 2034, "fingerprint": "card_fp_approve",
        },
        "metadata": own, "next_action": null, "expires_at": null,
        "captures": if captured > 0 { vec![capture] } else { vec![] }, "refunds": [], "void": null,
    })
}

fn succeeded() -> Value {
    charge("succeeded", 1250)
}

fn declined_charge(decline_code: &str, advice: &str) -> Value {
    let declined = json!({ "authorization_code": null, "decline_code": decline_code, "advice": advice });
    with(&charge("declined", 0), &declined)
}

fn requires_action() -> Value {
    let action =
        json!({ "type": "redirect", "url": "http://127.0.0.1:8090/actions/ch_1", "expires_at": 1_793_534_500_000_i64 });
    with(&charge("requires_action", 0), &json!({ "authorization_code": null, "next_action": action }))
}

/// A capture, a refund or a void as it is answered by itself.
fn moved(id: &str, status: &str) -> Value {
    json!({
        "id": id, "charge": "ch_1", "amount": 1250, "status": status, "reason": null,
        "metadata": { "attempt_id": ATTEMPT_ID },
    })
}

fn decline(charge: &Value) -> Value {
    json!({ "error": { "code": "card_declined", "message": "the gateway's own words" }, "charge": charge })
}

fn error(code: &str) -> Value {
    json!({ "error": { "code": code, "message": "the gateway's own words" } })
}

fn judged(kind: EffectKind, status: u16, body: &Value) -> Verdict {
    judge(kind, answered(status, body))
}

fn judge(kind: EffectKind, exchange: Exchange) -> Verdict {
    let verdict = Simulator.judge(&samples::effect(kind), &[exchange]);
    samples::check(&verdict, kind);
    verdict
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
fn an_exchange_that_broke(#[case] exchange: Exchange, #[case] outcome: ResultOutcome) {
    for kind in ALL {
        let verdict = Simulator.judge(&samples::effect(*kind), std::slice::from_ref(&exchange));
        samples::check(&verdict, *kind);
        assert_eq!(verdict.outcome, outcome, "{kind}");
    }
}

#[rstest]
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
#[case::no_object(201, json!([]), ResultOutcome::Unknown)]
#[case::nothing_in_it(201, json!({}), ResultOutcome::Unknown)]
fn an_answer_that_means_the_same_to_all(#[case] status: u16, #[case] body: Value, #[case] outcome: ResultOutcome) {
    for kind in ALL {
        assert_eq!(judged(*kind, status, &body).outcome, outcome, "{kind}");
    }
}

#[rstest]
#[case::no_such_token(400, "invalid_token", Some("invalid_payment_method"))]
#[case::invalid(400, "invalid_request", None)]
#[case::malformed(400, "malformed_json", None)]
#[case::wrong_path(404, "not_found", None)]
#[case::no_such_charge(404, "charge_not_found", Some("not_found"))]
#[case::too_large_a_request(413, "body_too_large", None)]
#[case::nothing_left_to_take(409, "not_capturable", Some("not_capturable"))]
#[case::nothing_left_to_release(409, "not_voidable", Some("not_voidable"))]
#[case::nothing_left_to_give_back(409, "not_refundable", Some("not_refundable"))]
#[case::more_than_there_is(422, "amount_too_large", Some("amount_too_large"))]
fn a_refusal_is_one_of_every_try(#[case] status: u16, #[case] code: &str, #[case] ours: Option<&str>) {
    for kind in samples::TRIES {
        let verdict = judged(kind, status, &error(code));
        assert_eq!(verdict.outcome, ResultOutcome::Rejected, "{kind}");
        assert_eq!(verdict.details.raw_code.as_deref(), Some(code));
        assert_eq!(verdict.failure.and_then(|failure| failure.decline_code).as_deref(), ours);
    }
    assert_eq!(judged(EffectKind::Query, status, &error(code)).outcome, ResultOutcome::Unknown);
}

#[rstest]
#[case::charge(json!({"id": "evt_1", "type": "charge.updated", "created": 1, "data": {"object": charge("authorized", 0)}}), Ok(true))]
#[case::without_our_marks(json!({"id": "evt_1", "type": "charge.updated", "data": {"object": {"id": "ch_1", "metadata": {}}}}), Ok(false))]
#[case::with_marks_that_are_none(json!({"id": "evt_1", "type": "charge.updated", "data": {"object": {"id": "ch_1", "metadata": {"payment_id": "1", "attempt_id": ""}}}}), Ok(false))]
#[case::no_metadata(json!({"id": "evt_1", "type": "charge.updated", "data": {"object": {"id": "ch_1", "metadata": null}}}), Ok(false))]
#[case::about_something_else(json!({"id": "evt_1", "type": "payout.paid", "data": {"object": {"id": "po_1"}}}), Err(NoticeError::NoPayment))]
#[case::no_id(json!({"type": "charge.updated", "data": {"object": {"id": "ch_1"}}}), Err(NoticeError::Malformed))]
#[case::id_that_leads_elsewhere(json!({"id": "evt_1", "type": "charge.updated", "data": {"object": {"id": "../admin"}}}), Err(NoticeError::Malformed))]
#[case::no_object(json!([]), Err(NoticeError::Malformed))]
fn a_notice(#[case] body: Value, #[case] is_marked: Result<bool, NoticeError>) {
    let notice = Simulator.notice(body.to_string().as_bytes());
    assert_eq!(notice.as_ref().map(|notice| notice.attempt_id.is_some()).map_err(Clone::clone), is_marked);
    if let Ok(notice) = notice {
        assert_eq!((notice.id.as_str(), notice.kind.as_str()), ("evt_1", "charge.updated"));
        assert_eq!(notice.gateway_reference, "ch_1");
        let marked = (notice.payment_id.map(|id| id.to_string()), notice.attempt_id);
        let marks = (Some(samples::PAYMENT_ID.to_owned()), Some(ATTEMPT_ID));
        assert_eq!(marked, if is_marked == Ok(true) { marks } else { (None, None) });
    }
}

#[test]
fn a_notice_is_bounded() {
    assert_eq!(Simulator.notice(&vec![b' '; crate::NOTICE_BYTES_MAX + 1]), Err(NoticeError::TooLarge));
}
