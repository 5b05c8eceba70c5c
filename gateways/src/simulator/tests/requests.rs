//! What the simulator is asked.

use quittance_avro::words::{CaptureMethod, Initiator, OperationKind, SetUpKind};

use super::*;
use crate::{Credentials, Method, Request, samples::only};

fn requested(effect: &quittance_avro::records::GatewayEffect) -> Request {
    only(Simulator.requests(effect, &Credentials::Open))
}

fn body(request: &Request) -> Value {
    serde_json::from_str(request.body.as_deref().unwrap_or_default()).expect("JSON")
}

#[test]
fn every_try_of_an_attempt_asks_for_the_same() {
    for kind in samples::TRIES.into_iter().filter(|kind| *kind != EffectKind::Confirm) {
        let mut effect = samples::effect(kind);
        let first = requested(&effect);
        effect.try_number = 2;
        effect.envelope.id = "eff_00000000000000000000000000000002".to_owned();
        let second = requested(&effect);
        assert_eq!((&first.target, &first.headers, &first.body), (&second.target, &second.headers, &second.body));
        assert_eq!(first.method, Method::Post);
        assert!(first.headers.contains(&("idempotency-key", ATTEMPT_ID.to_string())));
        assert_eq!(body(&first)["metadata"], json!({ "payment_id": samples::PAYMENT_ID, "attempt_id": ATTEMPT_ID }));
        assert!(first.bearer.is_none());
    }
}

#[rstest]
#[case::authorize(EffectKind::Authorize, "/v1/charges", json!({"amount": 1250, "currency": "EUR", "token": "tok_approve", "capture": true}))]
#[case::capture(EffectKind::Capture, "/v1/charges/ch_1/captures", json!({"amount": 1250, "final": true}))]
#[case::void(EffectKind::Void, "/v1/charges/ch_1/void", json!({}))]
#[case::refund(EffectKind::Refund, "/v1/charges/ch_1/refunds", json!({"amount": 1250}))]
fn a_try(#[case] kind: EffectKind, #[case] target: &str, #[case] expected: Value) {
    let request = requested(&samples::effect(kind));
    let metadata = json!({ "metadata": { "payment_id": samples::PAYMENT_ID, "attempt_id": ATTEMPT_ID } });
    assert_eq!((request.target.as_str(), body(&request)), (target, with(&expected, &metadata)));
}

#[test]
fn what_was_asked_for_is_passed_on() {
    let mut effect = samples::effect(EffectKind::Authorize);
    effect.capture = CaptureMethod::Manual;
    effect.return_url = Some("https://shop.example/back".to_owned());
    let held = body(&requested(&effect));
    assert_eq!((&held["capture"], &held["return_url"]), (&json!(false), &json!("https://shop.example/back")));

    let mut effect = samples::effect(EffectKind::Authorize);
    effect.initiator = Initiator::Merchant;
    effect.stored_credential = Some("recurring".to_owned());
    effect.network_transaction_id = Some("000000000000001".to_owned());
    let charged = body(&requested(&effect));
    let told = ["initiator", "stored_credential", "network_transaction_id"].map(|name| charged[name].clone());
    assert_eq!(told, ["merchant", "recurring", "000000000000001"]);

    let mut effect = samples::effect(EffectKind::Capture);
    effect.is_final = false;
    assert_eq!(body(&requested(&effect))["final"], json!(false));

    let mut effect = samples::effect(EffectKind::Refund);
    effect.reason = Some("duplicate".to_owned());
    assert_eq!(body(&requested(&effect))["reason"], json!("duplicate"));
}

#[rstest]
#[case::never_named(
    OperationKind::Authorize,
    None,
    None,
    Some("/v1/charges?idempotency_key=att_0000000000000000000000000000000a")
)]
#[case::named(OperationKind::Authorize, Some("ch_7"), None, Some("/v1/charges/ch_7"))]
#[case::capture(OperationKind::Capture, Some("cap_1"), Some("ch_7"), Some("/v1/charges/ch_7"))]
#[case::void(OperationKind::Void, None, Some("ch_7"), Some("/v1/charges/ch_7"))]
#[case::refund(OperationKind::Refund, None, Some("ch_7"), Some("/v1/charges/ch_7"))]
#[case::of_no_payment(OperationKind::Refund, Some("re_1"), None, None)]
#[case::name_that_leads_elsewhere(OperationKind::Authorize, Some("../admin"), None, None)]
fn a_query(
    #[case] of: OperationKind,
    #[case] gateway_reference: Option<&str>,
    #[case] payment_reference: Option<&str>,
    #[case] target: Option<&str>,
) {
    let mut effect = samples::effect(EffectKind::Query);
    effect.operation_kind = of;
    effect.gateway_reference = gateway_reference.map(str::to_owned);
    effect.payment_reference = payment_reference.map(str::to_owned);
    let Some(target) = target else {
        let verdict = samples::unsent(Simulator.requests(&effect, &Credentials::Open));
        samples::check(&verdict, EffectKind::Query);
        return assert_eq!(verdict.outcome, ResultOutcome::NotProcessed);
    };
    let request = requested(&effect);
    assert_eq!((request.method, request.target.as_str(), request.body), (Method::Get, target, None));
    assert_eq!(request.headers, []);
}

#[rstest]
#[case::unnamed(None)]
#[case::leads_elsewhere(Some("ch_1/../../admin"))]
fn what_acts_on_no_payment_is_not_sent(#[case] reference: Option<&str>) {
    for kind in [EffectKind::Capture, EffectKind::Void, EffectKind::Refund] {
        let mut effect = samples::effect(kind);
        effect.payment_reference = reference.map(str::to_owned);
        let verdict = samples::unsent(Simulator.requests(&effect, &Credentials::Open));
        samples::check(&verdict, kind);
        assert_eq!(verdict.outcome, ResultOutcome::Rejected);
    }
}

#[test]
fn tokens_are_charged_as_they_are_and_not_set_up() {
    let outcomes = [(SetUpKind::SetUp, ResultOutcome::Rejected), (SetUpKind::Query, ResultOutcome::NotProcessed)];
    for (kind, outcome) in outcomes {
        let effect = samples::set_up(kind);
        let verdict = samples::unsent(Simulator.set_up_requests(&effect, &Credentials::Open));
        samples::check_set_up(&verdict, kind);
        assert_eq!(verdict.outcome, outcome);
        assert_eq!(Simulator.judge_set_up(&effect, &[]).outcome, ResultOutcome::Unknown);
    }
}
