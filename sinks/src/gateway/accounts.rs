//! The gateway accounts that this process can call: which gateway each is at, where that is, and what it knows us by.
//!
//! Some are the installation's, from its settings, for every tenant. Others a tenant has configured for itself.

mod base_url;
mod list;
mod own;
mod secrets;
#[cfg(test)]
mod tests;
mod urls;

use std::{collections::BTreeMap, sync::Arc};

use quittance_avro::{records::Envelope, words::GatewayKind};
use quittance_gateways::{Adapter, Credentials, adapter};

pub(crate) use self::base_url::BaseUrl;
pub(super) use self::own::OwnAccounts;
pub use self::{
    list::{AccountsError, GatewayAccounts},
    secrets::{GatewaySecrets, SecretsError},
    urls::{GatewayUrls, UrlsError},
};

/// A gateway account with all that is needed to call it.
pub(crate) struct Account {
    /// The gateway's language.
    pub(crate) adapter: &'static dyn Adapter,
    /// Where the gateway is.
    pub(crate) base: BaseUrl,
    /// What it knows us by.
    pub(crate) credentials: Credentials,
    /// Whether it is the tenant's own, and not the installation's.
    pub(crate) is_own: bool,
}

/// Why an account cannot be called now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoAccount {
    /// There is none of that name.
    Unknown,
    /// It cannot be told now whether there is one, or what there is cannot be called: its secrets do not open, or nobody says where its
    /// gateway is.
    Unready,
}

/// Gateway accounts by name, each ready to be called.
pub(crate) struct Accounts {
    installed: BTreeMap<String, Arc<Account>>,
    own: Option<OwnAccounts>,
}

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
    /// The accounts of the installation with their secrets.
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
            let account = Account { adapter: adapter(kind), base: base.clone(), credentials, is_own: false };
            Ok((name.to_owned(), Arc::new(account)))
        });
        Ok(Self { installed: ready.collect::<Result<_, _>>()?, own: None })
    }

    /// The installation's account of that name.
    #[cfg(test)]
    pub(crate) fn get(&self, name: &str) -> Option<&Account> {
        self.installed.get(name).map(|account| &**account)
    }

    /// The same with what tenants have configured for themselves.
    pub(crate) fn with(self, own: OwnAccounts) -> Self {
        Self { own: Some(own), ..self }
    }

    /// The account of that name for an effect with that envelope. The tenant's own hides the installation's of the same name, also when it cannot be called:
    /// what is the one's business must never be done at the other.
    pub(crate) async fn of(&self, envelope: &Envelope, name: &str) -> Result<Arc<Account>, NoAccount> {
        let installed = self.installed.get(name);
        let Some(own) = &self.own else { return installed.cloned().ok_or(NoAccount::Unknown) };
        let is_needed = installed.is_none();
        let found = own.find(envelope.mode, &envelope.tenant, name, is_needed).await;
        match found {
            Err(NoAccount::Unknown) => installed.cloned().ok_or(NoAccount::Unknown),
            found => found,
        }
    }
}
