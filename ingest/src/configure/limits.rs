//! What payments may amount to.

use std::collections::BTreeSet;

use quittance_avro::{
    money::Currency,
    records::{CurrencyLimit, PaymentLimits},
};
use quittance_tables::Versioned;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{Parsed, account::shown, lists::list};
use crate::fields::{Fields, whole};

pub(super) const CURRENCIES_MAX: usize = 200;

/// Reads the body of `PUT /v1/limits`.
pub(crate) fn parse(body: Value) -> Parsed<Vec<CurrencyLimit>> {
    let mut seen = BTreeSet::new();
    whole(body, |fields| {
        Some(list(fields, "currencies", CURRENCIES_MAX, |fields, path, item| {
            let path = fields.path(path);
            limit(Fields::new(&path, item, fields.errors())?, &mut seen)
        }))
    })
}

fn limit(mut fields: Fields<'_>, seen: &mut BTreeSet<String>) -> Option<CurrencyLimit> {
    let currency = fields.required("currency", 3, |text| {
        let currency = text.parse::<Currency>().map_err(|error| format!("{error}, got {text}"))?;
        if seen.insert(text.to_owned()) { Ok(currency) } else { Err("must not be listed twice".to_owned()) }
    });
    let (minimum_amount, maximum_amount) = (fields.amount("minimum_amount"), fields.amount("maximum_amount"));
    if minimum_amount.zip(maximum_amount).is_some_and(|(minimum, maximum)| minimum > maximum) {
        fields.refuse("maximum_amount", "must not be less than minimum_amount");
    }
    fields.end();
    Some(CurrencyLimit { currency: currency?, minimum_amount, maximum_amount })
}

/// The limits as they are shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Limits)]
pub(crate) struct LimitsView {
    /// Grows with each change; 0 if nothing was ever set.
    version: i64,
    currencies: Vec<CurrencyLimit>,
    #[schema(format = DateTime)]
    updated_at: Option<String>,
}

impl LimitsView {
    /// Of a tenant that has none, every currency is allowed, with every amount.
    pub(crate) fn of(limits: Option<&Versioned<PaymentLimits>>) -> Self {
        let Some(Versioned { version, value }) = limits else {
            return Self { version: 0, currencies: Vec::new(), updated_at: None };
        };
        let currencies = value.currencies.clone();
        Self { version: *version, currencies, updated_at: Some(shown(value.envelope.occurred_at)) }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case::no_list(json!({"currencies": "EUR"}), "currencies")]
    #[case::no_currency(json!({"currencies": [{}]}), "currencies[0].currency")]
    #[case::bad_currency(json!({"currencies": [{"currency": "XXX"}]}), "currencies[0].currency")]
    #[case::twice(json!({"currencies": [{"currency": "EUR"}, {"currency": "EUR"}]}), "currencies[1].currency")]
    #[case::fraction(json!({"currencies": [{"currency": "EUR", "minimum_amount": 0.5}]}), "currencies[0].minimum_amount")]
    #[case::nothing_between(
        json!({"currencies": [{"currency": "EUR", "minimum_amount": 2, "maximum_amount": 1}]}),
        "currencies[0].maximum_amount"
    )]
    #[case::unknown(json!({"currency": []}), "currency")]
    fn refuses(#[case] body: Value, #[case] field: &str) {
        let errors = parse(body).expect_err("bad limits");
        assert!(errors.iter().any(|error| error.field == field), "{errors:?}");
    }

    #[test]
    fn takes_what_it_shows() {
        let body = json!({"currencies": [{"currency": "EUR", "minimum_amount": 50, "maximum_amount": null}]});
        let limits = parse(body).expect("good limits");
        assert_eq!(limits.len(), 1);
        assert_eq!(limits[0].minimum_amount.map(|amount| amount.get()), Some(50));
    }
}
