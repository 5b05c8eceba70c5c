//! What a request said, so that a key reused with another body is noticed.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

use crate::records::{Bytes, Fingerprint};

/// How fingerprints are made today.
pub const FINGERPRINT_VERSION: i32 = 1;

/// Fingerprint of a body as parsed, before defaults.
///
/// It is keyed by the Idempotency-Key, which no record holds: whoever reads the log cannot find out a name or a
/// reference by trying, unless the key can be guessed. Object members count in sorted order, so that their order in the request does not matter.
pub fn fingerprint(idempotency_key: &str, body: &Value) -> Fingerprint {
    let mut mac =
        <Hmac<Sha256> as KeyInit>::new_from_slice(idempotency_key.as_bytes()).expect("HMAC takes a key of any length");
    // Objects of serde_json are sorted maps unless its `preserve_order` feature is on, which a test below holds.
    mac.update(body.to_string().as_bytes());
    Fingerprint { version: FINGERPRINT_VERSION, digest: Bytes(mac.finalize().into_bytes().to_vec()) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn order_of_members_does_not_matter_but_key_and_values_do() {
        let one: Value = serde_json::from_str(r#"{"a":1,"b":{"x":1,"y":2}}"#).unwrap_or_default();
        let two: Value = serde_json::from_str(r#"{"b":{"y":2,"x":1},"a":1}"#).unwrap_or_default();
        assert_eq!(fingerprint("k", &one), fingerprint("k", &two));
        assert_ne!(fingerprint("k", &one), fingerprint("l", &one));
        assert_ne!(fingerprint("k", &one), fingerprint("k", &json!({"a":1})));
    }
}
