//! Finding card numbers where none may be.
//!
//! A number counts as a card's if it begins as the schemes' numbers do, has a length that they have, and passes the Luhn
//! check (ISO/IEC 7812-1). Single spaces, dots and dashes between its digits do not hide it.

/// Whether a card number stands anywhere in the text.
pub(crate) fn is_in(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    (0..chars.len()).any(|start| {
        let begins = chars[start].is_ascii_digit() && (start == 0 || !chars[start - 1].is_ascii_digit());
        begins && run_holds_one(&digits_from(&chars[start..]))
    })
}

/// The digits of the run that begins here; a single separator between two digits does not end it.
fn digits_from(chars: &[char]) -> Vec<u32> {
    let mut digits = Vec::new();
    let mut separated = true;
    for c in chars {
        match c.to_digit(10) {
            Some(digit) => {
                digits.push(digit);
                separated = false;
            }
            None if matches!(c, ' ' | '-' | '.') && !separated => separated = true,
            None => break,
        }
    }
    digits
}

fn run_holds_one(digits: &[u32]) -> bool {
    // A longer run of digits alone is an id of something else, unless a card number is all that is before its end.
    (12..=19).any(|length| digits.len() >= length && is_card(&digits[..length]) && digits.len() == length)
        || grouped(digits)
}

/// Separated groups may go on behind the number (a date, a code): its beginning is tried at the usual lengths.
fn grouped(digits: &[u32]) -> bool {
    [14, 15, 16, 19].iter().any(|&length| digits.len() > length && digits.len() <= 24 && is_card(&digits[..length]))
}

fn is_card(digits: &[u32]) -> bool {
    has_prefix(digits) && luhn(digits)
}

/// Prefixes and lengths of the large schemes.
fn has_prefix(digits: &[u32]) -> bool {
    let first = |n: usize| digits[..n].iter().fold(0, |number, digit| number * 10 + digit);
    match digits.len() {
        13 | 16 | 19 if digits[0] == 4 => true,
        14 => matches!(first(2), 36 | 38 | 39) || matches!(first(3), 300..=305),
        15 => matches!(first(2), 34 | 37),
        16..=19 if matches!(first(4), 3528..=3589) || matches!(first(2), 62 | 64 | 65) || first(4) == 6011 => true,
        16 => matches!(first(2), 51..=55) || matches!(first(4), 2221..=2720),
        12..=19 => matches!(first(2), 50 | 56..=58 | 63 | 67),
        _ => false,
    }
}

fn luhn(digits: &[u32]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, &digit)| match (place % 2, digit) {
            (0, digit) => digit,
            (_, digit) if digit > 4 => digit * 2 - 9,
            (_, digit) => digit * 2,
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::visa("4242424242424242")]
    #[case::spaced("card 4242 4242 4242 4242 please")]
    #[case::dashed("4242-4242-4242-4242")]
    #[case::with_expiry("4242 4242 4242 4242 12/29")]
    #[case::expiry_by_space("4242 4242 4242 4242 1229")]
    #[case::mastercard("5555555555554444")]
    #[case::mastercard_two("2223003122003222")]
    #[case::amex("378282246310005")]
    #[case::diners("30569309025904")]
    #[case::discover("6011111111111117")]
    #[case::jcb("3530111333300000")]
    #[case::in_words("x4242424242424242x")]
    fn found(#[case] text: &str) {
        assert!(is_in(text), "{text}");
    }

    #[rstest]
    #[case::order("order-1001")]
    #[case::bad_check_digit("4242424242424241")]
    #[case::other_prefix("1234567812345670")]
    #[case::long_id("42424242424242424242424242")]
    #[case::hex("pay_4242424242424242424242424242a0ff")]
    #[case::date("2026-11-01 12:00:00")]
    #[case::phone("+49 30 1234567")]
    #[case::empty("")]
    fn not_found(#[case] text: &str) {
        assert!(!is_in(text), "{text}");
    }
}
