//! What tenants configure: gateway accounts, routing rules, limits and fees.
//!
//! Whoever changes something writes the whole of it anew, and the record's place on its topic is its version: of two changes
//! the later one holds, for everybody.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use quittance_avro::{
    ids::{FeeRulesId, GatewayAccountId, PaymentLimitsId, RoutingRulesId, derive},
    records::{Envelope, FeeRules, GatewayAccount, PaymentLimits, Record as _, RoutingRules},
    tenant::Tenant,
    wire::{DecodeError, Decoder},
    words::Mode,
};
use quittance_log::{Record, Schemas};

use crate::{Folding, FollowError, HasVersion};

/// A record of the configuration topic.
#[derive(Debug, Clone, PartialEq)]
pub enum Configured {
    /// A gateway account.
    Account(GatewayAccount),
    /// All routing rules of a tenant.
    Rules(RoutingRules),
    /// All limits of a tenant.
    Limits(PaymentLimits),
    /// All fees of a tenant.
    Fees(FeeRules),
}

impl Configured {
    /// Reads any of them.
    pub fn read(decoder: &Decoder, value: &[u8]) -> Result<Self, DecodeError> {
        match decoder.name_of(value)? {
            RoutingRules::NAME => decoder.decode(value).map(Self::Rules),
            PaymentLimits::NAME => decoder.decode(value).map(Self::Limits),
            FeeRules::NAME => decoder.decode(value).map(Self::Fees),
            // Whatever else it is, it is none that the decoder takes for this.
            _ => decoder.decode(value).map(Self::Account),
        }
    }

    /// Who, what, when and why.
    pub fn envelope(&self) -> &Envelope {
        match self {
            Self::Account(account) => &account.envelope,
            Self::Rules(rules) => &rules.envelope,
            Self::Limits(limits) => &limits.envelope,
            Self::Fees(fees) => &fees.envelope,
        }
    }
}

/// Something with its version.
#[derive(Debug, Clone, PartialEq)]
pub struct Versioned<T> {
    /// The offset behind its record.
    pub version: i64,
    /// What it is.
    pub value: T,
}

/// What one tenant configured in one mode.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TenantConfiguration {
    /// Its gateway accounts, by name.
    pub accounts: BTreeMap<String, Arc<Versioned<GatewayAccount>>>,
    /// Its routing rules.
    pub rules: Option<Arc<Versioned<RoutingRules>>>,
    /// Its limits.
    pub limits: Option<Arc<Versioned<PaymentLimits>>>,
    /// Its fees.
    pub fees: Option<Arc<Versioned<FeeRules>>>,
}

/// What all tenants configured.
#[derive(Debug, Clone, Default)]
pub struct Configuration {
    version: i64,
    tenants: HashMap<(Mode, Tenant), TenantConfiguration>,
    accounts: HashMap<String, Arc<Versioned<GatewayAccount>>>,
}

impl Configuration {
    /// Takes in the record that stands at an offset.
    pub fn take_in(&mut self, configured: Configured, offset: i64) {
        let version = offset.saturating_add(1);
        self.version = version;
        let envelope = configured.envelope();
        let tenant = self.tenants.entry((envelope.mode, envelope.tenant.clone())).or_default();
        match configured {
            Configured::Account(value) => {
                let account = Arc::new(Versioned { version, value });
                tenant.accounts.insert(account.value.name.clone(), Arc::clone(&account));
                self.accounts.insert(account.value.envelope.aggregate_id.clone(), account);
            }
            Configured::Rules(value) => tenant.rules = Some(Arc::new(Versioned { version, value })),
            Configured::Limits(value) => tenant.limits = Some(Arc::new(Versioned { version, value })),
            Configured::Fees(value) => tenant.fees = Some(Arc::new(Versioned { version, value })),
        }
    }

    /// Passes over the record that stands at an offset: whoever waits for its version need not wait any more.
    pub fn pass(&mut self, offset: i64) {
        self.version = offset.saturating_add(1);
    }

    /// What a tenant configured, if it did.
    pub fn of(&self, mode: Mode, tenant: &Tenant) -> Option<&TenantConfiguration> {
        self.tenants.get(&(mode, tenant.clone()))
    }

    /// The gateway account of that id, whoever's it is.
    pub fn account(&self, id: GatewayAccountId) -> Option<&Arc<Versioned<GatewayAccount>>> {
        self.accounts.get(&id.to_string())
    }
}

impl HasVersion for Configuration {
    fn version(&self) -> i64 {
        self.version
    }
}

/// Folds the configuration topic.
#[derive(Debug, Clone, Copy, Default)]
pub struct ConfigurationFolding;

impl Folding for ConfigurationFolding {
    type Table = Configuration;
    type Item = (Configured, i64);

    fn read(&self, record: &Record, schemas: &mut Schemas) -> Result<Option<Self::Item>, FollowError> {
        let Some(value) = &record.value else { return Ok(None) };
        let configured = schemas.read(|decoder| Configured::read(decoder, value))?;
        Ok(Some((configured, record.offset)))
    }

    fn fold(table: &mut Configuration, (configured, offset): Self::Item) {
        table.take_in(configured, offset);
    }

    fn pass(table: &mut Configuration, offset: i64) {
        table.pass(offset);
    }
}

/// Id of a tenant's gateway account, also its key on the topic.
pub fn gateway_account_id(mode: Mode, tenant: &Tenant, name: &str) -> GatewayAccountId {
    GatewayAccountId::new(derive(&["gateway account", mode.as_str(), tenant.as_str(), name]))
}

/// Id of a tenant's routing rules, also their key on the topic.
pub fn routing_rules_id(mode: Mode, tenant: &Tenant) -> RoutingRulesId {
    RoutingRulesId::new(derive(&["routing rules", mode.as_str(), tenant.as_str()]))
}

/// Id of a tenant's limits, also their key on the topic.
pub fn payment_limits_id(mode: Mode, tenant: &Tenant) -> PaymentLimitsId {
    PaymentLimitsId::new(derive(&["payment limits", mode.as_str(), tenant.as_str()]))
}

/// Id of a tenant's fees, also their key on the topic.
pub fn fee_rules_id(mode: Mode, tenant: &Tenant) -> FeeRulesId {
    FeeRulesId::new(derive(&["fee rules", mode.as_str(), tenant.as_str()]))
}

#[cfg(test)]
mod tests;
