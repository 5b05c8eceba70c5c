//! The values of the dialects. Each is parsed once; what has the type is valid.

mod credential;
mod ids;
mod metadata;
mod percent;
mod urls;

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

pub(crate) use credential::{Credential, CredentialUse, Initiator, NetworkTransactionId};
pub(crate) use ids::{CaptureId, ChargeId, DisputeId, EventId, IntentId, RefundId, SetupId, VoidId};
pub(crate) use metadata::Metadata;
pub(crate) use percent::{percent_decode, percent_decode_form};
pub(crate) use urls::ReturnUrl;

/// The largest amount: ISO 8583 carries amounts in twelve digits.
const AMOUNT_MAX: i64 = 999_999_999_999;
const KEY_LENGTH_MAX: usize = 255;
const REASON_LENGTH_MAX: usize = 255;

/// Tells one request from another without keeping it: its method and path go in as well as its body. The hash may change
/// with the Rust version: it never leaves the process.
pub(crate) fn fingerprint(request: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    request.hash(&mut hasher);
    hasher.finish()
}

/// A client's name for one request: 1 to 255 printable ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct IdempotencyKey(Arc<str>);

impl IdempotencyKey {
    /// Reads a key from a segment of a path, where it is percent-encoded.
    pub(crate) fn from_path_segment(segment: &str) -> Option<Self> {
        percent_decode(segment)?.try_into().ok()
    }
}

impl TryFrom<String> for IdempotencyKey {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let printable = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        if printable && (1..=KEY_LENGTH_MAX).contains(&text.len()) {
            Ok(Self(text.into()))
        } else {
            Err("an idempotency key must be 1 to 255 printable ASCII characters")
        }
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for IdempotencyKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// A positive amount in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "i64")]
pub(crate) struct Amount(u64);

impl Amount {
    pub(crate) fn minor_units(self) -> u64 {
        self.0
    }
}

impl TryFrom<i64> for Amount {
    type Error = String;

    fn try_from(minor_units: i64) -> Result<Self, Self::Error> {
        match u64::try_from(minor_units) {
            Ok(amount) if (1..=AMOUNT_MAX).contains(&minor_units) => Ok(Self(amount)),
            _ => Err(format!("amount must be 1 to {AMOUNT_MAX} minor units, got {minor_units}")),
        }
    }
}

/// A currency's code in the form of ISO 4217: three capital letters. Which of them exist is not checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Currency([u8; 3]);

impl TryFrom<String> for Currency {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match <[u8; 3]>::try_from(text.as_bytes()) {
            Ok(code) if code.iter().all(u8::is_ascii_uppercase) => Ok(Self(code)),
            _ => Err("currency must be three capital letters"),
        }
    }
}

impl Currency {
    pub(crate) fn code(&self) -> &[u8; 3] {
        &self.0
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|&letter| write!(f, "{}", char::from(letter)))
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Why money is given back or asked back, in somebody's words: up to 255 characters without control characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Reason(Arc<str>);

impl Reason {
    /// Most disputes say that the customer did not buy anything.
    pub(crate) fn fraudulent() -> Self {
        Self("fraudulent".into())
    }
}

impl TryFrom<String> for Reason {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let is_plain = !text.chars().any(char::is_control);
        if is_plain && text.len() <= REASON_LENGTH_MAX {
            Ok(Self(text.into()))
        } else {
            Err("a reason must be up to 255 bytes without control characters")
        }
    }
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::plain("att_1", Some("att_1"))]
    #[case::encoded("a%2Fb%20c%25", Some("a/b c%"))]
    #[case::either_case("%2f%2F", Some("//"))]
    #[case::plus_stays("a+b", Some("a+b"))]
    #[case::cut_short("a%2", None)]
    #[case::no_digits("%zz", None)]
    #[case::sign_is_no_digit("%+1", None)]
    #[case::unprintable("a%0A", None)]
    #[case::beyond_ascii("%C3%A9", None)]
    #[case::empty("", None)]
    fn keys_in_a_path(#[case] segment: &str, #[case] key: Option<&str>) {
        let read = IdempotencyKey::from_path_segment(segment).map(|key| key.to_string());
        assert_eq!(read.as_deref(), key);
    }

    #[rstest]
    #[case(255, true)]
    #[case(256, false)]
    fn key_lengths(#[case] length: usize, #[case] accepted: bool) {
        assert_eq!(IdempotencyKey::try_from("k".repeat(length)).is_ok(), accepted);
    }

    #[rstest]
    #[case(-5, false)]
    #[case(0, false)]
    #[case(1, true)]
    #[case(AMOUNT_MAX, true)]
    #[case(AMOUNT_MAX + 1, false)]
    fn amounts(#[case] minor_units: i64, #[case] accepted: bool) {
        assert_eq!(Amount::try_from(minor_units).is_ok(), accepted);
    }

    #[rstest]
    #[case("EUR", true)]
    #[case("eur", false)]
    #[case("EURO", false)]
    #[case("E1R", false)]
    fn currencies(#[case] text: &str, #[case] accepted: bool) {
        assert_eq!(Currency::try_from(text.to_owned()).is_ok(), accepted);
    }
}
