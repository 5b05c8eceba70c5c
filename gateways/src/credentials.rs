//! What a gateway knows us by.

use quittance_service::secret::Secret;

/// What a gateway account's requests are signed in with. It never shows its secret.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// The gateway wants none.
    Open,
    /// A secret key.
    Key(Secret),
}

impl Credentials {
    /// The secret key, if there is one.
    pub(crate) fn key(&self) -> Option<&Secret> {
        match self {
            Self::Open => None,
            Self::Key(secret) => Some(secret),
        }
    }
}
