//! Who asks, and whether they may.

mod roles;
mod token;

pub use self::{
    roles::Role,
    token::{AuthArgs, AuthSettingsError, Authenticator, Claims, mint},
};
use quittance_avro::{tenant::Tenant, words::Mode};

/// Who asks, by a credential that was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Live or test; the two never see each other.
    pub mode: Mode,
    /// The tenant that the credential speaks for.
    pub tenant: Tenant,
    /// The credential's subject.
    pub subject: String,
    /// The credential's own id.
    pub credential_id: Option<String>,
    /// What it may do.
    pub roles: Vec<Role>,
}

#[cfg(test)]
impl Caller {
    /// Somebody of that tenant, in test mode, who may do nothing.
    pub(crate) fn somebody(tenant: &str) -> Self {
        Self {
            mode: Mode::Test,
            tenant: tenant.parse().expect("a tenant"),
            subject: "somebody".to_owned(),
            credential_id: None,
            roles: Vec::new(),
        }
    }
}
