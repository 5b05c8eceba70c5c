//! Where the customer goes back to.

use std::sync::Arc;

use serde::Deserialize;

const LENGTH_MAX: usize = 2_048;

/// An address that can stand in a `Location` header: http or https, printable ASCII without spaces.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct ReturnUrl(Arc<str>);

impl ReturnUrl {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ReturnUrl {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let is_web = ["http://", "https://"].iter().any(|scheme| text.len() > scheme.len() && text.starts_with(scheme));
        let is_plain = text.bytes().all(|byte| matches!(byte, b'!'..=b'~'));
        if is_web && is_plain && text.len() <= LENGTH_MAX {
            Ok(Self(text.into()))
        } else {
            Err("return_url must be an http or https URL of up to 2,048 printable ASCII characters")
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("https://shop.example/back?order=1", true)]
    #[case("http://127.0.0.1:8080/", true)]
    #[case("https://", false)]
    #[case("javascript:alert(1)", false)]
    #[case("https://shop.example/a b", false)]
    #[case("https://shop.example/\r\nset-cookie: a=b", false)]
    #[case("https://shöp.example/", false)]
    fn return_urls(#[case] text: &str, #[case] accepted: bool) {
        assert_eq!(ReturnUrl::try_from(text.to_owned()).is_ok(), accepted);
    }
}
