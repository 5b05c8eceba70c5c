//! The secrets of gateway accounts as they are configured: `name=secret` with commas between.

use std::{collections::BTreeMap, fmt, str::FromStr};

use quittance_service::secret::Secret;

use super::list::{AccountsError, parse_name};

/// Secrets of gateway accounts, by the account's name. They print as `[redacted]`.
#[derive(Debug, Clone, Default)]
pub struct GatewaySecrets(BTreeMap<String, Secret>);

/// Why a text is not a list of secrets. Never repeats a piece of it but the name of an account.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretsError {
    /// An entry, counted from 1, is not a name of an account with a secret.
    #[error("entry {0} must be `name=secret`, with the name of a gateway account")]
    NotAPair(usize),
    /// An entry has a name only.
    #[error("the secret of account {0} must not be empty")]
    Empty(String),
    /// A secret that no header could hold: a line break was copied along, most likely.
    #[error("the secret of account {0} must be of visible ASCII characters without spaces")]
    Unprintable(String),
    /// Two entries of one name.
    #[error("the account {0} has two secrets; each name must be listed once")]
    Twice(String),
}

impl GatewaySecrets {
    /// The secret of the account of that name.
    pub(super) fn get(&self, name: &str) -> Option<&Secret> {
        self.0.get(name)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl FromStr for GatewaySecrets {
    type Err = SecretsError;

    fn from_str(text: &str) -> Result<Self, SecretsError> {
        let mut secrets = BTreeMap::new();
        for (index, entry) in text.split(',').enumerate() {
            let pair = entry.trim().split_once('=').ok_or(SecretsError::NotAPair(index + 1))?;
            // What stands before the `=` may be a piece of a secret, unless it is a name.
            let name = parse_name(pair.0).map_err(|_: AccountsError| SecretsError::NotAPair(index + 1))?;
            if !pair.1.bytes().all(|b| b.is_ascii_graphic()) {
                return Err(SecretsError::Unprintable(name));
            }
            let secret = pair.1.parse().map_err(|_| SecretsError::Empty(name.clone()))?;
            if secrets.insert(name.clone(), secret).is_some() {
                return Err(SecretsError::Twice(name));
            }
        }
        Ok(Self(secrets))
    }
}

/// The names only.
impl fmt::Display for GatewaySecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, secret)) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{name}={secret}")?;
        }
        Ok(())
    }
}
