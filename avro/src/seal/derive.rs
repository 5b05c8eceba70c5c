//! Secrets that are derived from a tenant's key, each for one use.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::DataKey;

impl DataKey {
    /// 32 bytes that nobody can tell without the key: always the same for the same use and text (HKDF's two steps, RFC 5869, with
    /// the key as it is, since that is random already).
    pub fn derive(&self, purpose: &'static str, text: &[u8]) -> [u8; 32] {
        mac(&mac(&self.secret, purpose.as_bytes()), text)
    }
}

fn mac(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length will do");
    mac.chain_update(text).finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::ids::KeyId;

    #[test]
    fn another_key_use_or_text_is_another_secret() {
        let key = |secret| DataKey { id: KeyId::new(Uuid::from_u128(1)), secret: [secret; 32] };
        let one = key(1).derive("a", b"text");
        assert_eq!(one, key(1).derive("a", b"text"));
        assert!(
            ![key(2).derive("a", b"text"), key(1).derive("b", b"text"), key(1).derive("a", b"texts")].contains(&one)
        );
    }
}
