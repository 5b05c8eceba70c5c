//! Every request that the adapter for Stripe makes, sent to stripe-mock. That one holds requests against Stripe's own description of
//! its API: a member that Stripe does not know, or one with another kind of value, is refused. It keeps nothing, so what it
//! answers are samples, of which it is only asked that they can be judged. Into members that may be one kind of object or another,
//! as `payment_method_options` may, it does not look.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use quittance_avro::{
    records::{GatewayEffect, SetUpEffect},
    words::{CaptureMethod, EffectKind, GatewayKind, Initiator, OperationKind, SetUpKind},
};
use quittance_gateways::{Credentials, Exchange, Method, Request, adapter, samples, stripe::API_VERSION};
use quittance_tests::Stack;
use reqwest::{Client, StatusCode};
use rstest::rstest;

const RETURN_URLS: &[Option<&str>] = &[None, Some("https://shop.example/thanks?order=1&from=stripe")];
/// The words that Stripe takes for one thing or another, and one that it does not.
const REASONS: &[Option<&str>] =
    &[None, Some("abandoned"), Some("duplicate"), Some("fraudulent"), Some("requested_by_customer"), Some("other")];
const STORED_CREDENTIALS: &[Option<&str>] =
    &[None, Some("first"), Some("recurring"), Some("installment"), Some("unscheduled")];
const NETWORK_TRANSACTION_IDS: &[Option<&str>] = &[None, Some("000000000000001")];
/// Of a card that is not saved, and of one that is.
const TOKENS: &[&str] = &["pm_card_visa", "cus_1/pm_1"];
/// With two decimals, none, none that Stripe writes as two, and three.
const CURRENCIES: &[&str] = &["EUR", "JPY", "ISK", "KWD"];
const CAPTURES: &[CaptureMethod] = &[CaptureMethod::Automatic, CaptureMethod::Manual];
const INITIATORS: &[Initiator] = &[Initiator::Customer, Initiator::Merchant];

/// The effect with each of the choices.
fn each<C>(
    effects: impl Iterator<Item = GatewayEffect>,
    choices: &'static [C],
    choose: fn(&mut GatewayEffect, &C),
) -> impl Iterator<Item = GatewayEffect> {
    effects.flat_map(move |effect| {
        choices.iter().map(move |choice| {
            let mut effect = effect.clone();
            choose(&mut effect, choice);
            effect
        })
    })
}

/// Everything that can be asked for, with each optional member and without it. So whatever the adapter comes to make of a member,
/// it is asked of one of these.
fn effects() -> impl Iterator<Item = GatewayEffect> {
    let of_payments = [OperationKind::Capture, OperationKind::Void, OperationKind::Refund, OperationKind::Dispute];
    let queries = of_payments
        .map(|operation_kind| GatewayEffect { operation_kind, ..samples::effect(EffectKind::Query) })
        .into_iter();
    let effects = EffectKind::ALL.iter().map(|kind| samples::effect(*kind)).chain(queries).map(|effect| {
        let reference = Some("pi_1".to_owned());
        GatewayEffect { gateway_reference: reference.clone(), payment_reference: reference, ..effect }
    });
    let effects = each(effects, TOKENS, |effect, token| (*token).clone_into(&mut effect.token));
    let effects = each(effects, CURRENCIES, |effect, code| effect.currency = code.parse().expect("a currency"));
    let effects = each(effects, CAPTURES, |effect, capture| effect.capture = *capture);
    let effects = each(effects, INITIATORS, |effect, initiator| effect.initiator = *initiator);
    let effects = each(effects, &[true, false], |effect, is_final| effect.is_final = *is_final);
    let effects = each(effects, RETURN_URLS, |effect, url| effect.return_url = url.map(str::to_owned));
    let effects = each(effects, REASONS, |effect, reason| effect.reason = reason.map(str::to_owned));
    let effects = each(effects, STORED_CREDENTIALS, |effect, used| effect.stored_credential = used.map(str::to_owned));
    each(effects, NETWORK_TRANSACTION_IDS, |effect, id| effect.network_transaction_id = id.map(str::to_owned))
}

fn credentials() -> Result<Credentials> {
    Ok(Credentials::Key("sk_test_1".parse()?))
}

/// The same text for the same request.
fn text(request: &Request) -> String {
    format!("{} {} {:?} {:?}", request.method.as_str(), request.target, request.headers, request.body)
}

/// Where it goes, without what it says there.
fn place(request: &Request) -> String {
    format!("{} {}", request.method.as_str(), request.target.split('?').next().unwrap_or_default())
}

/// stripe-mock, and who asks it.
struct Mock {
    base: String,
    http: Client,
}

impl Mock {
    fn given() -> Result<Self> {
        let base = Stack::given()?.variable("STRIPE_MOCK_URL")?.to_owned();
        Ok(Self { base, http: Client::builder().no_proxy().build()? })
    }

    /// The request as it stands, and what came back.
    async fn ask(&self, request: &Request) -> Result<(StatusCode, Vec<u8>)> {
        let url = format!("{}{}", self.base, request.target);
        let mut asked = match request.method {
            Method::Get => self.http.get(url),
            Method::Post => self.http.post(url),
        };
        for (name, value) in &request.headers {
            asked = asked.header(*name, value);
        }
        if let Some(bearer) = &request.bearer {
            asked = asked.bearer_auth(bearer.expose());
        }
        if let Some(body) = &request.body {
            asked = asked.body(body.clone());
        }
        let answer = asked.send().await.context("stripe-mock; `dev/stack up stripe-mock` starts it")?;
        ensure!(answer.headers().contains_key("stripe-mock-version"), "somebody else answers");
        Ok((answer.status(), answer.bytes().await?.to_vec()))
    }

    /// The request, which has to be in order, and what the exchange is for the adapter.
    async fn take(&self, request: &Request) -> Result<Exchange> {
        ensure!(request.headers.contains(&("stripe-version", API_VERSION.to_owned())), "{}", text(request));
        let (status, body) = self.ask(request).await?;
        ensure!(status == StatusCode::OK, "{}: {status} {}", text(request), String::from_utf8_lossy(&body));
        Ok(Exchange::Answered { status: status.as_u16(), body: Ok(body) })
    }
}

#[tokio::test]
async fn stripe_knows_every_request_of_a_payment() -> Result<()> {
    let (mock, stripe, credentials) = (Mock::given()?, adapter(GatewayKind::Stripe), credentials()?);
    let mut asked = BTreeMap::new();
    for effect in effects() {
        if let Ok(requests) = stripe.requests(&effect, &credentials) {
            asked.entry(requests.iter().map(text).collect::<Vec<_>>()).or_insert((effect, requests));
        }
    }
    let places: BTreeSet<_> = asked.values().flat_map(|(_, requests)| requests).map(place).collect();
    let expected = [
        "GET /v1/disputes",
        "GET /v1/payment_intents/pi_1",
        "GET /v1/refunds",
        "POST /v1/payment_intents",
        "POST /v1/payment_intents/pi_1/cancel",
        "POST /v1/payment_intents/pi_1/capture",
        "POST /v1/payment_intents/pi_1/confirm",
        "POST /v1/refunds",
    ];
    assert_eq!(places, expected.map(str::to_owned).into());
    for (effect, requests) in asked.values() {
        let mut exchanges = Vec::new();
        for request in requests {
            exchanges.push(mock.take(request).await?);
        }
        samples::check(&stripe.judge(effect, &exchanges), effect.kind);
    }
    Ok(())
}

#[rstest]
#[tokio::test]
async fn stripe_knows_every_request_to_set_a_payment_method_up(
    #[values(SetUpKind::SetUp, SetUpKind::Query)] kind: SetUpKind,
    #[values(None, Some("https://shop.example/thanks"))] return_url: Option<&str>,
) -> Result<()> {
    let (mock, stripe, credentials) = (Mock::given()?, adapter(GatewayKind::Stripe), credentials()?);
    // It is saved for a customer.
    let (token, return_url) = ("cus_1/pm_1".to_owned(), return_url.map(str::to_owned));
    let effect = SetUpEffect { token, return_url, ..samples::set_up(kind) };
    let requests = stripe.set_up_requests(&effect, &credentials).ok().context("requests")?;
    let mut exchanges = Vec::new();
    for request in &requests {
        exchanges.push(mock.take(request).await?);
    }
    samples::check_set_up(&stripe.judge_set_up(&effect, &exchanges), kind);
    Ok(())
}

/// Without this, all of the above would say nothing.
#[rstest]
#[case::member_that_there_is_not(|request: &mut Request| append(request, "&amonut=1250"))]
#[case::member_of_a_member(|request: &mut Request| append(request, "&automatic_payment_methods[enable]=true"))]
#[case::another_word(|request: &mut Request| replace(request, "automatic", "automagic"))]
#[case::another_kind_of_value(|request: &mut Request| replace(request, "amount=1250", "amount=12.50"))]
#[case::member_too_few(|request: &mut Request| replace(request, "currency=eur&", ""))]
#[case::another_version(|request: &mut Request| request.headers.iter_mut().for_each(|(name, value)| {
    if *name == "stripe-version" { "2024-06-20".clone_into(value); }
}))]
#[tokio::test]
async fn another_request_is_refused(#[case] change: fn(&mut Request)) -> Result<()> {
    let effect = samples::effect(EffectKind::Authorize);
    let mut requests = adapter(GatewayKind::Stripe).requests(&effect, &credentials()?).unwrap_or_default();
    let request = requests.first_mut().context("a request")?;
    let mock = Mock::given()?;
    assert_eq!(mock.ask(request).await?.0, StatusCode::OK);
    let before = text(request);
    change(request);
    assert_ne!(text(request), before);
    assert_eq!(mock.ask(request).await?.0, StatusCode::BAD_REQUEST);
    Ok(())
}

fn append(request: &mut Request, member: &str) {
    request.body = request.body.take().map(|body| body + member);
}

fn replace(request: &mut Request, member: &str, by: &str) {
    request.body = request.body.take().map(|body| body.replace(member, by));
}
