//! What tenants configure, and what gateways tell.

use quittance_gateways::NOTICE_BYTES_MAX;
use serde_json::json;
use warp::http::StatusCode;

use crate::{
    configure::{account_shape, api_key_shape, fees_shape, limits_shape, rules_shape},
    openapi::{
        description::{Answer, Content, Description, Tag},
        parameters,
    },
    problem::Problem,
    shape::Body,
};

const HELD: &str = "It is replaced as a whole: sent again it changes nothing, and of two changes the later one holds. Payments that are asked for \
                    from the answer on go by it.";

pub(super) fn accounts() -> Description {
    let about = "The tenant's own accounts at gateways, in the mode of the credential. Of secrets it tells only that they are there.";
    Description::new("readGatewayAccounts", Tag::Configuration, "List the gateway accounts", about)
        .answers(Answer::ok("GatewayAccounts", "All of them."))
}

pub(super) fn account() -> Description {
    Description::new("readGatewayAccount", Tag::Configuration, "Read a gateway account", "By its name, or by its id.")
        .takes([parameters::gateway_account("Name or id of the gateway account.")])
        .answers(Answer::ok("GatewayAccount", "The gateway account."))
}

pub(super) fn put_account() -> Description {
    let about = "Makes the account, or changes it: secrets that are not named stay as they are. It cannot be deleted, since payments refer to it, nor \
                 change its gateway.";
    Description::new("putGatewayAccount", Tag::Configuration, "Write a gateway account", about)
        .takes([parameters::gateway_account("Name of the gateway account, or of the one to be made.")])
        .body(account_shape())
        .answers(Answer::ok("GatewayAccount", "It was changed."))
        .answers(Answer { status: StatusCode::CREATED, ..Answer::ok("GatewayAccount", "It was made.") })
}

pub(super) fn create_api_key() -> Description {
    let about = "The key itself is shown this once: the same request again shows what it is, and not the key. It is for one tenant, one mode, and \
                 some roles.";
    Description::new("createApiKey", Tag::Configuration, "Make an API key", about)
        .body(api_key_shape())
        .creation("ApiKey", "It was made.")
}

pub(super) fn api_keys() -> Description {
    let about = "All of the tenant's keys in the mode of the credential, the ended ones too, the newest first; never the keys themselves.";
    Description::new("readApiKeys", Tag::Configuration, "List the API keys", about)
        .answers(Answer::ok("ApiKeys", "All of them."))
}

pub(super) fn api_key() -> Description {
    Description::new(
        "readApiKey",
        Tag::Configuration,
        "Read an API key",
        "What it may do, and whether it is used; never the key itself.",
    )
    .takes([parameters::api_key()])
    .answers(Answer::ok("ApiKey", "The API key."))
}

pub(super) fn revoke_api_key() -> Description {
    let about = "From then on it lets nobody in. It can still be read, and one that was revoked before stays as it is.";
    Description::new("revokeApiKey", Tag::Configuration, "Revoke an API key", about)
        .takes([parameters::api_key()])
        .answers(Answer::ok("ApiKey", "The API key as it is now."))
}

pub(super) fn rules() -> Description {
    Description::new(
        "readRoutingRules",
        Tag::Configuration,
        "Read the routing rules",
        "Without any, payments are routed in the order of their tokens.",
    )
    .answers(Answer::ok("RoutingRules", "The rules, in the order of their priorities."))
}

pub(super) fn put_rules() -> Description {
    Description::new("putRoutingRules", Tag::Configuration, "Write the routing rules", HELD)
        .body(rules_shape())
        .answers(Answer::ok("RoutingRules", "The rules as they are now."))
}

pub(super) fn limits() -> Description {
    Description::new(
        "readLimits",
        Tag::Configuration,
        "Read the limits",
        "Without any, every currency is taken, with every amount.",
    )
    .answers(Answer::ok("Limits", "The limits."))
}

pub(super) fn put_limits() -> Description {
    Description::new("putLimits", Tag::Configuration, "Write the limits", HELD)
        .body(limits_shape())
        .answers(Answer::ok("Limits", "The limits as they are now."))
}

pub(super) fn fees() -> Description {
    Description::new("readFees", Tag::Configuration, "Read the fees", "Without any, payments cost nothing.")
        .answers(Answer::ok("Fees", "The fees."))
}

pub(super) fn put_fees() -> Description {
    Description::new("putFees", Tag::Configuration, "Write the fees", HELD)
        .body(fees_shape())
        .answers(Answer::ok("Fees", "The fees as they are now."))
}

pub(super) fn webhook() -> Description {
    let about = "What the gateway tells of its own accord. It is in the log before the answer. What it says is not believed: it has the gateway \
                 asked. An account that is not there is told as a signature that is not right.";
    // The body is the gateway's, and what it is the gateway says.
    let body = Body::required(json!({}), [("event", json!({ "id": "evt_1", "type": "charge.captured" }))]);
    Description::new("tellWebhook", Tag::Gateways, "Take a webhook in", about)
        .takes([parameters::gateway_account_id()])
        .raw_body(body)
        .answers(Answer { content: vec![Content::Json("Nothing")], ..Answer::ok("Nothing", "It was taken in.") })
        .fails([Problem::malformed("body", "is cut off"), Problem::TooLarge(NOTICE_BYTES_MAX as u64), Problem::TooSlow])
}

pub(super) fn anomalies() -> Description {
    let about = "What gateways told that fits nothing, the latest first, in pages. Webhooks about other things than payments are none.";
    Description::new("readGatewayAnomalies", Tag::Gateways, "List what gateways told that fits nothing", about)
        .takes(parameters::page())
        .answers(Answer::ok("GatewayAnomalyPage", "A page of them."))
}
