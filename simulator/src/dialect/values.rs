//! The values of the dialect. Each is parsed once; what has the type is valid.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize, Serializer};

/// The largest amount: ISO 8583 carries amounts in twelve digits.
const AMOUNT_MAX: i64 = 999_999_999_999;
const KEY_LENGTH_MAX: usize = 255;

/// A client's name for one charge: 1 to 255 printable ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct IdempotencyKey(String);

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
            Ok(Self(text))
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

fn percent_decode(segment: &str) -> Option<String> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let mut decoded = Vec::with_capacity(segment.len());
    let mut bytes = segment.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => u8::try_from(digit(bytes.next()?)? * 16 + digit(bytes.next()?)?).ok()?,
            plain => plain,
        });
    }
    String::from_utf8(decoded).ok()
}

/// A positive amount in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
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

/// A charge's id, `ch_<n>`, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ChargeId(pub(crate) u64);

impl fmt::Display for ChargeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ch_{}", self.0)
    }
}

impl FromStr for ChargeId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let id = text.strip_prefix("ch_").and_then(|digits| digits.parse().ok()).map(Self);
        // One spelling for one id: no sign, no leading zero.
        id.filter(|id| id.to_string() == text).ok_or("a charge's id is ch_<n>")
    }
}

impl Serialize for ChargeId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
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

    #[rstest]
    #[case("ch_1", Some(1))]
    #[case("ch_01", None)]
    #[case("ch_+1", None)]
    #[case("ch_", None)]
    #[case("1", None)]
    fn charge_ids(#[case] text: &str, #[case] id: Option<u64>) {
        assert_eq!(text.parse::<ChargeId>().ok(), id.map(ChargeId));
    }
}
