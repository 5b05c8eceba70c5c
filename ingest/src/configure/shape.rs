//! What the bodies of requests that configure may have in them, for the description of the API.

use quittance_avro::{
    money::{Currency, MINOR_UNITS_END},
    words::GatewayKind,
};
use serde_json::{Value, json};

use super::{
    account::{SECRET, WEBHOOK_SECRETS_MAX},
    api_key::{DAYS_MAX, GRANTABLE},
    fees, limits,
    rules::{ACCOUNTS_MAX, METADATA_MAX, PRIORITY_MAX, RULES_MAX, VALUES_MAX, WEIGHT_MAX},
};
use crate::{
    create::{ACCOUNT_NAME, BRAND, COUNTRY, FUNDINGS},
    metadata,
    shape::{Body, Member, amount, flag, integer, list, matching, metadata_key, object, text, words},
};

/// The body of `PUT /v1/gateway-accounts/{name}`.
pub(crate) fn account() -> Body {
    let gateways = words(GatewayKind::ALL.iter().map(|kind| kind.as_str()));
    let schema = object([
        Member::required("gateway", "The gateway that it is at. It cannot be changed.", gateways),
        Member::optional("enabled", "Whether it takes new payments.", flag(true)),
        Member::optional("secret", "The secret key; without it the one that is there stays.", matching(SECRET)),
        Member::optional(
            "webhook_secrets",
            "The secrets that webhooks are signed with, two while one is replaced; without them those that are there stay.",
            list(0..=WEBHOOK_SECRETS_MAX, &matching(SECRET)),
        ),
    ]);
    Body::required(
        schema,
        [
            ("simulator", json!({ "gateway": "simulator" })),
            (
                "stripe",
                json!({ "gateway": "stripe", "enabled": true, "secret": "sk_test_1", "webhook_secrets": ["whsec_1"] }),
            ),
        ],
    )
}

/// The body of `POST /v1/api-keys`.
pub(crate) fn api_key() -> Body {
    let grantable: Vec<&str> = GRANTABLE.iter().map(|role| role.name()).collect();
    let mut roles = list(1..=grantable.len(), &words(grantable));
    roles["uniqueItems"] = true.into();
    let schema = object([
        Member::required("name", "What it is called, for people.", matching(ACCOUNT_NAME)),
        Member::required("roles", "What it may do.", roles),
        Member::optional(
            "expires_in_days",
            "For how many days it is good; 0, or without it, for ever.",
            integer(0..=DAYS_MAX),
        ),
    ]);
    let example = json!({ "name": "shop", "roles": ["merchant", "viewer"], "expires_in_days": 365 });
    Body::required(schema, [("shop", example)])
}

/// The body of `PUT /v1/routing-rules`.
pub(crate) fn rules() -> Body {
    let condition = object([
        Member::required("key", "Name of the member.", metadata_key()),
        Member::required("values", "Any of them will do.", list(1..=VALUES_MAX, &text(metadata::VALUE_CHARS_MAX))),
    ]);
    let any = |about: &str, name, value: Value| Member::optional(name, about, list(0..=VALUES_MAX, &value));
    let conditions = object([
        any("Currencies.", "currencies", words(Currency::codes())),
        Member::optional("minimum_amount", "The least amount.", amount()),
        Member::optional("maximum_amount", "The largest amount.", amount()),
        any("Schemes in lower case. A payment whose brand is not known meets no list.", "brands", matching(BRAND)),
        any("What is paid from. A payment whose funding is not known meets no list.", "fundings", words(FUNDINGS)),
        any("Issuers' countries. A payment whose country is not known meets no list.", "countries", matching(COUNTRY)),
        Member::optional("metadata", "What the payment's metadata has to say.", list(0..=METADATA_MAX, &condition)),
    ]);
    let account = object([
        Member::required("gateway_account", "Name of the gateway account.", matching(ACCOUNT_NAME)),
        Member::optional(
            "weight",
            "Its share of the payments; with 0 it is only failed over to.",
            integer(0..=WEIGHT_MAX),
        ),
    ]);
    let rule = object([
        Member::required("name", "Its name, which no other rule has.", matching(ACCOUNT_NAME)),
        Member::optional(
            "priority",
            "The rule of the lowest number that fits a payment decides.",
            integer(0..=PRIORITY_MAX),
        ),
        Member::optional("conditions", "All of them have to be met; without any, every payment fits.", conditions),
        Member::required(
            "accounts",
            "Where such payments go: at first to one drawn by the weights, then to the others in this order.",
            list(1..=ACCOUNTS_MAX, &account),
        ),
    ]);
    let schema = object([Member::optional("rules", "All of them.", list(0..=RULES_MAX, &rule))]);
    Body::required(
        schema,
        [(
            "large-visa",
            json!({ "rules": [{
        "name": "large-visa",
        "priority": 10,
        "conditions": {
            "currencies": ["EUR"],
            "minimum_amount": 5000,
            "maximum_amount": 100_000,
            "brands": ["visa"],
            "fundings": ["credit"],
            "countries": ["DE"],
            "metadata": [{ "key": "shop", "values": ["berlin"] }],
        },
        "accounts": [{ "gateway_account": "main", "weight": 80 }, { "gateway_account": "other", "weight": 20 }],
    }] }),
        )],
    )
}

/// The body of `PUT /v1/limits`.
pub(crate) fn limits() -> Body {
    let limit = object([
        Member::required("currency", "A currency that is taken; listed once.", words(Currency::codes())),
        Member::optional("minimum_amount", "The least amount.", amount()),
        Member::optional("maximum_amount", "The largest amount.", amount()),
    ]);
    let about = "The currencies that are taken; if there are none, every one is, with every amount.";
    let schema = object([Member::optional("currencies", about, list(0..=limits::CURRENCIES_MAX, &limit))]);
    let example = json!({ "currencies": [{ "currency": "EUR", "minimum_amount": 50, "maximum_amount": 500_000 }] });
    Body::required(schema, [("euros", example)])
}

/// The body of `PUT /v1/fees`.
pub(crate) fn fees() -> Body {
    let fee = object([
        Member::required("currency", "The currency of the payments; listed once.", words(Currency::codes())),
        Member::optional(
            "rate_ppm",
            "Share of each capture, in millionths: 14000 is 1.4 %.",
            integer(0..=fees::RATE_MAX_PPM),
        ),
        Member::optional("fixed_amount", "For each capture beside that share.", integer(0..=MINOR_UNITS_END - 1)),
        Member::optional("returned", "Whether a refund gives its part of the fee back.", flag(false)),
    ]);
    let about = "At most one for each currency; a payment in another one costs nothing.";
    let schema = object([Member::optional("fees", about, list(0..=fees::CURRENCIES_MAX, &fee))]);
    let example = json!({ "fees": [{ "currency": "EUR", "rate_ppm": 14_000, "fixed_amount": 25, "returned": true }] });
    Body::required(schema, [("euros", example)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        configure::{AccountRequest, ApiKeyRequest, parse_fees, parse_limits, parse_rules},
        shape::tests::is_what_is_parsed,
    };

    #[test]
    fn they_are_what_is_parsed() {
        is_what_is_parsed(&account(), |body| AccountRequest::parse(body).err().unwrap_or_default());
        is_what_is_parsed(&api_key(), |body| ApiKeyRequest::parse(body).err().unwrap_or_default());
        is_what_is_parsed(&rules(), |body| parse_rules(body).err().unwrap_or_default());
        is_what_is_parsed(&limits(), |body| parse_limits(body).err().unwrap_or_default());
        is_what_is_parsed(&fees(), |body| parse_fees(body).err().unwrap_or_default());
    }
}
