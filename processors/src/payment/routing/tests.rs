use std::sync::Arc;

use quittance_avro::{
    money::MinorUnits,
    records::{
        CurrencyLimit, GatewayToken, MetadataCondition, MetadataPair, PaymentLimits, PaymentMethod, RoutingConditions,
        RoutingRules, WeightedAccount,
    },
    words::{CaptureMethod, GatewayKind},
};
use quittance_tables::{TenantConfiguration, Versioned};
use rstest::rstest;

use super::*;
use crate::payment::samples::{amount, command, currency, envelope, start};

const VERSION: i64 = 42;

fn rule(name: &str, priority: i32, conditions: RoutingConditions, accounts: &[(&str, i32)]) -> RoutingRule {
    let accounts = accounts
        .iter()
        .map(|(account, weight)| WeightedAccount { gateway_account: (*account).to_owned(), weight: *weight });
    RoutingRule { name: name.to_owned(), priority, conditions, accounts: accounts.collect() }
}

fn any() -> RoutingConditions {
    RoutingConditions::default()
}

fn installed() -> Gateways {
    ["a", "b", "c"].into_iter().fold(Gateways::default(), |known, name| known.with(name, GatewayKind::Simulator))
}

fn with_rules(rules: Vec<RoutingRule>) -> Gateways {
    let value = RoutingRules { envelope: envelope("rou".to_owned()), rules };
    let rules = Some(Arc::new(Versioned { version: VERSION, value }));
    installed().configured(&TenantConfiguration { rules, ..TenantConfiguration::default() })
}

fn with_limits(limits: &[(&str, Option<i64>, Option<i64>)]) -> Gateways {
    let currencies = limits.iter().map(|(code, minimum, maximum)| CurrencyLimit {
        currency: currency(code),
        minimum_amount: minimum.map(amount),
        maximum_amount: maximum.map(amount),
    });
    let value = PaymentLimits { envelope: envelope("lim".to_owned()), currencies: currencies.collect() };
    let limits = Some(Arc::new(Versioned { version: VERSION, value }));
    installed().configured(&TenantConfiguration { limits, ..TenantConfiguration::default() })
}

/// A payment of 12.50 EUR by a Visa credit card of a German bank, with tokens at these accounts.
fn asked(accounts: &[&str]) -> CreatePayment {
    let tokens = accounts
        .iter()
        .map(|account| GatewayToken { gateway_account: (*account).to_owned(), token: format!("tok_{account}") });
    let method = PaymentMethod {
        brand: Some("visa".to_owned()),
        funding: Some("credit".to_owned()),
        country: Some("DE".to_owned()),
        ..PaymentMethod::of_tokens("card".to_owned(), tokens.collect())
    };
    let shop = MetadataPair { key: "shop".to_owned(), value: "berlin".to_owned() };
    CreatePayment {
        gateway_account: String::new(),
        payment_method: method,
        routing_metadata: vec![shop],
        ..command(CaptureMethod::Automatic)
    }
}

fn candidates(asked: &CreatePayment, gateways: &Gateways) -> Result<Vec<String>, Refusal> {
    route(asked, gateways, start()).map(|routing| routing.candidates)
}

fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|text| (*text).to_owned()).collect()
}

#[rstest]
#[case::nothing(any(), true)]
#[case::currency(RoutingConditions { currencies: vec![currency("USD"), currency("EUR")], ..any() }, true)]
#[case::other_currency(RoutingConditions { currencies: vec![currency("USD")], ..any() }, false)]
#[case::just_enough(RoutingConditions { minimum_amount: Some(amount(1_250)), ..any() }, true)]
#[case::too_little(RoutingConditions { minimum_amount: Some(amount(1_251)), ..any() }, false)]
#[case::not_too_much(RoutingConditions { maximum_amount: Some(amount(1_250)), ..any() }, true)]
#[case::too_much(RoutingConditions { maximum_amount: Some(amount(1_249)), ..any() }, false)]
#[case::brand(RoutingConditions { brands: texts(&["visa"]), ..any() }, true)]
#[case::other_brand(RoutingConditions { brands: texts(&["amex"]), ..any() }, false)]
#[case::funding(RoutingConditions { fundings: texts(&["credit", "debit"]), ..any() }, true)]
#[case::other_funding(RoutingConditions { fundings: texts(&["prepaid"]), ..any() }, false)]
#[case::country(RoutingConditions { countries: texts(&["AT", "DE"]), ..any() }, true)]
#[case::other_country(RoutingConditions { countries: texts(&["AT"]), ..any() }, false)]
#[case::metadata(metadata("shop", &["berlin", "bonn"]), true)]
#[case::other_value(metadata("shop", &["bonn"]), false)]
#[case::other_key(metadata("channel", &["berlin"]), false)]
#[case::one_of_two(RoutingConditions { countries: texts(&["AT"]), brands: texts(&["visa"]), ..any() }, false)]
fn a_rule_is_for_what_meets_all_of_its_conditions(#[case] conditions: RoutingConditions, #[case] fits: bool) {
    let gateways = with_rules(vec![rule("only", 1, conditions, &[("b", 1)])]);
    let expected = if fits { texts(&["b"]) } else { texts(&["a", "b"]) };
    assert_eq!(candidates(&asked(&["a", "b"]), &gateways), Ok(expected));
}

fn metadata(key: &str, values: &[&str]) -> RoutingConditions {
    let condition = MetadataCondition { key: key.to_owned(), values: texts(values) };
    RoutingConditions { metadata: vec![condition], ..any() }
}

#[test]
fn what_is_not_known_of_a_payment_meets_no_list() {
    let gateways =
        with_rules(vec![rule("visa", 1, RoutingConditions { brands: texts(&["visa"]), ..any() }, &[("b", 1)])]);
    let mut asked = asked(&["a", "b"]);
    asked.payment_method.brand = None;
    assert_eq!(candidates(&asked, &gateways), Ok(texts(&["a", "b"])));
}

#[test]
fn the_lowest_number_decides_of_the_rules_that_can_be_followed() -> Result<(), Refusal> {
    let rules = vec![
        rule("last", 30, any(), &[("a", 1)]),
        rule("without_token", 10, any(), &[("c", 1)]),
        rule("second", 20, any(), &[("b", 1), ("a", 0)]),
    ];
    let routing = route(&asked(&["a", "b"]), &with_rules(rules), start())?;
    assert_eq!((routing.rule.as_deref(), routing.version), (Some("second"), VERSION));
    assert_eq!(routing.candidates, ["b", "a"]);
    assert_eq!(routing.why, "rule second is the first that fits; b was drawn, by a weight of 1 in 1");
    Ok(())
}

#[test]
fn what_cannot_be_reached_comes_last_and_the_payment_says_so() -> Result<(), Refusal> {
    let gateways = installed().down("a", start().plus_ms(1));
    let routing = route(&asked(&["a", "b"]), &gateways, start())?;
    assert_eq!(routing.candidates, ["b", "a"]);
    assert!(routing.why.ends_with("a cannot be reached at the moment and comes last"), "{}", routing.why);
    assert_eq!(route(&asked(&["a", "b"]), &gateways, start().plus_ms(1))?.candidates, ["a", "b"]);
    assert_eq!(route(&asked(&["a"]), &gateways, start())?.candidates, ["a"], "there is no other");
    Ok(())
}

#[rstest]
#[case::no_limits(&[], Ok(()))]
#[case::allowed(&[("EUR", None, None)], Ok(()))]
#[case::within(&[("EUR", Some(1_250), Some(1_250))], Ok(()))]
#[case::currency(&[("USD", None, None)], Err(Refusal::CurrencyNotAllowed))]
#[case::too_little(&[("EUR", Some(1_251), None)], Err(Refusal::AmountBelowMinimum))]
#[case::too_much(&[("USD", None, None), ("EUR", None, Some(1_249))], Err(Refusal::AmountAboveMaximum))]
fn limits_hold(#[case] limits: &[(&str, Option<i64>, Option<i64>)], #[case] expected: Result<(), Refusal>) {
    let by_rules = candidates(&asked(&["a"]), &with_limits(limits)).map(drop);
    let named = CreatePayment { gateway_account: "a".to_owned(), ..asked(&["a"]) };
    assert_eq!(by_rules, expected);
    assert_eq!(candidates(&named, &with_limits(limits)).map(drop), expected);
    assert!(MinorUnits::payable(1_250).is_ok());
}

#[rstest]
#[case::known("a", Ok(()))]
#[case::without_token("b", Err(Refusal::NoToken))]
#[case::unknown("x", Err(Refusal::NoRoute))]
fn an_account_that_is_named_is_the_only_one(#[case] name: &str, #[case] expected: Result<(), Refusal>) {
    let named = CreatePayment { gateway_account: name.to_owned(), ..asked(&["a", "x", "c"]) };
    let gateways = with_rules(vec![rule("others", 1, any(), &[("c", 1)])]);
    assert_eq!(candidates(&named, &gateways), expected.map(|()| texts(&[name])));
}
