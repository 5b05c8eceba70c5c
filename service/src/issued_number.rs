//! Identification numbers as the large issuers give them out (ISO/IEC 7812-1): what may stand in no log and in no record.

use std::ops::RangeInclusive;

/// How many digits they have.
pub const DIGITS: RangeInclusive<usize> = 12..=19;

/// Whether digits, each 0 to 9, are such a number: they begin as an issuer's do, are as many, and pass the Luhn check.
pub fn is_one(digits: &[u8]) -> bool {
    DIGITS.contains(&digits.len()) && has_prefix(digits) && luhn(digits)
}

/// Prefixes and lengths of the large schemes.
fn has_prefix(digits: &[u8]) -> bool {
    let first = |n: usize| digits[..n].iter().fold(0, |number, digit| number * 10 + u32::from(*digit));
    let visa = matches!(digits.len(), 13 | 16 | 19) && digits[0] == 4;
    let mastercard = digits.len() == 16 && (matches!(first(2), 51..=55) || matches!(first(4), 2221..=2720));
    let maestro = matches!(first(2), 50 | 56..=58 | 63 | 67);
    let amex = digits.len() == 15 && matches!(first(2), 34 | 37);
    let diners = digits.len() == 14 && (matches!(first(2), 36 | 38 | 39) || matches!(first(3), 300..=305));
    // Discover, UnionPay and RuPay; JCB; Mir.
    let longer = matches!(first(2), 60 | 62 | 64 | 65) || matches!(first(4), 3528..=3589 | 2200..=2204);
    visa || mastercard || maestro || amex || diners || digits.len() >= 16 && longer
}

fn luhn(digits: &[u8]) -> bool {
    let value = |(place, &digit): (usize, &u8)| match (place % 2, u32::from(digit)) {
        (0, digit) => digit,
        (_, digit) if digit > 4 => digit * 2 - 9,
        (_, digit) => digit * 2,
    };
    digits.iter().rev().enumerate().map(value).sum::<u32>().is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::visa("4242424242424242", true)]
    #[case::visa_of_13("4222222222222", true)]
    #[case::mastercard("5555555555554444", true)]
    #[case::mastercard_two("2223003122003222", true)]
    #[case::amex("378282246310005", true)]
    #[case::diners("30569309025904", true)]
    #[case::discover("6011111111111117", true)]
    #[case::jcb("3530111333300000", true)]
    #[case::maestro("6759649826438453", true)]
    #[case::mir("2200770212727079", true)]
    #[case::bad_check_digit("4242424242424241", false)]
    #[case::other_prefix("1234567812345670", false)]
    #[case::zeros("0000000000000000", false)]
    #[case::short("42424242424", false)]
    #[case::long("42424242424242424242", false)]
    #[case::none("", false)]
    fn numbers(#[case] text: &str, #[case] expected: bool) {
        let digits: Vec<u8> = text.bytes().map(|digit| digit - b'0').collect();
        assert_eq!(is_one(&digits), expected);
    }
}
