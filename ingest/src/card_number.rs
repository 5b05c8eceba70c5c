//! Finding card numbers where none may be.
//!
//! A number counts as a card's if it begins as the schemes' numbers do, has a length that they have, and passes the Luhn
//! check (ISO/IEC 7812-1). What people write between its groups of digits does not hide it, nor what stands before and
//! behind it: an expiry, a code, a date.

use std::ops::RangeInclusive;

/// How many digits card numbers have.
const DIGITS: RangeInclusive<usize> = 12..=19;
/// How many most of them have: those are found in front of other digits, too, up to so many in all.
const USUAL_DIGITS: [usize; 4] = [14, 15, 16, 19];
const GLUED_DIGITS_MAX: usize = 24;
/// So many characters between two groups of digits, none of them a letter, may be part of how a number is written.
const SEPARATOR_CHARS_MAX: usize = 3;

/// Whether a card number stands anywhere in the text: as one group of digits, or as several that stand together.
pub(crate) fn is_in(text: &str) -> bool {
    let groups = groups(text);
    (0..groups.len()).any(|first| begins_one(&groups[first..]))
}

/// Digits that stand together, and whether they may go on the number of the group before.
struct Group {
    digits: Vec<u32>,
    follows: bool,
}

fn groups(text: &str) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let (mut separators, mut follows) = (0, false);
    for c in text.chars() {
        match (c.to_digit(10), groups.last_mut()) {
            (Some(digit), Some(group)) if separators == 0 && follows => group.digits.push(digit),
            (Some(digit), _) => {
                groups.push(Group { digits: vec![digit], follows });
                (separators, follows) = (0, true);
            }
            (None, _) => {
                separators += 1;
                follows = follows && separators <= SEPARATOR_CHARS_MAX && !c.is_alphabetic();
            }
        }
    }
    groups
}

/// Whether a card number begins with the first group and ends with it, with one that follows, or inside of one, where an
/// expiry or a code goes on without a break.
fn begins_one(groups: &[Group]) -> bool {
    let mut digits = Vec::new();
    for (index, group) in groups.iter().enumerate() {
        digits.extend_from_slice(&group.digits);
        // A longer run of digits is an id of something else.
        if index > 0 && !group.follows || digits.len() > GLUED_DIGITS_MAX {
            return false;
        }
        let usual = USUAL_DIGITS.iter().copied().filter(|length| *length < digits.len());
        if usual.chain([digits.len()]).any(|length| is_card(&digits[..length])) {
            return true;
        }
        if digits.len() > *DIGITS.end() {
            return false;
        }
    }
    false
}

fn is_card(digits: &[u32]) -> bool {
    DIGITS.contains(&digits.len()) && has_prefix(digits) && luhn(digits)
}

/// Prefixes and lengths of the large schemes.
fn has_prefix(digits: &[u32]) -> bool {
    let first = |n: usize| digits[..n].iter().fold(0, |number, digit| number * 10 + digit);
    let visa = matches!(digits.len(), 13 | 16 | 19) && digits[0] == 4;
    let mastercard = digits.len() == 16 && (matches!(first(2), 51..=55) || matches!(first(4), 2221..=2720));
    let maestro = matches!(first(2), 50 | 56..=58 | 63 | 67);
    let amex = digits.len() == 15 && matches!(first(2), 34 | 37);
    let diners = digits.len() == 14 && (matches!(first(2), 36 | 38 | 39) || matches!(first(3), 300..=305));
    // Discover, UnionPay and RuPay; JCB; Mir.
    let longer = matches!(first(2), 60 | 62 | 64 | 65) || matches!(first(4), 3528..=3589 | 2200..=2204);
    visa || mastercard || maestro || amex || diners || digits.len() >= 16 && longer
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
    #[case::maestro("6759649826438453")]
    #[case::mir("2200770212727079")]
    #[case::in_words("x4242424242424242x")]
    #[case::with_a_date_and_time("4242 4242 4242 4242 2026-11-01 12:30")]
    #[case::behind_a_number("order 17, 4242 4242 4242 4242")]
    #[case::wide_spaces("4242  4242  4242  4242")]
    #[case::no_break_spaces("4242\u{a0}4242\u{a0}4242\u{a0}4242")]
    #[case::underscores("4242_4242_4242_4242")]
    #[case::slashes("4242/4242/4242/4242")]
    #[case::expiry_without_a_break("42424242424242421229")]
    #[case::code_without_a_break("4242424242424242123")]
    #[case::spaced_and_expiry_without_a_break("4242 4242 4242 42421229")]
    #[case::short_visa_with_expiry("4222222222222 12/29")]
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
    #[case::apart("4242 and 4242 and 4242 and 4242")]
    #[case::far_apart("4242 ... 4242 ... 4242 ... 4242")]
    #[case::empty("")]
    fn not_found(#[case] text: &str) {
        assert!(!is_in(text), "{text}");
    }
}
