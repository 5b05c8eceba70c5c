//! Somebody who signs tokens, with a key made for the test.

use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
        RsaEncoding, RsaKeyPair,
    },
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};

/// Base64url as tokens have it.
pub(in crate::auth) fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Header and payload as they are signed.
pub(in crate::auth) fn unsigned(header: &str, payload: &str) -> String {
    format!("{}.{}", base64url(header), base64url(payload))
}

/// A token of a shared secret.
pub(in crate::auth) fn hs256(secret: &[u8], header: &Value, claims: &Value) -> String {
    let signed = unsigned(&header.to_string(), &claims.to_string());
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), signed.as_bytes());
    format!("{signed}.{}", base64url(tag))
}

pub(in crate::auth) struct Signer {
    pub(in crate::auth) id: &'static str,
    pub(in crate::auth) algorithm: &'static str,
    key: Private,
}

enum Private {
    Rsa(Box<RsaKeyPair>),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

impl Signer {
    pub(in crate::auth) fn new(algorithm: &'static str, id: &'static str) -> Self {
        let key = match algorithm {
            "RS256" | "PS256" => Private::Rsa(Box::new(RsaKeyPair::generate(KeySize::Rsa2048).expect("a key"))),
            "ES256" => Private::Ec(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key")),
            "EdDSA" => Private::Ed(Ed25519KeyPair::generate().expect("a key")),
            other => panic!("no algorithm {other}"),
        };
        Self { id, algorithm, key }
    }

    /// The public key as a set of keys has it.
    pub(in crate::auth) fn jwk(&self) -> Value {
        let mut jwk = match &self.key {
            Private::Rsa(key) => {
                let public = key.public_key();
                let number = |number: aws_lc_rs::io::Positive<'_>| base64url(number.big_endian_without_leading_zero());
                json!({"kty": "RSA", "n": number(public.modulus()), "e": number(public.exponent())})
            }
            Private::Ec(key) => {
                let point = key.public_key().as_ref();
                json!({"kty": "EC", "crv": "P-256", "x": base64url(&point[1..33]), "y": base64url(&point[33..])})
            }
            Private::Ed(key) => json!({"kty": "OKP", "crv": "Ed25519", "x": base64url(key.public_key())}),
        };
        jwk["kid"] = json!(self.id);
        jwk["alg"] = json!(self.algorithm);
        jwk["use"] = json!("sig");
        jwk
    }

    /// The private key as other programs read it (PKCS #8).
    pub(in crate::auth) fn private_pem(&self) -> String {
        use aws_lc_rs::encoding::AsDer as _;
        let der = match &self.key {
            Private::Rsa(key) => key.as_der().expect("a document").as_ref().to_vec(),
            Private::Ec(key) => key.to_pkcs8v1().expect("a document").as_ref().to_vec(),
            Private::Ed(key) => key.to_pkcs8v1().expect("a document").as_ref().to_vec(),
        };
        format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der))
    }

    /// The public key as everybody has it.
    pub(in crate::auth) fn public_bytes(&self) -> &[u8] {
        match &self.key {
            Private::Rsa(key) => key.public_key().as_ref(),
            Private::Ec(key) => key.public_key().as_ref(),
            Private::Ed(key) => key.public_key().as_ref(),
        }
    }

    /// The header that its tokens have.
    pub(in crate::auth) fn header(&self) -> Value {
        json!({"alg": self.algorithm, "kid": self.id, "typ": "JWT"})
    }

    /// A token as it should be.
    pub(in crate::auth) fn token(&self, claims: &Value) -> String {
        self.token_with(&self.header(), claims)
    }

    /// A token with another header.
    pub(in crate::auth) fn token_with(&self, header: &Value, claims: &Value) -> String {
        self.sign(&header.to_string(), &claims.to_string())
    }

    /// A token of that text.
    pub(in crate::auth) fn sign(&self, header: &str, payload: &str) -> String {
        self.sign_by(self.algorithm, header, payload)
    }

    /// The same, signed as another algorithm of its type signs.
    pub(in crate::auth) fn sign_by(&self, algorithm: &str, header: &str, payload: &str) -> String {
        let signed = unsigned(header, payload);
        let message = signed.as_bytes();
        let random = SystemRandom::new();
        let signature = match &self.key {
            Private::Rsa(key) => {
                let how: &'static dyn RsaEncoding =
                    if algorithm == "PS256" { &RSA_PSS_SHA256 } else { &RSA_PKCS1_SHA256 };
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(how, &random, message, &mut signature).expect("a signature");
                signature
            }
            Private::Ec(key) => key.sign(&random, message).expect("a signature").as_ref().to_vec(),
            Private::Ed(key) => key.sign(message).as_ref().to_vec(),
        };
        format!("{signed}.{}", base64url(signature))
    }
}

/// The set of keys that these signers publish.
pub(in crate::auth) fn key_set(signers: &[&Signer]) -> String {
    json!({"keys": signers.iter().map(|signer| signer.jwk()).collect::<Vec<_>>()}).to_string()
}
