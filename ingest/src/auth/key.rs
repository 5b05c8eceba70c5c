//! One public key of an issuer (RFC 7517, RFC 7518, RFC 8037). It is checked when it is read, and it fixes the algorithm that it
//! is used with: nothing that a token says can have it used in another way (RFC 8725, 3.1).

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
    RsaPublicKeyComponents,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use super::token::{KEY_ID_BYTES_MAX, Token, TokenError};

const RSA_BITS_MIN: usize = 2048;
/// Beyond it one signature takes a noticeable time.
const RSA_BITS_MAX: usize = 8192;

/// How a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    /// RSA, PKCS #1 v1.5, SHA-256.
    Rs256,
    /// RSA, PSS, SHA-256.
    Ps256,
    /// ECDSA, P-256, SHA-256.
    Es256,
    /// Ed25519, by the name that it has in RFC 8037.
    EdDsa,
}

impl Algorithm {
    /// Reads a name; `None` if it is none of those that we take.
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "RS256" => Some(Self::Rs256),
            "PS256" => Some(Self::Ps256),
            "ES256" => Some(Self::Es256),
            // The same in RFC 8037 and, more to the point, in RFC 9864.
            "EdDSA" | "Ed25519" => Some(Self::EdDsa),
            _ => None,
        }
    }

    /// Its name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }
}

/// Why a key of a set is left out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum KeyError {
    /// Not a key at all.
    #[error("it is not an object with a `kty`")]
    NoKey,
    /// Nothing could ask for it.
    #[error("it has no `kid` of 1 to {KEY_ID_BYTES_MAX} bytes")]
    NoKeyId,
    /// Which of them is meant, nobody can say.
    #[error("its `kid` is that of a key before it")]
    KeyIdTwice,
    /// It is for something else.
    #[error("its `use` or `key_ops` is not for verifying signatures")]
    OtherUse,
    /// A secret key (`oct`) in a set that everybody can read, and that would verify HMACs.
    #[error("it is a secret key, which everybody can read here")]
    Secret,
    /// The private half, which should be nobody's but the issuer's.
    #[error("it has its private part in it, which everybody can read here: whoever did can make tokens")]
    PrivatePart,
    /// None of the types and curves that we take.
    #[error("its `kty` and `crv` are none of RSA, EC with P-256, and OKP with Ed25519")]
    Type,
    /// None of the algorithms that we take, or one for another type of key.
    #[error("its `alg` is none of RS256, PS256, ES256 and EdDSA, or not for its `kty`")]
    Algorithm,
    /// RFC 7518, 3.3.
    #[error("it has {0} bits; an RSA key must have {RSA_BITS_MIN} to {RSA_BITS_MAX}")]
    RsaBits(usize),
    /// The numbers in it are no key.
    #[error("its numbers are not a key of its `kty`")]
    Numbers,
}

/// A key that tokens are verified with.
pub(super) struct Key {
    algorithm: Algorithm,
    public: ParsedPublicKey,
}

impl Key {
    /// Reads a key of a set.
    pub(super) fn read(jwk: &Map<String, Value>) -> Result<Self, KeyError> {
        let kty = jwk.get("kty").and_then(Value::as_str).ok_or(KeyError::NoKey)?;
        if kty == "oct" {
            return Err(KeyError::Secret);
        }
        if jwk.contains_key("d") {
            return Err(KeyError::PrivatePart);
        }
        if !is_for_verifying(jwk) {
            return Err(KeyError::OtherUse);
        }
        let algorithm = algorithm(jwk, kty)?;
        let public = match algorithm {
            Algorithm::Rs256 | Algorithm::Ps256 => rsa(jwk, algorithm)?,
            Algorithm::Es256 => {
                let point = [&[4][..], &number(jwk, "x", 32)?, &number(jwk, "y", 32)?].concat();
                ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).map_err(|_| KeyError::Numbers)?
            }
            Algorithm::EdDsa => ParsedPublicKey::new(&ED25519, number(jwk, "x", 32)?).map_err(|_| KeyError::Numbers)?,
        };
        Ok(Self { algorithm, public })
    }

    /// Refuses a token that was not signed with its private half, in the one way that it signs.
    pub(super) fn verify(&self, token: &Token<'_>) -> Result<(), TokenError> {
        if Algorithm::from_name(&token.algorithm) != Some(self.algorithm) {
            return Err(TokenError::Algorithm(self.algorithm.name()));
        }
        self.public.verify_sig(token.signed, &token.signature).map_err(|_| TokenError::Signature)
    }
}

/// The id of a key of a set.
pub(super) fn id(jwk: &Map<String, Value>) -> Result<&str, KeyError> {
    let id = jwk.get("kid").and_then(Value::as_str);
    id.filter(|id| (1..=KEY_ID_BYTES_MAX).contains(&id.len())).ok_or(KeyError::NoKeyId)
}

fn is_for_verifying(jwk: &Map<String, Value>) -> bool {
    let by_use = jwk.get("use").is_none_or(|value| value == "sig");
    let by_operations = jwk.get("key_ops").is_none_or(|operations| {
        operations.as_array().is_some_and(|operations| operations.iter().any(|operation| operation == "verify"))
    });
    by_use && by_operations
}

/// What `alg` says; where there is none, the usual one of the type.
fn algorithm(jwk: &Map<String, Value>, kty: &str) -> Result<Algorithm, KeyError> {
    let (usual, other) = match (kty, jwk.get("crv").and_then(Value::as_str)) {
        ("RSA", None) => (Algorithm::Rs256, Some(Algorithm::Ps256)),
        ("EC", Some("P-256")) => (Algorithm::Es256, None),
        ("OKP", Some("Ed25519")) => (Algorithm::EdDsa, None),
        _ => return Err(KeyError::Type),
    };
    let Some(named) = jwk.get("alg") else { return Ok(usual) };
    let named = named.as_str().and_then(Algorithm::from_name);
    named.filter(|named| *named == usual || Some(*named) == other).ok_or(KeyError::Algorithm)
}

fn rsa(jwk: &Map<String, Value>, algorithm: Algorithm) -> Result<ParsedPublicKey, KeyError> {
    let (n, e) = (bytes(jwk, "n")?, bytes(jwk, "e")?);
    // Some issuers write the zero that makes a number positive elsewhere.
    let (n, e) = (significant(&n), significant(&e));
    let bits = n.len() * 8 - n.first().map_or(0, |first| first.leading_zeros() as usize);
    if !(RSA_BITS_MIN..=RSA_BITS_MAX).contains(&bits) {
        return Err(KeyError::RsaBits(bits));
    }
    // With an exponent of 1 everything is its own signature.
    if e == [1] || e.last().is_none_or(|last| last % 2 == 0) {
        return Err(KeyError::Numbers);
    }
    let parameters =
        if algorithm == Algorithm::Ps256 { &RSA_PSS_2048_8192_SHA256 } else { &RSA_PKCS1_2048_8192_SHA256 };
    RsaPublicKeyComponents { n, e }.to_parsed_public_key(parameters).map_err(|_| KeyError::Numbers)
}

fn significant(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}

fn bytes(jwk: &Map<String, Value>, name: &str) -> Result<Vec<u8>, KeyError> {
    let text = jwk.get(name).and_then(Value::as_str).ok_or(KeyError::Numbers)?;
    URL_SAFE_NO_PAD.decode(text).map_err(|_| KeyError::Numbers)
}

fn number(jwk: &Map<String, Value>, name: &str, len: usize) -> Result<Vec<u8>, KeyError> {
    bytes(jwk, name).and_then(|bytes| if bytes.len() == len { Ok(bytes) } else { Err(KeyError::Numbers) })
}

#[cfg(test)]
mod tests;
