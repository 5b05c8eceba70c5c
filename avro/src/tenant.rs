//! Tenants: who owns an aggregate.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Name of a tenant: 1 to 64 of `a-z`, `0-9`, `-` and `_`, so that it can stand in keys, labels and paths as it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Tenant(String);

/// Why a text is not a tenant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 64 characters of a-z, 0-9, - and _")]
pub struct TenantError;

impl Tenant {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Tenant {
    type Err = TenantError;

    fn from_str(text: &str) -> Result<Self, TenantError> {
        Self::try_from(text.to_owned())
    }
}

impl TryFrom<String> for Tenant {
    type Error = TenantError;

    fn try_from(text: String) -> Result<Self, TenantError> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
        if (1..=64).contains(&text.len()) && text.bytes().all(allowed) { Ok(Self(text)) } else { Err(TenantError) }
    }
}

impl From<Tenant> for String {
    fn from(tenant: Tenant) -> Self {
        tenant.0
    }
}

impl fmt::Display for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("acme", true)]
    #[case("a-1_b", true)]
    #[case("", false)]
    #[case("Acme", false)]
    #[case("a:b", false)]
    #[case(&"x".repeat(65), false)]
    fn names(#[case] text: &str, #[case] accepted: bool) {
        assert_eq!(text.parse::<Tenant>().is_ok(), accepted);
    }
}
