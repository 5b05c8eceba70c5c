//! Tables that a process holds whole: each is what a small compacted topic of one partition comes to.
//!
//! [`Configuration`] is what tenants configure, [`Healths`] which gateway accounts can be reached, and [`Keys`] are the tenants'
//! data keys. The tables themselves are pure. Processes that have no other loop follow a topic on a thread of its own, by
//! [`Followed`]; the exactly-once runtime reads its tables between two windows.

mod configuration;
mod follow;
mod health;
mod keys;
mod secrets;

pub use self::{
    configuration::{
        Configuration, ConfigurationFolding, Configured, TenantConfiguration, Versioned, fee_rules_id,
        gateway_account_id, payment_limits_id, routing_rules_id,
    },
    follow::{Folding, FollowError, Followed},
    health::{Healths, health_key},
    keys::{KeyFolding, Keys, KeysError},
    secrets::{AccountSecrets, SECRETS_PURPOSE},
};
