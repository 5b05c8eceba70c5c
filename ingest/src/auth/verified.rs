//! Tokens that were verified, so that a client's next request costs a hash and not a signature check (20 to 100 µs).
//!
//! A token is known by the SHA-256 of its text, so that it stands nowhere in the memory. It is as good as verified anew: it is
//! asked for with the issuer's current keys, and its time is checked each time. Only tokens that were verified get in here, so that
//! it is their bearers alone who can fill it; then the one that was used least recently goes.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
};

use lru::LruCache;
use sha2::{Digest, Sha256};

use super::{Caller, claims::Times, key_set::KeySet};

/// Some 10 MB, if all of them are as large as they may be.
const TOKENS_MAX: NonZeroUsize = NonZeroUsize::new(8_192).expect("more than zero");

/// What a token stands for.
#[derive(Clone)]
pub(super) struct Verified {
    /// Who bears it.
    pub(super) caller: Caller,
    /// When it is valid.
    pub(super) times: Times,
    /// The issuer, by its place.
    pub(super) issuer: usize,
    /// What it was verified with.
    pub(super) keys: Arc<KeySet>,
}

/// The SHA-256 of a token.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Of that token.
    pub(super) fn of(token: &str) -> Self {
        Self(Sha256::digest(token).into())
    }
}

/// Tokens that were verified.
pub(super) struct VerifiedTokens(Mutex<LruCache<Fingerprint, Verified>>);

impl VerifiedTokens {
    /// None yet.
    pub(super) fn new() -> Self {
        Self(Mutex::new(LruCache::new(TOKENS_MAX)))
    }

    /// A token that still is what it was by `is_valid`; one that is not is forgotten.
    pub(super) fn find(&self, token: Fingerprint, is_valid: impl FnOnce(&Verified) -> bool) -> Option<Caller> {
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = tokens.get(&token)?;
        if is_valid(found) {
            return Some(found.caller.clone());
        }
        tokens.pop(&token);
        None
    }

    /// What a token was verified with, if that is remembered.
    pub(super) fn known(&self, token: Fingerprint) -> Option<Verified> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).peek(&token).cloned()
    }

    /// Remembers one.
    pub(super) fn remember(&self, token: Fingerprint, verified: Verified) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).put(token, verified);
    }

    /// How many there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}
