//! What a credential may be for. Which role may do what, the table of endpoints says.

use serde::{Serialize, Serializer};

/// What a credential may be for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, clap::ValueEnum)]
pub enum Role {
    /// Reads.
    Viewer,
    /// Takes payments.
    Merchant,
    /// Decides about payments under review.
    Reviewer,
    /// Runs the installation.
    Operator,
    /// Administers the tenant.
    Admin,
}

impl Serialize for Role {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 5] = [Self::Viewer, Self::Merchant, Self::Reviewer, Self::Operator, Self::Admin];

    /// Reads a role's name; `None` for a name that is none of ours.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "viewer" => Some(Self::Viewer),
            "merchant" => Some(Self::Merchant),
            "reviewer" => Some(Self::Reviewer),
            "operator" => Some(Self::Operator),
            "admin" => Some(Self::Admin),
            _ => None,
        }
    }

    /// Its name in a token.
    pub fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Merchant => "merchant",
            Self::Reviewer => "reviewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_round() {
        for role in Role::ALL {
            assert_eq!(Role::from_name(role.name()), Some(role));
        }
        assert_eq!(Role::from_name("Merchant"), None);
    }
}
