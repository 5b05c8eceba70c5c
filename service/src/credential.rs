//! Keys that tell by how they begin that they are secret.

use std::sync::LazyLock;

use regex::Regex;

/// Keys of ours (`qk_`), Stripe's secret and restricted keys (`sk_`, `rk_`), and secrets of webhooks (Standard Webhooks, and Stripe's).
/// Publishable keys (`pk_`) are no secret. So many characters follow that no name of a thing is taken for a key.
pub(crate) const KEY: &str = "(?:qk|sk|rk)_(?:test|live)_[0-9A-Za-z]{16}|whsec_[0-9A-Za-z+/_-]{16}";

static KEYS: LazyLock<Regex> = LazyLock::new(|| Regex::new(KEY).expect("the pattern is a constant"));

/// Whether such a key stands anywhere in the text.
pub fn is_in(text: &str) -> bool {
    KEYS.is_match(text)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::ours("qk_live_0123456789abcdefABCD", true)]
    #[case::for_tests("qk_test_0123456789abcdefABCD", true)]
    #[case::inside("my key is (qk_live_0123456789abcdefABCD)!", true)]
    #[case::stripe("sk_live_51H8xYzAbCdEfGhIjKl", true)]
    #[case::restricted("rk_test_51H8xYzAbCdEfGhIjKl", true)]
    #[case::webhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", true)]
    #[case::publishable("pk_live_51H8xYzAbCdEfGhIjKl", false)]
    #[case::short("sk_test_1", false)]
    #[case::only_the_prefix("give me a qk_live_ key", false)]
    #[case::name_of_a_thing("desk_test_reports", false)]
    #[case::token("tok_approve", false)]
    #[case::nothing("", false)]
    fn keys(#[case] text: &str, #[case] expected: bool) {
        assert_eq!(is_in(text), expected);
    }
}
