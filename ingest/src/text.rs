//! Bounds on the text that clients send.

use crate::card_number;

/// Why a text is not taken. Never repeats the text: it may be what must not be written down.
pub(crate) fn refuse(text: &str, chars_max: usize) -> Option<String> {
    let chars = text.chars().count();
    if chars > chars_max {
        Some(format!("must have at most {chars_max} characters, got {chars}"))
    } else if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        Some("must not contain control characters".to_owned())
    } else if card_number::is_in(text) {
        Some("must not contain a card number".to_owned())
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("order-1001", true)]
    #[case("two\nlines", true)]
    #[case("", true)]
    #[case("nul\0", false)]
    #[case("4242 4242 4242 4242", false)]
    #[case(&"x".repeat(256), false)]
    fn texts(#[case] text: &str, #[case] taken: bool) {
        assert_eq!(refuse(text, 255).is_none(), taken);
    }
}
