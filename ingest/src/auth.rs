//! Who asks, and whether they may.
//!
//! A request's credential is verified in one place, [`Authenticator::caller`]. Bearer tokens (RFC 7519) are checked as
//! RFC 8725 advises: the token chooses among the issuers that the operator listed and nothing else. The key fixes the
//! algorithm, the issuer fixes the keys and what it may name, and every claim that we rely on has to be there.
//!
//! An API key of ours (`api_key`) is known by its digest (`crate::api_keys`) and needs none of this.
//!
//! The way of a token: `token` takes it apart, `tokens` finds its issuer, `key_cache` has the issuer's keys (`key_set` and
//! `key` read them, `key_source` fetches them), `claims` compares what it says with what `issuers` lets that issuer say.
//! All but `key_cache` and `key_source` is pure.

mod api_key;
mod authenticator;
mod claims;
mod development;
mod issuers;
mod key;
mod key_cache;
mod key_set;
mod key_source;
mod roles;
mod settings;
#[cfg(test)]
mod tests;
mod token;
mod tokens;
mod verified;

pub(crate) use self::api_key::ApiSecret;
pub use self::{
    authenticator::Authenticator,
    development::{DevelopmentArgs, DevelopmentClaims, DevelopmentKey},
    roles::Role,
    settings::{AuthArgs, AuthSettingsError},
};
use std::time::Duration;

use quittance_avro::{
    tenant::Tenant,
    time::Timestamp,
    words::{ActorKind, Mode},
};

/// Who asks, by a credential that was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Live or test; the two never see each other.
    pub mode: Mode,
    /// What kind of credential it is: a user's bearer token or a server's API key.
    pub kind: ActorKind,
    /// The tenant that the credential speaks for.
    pub tenant: Tenant,
    /// The credential's subject.
    pub subject: String,
    /// The credential's own id.
    pub credential_id: Option<String>,
    /// What it may do.
    pub roles: Vec<Role>,
    /// When the credential ends, if it does. An answer that goes on for longer ends with it.
    pub expires_at: Option<Timestamp>,
}

impl Caller {
    /// How long the credential is still good for, if it ends.
    pub(crate) fn time_left(&self, now: Timestamp) -> Option<Duration> {
        let left_ms = self.expires_at?.as_ms().saturating_sub(now.as_ms());
        Some(Duration::from_millis(u64::try_from(left_ms).unwrap_or(0)))
    }
}

#[cfg(test)]
impl Caller {
    /// Somebody of that tenant, in test mode, who may do nothing.
    pub(crate) fn somebody(tenant: &str) -> Self {
        Self {
            mode: Mode::Test,
            kind: ActorKind::User,
            tenant: tenant.parse().expect("a tenant"),
            subject: "somebody".to_owned(),
            credential_id: None,
            roles: Vec::new(),
            expires_at: None,
        }
    }
}
