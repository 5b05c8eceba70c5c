//! The secrets of a gateway account, as they are sealed. Nobody reads them but who calls the gateway, or checks its webhooks.

use quittance_avro::{
    records::{GatewayAccount, Sealed},
    seal::{Binding, DataKey},
};
use quittance_service::secret::Secret;
use serde::{Deserialize, Serialize};

/// What the secrets of a gateway account are sealed for.
pub const SECRETS_PURPOSE: &str = "gateway_account.secrets";

/// What a gateway knows us by, and what it signs its webhooks with.
#[derive(Debug, Clone, Default)]
pub struct AccountSecrets {
    /// The secret key.
    pub secret: Option<Secret>,
    /// What webhooks are signed with: any of them will do.
    pub webhook_secrets: Vec<Secret>,
}

/// As it is written before it is sealed.
#[derive(Serialize, Deserialize)]
struct Plain {
    secret: Option<String>,
    webhook_secrets: Vec<String>,
}

impl AccountSecrets {
    /// Where they belong: to that account and no other.
    pub fn binding(account: &GatewayAccount) -> Binding<'_> {
        let envelope = &account.envelope;
        Binding {
            mode: envelope.mode,
            tenant: &envelope.tenant,
            aggregate_id: &envelope.aggregate_id,
            purpose: SECRETS_PURPOSE,
        }
    }

    /// Seals them.
    pub fn seal(&self, binding: Binding<'_>, key: &DataKey) -> Result<Sealed, serde_json::Error> {
        let plain = Plain {
            secret: self.secret.as_ref().map(|secret| secret.expose().to_owned()),
            webhook_secrets: self.webhook_secrets.iter().map(|secret| secret.expose().to_owned()).collect(),
        };
        Ok(key.seal(binding, &serde_json::to_vec(&plain)?))
    }

    /// Reads them after they were opened; none if that is not what they are.
    pub fn read(opened: &[u8]) -> Option<Self> {
        let plain: Plain = serde_json::from_slice(opened).ok()?;
        let secrets = plain.webhook_secrets.iter().map(|secret| secret.parse().ok()).collect::<Option<_>>()?;
        let secret = plain.secret.map(|secret| secret.parse().map_err(drop)).transpose().ok()?;
        Some(Self { secret, webhook_secrets: secrets })
    }
}
