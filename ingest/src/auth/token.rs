//! A token taken apart (RFC 7515, compact serialization), before anything of it is believed.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use crate::json_value;

/// A token is refused unread above this.
pub(super) const TOKEN_BYTES_MAX: usize = 8 * 1024;
/// A key id is looked up only up to this length.
pub(super) const KEY_ID_BYTES_MAX: usize = 255;

/// Members of a header that change how a token is to be read, in ways that we do not: extensions (RFC 7515, 4.1.11), a
/// payload that is not encoded (RFC 7797), compression and encryption (RFC 7516), and a token inside (RFC 7519, 5.2).
const NOT_UNDERSTOOD: [&str; 5] = ["crit", "b64", "zip", "enc", "cty"];

/// Why a token is refused. It goes to the log for whoever set up the issuer, and to nobody else; none of these repeats
/// what the token says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum TokenError {
    /// Not read at all.
    #[error("it is longer than {TOKEN_BYTES_MAX} bytes")]
    TooLong,
    /// Not a signed token.
    #[error("it is not three parts of unpadded base64url between dots")]
    Parts,
    /// A part is not an object whose members are named once.
    #[error("its {0} is not a JSON object that names each member once")]
    Json(&'static str),
    /// Something of the header that would change how it is read.
    #[error("its header has `{0}`, which is not understood")]
    NotUnderstood(&'static str),
    /// Made for something else (RFC 8725, 3.11).
    #[error("its `typ` is neither JWT nor at+jwt")]
    Type,
    /// No `alg`, or not a text.
    #[error("its header names no algorithm")]
    NoAlgorithm,
    /// No `kid` where one is needed.
    #[error("its header names no key (`kid`), or one that no key has")]
    NoKeyId,
    /// Nobody we know.
    #[error("its issuer (`iss`) is none of those that are configured")]
    Issuer,
    /// The issuer has no such key.
    #[error("its issuer has no key of its `kid`")]
    UnknownKey,
    /// RFC 8725, 3.1.
    #[error("its algorithm is not its key's, which is {0}")]
    Algorithm(&'static str),
    /// Not signed by that key.
    #[error("its signature is not its key's")]
    Signature,
    /// A claim is not there.
    #[error("it has no `{0}`")]
    Missing(&'static str),
    /// A claim is not what it should be.
    #[error("its `{0}` is not {1}")]
    Claim(&'static str, &'static str),
    /// A claim that the issuer may not make.
    #[error("its issuer may not name its {0}")]
    NotAllowed(&'static str),
    /// Past its `exp`.
    #[error("it has expired")]
    Expired,
    /// Before its `nbf`.
    #[error("it is not valid yet (`nbf`)")]
    NotYet,
    /// After now.
    #[error("it was issued in the future (`iat`)")]
    IssuedLater,
}

/// The parts of a token. Only its signature says whether any of it is true.
pub(super) struct Token<'t> {
    /// The algorithm that the header names; compared with the key's, never used to choose one.
    pub(super) algorithm: String,
    /// The key that the header names.
    pub(super) key_id: Option<String>,
    /// The claims.
    pub(super) payload: Map<String, Value>,
    /// What was signed.
    pub(super) signed: &'t [u8],
    /// The signature.
    pub(super) signature: Vec<u8>,
}

impl<'t> Token<'t> {
    /// Takes a token apart.
    pub(super) fn read(text: &'t str) -> Result<Self, TokenError> {
        if text.len() > TOKEN_BYTES_MAX {
            return Err(TokenError::TooLong);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(TokenError::Parts)?;
        // A dot is not base64url, so that a part too many is refused with it.
        let (header, payload) = signed.split_once('.').ok_or(TokenError::Parts)?;
        let mut header = object("header", &bytes(header)?)?;
        let payload = object("payload", &bytes(payload)?)?;
        let signature = bytes(signature)?;
        if let Some(member) = NOT_UNDERSTOOD.into_iter().find(|member| header.contains_key(*member)) {
            return Err(TokenError::NotUnderstood(member));
        }
        if !header.get("typ").is_none_or(is_our_type) {
            return Err(TokenError::Type);
        }
        let Some(Value::String(algorithm)) = header.remove("alg") else { return Err(TokenError::NoAlgorithm) };
        let key_id = match header.remove("kid") {
            None => None,
            Some(Value::String(id)) if id.len() <= KEY_ID_BYTES_MAX => Some(id),
            Some(_) => return Err(TokenError::NoKeyId),
        };
        // The rest of the header (`jku`, `jwk`, `x5u`, `x5c`) would have the token say what to verify it with.
        Ok(Self { algorithm, key_id, payload, signed: signed.as_bytes(), signature })
    }
}

/// No part is empty: an empty signature is that of `none`.
fn bytes(part: &str) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD.decode(part).ok().filter(|bytes| !bytes.is_empty()).ok_or(TokenError::Parts)
}

fn object(part: &'static str, bytes: &[u8]) -> Result<Map<String, Value>, TokenError> {
    match json_value::read(bytes) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) | Err(_) => Err(TokenError::Json(part)),
    }
}

/// `application/` may be left out, and letters may be large or small (RFC 7515, 4.1.9).
fn is_our_type(value: &Value) -> bool {
    let Value::String(name) = value else { return false };
    let name = name.to_ascii_lowercase();
    matches!(name.strip_prefix("application/").unwrap_or(&name), "jwt" | "at+jwt")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case(json!("JWT"), true)]
    #[case(json!("jwt"), true)]
    #[case(json!("at+JWT"), true)]
    #[case(json!("application/at+jwt"), true)]
    #[case(json!("APPLICATION/JWT"), true)]
    #[case(json!("secevent+jwt"), false)]
    #[case(json!("application/application/jwt"), false)]
    #[case(json!(""), false)]
    #[case(json!(null), false)]
    #[case(json!(["JWT"]), false)]
    fn types(#[case] name: Value, #[case] is_ours: bool) {
        assert_eq!(is_our_type(&name), is_ours, "{name}");
    }
}
