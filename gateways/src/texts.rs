//! Texts of a gateway as far as they are kept: what is kept must be bounded, and no card number slips in.

use std::{ops::RangeInclusive, str::FromStr};

use quittance_avro::{records::NextAction, time::Timestamp};

const FACT_BYTES_MAX: usize = 255;
const URL_BYTES_MAX: usize = 2_048;

/// A text that a gateway reports, unless it is empty, longer than any such text, or no text at all.
pub(crate) fn fact(text: String) -> Option<String> {
    let is_text = (1..=FACT_BYTES_MAX).contains(&text.len()) && !text.chars().any(char::is_control);
    is_text.then_some(text)
}

/// So many digits and nothing else.
pub(crate) fn digits(text: String, lengths: RangeInclusive<usize>) -> Option<String> {
    (lengths.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())).then_some(text)
}

/// An id of ours that a gateway kept for us; nothing if it is none.
pub(crate) fn id<I: FromStr>(text: Option<&String>) -> Option<I> {
    text.and_then(|text| text.parse().ok())
}

/// A gateway's id as it may stand in the path of a request: nothing in it can lead to another path.
pub(crate) fn segment(text: &str) -> Option<&str> {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    ((1..=FACT_BYTES_MAX).contains(&text.len()) && text.bytes().all(is_plain)).then_some(text)
}

/// Where the customer is to be sent. Only an address that a browser may be given.
pub(crate) fn redirect(url: &str, expires_at: Option<Timestamp>) -> Option<NextAction> {
    let is_web = url.starts_with("https://") || url.starts_with("http://");
    let is_plain = url.len() <= URL_BYTES_MAX && url.bytes().all(|b| b.is_ascii_graphic());
    (is_web && is_plain).then(|| NextAction { kind: "redirect".to_owned(), url: url.to_owned(), expires_at })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("ch_1", true)]
    #[case("", false)]
    #[case("a\nb", false)]
    fn a_fact_is_a_short_line(#[case] text: &str, #[case] is_one: bool) {
        assert_eq!(fact(text.to_owned()).is_some(), is_one);
        assert!(fact("x".repeat(FACT_BYTES_MAX)).is_some());
        assert_eq!(fact("x".repeat(FACT_BYTES_MAX + 1)), None);
    }

    #[rstest]
    #[case("ch_1", true)]
    #[case("pi_3MtwBw-x", true)]
    #[case("", false)]
    #[case("..", false)]
    #[case("ch_1/void", false)]
    #[case("ch_1?x=y", false)]
    #[case("ch%31", false)]
    fn a_segment_leads_nowhere_else(#[case] text: &str, #[case] is_one: bool) {
        assert_eq!(segment(text).is_some(), is_one);
    }

    #[rstest]
    #[case("https://gateway.example/a?b=c#d", true)]
    #[case("http://127.0.0.1:8090/actions/ch_1", true)]
    #[case("javascript:alert(1)", false)]
    #[case("//gateway.example", false)]
    #[case("https://gateway.example/\nx", false)]
    #[case("https://gateway.example/ä", false)]
    fn a_customer_is_sent_to_a_web_page_only(#[case] url: &str, #[case] is_one: bool) {
        assert_eq!(redirect(url, None).is_some(), is_one);
        assert_eq!(redirect(&format!("https://{}", "x".repeat(URL_BYTES_MAX)), None), None);
    }
}
