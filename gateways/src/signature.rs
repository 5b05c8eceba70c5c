//! Whether a webhook comes from the gateway: `t=<unix seconds>,v1=<hex of HMAC-SHA256(secret, "<t>.<body>")>`, as Stripe signs
//! (<https://docs.stripe.com/webhooks#verify-manually>) and the simulator too.
//!
//! The time is signed along, so that what somebody recorded cannot be sent again later. While a secret is being replaced the
//! gateway signs with both, and one right signature is enough.

#[cfg(test)]
mod tests;

use hmac::{Hmac, KeyInit, Mac};
use quittance_avro::time::Timestamp;
use quittance_service::secret::Secret;
use sha2::Sha256;

/// How far a webhook's time may be from ours, seconds: what Stripe's own libraries take.
pub const TOLERANCE_SECONDS: i64 = 300;

/// A longer header is not read: a signature has 64 characters, and there are two while a secret is replaced.
const HEADER_BYTES_MAX: usize = 1_024;
const SIGNATURES_MAX: usize = 8;
/// Seconds have ten digits until the year 2286.
const TIME_DIGITS_MAX: usize = 12;

/// Why a webhook is not believed. Says nothing of the signature that would be right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The header has no time or no signature, or is none of this kind.
    #[error("the signature header must be `t=<seconds>,v1=<64 hexadecimal digits>`")]
    Malformed,
    /// No signature is that of this body under this secret.
    #[error("no signature is right for this body and secret")]
    Wrong,
    /// It was signed too long ago: it may be a recording.
    #[error("the webhook was signed too long ago")]
    TooOld,
    /// It was signed too far in the future: one of the two clocks is wrong.
    #[error("the webhook was signed too far in the future")]
    TooEarly,
}

/// Checks a webhook's signature header against its body, as received. `now` may be `tolerance_seconds` from the time that was
/// signed, either way.
pub fn is_signed(
    header: &str,
    body: &[u8],
    secret: &Secret,
    now: Timestamp,
    tolerance_seconds: i64,
) -> Result<(), SignatureError> {
    let (time, signatures) = parse(header)?;
    let signed_at: i64 = time.parse().map_err(|_| SignatureError::Malformed)?;
    // The time is only believed once it is known to be the gateway's.
    if !is_one_right(&signatures, time, body, secret) {
        return Err(SignatureError::Wrong);
    }
    let age_seconds = now.as_ms().div_euclid(1_000).saturating_sub(signed_at);
    if age_seconds > tolerance_seconds {
        Err(SignatureError::TooOld)
    } else if age_seconds < -tolerance_seconds {
        Err(SignatureError::TooEarly)
    } else {
        Ok(())
    }
}

/// The time as it was written, and the signatures. Other schemes than `v1` are skipped: a gateway may add some.
fn parse(header: &str) -> Result<(&str, Vec<&str>), SignatureError> {
    if header.len() > HEADER_BYTES_MAX {
        return Err(SignatureError::Malformed);
    }
    let (mut time, mut signatures) = (None, Vec::new());
    for (name, value) in header.split(',').filter_map(|part| part.trim().split_once('=')) {
        match name {
            "t" if time.is_some() => return Err(SignatureError::Malformed),
            "t" => time = Some(value),
            "v1" if signatures.len() < SIGNATURES_MAX => signatures.push(value),
            _ => {}
        }
    }
    let is_time = |time: &&str| (1..=TIME_DIGITS_MAX).contains(&time.len()) && time.bytes().all(|b| b.is_ascii_digit());
    let time = time.filter(is_time).ok_or(SignatureError::Malformed)?;
    if signatures.is_empty() { Err(SignatureError::Malformed) } else { Ok((time, signatures)) }
}

/// The body is hashed once, however many signatures there are. The comparison takes the same time wherever the first difference is.
fn is_one_right(signatures: &[&str], time: &str, body: &[u8], secret: &Secret) -> bool {
    // A key of any length will do, so there is always one.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()) else { return false };
    mac.update(time.as_bytes());
    mac.update(b".");
    mac.update(body);
    signatures
        .iter()
        .filter_map(|signature| bytes(signature))
        .any(|signature| mac.clone().verify_slice(&signature).is_ok())
}

/// The 32 bytes that 64 hexadecimal digits stand for.
fn bytes(hex: &str) -> Option<[u8; 32]> {
    let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
    if pairs.len() != 32 || !rest.is_empty() {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, &[high, low]) in bytes.iter_mut().zip(pairs) {
        let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        *byte = digit(high)? << 4 | digit(low)?;
    }
    Some(bytes)
}
