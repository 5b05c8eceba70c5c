//! The gateway accounts that payments can go to, as far as the rules need to know them.

use std::collections::BTreeMap;

use quittance_avro::words::GatewayKind;
use quittance_gateways::{Capabilities, capabilities};

/// Which gateway stands behind each gateway account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gateways {
    kinds: BTreeMap<String, GatewayKind>,
    /// What is taken to stand behind an account that is not listed.
    other: Option<GatewayKind>,
}

impl Gateways {
    /// Every account is of this gateway.
    pub fn all(kind: GatewayKind) -> Self {
        Self { kinds: BTreeMap::new(), other: Some(kind) }
    }

    /// The same with one account more.
    #[must_use]
    pub fn with(mut self, account: impl Into<String>, kind: GatewayKind) -> Self {
        self.kinds.insert(account.into(), kind);
        self
    }

    /// What can be done at that account; nothing if there is no such account.
    pub fn capabilities(&self, account: &str) -> Option<&'static Capabilities> {
        self.kinds.get(account).copied().or(self.other).map(capabilities)
    }
}
