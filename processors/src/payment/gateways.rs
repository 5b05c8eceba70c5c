//! The gateway accounts that a tenant's payments can go to, and what the tenant wants of them, as far as the rules need to know.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use quittance_avro::{
    money::Currency,
    records::{FeeRule, FeeRules, PaymentLimits, RoutingRules},
    time::Timestamp,
    words::GatewayKind,
};
use quittance_gateways::{Capabilities, capabilities};
use quittance_tables::{TenantConfiguration, Versioned};

/// Which gateway stands behind each gateway account, and which of them take new payments.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Gateways {
    kinds: BTreeMap<String, GatewayKind>,
    /// What is taken to stand behind an account that is not listed.
    other: Option<GatewayKind>,
    disabled: BTreeSet<String>,
    down: BTreeMap<String, Timestamp>,
    rules: Option<Arc<Versioned<RoutingRules>>>,
    limits: Option<Arc<Versioned<PaymentLimits>>>,
    fees: Option<Arc<Versioned<FeeRules>>>,
}

impl Gateways {
    /// Every account is of this gateway.
    pub fn all(kind: GatewayKind) -> Self {
        Self { other: Some(kind), ..Self::default() }
    }

    /// The same with one account more.
    #[must_use]
    pub fn with(mut self, account: impl Into<String>, kind: GatewayKind) -> Self {
        self.kinds.insert(account.into(), kind);
        self
    }

    /// The same as a tenant configured it. Its own accounts hide those of the installation that have the same names.
    #[must_use]
    pub fn configured(mut self, own: &TenantConfiguration) -> Self {
        for (name, account) in &own.accounts {
            self.kinds.insert(name.clone(), account.value.gateway);
            if !account.value.enabled {
                self.disabled.insert(name.clone());
            }
        }
        self.rules.clone_from(&own.rules);
        self.limits.clone_from(&own.limits);
        self.fees.clone_from(&own.fees);
        self
    }

    /// The same with an account that cannot be reached before that time.
    #[must_use]
    pub fn down(mut self, account: impl Into<String>, until: Timestamp) -> Self {
        self.down.insert(account.into(), until);
        self
    }

    /// What can be done at that account; nothing if there is no such account.
    pub fn capabilities(&self, account: &str) -> Option<&'static Capabilities> {
        self.kinds.get(account).copied().or(self.other).map(capabilities)
    }

    /// Whether new payments may go to that account.
    pub(super) fn takes_payments(&self, account: &str) -> bool {
        self.capabilities(account).is_some() && !self.disabled.contains(account)
    }

    /// Whether that account cannot be reached now, as far as is known.
    pub(super) fn is_down(&self, account: &str, now: Timestamp) -> bool {
        self.down.get(account).is_some_and(|until| now < *until)
    }

    /// The tenant's routing rules.
    pub(super) fn rules(&self) -> Option<&Versioned<RoutingRules>> {
        self.rules.as_deref()
    }

    /// The tenant's limits.
    pub(super) fn limits(&self) -> Option<&PaymentLimits> {
        self.limits.as_deref().map(|limits| &limits.value)
    }

    /// What the tenant's merchants pay for payments in a currency, and the version that says so.
    pub(super) fn fee(&self, currency: Currency) -> Option<(&FeeRule, i64)> {
        let fees = self.fees.as_deref()?;
        let rule = fees.value.rules.iter().find(|rule| rule.currency == currency)?;
        Some((rule, fees.version))
    }
}
