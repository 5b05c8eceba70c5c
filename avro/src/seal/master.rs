//! The master key, which wraps the tenants' data keys.

use std::{fmt, str::FromStr};

use base64::{Engine, engine::general_purpose::STANDARD};
use chacha20poly1305::{
    AeadCore, KeyInit, XChaCha20Poly1305,
    aead::{Aead, OsRng, Payload},
};
use sha2::{Digest, Sha256};

use super::{ALGORITHM, DataKey, OpenError, nonce, parts};
use crate::{
    ids::KeyId,
    records::{Bytes, TenantKey},
    tenant::Tenant,
    time::Timestamp,
    words::Mode,
};

/// The installation's master key: 32 bytes, configured in base64.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey([u8; 32]);

/// Why a text is not a master key. Does not repeat the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be 32 random bytes in base64, e.g. from `openssl rand -base64 32`")]
pub struct MasterKeyError;

impl FromStr for MasterKey {
    type Err = MasterKeyError;

    fn from_str(text: &str) -> Result<Self, MasterKeyError> {
        let bytes = STANDARD.decode(text.trim()).map_err(|_| MasterKeyError)?;
        bytes.try_into().map(Self).map_err(|_| MasterKeyError)
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey({}, secret)", self.id())
    }
}

impl MasterKey {
    /// A fingerprint that names the key without giving it away.
    pub fn id(&self) -> String {
        let digest = Sha256::new().chain_update(b"quittance master key").chain_update(self.0).finalize();
        digest[..8].iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Wraps a data key for the keys topic.
    pub fn wrap(&self, key: &DataKey, mode: Mode, tenant: &Tenant, created_at: Timestamp) -> TenantKey {
        let nonce = XChaCha20Poly1305::generate_nonce(&mut OsRng);
        let payload = Payload { msg: &key.secret, aad: &additional_data(key.id, mode, tenant) };
        let wrapped = self.cipher().encrypt(&nonce, payload).expect("a key of 32 bytes can be encrypted");
        TenantKey {
            key_id: key.id,
            mode,
            tenant: tenant.clone(),
            master_key_id: self.id(),
            algorithm: ALGORITHM.to_owned(),
            nonce: Bytes(nonce.to_vec()),
            wrapped: Bytes(wrapped),
            created_at,
        }
    }

    /// Takes a data key out of its wrapping.
    pub fn unwrap(&self, record: &TenantKey) -> Result<DataKey, OpenError> {
        if record.master_key_id != self.id() {
            return Err(OpenError::OtherMasterKey { key: record.key_id, master_key: record.master_key_id.clone() });
        }
        if record.algorithm != ALGORITHM {
            return Err(OpenError::Algorithm(record.algorithm.clone()));
        }
        let forged = || OpenError::Forged(record.key_id);
        let nonce = nonce(&record.nonce).ok_or_else(forged)?;
        let aad = additional_data(record.key_id, record.mode, &record.tenant);
        let payload = Payload { msg: &record.wrapped.0, aad: &aad };
        let secret = self.cipher().decrypt(&nonce, payload).map_err(|_| forged())?;
        Ok(DataKey { id: record.key_id, secret: secret.try_into().map_err(|_| forged())? })
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&self.0.into())
    }
}

fn additional_data(id: KeyId, mode: Mode, tenant: &Tenant) -> Vec<u8> {
    parts(&[&id.to_string(), mode.as_str(), tenant.as_str(), "tenant.key"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_for_one_tenant_under_one_master_key() -> Result<(), Box<dyn std::error::Error>> {
        let master: MasterKey = STANDARD.encode([7; 32]).parse()?;
        let key = DataKey::draw(KeyId::new(uuid::Uuid::new_v4()));
        let mut record = master.wrap(&key, Mode::Test, &"acme".parse()?, Timestamp::from_ms(0));
        assert_eq!(master.unwrap(&record)?.secret, key.secret);
        let other: MasterKey = STANDARD.encode([8; 32]).parse()?;
        assert!(matches!(other.unwrap(&record), Err(OpenError::OtherMasterKey { .. })));
        record.tenant = "other".parse()?;
        assert!(matches!(master.unwrap(&record), Err(OpenError::Forged(_))));
        Ok(())
    }

    #[test]
    fn a_bad_key_is_refused_without_repeating_it() {
        assert_eq!("c2hvcnQ=".parse::<MasterKey>(), Err(MasterKeyError));
        assert!(!format!("{:?}", MasterKey([9; 32])).contains("9, 9"));
    }
}
