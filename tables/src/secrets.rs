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

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        text.parse().expect("a secret")
    }

    #[test]
    fn what_was_written_is_read() {
        let plain = Plain { secret: Some("sk_1".to_owned()), webhook_secrets: vec!["whsec_1".to_owned()] };
        let read = AccountSecrets::read(&serde_json::to_vec(&plain).expect("JSON")).expect("secrets");
        assert_eq!(read.secret.as_ref().map(Secret::expose), Some("sk_1"));
        assert_eq!(read.webhook_secrets.iter().map(Secret::expose).collect::<Vec<_>>(), ["whsec_1"]);
    }

    #[test]
    fn anything_else_is_none() {
        for opened in ["", "{}", "[]", r#"{"secret": 1, "webhook_secrets": []}"#, r#"{"secret": null}"#] {
            assert!(AccountSecrets::read(opened.as_bytes()).is_none(), "{opened}");
        }
    }

    #[test]
    fn they_are_not_told() {
        let secrets = AccountSecrets { secret: Some(secret("sk_1")), webhook_secrets: vec![secret("whsec_1")] };
        let told = format!("{secrets:?}");
        assert!(!told.contains("sk_1") && !told.contains("whsec_1"), "{told}");
    }
}
