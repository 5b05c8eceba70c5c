//! Tables that a process holds whole: each is what a small compacted topic of one partition comes to.
//!
//! [`Configuration`] is what tenants configure, [`Healths`] which gateway accounts can be reached, [`ApiKeys`] lets
//! tenants' servers in, and [`Keys`] are the tenants' data keys. The tables themselves are pure. Processes that have no other loop follow a topic on a thread of its own, by
//! [`Followed`]; the exactly-once runtime reads its tables between two windows.

mod api_keys;
mod configuration;
mod follow;
mod health;
mod keys;
mod secrets;

pub use self::{
    api_keys::{ApiKeyFolding, ApiKeyRecord, ApiKeys, api_key_id},
    configuration::{
        Configuration, ConfigurationFolding, Configured, TenantConfiguration, Versioned, fee_rules_id,
        gateway_account_id, payment_limits_id, routing_rules_id,
    },
    follow::{Folding, FollowError, Followed, HasVersion},
    health::{Healths, health_key},
    keys::{KeyFolding, Keys, KeysError},
    secrets::{AccountSecrets, SECRETS_PURPOSE},
};
