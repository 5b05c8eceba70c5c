//! Two issuers that publish keys, one that shares a secret, and an attacker.

use std::sync::LazyLock;

use quittance_avro::time::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::signer::{Signer, key_set};
use crate::auth::{AuthArgs, Authenticator, DevelopmentArgs, key_cache::Freshness};

pub(super) const SECRET: &str = "a secret that is known to all, of 32 bytes and more";
pub(super) const ONE: &str = "https://one.example";
pub(super) const TWO: &str = "https://two.example";
pub(super) const DEVELOPMENT: &str = "development";

/// Whoever signs.
pub(super) struct World {
    /// The keys of the first issuer.
    pub(super) rs: Signer,
    pub(super) ps: Signer,
    pub(super) es: Signer,
    pub(super) ed: Signer,
    /// The second issuer's.
    pub(super) two: Signer,
    /// Nobody's whom we know; its keys have the ids of the first issuer's.
    pub(super) attacker: Signer,
}

/// To make RSA keys takes a while, so that the tests share them.
pub(super) static WORLD: LazyLock<World> = LazyLock::new(|| World {
    rs: Signer::new("RS256", "rs"),
    ps: Signer::new("PS256", "ps"),
    es: Signer::new("ES256", "es"),
    ed: Signer::new("EdDSA", "ed"),
    two: Signer::new("ES256", "two"),
    attacker: Signer::new("ES256", "es"),
});

/// An authenticator, and the folder that its files are in.
pub(super) struct Place {
    pub(super) authenticator: Authenticator,
    _folder: TempDir,
}

/// An authenticator that knows both issuers, and that looks at their files only when it is asked to.
pub(super) fn place() -> Place {
    let folder = tempfile::tempdir().expect("a folder");
    let world = &*WORLD;
    let file = |name: &str, text: String| std::fs::write(folder.path().join(name), text).expect("a file");
    file("one.json", key_set(&[&world.rs, &world.ps, &world.es, &world.ed]));
    file("two.json", key_set(&[&world.two]));
    let issuers = json!([
        {"issuer": ONE, "audience": "quittance", "jwks_file": "one.json", "tenants": ["acme"],
         "roles": ["merchant", "viewer"], "modes": ["test"]},
        {"issuer": TWO, "audience": "quittance", "jwks_file": "two.json", "tenants": "*", "roles": ["admin"],
         "not_before": "optional"},
    ]);
    file("issuers.json", issuers.to_string());
    let args = AuthArgs {
        jwt_issuers_file: Some(folder.path().join("issuers.json")),
        development: DevelopmentArgs {
            jwt_issuer: DEVELOPMENT.to_owned(),
            jwt_audience: "quittance".to_owned(),
            jwt_hs256_secret: SECRET.parse().ok(),
            jwt_hs256_development: true,
        },
    };
    let authenticator = Authenticator::start_with(&args, Freshness::DEFAULT).expect("good settings");
    Place { authenticator, _folder: folder }
}

pub(super) fn now() -> i64 {
    Timestamp::now().as_ms() / 1_000
}

/// Claims of the first issuer that are taken, with some of them changed, or left out by `null`.
pub(super) fn claims(change: Value) -> Value {
    let now = now();
    let mut claims = json!({
        "iss": ONE, "aud": "quittance", "sub": "subject", "exp": now + 600, "nbf": now, "tenant": "acme",
        "roles": ["merchant"],
    });
    if let (Some(claims), Value::Object(change)) = (claims.as_object_mut(), change) {
        claims.extend(change);
        claims.retain(|_, value| !value.is_null());
    }
    claims
}

/// A header with some members more or other.
pub(super) fn header(signer: &Signer, change: Value) -> Value {
    let mut header = signer.header();
    if let (Some(header), Value::Object(change)) = (header.as_object_mut(), change) {
        header.extend(change);
        header.retain(|_, value| !value.is_null());
    }
    header
}
