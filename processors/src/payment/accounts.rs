//! The gateway accounts of each tenant, as the shared tables tell of them.

use std::collections::HashMap;

use quittance_avro::{
    records::{Envelope, GatewayHealth},
    tenant::Tenant,
    words::Mode,
};
use quittance_tables::{Configuration, Configured, Healths};

use super::gateways::Gateways;

/// What each tenant's payments can go to. It is put together when a table changes, since payments are many and changes few.
pub(super) struct Accounts {
    installed: Gateways,
    configuration: Configuration,
    healths: Healths,
    /// Of tenants that configured nothing.
    plain: HashMap<Mode, Gateways>,
    /// Of those that did.
    own: HashMap<Mode, HashMap<Tenant, Gateways>>,
}

impl Accounts {
    /// Every tenant has the accounts of the installation.
    pub(super) fn new(installed: Gateways) -> Self {
        let mut accounts = Self {
            installed,
            configuration: Configuration::default(),
            healths: Healths::default(),
            plain: HashMap::new(),
            own: HashMap::new(),
        };
        accounts.plain = Mode::ALL.iter().map(|mode| (*mode, accounts.installed.clone())).collect();
        accounts
    }

    /// Somebody configured something.
    pub(super) fn configure(&mut self, configured: Configured, offset: i64) {
        let (mode, tenant) = (configured.envelope().mode, configured.envelope().tenant.clone());
        self.configuration.take_in(configured, offset);
        self.put_together(mode, tenant);
    }

    /// An account went down, or came up again.
    pub(super) fn hear(&mut self, health: GatewayHealth) {
        let (mode, tenant) = (health.mode, health.tenant.clone());
        self.healths.take_in(health);
        if let Some(tenant) = tenant {
            return self.put_together(mode, tenant);
        }
        let plain = self.with_health(mode, None, self.installed.clone());
        self.plain.insert(mode, plain);
        let tenants: Vec<Tenant> = self.own.get(&mode).into_iter().flat_map(HashMap::keys).cloned().collect();
        tenants.into_iter().for_each(|tenant| self.put_together(mode, tenant));
    }

    fn put_together(&mut self, mode: Mode, tenant: Tenant) {
        let Some(own) = self.configuration.of(mode, &tenant) else { return };
        let gateways = self.with_health(mode, Some(&tenant), self.installed.clone().configured(own));
        self.own.entry(mode).or_default().insert(tenant, gateways);
    }

    /// An account of the tenant's own hides the one of the installation that has the same name.
    fn with_health(&self, mode: Mode, tenant: Option<&Tenant>, gateways: Gateways) -> Gateways {
        let own = tenant.and_then(|tenant| self.configuration.of(mode, tenant));
        let is_own = |account: &str| own.is_some_and(|own| own.accounts.contains_key(account));
        self.healths.down(mode).fold(gateways, |gateways, (whose, account, until)| {
            let is_meant = if is_own(account) { whose.is_some() && whose == tenant } else { whose.is_none() };
            if is_meant { gateways.down(account, until) } else { gateways }
        })
    }

    /// Those for what has that envelope.
    pub(super) fn of(&self, envelope: Option<&Envelope>) -> &Gateways {
        let Some(envelope) = envelope else { return &self.installed };
        let own = self.own.get(&envelope.mode).and_then(|own| own.get(&envelope.tenant));
        own.or_else(|| self.plain.get(&envelope.mode)).unwrap_or(&self.installed)
    }
}

#[cfg(test)]
mod tests;
