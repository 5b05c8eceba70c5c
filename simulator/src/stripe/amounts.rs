//! Which amounts a currency can have at Stripe.
//!
//! | Currencies | Amounts |
//! |---|---|
//! | all | 1 to 99,999,999 of the smallest unit: at most eight digits |
//! | BHD, JOD, KWD, OMR, TND | thousandths, of which the last must be 0 |
//! | ISK, UGX | hundredths for compatibility, though there are none: the last two must be 0 |

use super::problem::Problem;
use crate::values::{Amount, Currency};

const AMOUNT_MAX: i64 = 99_999_999;

/// The amount, if the currency can have it.
pub(super) fn check(name: &str, amount: i64, currency: Currency) -> Result<Amount, Problem> {
    if amount > AMOUNT_MAX {
        let message = format!("Amount must be no more than {AMOUNT_MAX}");
        return Err(Problem::parameter(name, message).with_code("amount_too_large"));
    }
    let step = step(currency);
    if amount % step != 0 {
        let message = format!("Amounts in {currency} must be divisible by {step}.");
        return Err(Problem::parameter(name, message).with_code("parameter_invalid_integer"));
    }
    let message = "This value must be greater than or equal to 1.";
    amount.try_into().map_err(|_| Problem::parameter(name, message).with_code("parameter_invalid_integer"))
}

fn step(currency: Currency) -> i64 {
    match currency.code() {
        b"BHD" | b"JOD" | b"KWD" | b"OMR" | b"TND" => 10,
        b"ISK" | b"UGX" => 100,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("EUR", 1, true)]
    #[case("EUR", 0, false)]
    #[case("EUR", -1, false)]
    #[case("EUR", 99_999_999, true)]
    #[case("EUR", 100_000_000, false)]
    #[case("JPY", 7, true)]
    #[case("KWD", 1230, true)]
    #[case("KWD", 1234, false)]
    #[case("ISK", 500, true)]
    #[case("ISK", 550, false)]
    #[case("UGX", 5, false)]
    fn amounts(#[case] currency: &str, #[case] amount: i64, #[case] accepted: bool) -> Result<(), &'static str> {
        let currency = currency.to_owned().try_into()?;
        assert_eq!(check("amount", amount, currency).is_ok(), accepted);
        Ok(())
    }
}
