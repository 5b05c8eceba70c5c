//! By what a tenant's servers are let in.

use quittance_avro::records::{ApiKey, ApiKeyUse, Bytes};

use super::{
    Fill,
    parts::{envelope, time},
};

pub(super) fn api_key(fill: Fill) -> ApiKey {
    ApiKey {
        envelope: envelope(fill),
        name: "shop-server".to_owned(),
        roles: fill.list("merchant".to_owned()),
        digest: Bytes(vec![7; 32]),
        ending: "Ab3x".to_owned(),
        created_at: time(0),
        created_by: "jane".to_owned(),
        days: fill.option(30),
        expires_at: fill.option(time(3)),
        revoked_at: fill.option(time(2)),
    }
}

pub(super) fn api_key_use(fill: Fill) -> ApiKeyUse {
    ApiKeyUse { envelope: envelope(fill), used_at: time(1) }
}
