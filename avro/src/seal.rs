//! Sealing of personal data and free text, so that it can be erased from a kept log by dropping a key.
//!
//! XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03): its 24-byte nonces may be drawn at random without counting. Each
//! tenant has a data key, which the installation's master key wraps. Additional data binds every ciphertext to where
//! it belongs, so that one moved to another payment or tenant does not open.

mod derive;
mod keyring;
mod master;
mod search;

use std::fmt;

use chacha20poly1305::{
    AeadCore, KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, OsRng, Payload},
};

pub use self::{
    keyring::Keyring,
    master::{MasterKey, MasterKeyError},
    search::{SEARCH_TOKEN_LEN, SearchToken},
};
use crate::{
    ids::KeyId,
    records::{Bytes, Sealed},
    tenant::Tenant,
    words::Mode,
};

/// Name of the algorithm in records.
pub const ALGORITHM: &str = "xchacha20poly1305";
/// The size of its nonces.
pub const NONCE_BYTES: usize = 24;

/// A tenant's data key.
#[derive(Clone)]
pub struct DataKey {
    /// Its id on the keys topic.
    pub id: KeyId,
    secret: [u8; 32],
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DataKey({}, secret)", self.id)
    }
}

/// What a ciphertext belongs to.
#[derive(Debug, Clone, Copy)]
pub struct Binding<'a> {
    /// Live or test.
    pub mode: Mode,
    /// Whose data.
    pub tenant: &'a Tenant,
    /// The aggregate that it is about.
    pub aggregate_id: &'a str,
    /// Which field, e.g. `payment.text`.
    pub purpose: &'static str,
}

/// Why a ciphertext or a wrapped key does not open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Its key is not known, or not yet.
    #[error("the key {0} is not known")]
    NoKey(KeyId),
    /// Its key was erased: what it sealed is gone for good.
    #[error("the key {0} was erased")]
    Erased(KeyId),
    /// It was made in a way that this build does not know.
    #[error("the algorithm {0} is not known")]
    Algorithm(String),
    /// It was changed, moved, or made with another key.
    #[error("it does not open with key {0}: it was changed, moved, or made with another key")]
    Forged(KeyId),
    /// It is wrapped by a master key that is not configured.
    #[error("key {key} is wrapped by master key {master_key}, which is not configured")]
    OtherMasterKey {
        /// The data key.
        key: KeyId,
        /// Fingerprint of the master key that would be needed.
        master_key: String,
    },
}

impl Binding<'_> {
    fn additional_data(&self) -> Vec<u8> {
        parts(&[self.mode.as_str(), self.tenant.as_str(), self.aggregate_id, self.purpose])
    }
}

/// Parts with their lengths before them, so that no two lists of parts are the same bytes.
fn parts(parts: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in parts {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    bytes
}

impl DataKey {
    /// Draws a new key.
    pub fn draw(id: KeyId) -> Self {
        Self { id, secret: XChaCha20Poly1305::generate_key(&mut OsRng).into() }
    }

    /// Encrypts `plaintext` for where it belongs.
    pub fn seal(&self, binding: Binding<'_>, plaintext: &[u8]) -> Sealed {
        let nonce = XChaCha20Poly1305::generate_nonce(&mut OsRng);
        let payload = Payload { msg: plaintext, aad: &binding.additional_data() };
        let ciphertext = self.cipher().encrypt(&nonce, payload).expect("a text of a bounded request can be encrypted");
        Sealed {
            key_id: self.id,
            algorithm: ALGORITHM.to_owned(),
            nonce: Bytes(nonce.to_vec()),
            ciphertext: Bytes(ciphertext),
        }
    }

    /// Decrypts what was sealed for the same place.
    pub fn open(&self, binding: Binding<'_>, sealed: &Sealed) -> Result<Vec<u8>, OpenError> {
        if sealed.algorithm != ALGORITHM {
            return Err(OpenError::Algorithm(sealed.algorithm.clone()));
        }
        let nonce = nonce(&sealed.nonce).ok_or(OpenError::Forged(sealed.key_id))?;
        let payload = Payload { msg: &sealed.ciphertext.0, aad: &binding.additional_data() };
        self.cipher().decrypt(&nonce, payload).map_err(|_| OpenError::Forged(sealed.key_id))
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&self.secret.into())
    }
}

fn nonce(bytes: &Bytes) -> Option<XNonce> {
    <[u8; NONCE_BYTES]>::try_from(bytes.0.as_slice()).ok().map(XNonce::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binding<'a>(tenant: &'a Tenant, aggregate_id: &'a str) -> Binding<'a> {
        Binding { mode: Mode::Test, tenant, aggregate_id, purpose: "payment.text" }
    }

    #[test]
    fn opens_where_it_belongs_and_nowhere_else() -> Result<(), Box<dyn std::error::Error>> {
        let (acme, other) = ("acme".parse()?, "other".parse()?);
        let key = DataKey::draw(KeyId::new(uuid::Uuid::new_v4()));
        let sealed = key.seal(binding(&acme, "pay_1"), b"Jane");
        assert_ne!(sealed.ciphertext.0, b"Jane");
        assert_eq!(key.open(binding(&acme, "pay_1"), &sealed)?, b"Jane");
        assert!(key.open(binding(&other, "pay_1"), &sealed).is_err());
        assert!(key.open(binding(&acme, "pay_2"), &sealed).is_err());
        let mut forged = sealed;
        forged.ciphertext.0[0] ^= 1;
        assert_eq!(key.open(binding(&acme, "pay_1"), &forged), Err(OpenError::Forged(key.id)));
        Ok(())
    }
}
