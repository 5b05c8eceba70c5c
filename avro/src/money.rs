//! Money: an integer of minor units with an ISO 4217 currency.

use std::{fmt, str::FromStr};

use iso_currency::IntoEnumIterator;
use serde::{Deserialize, Serialize};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, Schema},
};

use crate::openapi;

/// The first amount that is too large: above it, integers get lost in the floats of JSON readers (RFC 8259, 6).
pub const MINOR_UNITS_END: i64 = 1 << 53;

/// An amount in minor units of a currency that stands beside it, as a record holds it: the rules check what they are
/// given by [`MinorUnits::payable`], so that even a mad amount from a gateway is judged and not lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MinorUnits(i64);

/// Why an integer is not an amount that can be paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Zero or below.
    #[error("must be a positive integer of minor units, got {0}")]
    NotPositive(i64),
    /// 2^53 or above.
    #[error("must be below 9007199254740992 minor units")]
    TooLarge,
}

impl MinorUnits {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// An amount that can be paid: positive and below 2^53.
    pub const fn payable(minor_units: i64) -> Result<Self, AmountError> {
        if minor_units <= 0 {
            Err(AmountError::NotPositive(minor_units))
        } else if minor_units >= MINOR_UNITS_END {
            Err(AmountError::TooLarge)
        } else {
            Ok(Self(minor_units))
        }
    }

    /// The integer.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// Both together, at most 2^53 - 1 of them as far as records are sound.
    #[must_use]
    pub fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// What is left after taking `other` away, at least nothing.
    #[must_use]
    pub fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0).max(0))
    }
}

impl PartialSchema for MinorUnits {
    fn schema() -> RefOr<Schema> {
        openapi::amount()
    }
}

impl ToSchema for MinorUnits {}

impl fmt::Display for MinorUnits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An ISO 4217 currency that is in use, by its alphabetic code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency(iso_currency::Currency);

/// Why a text is not a currency.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be an ISO 4217 currency code in upper case, such as EUR")]
pub struct CurrencyError;

impl Currency {
    /// The alphabetic code, e.g. `EUR`.
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// The codes of all that are in use.
    pub fn codes() -> impl Iterator<Item = &'static str> {
        iso_currency::Currency::iter().map(|currency| currency.code()).filter(|code| code.parse::<Self>().is_ok())
    }
}

impl PartialSchema for Currency {
    fn schema() -> RefOr<Schema> {
        openapi::currency(Self::codes())
    }
}

impl ToSchema for Currency {}

impl FromStr for Currency {
    type Err = CurrencyError;

    fn from_str(text: &str) -> Result<Self, CurrencyError> {
        iso_currency::Currency::from_code(text)
            .filter(|currency| currency.exponent().is_some() && currency.is_superseded().is_none())
            .map(Self)
            .ok_or(CurrencyError)
    }
}

impl TryFrom<String> for Currency {
    type Error = CurrencyError;

    fn try_from(text: String) -> Result<Self, CurrencyError> {
        text.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.code().to_owned()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(1, true)]
    #[case(MINOR_UNITS_END - 1, true)]
    #[case(0, false)]
    #[case(-5, false)]
    #[case(MINOR_UNITS_END, false)]
    fn payable_amounts(#[case] minor_units: i64, #[case] payable: bool) {
        assert_eq!(MinorUnits::payable(minor_units).is_ok(), payable);
    }

    #[rstest]
    #[case("EUR", true)]
    #[case("JPY", true)]
    #[case("KWD", true)]
    #[case("eur", false)]
    #[case("EU", false)]
    #[case("ZZZ", false)]
    #[case("XAU", false)]
    #[case("DEM", false)]
    fn currencies_in_use(#[case] code: &str, #[case] known: bool) {
        assert_eq!(code.parse::<Currency>().is_ok(), known, "{code}");
    }
}
