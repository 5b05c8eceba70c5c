//! What Stripe is asked.

use quittance_avro::{
    money::MinorUnits,
    words::{CaptureMethod, OperationKind},
};

use super::*;
use crate::{Credentials, Method, Request, samples::only, stripe::API_VERSION};

fn credentials() -> Credentials {
    Credentials::Key("sk_test_1".parse().expect("a secret"))
}

fn requested(effect: &GatewayEffect) -> Request {
    only(Stripe.requests(effect, &credentials()))
}

fn form(text: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(text.as_bytes()).into_owned().collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn every_try_of_an_attempt_asks_for_the_same() {
    for kind in samples::TRIES {
        let mut effect = effect(kind);
        let first = requested(&effect);
        effect.try_number = 2;
        effect.envelope.id = "eff_00000000000000000000000000000002".to_owned();
        let second = requested(&effect);
        assert_eq!((&first.target, &first.headers, &first.body), (&second.target, &second.headers, &second.body));
        assert_eq!(first.method, Method::Post);
        let key = if kind == EffectKind::Confirm { format!("{ATTEMPT_ID}:confirm") } else { ATTEMPT_ID.to_string() };
        assert!(first.headers.contains(&("idempotency-key", key)));
        assert!(first.headers.contains(&("stripe-version", API_VERSION.to_owned())));
        assert!(first.headers.contains(&("content-type", "application/x-www-form-urlencoded".to_owned())));
        assert_eq!(first.bearer.as_ref().map(|bearer| bearer.expose()), Some("sk_test_1"));
        assert!(!first.headers.iter().any(|(_, value)| value.contains("sk_test_1")));
    }
}

#[rstest]
#[case::create(EffectKind::Authorize, "/v1/payment_intents", &[
    ("amount", "1250"), ("currency", "eur"), ("capture_method", "automatic"), ("payment_method", "pm_card_visa"),
    ("payment_method_types[]", "card"), ("metadata[payment_id]", samples::PAYMENT_ID),
    ("metadata[attempt_id]", "att_0000000000000000000000000000000a"),
])]
#[case::confirm(EffectKind::Confirm, "/v1/payment_intents/pi_1/confirm", &[("expand[]", "latest_charge")])]
#[case::capture(EffectKind::Capture, "/v1/payment_intents/pi_1/capture", &[
    ("amount_to_capture", "1250"), ("metadata[capture_attempt_id]", "att_0000000000000000000000000000000a"),
    ("expand[]", "latest_charge"),
])]
#[case::cancel(EffectKind::Void, "/v1/payment_intents/pi_1/cancel", &[("expand[]", "latest_charge")])]
#[case::refund(EffectKind::Refund, "/v1/refunds", &[
    ("payment_intent", "pi_1"), ("amount", "1250"), ("metadata[payment_id]", samples::PAYMENT_ID),
    ("metadata[attempt_id]", "att_0000000000000000000000000000000a"),
])]
fn a_try(#[case] kind: EffectKind, #[case] target: &str, #[case] expected: &[(&str, &str)]) {
    let request = requested(&effect(kind));
    assert_eq!((request.target.as_str(), form(&request.body.unwrap_or_default())), (target, pairs(expected)));
}

#[test]
fn what_was_asked_for_is_passed_on() {
    let has = |effect: &GatewayEffect, name: &str, value: &str| {
        form(&requested(effect).body.unwrap_or_default()).contains(&(name.to_owned(), value.to_owned()))
    };
    let mut create = effect(EffectKind::Authorize);
    create.capture = CaptureMethod::Manual;
    create.token = "cus_1/pm_1".to_owned();
    assert!(has(&create, "capture_method", "manual"));
    assert!(has(&create, "customer", "cus_1") && has(&create, "payment_method", "pm_1"));
    assert!(!has(&create, "setup_future_usage", "off_session"));
    create.stored_credential = Some("first".to_owned());
    assert!(has(&create, "setup_future_usage", "off_session"));

    let mut confirm = effect(EffectKind::Confirm);
    confirm.return_url = Some("https://shop.example/back?a=1&b=2".to_owned());
    assert!(has(&confirm, "return_url", "https://shop.example/back?a=1&b=2"));

    for (kind, name) in [(EffectKind::Void, "cancellation_reason"), (EffectKind::Refund, "reason")] {
        let mut effect = effect(kind);
        effect.reason = Some("requested_by_customer".to_owned());
        assert!(has(&effect, name, "requested_by_customer"));
        effect.reason = Some("a word of our own".to_owned());
        assert!(!has(&effect, name, "a word of our own"), "Stripe would turn the request down");
    }
}

#[rstest]
#[case::authorization(OperationKind::Authorize, Some("pi_7"), None)]
#[case::capture(OperationKind::Capture, Some("ch_1"), Some("pi_7"))]
#[case::void(OperationKind::Void, None, Some("pi_7"))]
#[case::refund(OperationKind::Refund, Some("re_1"), Some("pi_7"))]
#[case::dispute(OperationKind::Dispute, Some("dp_1"), Some("pi_7"))]
fn a_query_asks_for_the_payment_and_then_for_its_refunds_and_disputes(
    #[case] of: OperationKind,
    #[case] gateway_reference: Option<&str>,
    #[case] payment_reference: Option<&str>,
) {
    let mut effect = effect(EffectKind::Query);
    effect.operation_kind = of;
    effect.gateway_reference = gateway_reference.map(str::to_owned);
    effect.payment_reference = payment_reference.map(str::to_owned);
    let requests = Stripe.requests(&effect, &credentials()).unwrap_or_default();
    let targets: Vec<_> = requests.iter().filter_map(|request| request.target.split_once('?')).collect();
    let [(intent, expanded), (refunds, listed), (disputes, also)] = targets[..] else { panic!("{targets:?}") };
    assert_eq!((intent, refunds, disputes), ("/v1/payment_intents/pi_7", "/v1/refunds", "/v1/disputes"));
    assert_eq!(listed, also);
    assert_eq!(form(expanded), pairs(&[("expand[]", "latest_charge")]));
    assert_eq!(form(listed), pairs(&[("payment_intent", "pi_7"), ("limit", "100")]));
    for request in requests {
        assert_eq!((request.method, request.body), (Method::Get, None));
        assert_eq!(request.headers, [("stripe-version", API_VERSION.to_owned())]);
        assert!(request.bearer.is_some());
    }
}

#[rstest]
#[case::never_named(OperationKind::Authorize, None, ResultOutcome::Absent)]
#[case::name_that_leads_elsewhere(OperationKind::Authorize, Some("../balance"), ResultOutcome::NotProcessed)]
#[case::of_no_payment(OperationKind::Refund, None, ResultOutcome::NotProcessed)]
fn a_query_for_nothing(#[case] of: OperationKind, #[case] reference: Option<&str>, #[case] outcome: ResultOutcome) {
    let mut effect = effect(EffectKind::Query);
    effect.operation_kind = of;
    effect.gateway_reference = reference.map(str::to_owned);
    let verdict = samples::unsent(Stripe.requests(&effect, &credentials()));
    samples::check(&verdict, EffectKind::Query);
    assert_eq!(verdict.outcome, outcome);
}

#[test]
fn amounts_are_in_the_units_of_the_gateway() {
    let amounts =
        [(EffectKind::Authorize, "amount"), (EffectKind::Capture, "amount_to_capture"), (EffectKind::Refund, "amount")];
    for (kind, name) in amounts {
        let mut effect = effect(kind);
        effect.currency = "ISK".parse().expect("a currency");
        let form = form(&requested(&effect).body.unwrap_or_default());
        assert!(form.contains(&(name.to_owned(), "125000".to_owned())), "{form:?}");
    }
}

#[rstest]
#[case::too_fine("KWD", 1251, "amount_not_supported")]
#[case::too_fine_too("MGA", 1250, "amount_not_supported")]
#[case::not_offered("LYD", 1250, "currency_not_supported")]
fn what_stripe_cannot_express_is_not_sent(#[case] currency: &str, #[case] amount: i64, #[case] code: &str) {
    for kind in [EffectKind::Authorize, EffectKind::Capture, EffectKind::Refund] {
        let mut effect = effect(kind);
        effect.currency = currency.parse().expect("a currency");
        effect.amount = MinorUnits::payable(amount).expect("an amount");
        let verdict = samples::unsent(Stripe.requests(&effect, &credentials()));
        samples::check(&verdict, kind);
        assert_eq!(verdict.outcome, ResultOutcome::Rejected);
        assert_eq!(verdict.failure.and_then(|failure| failure.decline_code).as_deref(), Some(code));
    }
}

#[test]
fn a_capture_that_leaves_the_rest_is_not_offered() {
    let mut effect = effect(EffectKind::Capture);
    effect.is_final = false;
    let verdict = samples::unsent(Stripe.requests(&effect, &credentials()));
    assert_eq!(verdict.failure.and_then(|failure| failure.decline_code).as_deref(), Some("not_supported_by_gateway"));
}

#[rstest]
#[case::unnamed(None)]
#[case::leads_elsewhere(Some("pi_1/../../balance"))]
fn what_acts_on_no_payment_is_not_sent(#[case] reference: Option<&str>) {
    for kind in [EffectKind::Confirm, EffectKind::Capture, EffectKind::Void, EffectKind::Refund] {
        let mut effect = effect(kind);
        effect.payment_reference = reference.map(str::to_owned);
        effect.gateway_reference = reference.map(str::to_owned);
        let verdict = samples::unsent(Stripe.requests(&effect, &credentials()));
        samples::check(&verdict, kind);
        assert_eq!(verdict.outcome, ResultOutcome::Rejected);
    }
}
