//! API keys, as clients ask for them and see them. Pure.

use quittance_avro::{ids::ApiKeyId, records::ApiKey, time::Timestamp, words::Mode};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    auth::Role,
    create::account_name,
    fields::{Fields, whole},
    problem::FieldError,
};

/// How long a key may be asked for at most, days.
pub(super) const DAYS_MAX: i64 = 3_650;
/// What a key may be for. An operator's would be good for the installation, which no tenant's is.
pub(super) const GRANTABLE: [Role; 4] = [Role::Viewer, Role::Merchant, Role::Reviewer, Role::Admin];
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// A key that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiKeyRequest {
    pub(crate) name: String,
    /// In the order of the words, each once.
    pub(crate) roles: Vec<Role>,
    /// For how many days it is good; for ever if there is none.
    pub(crate) days: Option<i64>,
}

impl ApiKeyRequest {
    /// Reads a body.
    pub(crate) fn parse(body: Value) -> Result<Self, Vec<FieldError>> {
        whole(body, |fields| {
            let name = fields.required("name", 64, account_name);
            let roles = roles(fields);
            let days = fields.integer("expires_in_days", 0..=DAYS_MAX, 0);
            Some(Self { name: name?, roles: roles?, days: (days > 0).then_some(days) })
        })
    }

    /// When it ends.
    pub(crate) fn expires_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.days.map(|days| now.plus_ms(days * DAY_MS))
    }
}

fn roles(fields: &mut Fields<'_>) -> Option<Vec<Role>> {
    const MESSAGE: &str =
        "must be a list of viewer, merchant, reviewer and admin, with one of them at least, each once";
    let listed = fields.take("roles");
    let names = listed.as_ref().and_then(Value::as_array).into_iter().flatten();
    let role = |name: &Value| name.as_str().and_then(Role::from_name).filter(|role| GRANTABLE.contains(role));
    let mut roles: Option<Vec<Role>> = names.map(role).collect();
    if let Some(roles) = &mut roles {
        let asked = roles.len();
        roles.sort();
        roles.dedup();
        if asked > 0 && roles.len() == asked {
            return Some(std::mem::take(roles));
        }
    }
    fields.refuse("roles", MESSAGE);
    None
}

/// A key as its tenant's administrators see it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub(crate) struct ApiKeyView<'a> {
    #[schema(value_type = ApiKeyId)]
    id: &'a str,
    #[schema(pattern = "^api_key$")]
    object: &'static str,
    mode: Mode,
    /// What it is called, for people.
    name: &'a str,
    /// What it may do.
    roles: &'a [String],
    status: ApiKeyStatus,
    /// What the key ends with, to tell it from others.
    ending: &'a str,
    /// The key itself: shown when it is made, and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    key: Option<&'a str>,
    #[schema(format = DateTime)]
    created_at: String,
    /// The subject of the credential that asked for it.
    created_by: &'a str,
    /// When it ends by itself.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// When it was revoked.
    #[schema(format = DateTime)]
    revoked_at: Option<String>,
    /// When somebody was last let in by it, to within some minutes.
    #[schema(format = DateTime)]
    last_used_at: Option<String>,
}

/// Where an API key stands: `active` (it lets in), `revoked`, or `expired`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ApiKeyStatus {
    Active,
    Revoked,
    Expired,
}

impl ApiKeyStatus {
    /// Where a key stands.
    pub(crate) fn of(key: &ApiKey, now: Timestamp) -> Self {
        if key.revoked_at.is_some() {
            Self::Revoked
        } else if key.expires_at.is_some_and(|end| end <= now) {
            Self::Expired
        } else {
            Self::Active
        }
    }
}

impl<'a> ApiKeyView<'a> {
    /// A key, and when it was used last.
    pub(crate) fn of(key: &'a ApiKey, used_at: Option<Timestamp>, now: Timestamp) -> Self {
        Self {
            id: &key.envelope.aggregate_id,
            object: "api_key",
            mode: key.envelope.mode,
            name: &key.name,
            roles: &key.roles,
            status: ApiKeyStatus::of(key, now),
            ending: &key.ending,
            key: None,
            created_at: key.created_at.to_string(),
            created_by: &key.created_by,
            expires_at: key.expires_at.map(|at| at.to_string()),
            revoked_at: key.revoked_at.map(|at| at.to_string()),
            last_used_at: used_at.map(|at| at.to_string()),
        }
    }

    /// The same, with the key itself.
    pub(crate) fn with_key(self, key: &'a str) -> Self {
        Self { key: Some(key), ..self }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case(json!({"name": "shop", "roles": ["merchant"]}), None, &[Role::Merchant])]
    #[case(json!({"name": "shop", "roles": ["admin", "viewer"], "expires_in_days": 30}), Some(30), &[Role::Viewer, Role::Admin])]
    fn what_is_asked_for(#[case] body: Value, #[case] days: Option<i64>, #[case] roles: &[Role]) {
        let request = ApiKeyRequest::parse(body).expect("a good request");
        assert_eq!((request.name.as_str(), request.roles.as_slice(), request.days), ("shop", roles, days));
    }

    #[rstest]
    #[case(json!({}), &["name", "roles"])]
    #[case(json!({"name": "My shop!", "roles": []}), &["name", "roles"])]
    #[case(json!({"name": "shop", "roles": "merchant"}), &["roles"])]
    #[case(json!({"name": "shop", "roles": ["king"]}), &["roles"])]
    #[case(json!({"name": "shop", "roles": ["operator"]}), &["roles"])]
    #[case(json!({"name": "shop", "roles": ["viewer", "viewer"]}), &["roles"])]
    #[case(json!({"name": "shop", "roles": ["viewer"], "expires_in_days": -1}), &["expires_in_days"])]
    #[case(json!({"name": "shop", "roles": ["viewer"], "key": "qk"}), &["key"])]
    fn what_is_not_taken(#[case] body: Value, #[case] fields: &[&str]) {
        let errors = ApiKeyRequest::parse(body).expect_err("a bad request");
        assert_eq!(errors.iter().map(|error| &*error.field).collect::<Vec<_>>(), fields);
    }
}
