//! How a webhook is signed, in both dialects: Stripe's scheme `v1`.

use std::fmt::Write;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The header's value: `t=<unix seconds>,v1=<hex of HMAC-SHA256(secret, "<t>.<body>")>`.
pub(super) fn header(secret: &str, now_s: u64, body: &str) -> String {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(format!("{now_s}.{body}").as_bytes());
    let mut header = format!("t={now_s},v1=");
    for byte in mac.finalize().into_bytes() {
        write!(header, "{byte:02x}").expect("a string takes any text");
    }
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The digest is OpenSSL's: `printf '%s' '1700000000.{"id":"evt_1"}' | openssl dgst -sha256 -hmac whsec_test`
    #[test]
    fn is_signed_as_openssl_would() {
        let header = header("whsec_test", 1_700_000_000, r#"{"id":"evt_1"}"#);
        assert_eq!(header, "t=1700000000,v1=c89214b5b5da833daed6f0b8c5bb6bd58cea9022bd80ccc78230f3942d632925");
    }
}
