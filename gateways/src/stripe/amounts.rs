//! Stripe's minor units (<https://docs.stripe.com/currencies#zero-decimal>), where they are not those of ISO 4217.

use quittance_avro::money::{Currency, MinorUnits};

/// How an amount of ours is written at Stripe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scale {
    /// The same.
    Same,
    /// The same, but the last digit must be 0.
    WholeTens,
    /// With two zeros more: it was a currency with two decimals once, and is still written so.
    TimesHundred,
    /// Without the last two digits, which must be 0.
    DividedByHundred,
    /// Not at all.
    NotOffered,
}

fn scale(currency: Currency) -> Scale {
    match currency.code() {
        "BHD" | "JOD" | "KWD" | "OMR" | "TND" => Scale::WholeTens,
        "ISK" | "UGX" => Scale::TimesHundred,
        "MGA" => Scale::DividedByHundred,
        // Neither two decimals nor on one of Stripe's lists.
        "CLF" | "IQD" | "LYD" | "UYI" | "UYW" => Scale::NotOffered,
        _ => Scale::Same,
    }
}

/// Why an amount cannot be sent to Stripe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Inexpressible {
    /// Stripe has no such amount of the currency.
    Amount,
    /// Stripe does not have the currency.
    Currency,
}

/// The amount as Stripe wants it.
pub(super) fn to_stripe(amount: MinorUnits, currency: Currency) -> Result<i64, Inexpressible> {
    let units = amount.get();
    let whole = |by: i64| (units % by == 0).then_some(units).ok_or(Inexpressible::Amount);
    match scale(currency) {
        Scale::Same => Ok(units),
        Scale::WholeTens => whole(10),
        Scale::TimesHundred => units.checked_mul(100).ok_or(Inexpressible::Amount),
        Scale::DividedByHundred => whole(100).map(|units| units / 100),
        Scale::NotOffered => Err(Inexpressible::Currency),
    }
}

/// An amount of Stripe's, zero included; nothing if we have no such amount.
pub(super) fn from_stripe(units: i64, currency: Currency) -> Option<MinorUnits> {
    let ours = match scale(currency) {
        Scale::Same | Scale::WholeTens => units,
        Scale::TimesHundred => (units % 100 == 0).then_some(units / 100)?,
        Scale::DividedByHundred => units.checked_mul(100)?,
        Scale::NotOffered => return None,
    };
    if ours == 0 { Some(MinorUnits::ZERO) } else { MinorUnits::payable(ours).ok() }
}

#[cfg(test)]
mod tests {
    use iso_currency::{Currency as Iso, IntoEnumIterator};
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    /// Stripe's zero-decimal currencies.
    const WITHOUT_DECIMALS: &[&str] = &[
        "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF",
    ];

    fn units(amount: i64) -> MinorUnits {
        MinorUnits::payable(amount).expect("an amount")
    }

    #[rstest]
    #[case::two_decimals("EUR", 1250, Ok(1250))]
    #[case::two_decimals_but_for_payouts("HUF", 1250, Ok(1250))]
    #[case::two_decimals_but_for_payouts_too("TWD", 1250, Ok(1250))]
    #[case::none("JPY", 1250, Ok(1250))]
    #[case::none_in_chile("CLP", 1250, Ok(1250))]
    #[case::three("KWD", 1250, Ok(1250))]
    #[case::three_and_too_fine("KWD", 1251, Err(Inexpressible::Amount))]
    #[case::none_written_as_two("ISK", 1250, Ok(125_000))]
    #[case::none_written_as_two_too("UGX", 5, Ok(500))]
    #[case::two_written_as_none("MGA", 1200, Ok(12))]
    #[case::two_written_as_none_and_too_fine("MGA", 1250, Err(Inexpressible::Amount))]
    #[case::not_offered("IQD", 1000, Err(Inexpressible::Currency))]
    #[case::four_decimals("CLF", 1000, Err(Inexpressible::Currency))]
    fn an_amount_as_stripe_wants_it(#[case] code: &str, #[case] ours: i64, #[case] theirs: Result<i64, Inexpressible>) {
        assert_eq!(to_stripe(units(ours), code.parse().expect("a currency")), theirs);
    }

    #[rstest]
    #[case("EUR", 0, Some(0))]
    #[case("EUR", -1, None)]
    #[case("EUR", 1 << 53, None)]
    #[case("ISK", 125_000, Some(1250))]
    #[case("ISK", 125_001, None)]
    #[case("MGA", 12, Some(1200))]
    #[case("MGA", i64::MAX, None)]
    #[case("IQD", 1, None)]
    fn an_amount_of_stripes(#[case] code: &str, #[case] theirs: i64, #[case] ours: Option<i64>) {
        assert_eq!(from_stripe(theirs, code.parse().expect("a currency")).map(MinorUnits::get), ours);
    }

    #[test]
    fn every_currency_is_written_with_the_decimals_of_its_own_or_is_in_the_table() {
        for iso in Iso::iter() {
            let Ok(currency) = iso.code().parse::<Currency>() else { continue };
            let theirs = if WITHOUT_DECIMALS.contains(&iso.code()) { 0 } else { 2 };
            let ours = iso.exponent().expect("currencies in use have one");
            let expected = match scale(currency) {
                Scale::Same => ours == theirs,
                Scale::WholeTens => ours == 3,
                Scale::TimesHundred => ours == 0,
                Scale::DividedByHundred => (ours, theirs) == (2, 0),
                Scale::NotOffered => ours != theirs,
            };
            assert!(expected, "{} has {ours} decimals", iso.code());
        }
    }

    proptest! {
        #[test]
        fn there_and_back_is_the_same(
            amount in 1_i64..quittance_avro::money::MINOR_UNITS_END,
            code in proptest::sample::select(vec!["EUR", "JPY", "KWD", "ISK", "UGX", "MGA"]),
        ) {
            let currency: Currency = code.parse().expect("a currency");
            if let Ok(theirs) = to_stripe(units(amount), currency) {
                prop_assert_eq!(from_stripe(theirs, currency), Some(units(amount)));
            }
        }
    }
}
