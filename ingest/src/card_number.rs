//! Finding card numbers where none may be.
//!
//! A number counts as a card's if it begins as the schemes' numbers do, has a length that they have, and passes the Luhn
//! check ([`issued_number`]). What people write between its groups of digits does not hide it, nor what stands before and
//! behind it: an expiry, a code, a date; nor digits of another script, or characters that are not seen.
//!
//! Ids are exempt: of the digits of a random UUID some look like a card's once in some 1,600.

use quittance_service::issued_number::{self, DIGITS};

/// How many digits most card numbers have: those are found in front of other digits, too, up to so many in all.
const USUAL_DIGITS: [usize; 4] = [14, 15, 16, 19];
const GLUED_DIGITS_MAX: usize = 24;
/// So many characters between two groups of digits, none of them a letter, may be part of how a number is written.
const SEPARATOR_CHARS_MAX: usize = 3;
/// Zeros of the scripts' decimal digits in the basic plane (Unicode, general category Nd); nine digits follow each.
const ZEROS: [char; 22] = [
    '0', '\u{660}', '\u{6f0}', '\u{7c0}', '\u{966}', '\u{9e6}', '\u{a66}', '\u{ae6}', '\u{b66}', '\u{be6}', '\u{c66}',
    '\u{ce6}', '\u{d66}', '\u{de6}', '\u{e50}', '\u{ed0}', '\u{f20}', '\u{1040}', '\u{17e0}', '\u{1810}', '\u{19d0}',
    '\u{ff10}',
];
/// The digits of mathematics, five rows of ten (Unicode, 22.7).
const MATHEMATICAL: std::ops::RangeInclusive<char> = '\u{1d7ce}'..='\u{1d7ff}';

/// Whether a card number stands anywhere in the text: as one group of digits, or as several that stand together.
pub(crate) fn is_in(text: &str) -> bool {
    // Hardly any text has one, so that ids are looked for only then.
    is_in_plain(text) && is_in_plain(&without_ids(text))
}

fn is_in_plain(text: &str) -> bool {
    let groups = groups(text);
    (0..groups.len()).any(|first| begins_one(&groups[first..]))
}

/// The text with a letter in place of each UUID, those of our ids included.
fn without_ids(text: &str) -> String {
    let is_of_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let mut rest = text;
    let mut without = String::with_capacity(text.len());
    while let Some(start) = rest.find(is_of_word) {
        let word = &rest[start..];
        let (word, after) = word.split_at(word.find(|c| !is_of_word(c)).unwrap_or(word.len()));
        without.push_str(&rest[..start]);
        without.push_str(if is_id(word) { "x" } else { word });
        rest = after;
    }
    without + rest
}

/// A UUID, alone or behind a prefix of letters and `_`.
fn is_id(word: &str) -> bool {
    let (prefix, id) = word.rsplit_once('_').unwrap_or(("", word));
    prefix.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') && uuid::Uuid::try_parse(id).is_ok()
}

fn digit(c: char) -> Option<u8> {
    if MATHEMATICAL.contains(&c) {
        return u8::try_from((u32::from(c) - u32::from(*MATHEMATICAL.start())) % 10).ok();
    }
    let after = |zero: &char| u32::from(c).checked_sub(u32::from(*zero)).filter(|value| *value < 10);
    ZEROS.iter().find_map(after).and_then(|value| u8::try_from(value).ok())
}

/// What takes no room between two digits: soft hyphen, zero-width characters, marks of direction and variation, byte order mark.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

/// Digits that stand together, and whether they may go on the number of the group before.
struct Group {
    digits: Vec<u8>,
    follows: bool,
}

fn groups(text: &str) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let (mut separators, mut follows) = (0, false);
    for c in text.chars().filter(|c| !is_unseen(*c)) {
        match (digit(c), groups.last_mut()) {
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
        if usual.chain([digits.len()]).any(|length| issued_number::is_one(&digits[..length])) {
            return true;
        }
        if digits.len() > *DIGITS.end() {
            return false;
        }
    }
    false
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
    #[case::dots("4242.4242.4242.4242")]
    #[case::zero_width("4242\u{200b}4242\u{200d}4242\u{2060}4242")]
    #[case::zero_width_and_spaces("4242 \u{200b}\u{200b}\u{200b}4242 \u{200b}4242 4242")]
    #[case::between_all("4 2 4 2 4 2 4 2 4 2 4 2 4 2 4 2")]
    #[case::thin_spaces("4242\u{2009}4242\u{2009}4242\u{2009}4242")]
    #[case::en_dashes("4242\u{2013}4242\u{2013}4242\u{2013}4242")]
    #[case::full_width("４２４２４２４２４２４２４２４２")]
    #[case::arabic_indic("٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢")]
    #[case::persian("۴۲۴۲ ۴۲۴۲ ۴۲۴۲ ۴۲۴۲")]
    #[case::devanagari("४२४२४२४२४२४२४२४२")]
    #[case::mathematical("𝟒𝟐𝟒𝟐𝟜𝟚𝟜𝟚𝟦𝟤𝟦𝟤𝟺𝟸𝟺𝟸")]
    #[case::mixed("4２٤۲4２٤۲4２٤۲4２٤۲")]
    #[case::beside_an_id("pay_42424242424242420000000000000001 4242424242424242")]
    #[case::no_id("pay_4242424242424242")]
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
    #[case::our_id("pm_42424242424242420000000000000001")]
    #[case::uuid("retry of 42424242-4242-4242-8242-424242424242.")]
    #[case::two_ids("gwa_42424242424242420000000000000001/pay_42424242424242420000000000000001")]
    #[case::between_ids("4242 4242 42424242-4242-4242-8242-424242424242 4242 4242")]
    #[case::empty("")]
    fn not_found(#[case] text: &str) {
        assert!(!is_in(text), "{text}");
    }
}
