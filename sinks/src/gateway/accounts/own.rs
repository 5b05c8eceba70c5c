//! The gateway accounts that tenants have configured for themselves.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use quittance_avro::{
    records::GatewayAccount,
    tenant::Tenant,
    words::{GatewayKind, Mode},
};
use quittance_gateways::{Credentials, adapter};
use quittance_tables::{AccountSecrets, ConfigurationFolding, Followed, KeyFolding, Versioned};
use tokio::time::{Instant, timeout_at};

use super::{Account, GatewayUrls, NoAccount};

/// How long an account is waited for that an effect names and that is not known: who asked for the effect may have heard of it
/// a moment before.
const PATIENCE: Duration = Duration::from_secs(2);

/// What tenants have configured, and where the gateways are.
pub(crate) struct OwnAccounts {
    configuration: Followed<ConfigurationFolding>,
    keys: Followed<KeyFolding>,
    urls: GatewayUrls,
    /// Ready to be called, by the account's id, with the version that they are of. Opening secrets takes a while.
    ready: Mutex<HashMap<String, (i64, Arc<Account>)>>,
}

impl OwnAccounts {
    pub(crate) fn new(
        configuration: Followed<ConfigurationFolding>,
        keys: Followed<KeyFolding>,
        urls: GatewayUrls,
    ) -> Self {
        Self { configuration, keys, urls, ready: Mutex::default() }
    }

    /// A tenant's account of that name. If it `is_needed`, since there is no other, it is waited for.
    pub(super) async fn find(
        &self,
        mode: Mode,
        tenant: &Tenant,
        name: &str,
        is_needed: bool,
    ) -> Result<Arc<Account>, NoAccount> {
        let deadline = Instant::now() + PATIENCE;
        let mut changes = self.configuration.changes();
        loop {
            changes.borrow_and_update();
            // Before all of it has been read, what is there may be out of date, and what is not there may come.
            let is_filled = self.configuration.is_filled();
            if let Some(account) = self.configured(mode, tenant, name).filter(|_| is_filled) {
                return self.ready(&account).await;
            }
            let may_come = is_needed || !is_filled;
            if !may_come || !matches!(timeout_at(deadline, changes.changed()).await, Ok(Ok(()))) {
                let is_certain = is_filled && self.configuration.is_caught_up();
                return Err(if is_certain { NoAccount::Unknown } else { NoAccount::Unready });
            }
        }
    }

    fn configured(&self, mode: Mode, tenant: &Tenant, name: &str) -> Option<Arc<Versioned<GatewayAccount>>> {
        self.configuration.read().of(mode, tenant).and_then(|own| own.accounts.get(name)).cloned()
    }

    async fn ready(&self, configured: &Versioned<GatewayAccount>) -> Result<Arc<Account>, NoAccount> {
        let (version, id) = (configured.version, &configured.value.envelope.aggregate_id);
        let known = self.ready.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned();
        if let Some((_, account)) = known.filter(|(of, _)| *of == version) {
            return Ok(account);
        }
        let account = Arc::new(self.open(&configured.value).await?);
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        ready.insert(id.clone(), (version, Arc::clone(&account)));
        Ok(account)
    }

    async fn open(&self, account: &GatewayAccount) -> Result<Account, NoAccount> {
        let base = self.urls.get(account.gateway).ok_or_else(|| {
            let (gateway, account) = (account.gateway, &account.name);
            tracing::error!(%gateway, account, "QUITTANCE_GATEWAY_URLS does not say where this gateway is");
            NoAccount::Unready
        })?;
        let secret = match &account.sealed {
            None => None,
            Some(sealed) => {
                let opened = self.keys.open(AccountSecrets::binding(account), sealed).await.map_err(|error| {
                    tracing::error!(%error, account = account.name, "the secrets of a gateway account do not open");
                    NoAccount::Unready
                })?;
                AccountSecrets::read(&opened).ok_or(NoAccount::Unready)?.secret
            }
        };
        let credentials = match (secret, account.gateway) {
            (Some(secret), GatewayKind::Simulator | GatewayKind::Stripe) => Credentials::Key(secret),
            (None, GatewayKind::Simulator) => Credentials::Open,
            (None, GatewayKind::Stripe) => return Err(NoAccount::Unready),
        };
        Ok(Account { adapter: adapter(account.gateway), base: base.clone(), credentials, is_own: true })
    }
}
