//! The gateway accounts that this process can call: which gateway each is at, where that is, and what it knows us by.

mod base_url;
mod list;
mod secrets;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use quittance_avro::words::GatewayKind;
use quittance_gateways::{Adapter, Credentials, adapter};

pub(crate) use self::base_url::BaseUrl;
pub use self::{
    list::{AccountsError, GatewayAccounts},
    secrets::{GatewaySecrets, SecretsError},
};

/// A gateway account with all that is needed to call it.
pub(crate) struct Account {
    /// The gateway's language.
    pub(crate) adapter: &'static dyn Adapter,
    /// Where the gateway is.
    pub(crate) base: BaseUrl,
    /// What it knows us by.
    pub(crate) credentials: Credentials,
}

/// Gateway accounts by name, each ready to be called.
pub(crate) struct Accounts(BTreeMap<String, Account>);

/// Accounts and secrets that do not fit each other.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccountsMismatch {
    /// The gateway lets nobody in without one.
    #[error("QUITTANCE_GATEWAY_SECRETS must have the secret key of account {0}, as {0}=sk_…")]
    NoSecret(String),
    /// Most likely a name that was mistyped.
    #[error("QUITTANCE_GATEWAY_SECRETS has a secret of account {0}, which is not in QUITTANCE_GATEWAY_ACCOUNTS")]
    NoAccount(String),
}

impl Accounts {
    /// The accounts with their secrets.
    pub(crate) fn new(listed: &GatewayAccounts, secrets: &GatewaySecrets) -> Result<Self, AccountsMismatch> {
        if let Some(name) = secrets.names().find(|name| listed.get(name).is_none()) {
            return Err(AccountsMismatch::NoAccount(name.to_owned()));
        }
        let ready = listed.iter().map(|(name, kind, base)| {
            let credentials = match (secrets.get(name), kind) {
                (Some(secret), GatewayKind::Simulator | GatewayKind::Stripe) => Credentials::Key(secret.clone()),
                (None, GatewayKind::Simulator) => Credentials::Open,
                (None, GatewayKind::Stripe) => return Err(AccountsMismatch::NoSecret(name.to_owned())),
            };
            Ok((name.to_owned(), Account { adapter: adapter(kind), base: base.clone(), credentials }))
        });
        ready.collect::<Result<_, _>>().map(Self)
    }

    /// The account of that name.
    pub(crate) fn get(&self, name: &str) -> Option<&Account> {
        self.0.get(name)
    }
}
