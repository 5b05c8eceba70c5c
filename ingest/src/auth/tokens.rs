//! Verifies bearer tokens: which issuer, which key, which claims.

use std::{path::Path, sync::Arc};

use quittance_avro::time::Timestamp;

use super::{
    AuthArgs, AuthSettingsError, Caller, claims,
    development::DevelopmentKey,
    issuers::{self, IssuerRules},
    key_cache::{Freshness, KeyCache, NeverFetched},
    key_set::KeySet,
    key_source,
    token::{TOKEN_BYTES_MAX, Token, TokenError},
    verified::{Fingerprint, Verified, VerifiedTokens},
};

/// Why nobody can be named.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NotVerified {
    /// The token is not taken.
    Refused(TokenError),
    /// Whether it is cannot be said: the issuer's keys were never to be had.
    NoKeys,
}

impl From<TokenError> for NotVerified {
    fn from(error: TokenError) -> Self {
        Self::Refused(error)
    }
}

impl From<NeverFetched> for NotVerified {
    fn from(_: NeverFetched) -> Self {
        Self::NoKeys
    }
}

/// Verifies tokens of the issuers that are configured.
pub(super) struct Tokens {
    issuers: Vec<Issuer>,
    verified: VerifiedTokens,
}

struct Issuer {
    rules: IssuerRules,
    keys: Keys,
}

/// A secret never meets a token that was signed with a private key, nor the other way round: each issuer has the one or the other.
enum Keys {
    Published(KeyCache),
    Development(Box<DevelopmentKey>),
}

impl Tokens {
    /// Reads the settings, and begins to fetch the issuers' keys.
    pub(super) fn start(args: &AuthArgs, freshness: Freshness) -> Result<Self, AuthSettingsError> {
        let mut issuers = Vec::new();
        let development = args.development.key()?;
        if let Some(path) = &args.jwt_issuers_file {
            let client = key_source::client().map_err(AuthSettingsError::Http)?;
            for issuers::Issuer { rules, source } in read(path)? {
                let keys = KeyCache::start(&rules.name, source, client.clone(), freshness);
                issuers.push(Issuer { rules, keys: Keys::Published(keys) });
            }
        }
        if let Some(key) = development {
            let rules = key.rules();
            if issuers.iter().any(|issuer| issuer.rules.name == rules.name) {
                return Err(AuthSettingsError::IssuerTwice(rules.name));
            }
            tracing::warn!(issuer = rules.name, "tokens of a shared secret are taken: for development only");
            issuers.push(Issuer { rules, keys: Keys::Development(Box::new(key)) });
        }
        if issuers.is_empty() {
            return Err(AuthSettingsError::NobodyGetsIn);
        }
        Ok(Self { issuers, verified: VerifiedTokens::new() })
    }

    /// Who bears this token at this time.
    pub(super) async fn verify(&self, text: &str, now: Timestamp) -> Result<Caller, NotVerified> {
        if text.len() > TOKEN_BYTES_MAX {
            return Err(TokenError::TooLong.into());
        }
        let fingerprint = Fingerprint::of(text);
        if let Some(caller) = self.verified.find(fingerprint, |known| self.is_valid(known, now)) {
            return Ok(caller);
        }
        let token = Token::read(text)?;
        // Read before anything is verified, to choose among the issuers and for nothing else.
        let name = token.payload.get("iss").ok_or(TokenError::Missing("iss"))?;
        let at = self.issuers.iter().position(|issuer| *name == *issuer.rules.name).ok_or(TokenError::Issuer)?;
        let issuer = &self.issuers[at];
        let keys = issuer.keys.verify(&token).await?;
        let (caller, times) = claims::read(&token.payload, &issuer.rules)?;
        times.check(now)?;
        if let Some(keys) = keys {
            self.verified.remember(fingerprint, Verified { caller: caller.clone(), times, issuer: at, keys });
        }
        Ok(caller)
    }

    /// Returns when a token that was verified has to be verified anew, since its issuer's keys are others.
    pub(super) fn withdrawn(&self, text: &str) -> impl Future<Output = ()> + Send + 'static {
        let known = self.verified.known(Fingerprint::of(text));
        let replaced = known.and_then(|known| match &self.issuers[known.issuer].keys {
            Keys::Published(cache) => Some(cache.replaced(known.keys)),
            Keys::Development(_) => None,
        });
        async {
            match replaced {
                Some(replaced) => replaced.await,
                None => std::future::pending().await,
            }
        }
    }

    /// Whether a token that was verified before would be again.
    fn is_valid(&self, known: &Verified, now: Timestamp) -> bool {
        let is_current = match &self.issuers[known.issuer].keys {
            Keys::Published(cache) => cache.is_current(&known.keys),
            Keys::Development(_) => false,
        };
        is_current && known.times.check(now).is_ok()
    }

    /// How many verified tokens are remembered.
    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        self.verified.len()
    }
}

impl Keys {
    /// What the token was verified with, where that may change. An HMAC is as quick as a look into the memory.
    async fn verify(&self, token: &Token<'_>) -> Result<Option<Arc<KeySet>>, NotVerified> {
        match self {
            Self::Development(key) => {
                key.verify(token)?;
                Ok(None)
            }
            Self::Published(cache) => {
                let id = token.key_id.as_deref().filter(|id| !id.is_empty()).ok_or(TokenError::NoKeyId)?;
                let set = cache.having(id).await?;
                set.find(id).ok_or(TokenError::UnknownKey)?.verify(token)?;
                Ok(Some(set))
            }
        }
    }
}

fn read(path: &Path) -> Result<Vec<issuers::Issuer>, AuthSettingsError> {
    let refuse = |detail: String| AuthSettingsError::IssuersFile { path: path.to_owned(), detail };
    let text = std::fs::read(path).map_err(|error| refuse(error.to_string()))?;
    issuers::read(&text, path.parent().unwrap_or(Path::new(""))).map_err(refuse)
}
