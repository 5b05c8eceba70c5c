//! Gateway accounts.

use quittance_avro::{ids::GatewayAccountId, records::GatewayAccount, time::Timestamp, words::GatewayKind};
use quittance_service::secret::Secret;
use quittance_tables::Versioned;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::Parsed;
use crate::fields::{Fields, whole};

const SECRET_CHARS_MAX: usize = 255;
/// What [`secret`] takes.
pub(super) const SECRET: &str = "^[!-~]{1,255}$";
pub(super) const WEBHOOK_SECRETS_MAX: usize = 2;

/// A gateway account as it is to be.
#[derive(Debug)]
pub(crate) struct AccountRequest {
    pub(crate) gateway: GatewayKind,
    pub(crate) enabled: bool,
    /// A new secret key; the one that is there stays if it is absent.
    pub(crate) secret: Option<Secret>,
    /// New webhook secrets; those that are there stay if they are absent.
    pub(crate) webhook_secrets: Option<Vec<Secret>>,
}

impl AccountRequest {
    /// Reads the body of `PUT /v1/gateway-accounts/{name}`. What is wrong is told without repeating a secret.
    pub(crate) fn parse(body: Value) -> Parsed<Self> {
        whole(body, request)
    }
}

fn request(fields: &mut Fields<'_>) -> Option<AccountRequest> {
    let gateway = fields.required("gateway", 32, |word| {
        let known: Vec<&str> = GatewayKind::ALL.iter().map(|kind| kind.as_str()).collect();
        GatewayKind::from_word(word).ok_or_else(|| format!("must be one of {}", known.join(", ")))
    });
    let enabled = fields.flag("enabled", true);
    let key = fields.take("secret").and_then(|value| secret(fields, "secret", &value));
    let webhook_secrets = match fields.take("webhook_secrets") {
        None => None,
        Some(Value::Array(items)) if items.len() <= WEBHOOK_SECRETS_MAX => {
            let items = items.iter().enumerate();
            Some(items.filter_map(|(index, item)| secret(fields, &format!("webhook_secrets[{index}]"), item)).collect())
        }
        Some(_) => {
            let most = WEBHOOK_SECRETS_MAX;
            fields.refuse(
                "webhook_secrets",
                format!("must be an array of at most {most} secrets: two while one is replaced"),
            );
            None
        }
    };
    Some(AccountRequest { gateway: gateway?, enabled, secret: key, webhook_secrets })
}

fn secret(fields: &mut Fields<'_>, name: &str, value: &Value) -> Option<Secret> {
    let text =
        value.as_str().filter(|text| text.len() <= SECRET_CHARS_MAX && text.bytes().all(|b| b.is_ascii_graphic()));
    let secret = text.and_then(|text| text.parse().ok());
    if secret.is_none() {
        fields.refuse(name, format!("must be 1 to {SECRET_CHARS_MAX} visible ASCII characters"));
    }
    secret
}

/// A gateway account as it is shown: of its secrets only that they are there.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GatewayAccount)]
pub(crate) struct AccountView {
    #[schema(value_type = GatewayAccountId)]
    id: String,
    /// What payment methods and payments call it.
    name: String,
    gateway: GatewayKind,
    /// Whether it takes new payments.
    enabled: bool,
    has_secret: bool,
    /// How many there are: two while one is replaced.
    webhook_secrets: i32,
    /// Where the gateway sends its webhooks.
    webhook_path: String,
    /// Grows with each change.
    version: i64,
    #[schema(format = DateTime)]
    updated_at: String,
}

impl AccountView {
    pub(crate) fn of(account: &Versioned<GatewayAccount>) -> Self {
        let Versioned { version, value } = account;
        let id = value.envelope.aggregate_id.clone();
        Self {
            webhook_path: format!("/v1/gateway-accounts/{id}/webhook"),
            id,
            name: value.name.clone(),
            gateway: value.gateway,
            enabled: value.enabled,
            has_secret: value.has_secret,
            webhook_secrets: value.webhook_secret_count,
            version: *version,
            updated_at: shown(value.envelope.occurred_at),
        }
    }
}

/// A time as the API tells it.
pub(super) fn shown(time: Timestamp) -> String {
    time.to_string()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case::nothing(json!({}), "gateway")]
    #[case::other_gateway(json!({"gateway": "adyen"}), "gateway")]
    #[case::empty(json!({"gateway": "stripe", "secret": ""}), "secret")]
    #[case::line_break(json!({"gateway": "stripe", "secret": "hunter2\n"}), "secret")]
    #[case::no_text(json!({"gateway": "stripe", "secret": 7}), "secret")]
    #[case::no_list(json!({"gateway": "stripe", "webhook_secrets": "hunter2"}), "webhook_secrets")]
    #[case::three(json!({"gateway": "stripe", "webhook_secrets": ["a", "b", "c"]}), "webhook_secrets")]
    #[case::bad_one(json!({"gateway": "stripe", "webhook_secrets": ["a", "hunter2 "]}), "webhook_secrets[1]")]
    #[case::unknown(json!({"gateway": "stripe", "url": "https://10.0.0.1"}), "url")]
    fn refuses(#[case] body: Value, #[case] field: &str) {
        let errors = AccountRequest::parse(body).expect_err("a bad account");
        assert!(errors.iter().any(|error| error.field == field), "{errors:?}");
        assert!(!format!("{errors:?}").contains("hunter2"));
    }

    #[test]
    fn secrets_do_not_show() {
        let body = json!({"gateway": "stripe", "secret": "hunter2", "webhook_secrets": ["hunter2"], "enabled": false});
        let request = AccountRequest::parse(body).expect("a good account");
        assert!(!request.enabled && request.secret.is_some());
        assert!(!format!("{request:?}").contains("hunter2"));
    }
}
