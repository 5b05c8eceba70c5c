//! The form of API keys: `qk_test_…` and `qk_live_…`. Pure.
//!
//! A key is 256 bits in letters and digits, so that it is one word to whoever copies it and to whatever looks for secrets that leaked. It
//! is an HMAC, under the tenant's data key, of the key's id, which comes of the request's Idempotency-Key: two requests that come at once
//! make one key, and nobody had to keep it in between. Its digest alone is kept. So whoever has the data key, which the master key opens,
//! can make the keys anew: guard that one, and revoke all API keys when it is lost.

use std::fmt;

use quittance_avro::{ids::ApiKeyId, records::Bytes, seal::DataKey, words::Mode};
use sha2::{Digest, Sha256};

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// 256 bits in digits of 62 values.
const DIGITS: usize = 43;
/// How many characters at its end it is known by.
const ENDING: usize = 4;
/// What keys are derived for.
const PURPOSE: &str = "quittance api key 1";

/// A key. It is shown to nobody but its owner, and that once.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ApiSecret(String);

impl fmt::Debug for ApiSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiSecret(…{})", self.ending())
    }
}

impl ApiSecret {
    /// The key of that id. It is derived from the tenant's data key, so that a request that comes twice at once makes one key.
    pub(crate) fn derive(key: &DataKey, mode: Mode, id: ApiKeyId) -> Self {
        let bytes = key.derive(PURPOSE, id.to_string().as_bytes());
        Self(format!("{}{}", prefix(mode), digits(bytes)))
    }

    /// What looks like one; nothing else can be one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let digits = [Mode::Live, Mode::Test].into_iter().find_map(|mode| text.strip_prefix(prefix(mode)))?;
        let is_one = digits.len() == DIGITS && digits.bytes().all(|b| b.is_ascii_alphanumeric());
        is_one.then(|| Self(text.to_owned()))
    }

    /// For its owner.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// What it is for, as it says.
    pub(crate) fn mode(&self) -> Mode {
        if self.0.starts_with(prefix(Mode::Live)) { Mode::Live } else { Mode::Test }
    }

    /// What is kept of it.
    pub(crate) fn digest(&self) -> Bytes {
        Bytes(Sha256::digest(self.0.as_bytes()).to_vec())
    }

    /// What its owner knows it by.
    pub(crate) fn ending(&self) -> &str {
        &self.0[self.0.len() - ENDING..]
    }
}

const fn prefix(mode: Mode) -> &'static str {
    match mode {
        Mode::Live => "qk_live_",
        Mode::Test => "qk_test_",
    }
}

/// A number of 256 bits in digits of 62 values: divided again and again, the rests are the digits.
fn digits(mut number: [u8; 32]) -> String {
    let mut digits = [0_u8; DIGITS];
    for digit in digits.iter_mut().rev() {
        let mut rest = 0_u32;
        for byte in &mut number {
            let value = rest << 8 | u32::from(*byte);
            // Less than 256, since the rest was less than 62.
            *byte = (value / 62) as u8;
            rest = value % 62;
        }
        *digit = ALPHABET[rest as usize];
    }
    digits.iter().map(|digit| char::from(*digit)).collect()
}

#[cfg(test)]
mod tests {
    use quittance_avro::ids::KeyId;
    use rstest::rstest;
    use uuid::Uuid;

    use super::*;

    fn key() -> DataKey {
        DataKey::draw(KeyId::new(Uuid::from_u128(1)))
    }

    #[test]
    fn a_key_goes_round_and_is_always_the_same() {
        let (key, id) = (key(), ApiKeyId::new(Uuid::from_u128(7)));
        for mode in [Mode::Live, Mode::Test] {
            let secret = ApiSecret::derive(&key, mode, id);
            assert_eq!((ApiSecret::parse(secret.expose()), secret.mode()), (Some(secret.clone()), mode));
            assert_eq!(secret, ApiSecret::derive(&key, mode, id));
            assert!(secret.expose().ends_with(secret.ending()) && !format!("{secret:?}").contains(secret.expose()));
        }
        let others = [
            ApiSecret::derive(&key, Mode::Test, ApiKeyId::new(Uuid::from_u128(8))),
            ApiSecret::derive(&self::key(), Mode::Test, id),
        ];
        assert!(!others.contains(&ApiSecret::derive(&key, Mode::Test, id)));
    }

    #[rstest]
    #[case("")]
    #[case("qk_test_")]
    #[case("qk_prod_0123456789012345678901234567890123456789012")]
    #[case("qk_test_012345678901234567890123456789012345678901")]
    #[case("qk_test_01234567890123456789012345678901234567890123")]
    #[case("qk_test_01234567890123456789012345678901234567890-2")]
    #[case("Qk_test_0123456789012345678901234567890123456789012")]
    fn other_texts_are_none(#[case] text: &str) {
        assert_eq!(ApiSecret::parse(text), None);
    }

    #[rstest]
    #[case([0; 32], "0000000000000000000000000000000000000000000")]
    #[case([255; 32], "yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp1")]
    fn numbers_are_written_whole(#[case] number: [u8; 32], #[case] written: &str) {
        assert_eq!(digits(number), written);
    }
}
