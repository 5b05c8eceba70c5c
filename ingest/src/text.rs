//! Bounds on the text that clients send.

use quittance_service::credential;

use crate::card_number;

/// What a text is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A reference, a name, a word: one line.
    Line,
    /// What people read: it may have line breaks and tabs.
    Prose,
    /// A reference that somebody else made up: one line, whose digits may look like a card number.
    Foreign,
}

// The characters that are taken, as a description of the API has them. It cannot say that they may be no card number and no key, nor
// does it name the code points beyond the first plane that are no characters: regular expressions write those each in its own way.
/// One line.
pub(crate) const LINE: &str = r"^[^\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufdd0-\ufdef\ufffe\uffff]*$";
/// What people read.
pub(crate) const PROSE: &str =
    r"^[^\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufdd0-\ufdef\ufffe\uffff]*$";

/// Why a text of one line is not taken. Never repeats the text: it may be what must not be written down.
pub(crate) fn refuse(text: &str, chars_max: usize) -> Option<String> {
    refuse_as(Kind::Line, text, chars_max)
}

/// Why a text of that kind is not taken. Never repeats the text.
pub(crate) fn refuse_as(kind: Kind, text: &str, chars_max: usize) -> Option<String> {
    let chars = text.chars().count();
    if chars > chars_max {
        return Some(format!("must have at most {chars_max} characters, got {chars}"));
    }
    let character = text.chars().find_map(|c| Some((c, forbidden(c, kind)?)));
    match character {
        Some((c, what)) => Some(format!("must not contain {what}, such as U+{:04X}", u32::from(c))),
        None if kind == Kind::Foreign => key(text).map(str::to_owned),
        None => unwanted(text).map(str::to_owned),
    }
}

/// Why a text must not be written down anywhere.
pub(crate) fn unwanted(text: &str) -> Option<&'static str> {
    if card_number::is_in(text) { Some("must not contain a card number") } else { key(text) }
}

fn key(text: &str) -> Option<&'static str> {
    credential::is_in(text).then_some("must not contain an API key")
}

/// What a character is that no such text may have: it breaks or rearranges what somebody sees, or is none.
fn forbidden(c: char, kind: Kind) -> Option<&'static str> {
    match c {
        '\n' | '\t' if kind == Kind::Prose => None,
        c if c.is_control() => Some("control characters"),
        '\u{2028}' | '\u{2029}' => Some("separators of lines and paragraphs"),
        // Unicode, 3.4 and UAX #9: what turns "evil" into "live" for whoever reads it.
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => Some("characters that change the direction of text"),
        // Unicode, 23.7.
        '\u{fdd0}'..='\u{fdef}' => Some("code points that are no characters"),
        c if u32::from(c) & 0xfffe == 0xfffe => Some("code points that are no characters"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("order-1001")]
    #[case("")]
    #[case("Bücher für Kinder, 本, 😀, שלום")]
    #[case::joined_emoji("👩\u{200d}👧")]
    #[case::replacement_character("\u{fffd}")]
    #[case("pay_42424242424242420000000000000001")]
    #[case::as_long_as_may_be(&"ä".repeat(255))]
    fn taken(#[case] text: &str) {
        assert_eq!(refuse(text, 255), None);
        assert_eq!(refuse_as(Kind::Prose, text, 255), None);
    }

    #[rstest]
    #[case::long(&"ä".repeat(256), "must have at most 255 characters, got 256")]
    #[case::nul("a\0", "must not contain control characters, such as U+0000")]
    #[case::escape("\u{1b}[31m", "must not contain control characters, such as U+001B")]
    #[case::return_of_the_carriage("a\r\nb", "must not contain control characters, such as U+000D")]
    #[case::delete("a\u{7f}", "must not contain control characters, such as U+007F")]
    #[case::c1("a\u{85}", "must not contain control characters, such as U+0085")]
    #[case::line("a\u{2028}b", "must not contain separators of lines and paragraphs, such as U+2028")]
    #[case::paragraph("a\u{2029}b", "must not contain separators of lines and paragraphs, such as U+2029")]
    #[case::embedding("\u{202a}a", "must not contain characters that change the direction of text, such as U+202A")]
    #[case::override_("a\u{202e}b", "must not contain characters that change the direction of text, such as U+202E")]
    #[case::isolate("a\u{2066}b", "must not contain characters that change the direction of text, such as U+2066")]
    #[case::end_of_isolate(
        "a\u{2069}b",
        "must not contain characters that change the direction of text, such as U+2069"
    )]
    #[case::no_character("a\u{fdd0}", "must not contain code points that are no characters, such as U+FDD0")]
    #[case::last_of_a_plane("\u{1ffff}", "must not contain code points that are no characters, such as U+1FFFF")]
    #[case::last_but_one("\u{fffe}", "must not contain code points that are no characters, such as U+FFFE")]
    #[case::card("4242 4242 4242 4242", "must not contain a card number")]
    #[case::key("use qk_live_0123456789abcdefABCD", "must not contain an API key")]
    #[case::stripes_key("sk_live_51H8xYzAbCdEfGhIjKl", "must not contain an API key")]
    fn refused(#[case] text: &str, #[case] message: &str) {
        assert_eq!(refuse(text, 255).as_deref(), Some(message));
        assert_eq!(refuse_as(Kind::Prose, text, 255).as_deref(), Some(message));
    }

    #[rstest]
    #[case("two\nlines", "U+000A")]
    #[case("a\ttab", "U+0009")]
    fn prose_may_have_lines(#[case] text: &str, #[case] character: &str) {
        assert_eq!(refuse_as(Kind::Prose, text, 255), None);
        let message = format!("must not contain control characters, such as {character}");
        assert_eq!(refuse(text, 255), Some(message));
    }
}
