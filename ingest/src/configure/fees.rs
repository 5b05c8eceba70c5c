//! What merchants pay for payments.

use std::collections::BTreeSet;

use quittance_avro::{
    money::{Currency, MINOR_UNITS_END, MinorUnits},
    records::{FeeRule, FeeRules},
};
use quittance_tables::Versioned;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{Parsed, account::shown, lists::list};
use crate::fields::{Fields, whole};

pub(super) const CURRENCIES_MAX: usize = 200;
/// All of it, in millionths.
pub(super) const RATE_MAX_PPM: i64 = 1_000_000;

/// Reads the body of `PUT /v1/fees`.
pub(crate) fn parse(body: Value) -> Parsed<Vec<FeeRule>> {
    let mut seen = BTreeSet::new();
    whole(body, |fields| {
        Some(list(fields, "fees", CURRENCIES_MAX, |fields, path, item| {
            let path = fields.path(path);
            fee(Fields::new(&path, item, fields.errors())?, &mut seen)
        }))
    })
}

fn fee(mut fields: Fields<'_>, seen: &mut BTreeSet<String>) -> Option<FeeRule> {
    let currency = fields.required("currency", 3, |text| {
        let currency = text.parse::<Currency>().map_err(|error| format!("{error}, got {text}"))?;
        if seen.insert(text.to_owned()) { Ok(currency) } else { Err("must not be listed twice".to_owned()) }
    });
    let rate_ppm = fields.integer("rate_ppm", 0..=RATE_MAX_PPM, 0);
    let fixed_amount = fields.integer("fixed_amount", 0..=MINOR_UNITS_END - 1, 0);
    let fixed_amount = MinorUnits::payable(fixed_amount).unwrap_or_default();
    let returned = fields.flag("returned", false);
    fields.end();
    Some(FeeRule { currency: currency?, rate_ppm, fixed_amount, returned })
}

/// The fees as they are shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Fees)]
pub(crate) struct FeesView {
    /// Grows with each change; 0 if nothing was ever set.
    version: i64,
    fees: Vec<FeeRule>,
    #[schema(format = DateTime)]
    updated_at: Option<String>,
}

impl FeesView {
    /// Of a tenant that has none, payments cost nothing.
    pub(crate) fn of(fees: Option<&Versioned<FeeRules>>) -> Self {
        let Some(Versioned { version, value }) = fees else {
            return Self { version: 0, fees: Vec::new(), updated_at: None };
        };
        let fees = value.rules.clone();
        Self { version: *version, fees, updated_at: Some(shown(value.envelope.occurred_at)) }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case::no_list(json!({"fees": "EUR"}), "fees")]
    #[case::no_currency(json!({"fees": [{"rate_ppm": 1}]}), "fees[0].currency")]
    #[case::bad_currency(json!({"fees": [{"currency": "eur"}]}), "fees[0].currency")]
    #[case::twice(json!({"fees": [{"currency": "EUR"}, {"currency": "EUR"}]}), "fees[1].currency")]
    #[case::more_than_all(json!({"fees": [{"currency": "EUR", "rate_ppm": 1_000_001}]}), "fees[0].rate_ppm")]
    #[case::fraction(json!({"fees": [{"currency": "EUR", "rate_ppm": 1.4}]}), "fees[0].rate_ppm")]
    #[case::negative(json!({"fees": [{"currency": "EUR", "fixed_amount": -1}]}), "fees[0].fixed_amount")]
    #[case::unknown(json!({"fees": [{"currency": "EUR", "percent": 1}]}), "fees[0].percent")]
    fn refuses(#[case] body: Value, #[case] field: &str) {
        let errors = parse(body).expect_err("bad fees");
        assert!(errors.iter().any(|error| error.field == field), "{errors:?}");
    }

    #[test]
    fn takes_what_it_shows() {
        let body = json!({"fees": [{"currency": "EUR", "rate_ppm": 14_000, "fixed_amount": null, "returned": true}]});
        let fees = parse(body).expect("good fees");
        assert_eq!((fees.len(), fees[0].rate_ppm, fees[0].fixed_amount.get(), fees[0].returned), (1, 14_000, 0, true));
    }
}
