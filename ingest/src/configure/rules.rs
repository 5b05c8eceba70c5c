//! Routing rules.

use std::collections::BTreeSet;

use quittance_avro::{
    money::Currency,
    records::{MetadataCondition, RoutingConditions, RoutingRule, RoutingRules, WeightedAccount},
};
use quittance_tables::Versioned;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    Parsed,
    account::shown,
    lists::{list, texts},
};
use crate::{
    create::{FUNDINGS, account_name},
    fields::{Fields, whole},
    metadata::{KEY_CHARS_MAX, VALUE_CHARS_MAX, refuse_key},
    text,
};

pub(super) const RULES_MAX: usize = 100;
pub(super) const ACCOUNTS_MAX: usize = 10;
pub(super) const VALUES_MAX: usize = 50;
pub(super) const METADATA_MAX: usize = 5;
pub(super) const PRIORITY_MAX: i64 = 1_000_000;
pub(super) const WEIGHT_MAX: i64 = 1_000_000;

/// Reads the body of `PUT /v1/routing-rules`. The rules come back in the order of their priorities.
pub(crate) fn parse(body: Value) -> Parsed<Vec<RoutingRule>> {
    let mut names = BTreeSet::new();
    let mut rules = whole(body, |fields| {
        Some(list(fields, "rules", RULES_MAX, |fields, path, item| {
            let path = fields.path(path);
            rule(Fields::new(&path, item, fields.errors())?, &mut names)
        }))
    })?;
    rules.sort_by_key(|rule| rule.priority);
    Ok(rules)
}

fn rule(mut fields: Fields<'_>, names: &mut BTreeSet<String>) -> Option<RoutingRule> {
    let name = fields.required("name", 64, |text| {
        let name = account_name(text)?;
        if names.insert(name.clone()) { Ok(name) } else { Err("must be that of one rule only".to_owned()) }
    });
    let priority = fields.integer("priority", 0..=PRIORITY_MAX, 0);
    let conditions = match fields.take("conditions") {
        None => Some(RoutingConditions::default()),
        Some(value) => {
            let path = fields.path("conditions");
            Fields::new(&path, value, fields.errors()).map(conditions)
        }
    };
    let accounts = list(&mut fields, "accounts", ACCOUNTS_MAX, |fields, path, item| {
        let path = fields.path(path);
        weighted(Fields::new(&path, item, fields.errors())?)
    });
    let distinct: BTreeSet<&String> = accounts.iter().map(|account| &account.gateway_account).collect();
    if accounts.is_empty() {
        fields.refuse("accounts", "must name at least one gateway account");
    } else if distinct.len() < accounts.len() {
        fields.refuse("accounts", "must name each gateway account once");
    }
    fields.end();
    Some(RoutingRule { name: name?, priority: i32::try_from(priority).ok()?, conditions: conditions?, accounts })
}

fn weighted(mut fields: Fields<'_>) -> Option<WeightedAccount> {
    let gateway_account = fields.required("gateway_account", 64, account_name);
    let weight = fields.integer("weight", 0..=WEIGHT_MAX, 1);
    fields.end();
    Some(WeightedAccount { gateway_account: gateway_account?, weight: i32::try_from(weight).ok()? })
}

fn conditions(mut fields: Fields<'_>) -> RoutingConditions {
    let currency = |text: &str| text.parse::<Currency>().map_err(|error| error.to_string());
    let brand = |text: &str| {
        let is_brand =
            (1..=32).contains(&text.len()) && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'));
        if is_brand { Ok(text.to_owned()) } else { Err("must be a scheme in lower case, such as visa".to_owned()) }
    };
    let funding = |text: &str| {
        if FUNDINGS.contains(&text) {
            Ok(text.to_owned())
        } else {
            Err(format!("must be one of {}", FUNDINGS.join(", ")))
        }
    };
    let country = |text: &str| {
        let is_country = text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase());
        if is_country {
            Ok(text.to_owned())
        } else {
            Err("must be a country, such as DE (ISO 3166-1 alpha-2)".to_owned())
        }
    };
    let conditions = RoutingConditions {
        currencies: texts(&mut fields, "currencies", VALUES_MAX, currency),
        minimum_amount: fields.amount("minimum_amount"),
        maximum_amount: fields.amount("maximum_amount"),
        brands: texts(&mut fields, "brands", VALUES_MAX, brand),
        fundings: texts(&mut fields, "fundings", VALUES_MAX, funding),
        countries: texts(&mut fields, "countries", VALUES_MAX, country),
        metadata: list(&mut fields, "metadata", METADATA_MAX, |fields, path, item| {
            let path = fields.path(path);
            metadata(Fields::new(&path, item, fields.errors())?)
        }),
    };
    if conditions.minimum_amount.zip(conditions.maximum_amount).is_some_and(|(minimum, maximum)| minimum > maximum) {
        fields.refuse("maximum_amount", "must not be less than minimum_amount");
    }
    fields.end();
    conditions
}

fn metadata(mut fields: Fields<'_>) -> Option<MetadataCondition> {
    let key = fields.required("key", KEY_CHARS_MAX, |key| refuse_key(key).map(|()| key.to_owned()));
    let values = texts(&mut fields, "values", VALUES_MAX, |value| match text::refuse(value, VALUE_CHARS_MAX) {
        None => Ok(value.to_owned()),
        Some(message) => Err(message),
    });
    if values.is_empty() {
        fields.refuse("values", "must have at least one value");
    }
    fields.end();
    Some(MetadataCondition { key: key?, values })
}

/// The rules as they are shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RoutingRules)]
pub(crate) struct RulesView {
    /// Grows with each change; 0 if nothing was ever set.
    version: i64,
    rules: Vec<RoutingRule>,
    #[schema(format = DateTime)]
    updated_at: Option<String>,
}

impl RulesView {
    /// Of a tenant that has none, payments are routed in the order of their tokens.
    pub(crate) fn of(rules: Option<&Versioned<RoutingRules>>) -> Self {
        let Some(Versioned { version, value }) = rules else {
            return Self { version: 0, rules: Vec::new(), updated_at: None };
        };
        let rules = value.rules.clone();
        Self { version: *version, rules, updated_at: Some(shown(value.envelope.occurred_at)) }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn with(change: impl FnOnce(&mut Value)) -> Value {
        let mut rule = json!({"name": "euros", "accounts": [{"gateway_account": "main"}]});
        change(&mut rule);
        json!({"rules": [rule]})
    }

    #[rstest]
    #[case::no_name(with(|rule| rule["name"] = Value::Null), "rules[0].name")]
    #[case::no_accounts(with(|rule| rule["accounts"] = json!([])), "rules[0].accounts")]
    #[case::twice(
        with(|rule| rule["accounts"] = json!([{"gateway_account": "a"}, {"gateway_account": "a"}])),
        "rules[0].accounts"
    )]
    #[case::weight(
        with(|rule| rule["accounts"] = json!([{"gateway_account": "a", "weight": -1}])),
        "rules[0].accounts[0].weight"
    )]
    #[case::priority(with(|rule| rule["priority"] = json!(1.5)), "rules[0].priority")]
    #[case::currency(with(|rule| rule["conditions"] = json!({"currencies": ["euro"]})), "rules[0].conditions.currencies[0]")]
    #[case::brand(with(|rule| rule["conditions"] = json!({"brands": ["Visa"]})), "rules[0].conditions.brands[0]")]
    #[case::funding(with(|rule| rule["conditions"] = json!({"fundings": ["gift"]})), "rules[0].conditions.fundings[0]")]
    #[case::country(with(|rule| rule["conditions"] = json!({"countries": ["Germany"]})), "rules[0].conditions.countries[0]")]
    #[case::metadata(with(|rule| rule["conditions"] = json!({"metadata": [{"key": "a"}]})), "rules[0].conditions.metadata[0].values")]
    #[case::unknown(with(|rule| rule["conditions"] = json!({"bins": []})), "rules[0].conditions.bins")]
    fn refuses(#[case] body: Value, #[case] field: &str) {
        let errors = parse(body).expect_err("bad rules");
        assert!(errors.iter().any(|error| error.field == field), "{errors:?}");
    }

    #[test]
    fn rules_stand_in_the_order_of_their_priorities() {
        let rule = |name: &str, priority: i64| json!({"name": name, "priority": priority, "accounts": [{"gateway_account": "main", "weight": 3}]});
        let rules = parse(json!({"rules": [rule("b", 20), rule("a", 10)]})).expect("good rules");
        assert_eq!(rules.iter().map(|rule| &*rule.name).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(rules[0].accounts[0].weight, 3);
        assert!(parse(json!({"rules": [rule("a", 1), rule("a", 2)]})).is_err(), "one name, two rules");
    }
}
