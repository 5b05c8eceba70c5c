//! Tokens that are taken, and all the ways in which one is not.

use std::path::Path;

use rstest::rstest;
use serde_json::{Value, json};

use super::*;

const SECRET: &str = "a secret that is known to all, of 32 bytes and more";
/// A key of the tests that opens nothing else.
const PRIVATE_PEM: &[u8] = include_bytes!("../testdata/private.pem");
const PUBLIC_PEM: &[u8] = include_bytes!("../testdata/public.pem");

fn authenticator() -> Authenticator {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/auth/testdata/public.pem");
    let args = AuthArgs {
        jwt_issuer: "issuer".to_owned(),
        jwt_audience: "audience".to_owned(),
        jwt_hs256_secret: SECRET.parse().ok(),
        jwt_rs256_public_key_file: Some(file),
    };
    Authenticator::new(&args).expect("good settings")
}

/// Claims that are taken, with some of them changed, or left out by `null`.
fn claims(change: Value) -> Value {
    let now = jsonwebtoken::get_current_timestamp();
    let mut claims = json!({
        "iss": "issuer", "aud": "audience", "sub": "subject", "exp": now + 600, "tenant": "acme", "roles": ["merchant"],
    });
    if let (Some(claims), Value::Object(change)) = (claims.as_object_mut(), change) {
        claims.extend(change);
        claims.retain(|_, value| !value.is_null());
    }
    claims
}

fn signed(header: &Header, key: &EncodingKey, claims: &Value) -> String {
    encode(header, claims, key).expect("a token")
}

fn hs256(secret: &[u8], claims: &Value) -> String {
    signed(&Header::new(Algorithm::HS256), &EncodingKey::from_secret(secret), claims)
}

fn rs256(claims: &Value) -> String {
    let key = EncodingKey::from_rsa_pem(PRIVATE_PEM).expect("a key");
    signed(&Header::new(Algorithm::RS256), &key, claims)
}

#[test]
fn a_good_token_says_who_asks() {
    for token in [hs256(SECRET.as_bytes(), &claims(json!({"jti": "id"}))), rs256(&claims(json!({"jti": "id"})))] {
        let caller = authenticator().verify(&token).expect("a good token");
        assert_eq!((caller.subject.as_str(), caller.tenant.as_str(), caller.mode), ("subject", "acme", Mode::Test));
        assert_eq!((caller.roles, caller.credential_id.as_deref()), (vec![Role::Merchant], Some("id")));
    }
}

#[rstest]
#[case::another_issuer(json!({"iss": "somebody"}))]
#[case::no_issuer(json!({"iss": null}))]
#[case::another_audience(json!({"aud": "others"}))]
#[case::no_audience(json!({"aud": null}))]
#[case::expired(json!({"exp": jsonwebtoken::get_current_timestamp() - 60}))]
#[case::no_expiry(json!({"exp": null}))]
#[case::not_yet(json!({"nbf": jsonwebtoken::get_current_timestamp() + 60}))]
#[case::no_subject(json!({"sub": null}))]
#[case::empty_subject(json!({"sub": ""}))]
#[case::long_subject(json!({"sub": "x".repeat(SUBJECT_CHARS_MAX + 1)}))]
#[case::no_tenant(json!({"tenant": null}))]
#[case::bad_tenant(json!({"tenant": "a:b"}))]
#[case::no_roles(json!({"roles": null}))]
#[case::unknown_mode(json!({"mode": "real"}))]
fn claims_that_are_not_taken(#[case] change: Value) {
    let claims = claims(change);
    assert!(authenticator().verify(&hs256(SECRET.as_bytes(), &claims)).is_err(), "{claims}");
    assert!(authenticator().verify(&rs256(&claims)).is_err(), "{claims}");
}

#[test]
fn a_little_time_more_or_less_is_forgiven() {
    let now = jsonwebtoken::get_current_timestamp();
    let late = claims(json!({"exp": now - 10, "nbf": now + 10}));
    assert!(authenticator().verify(&hs256(SECRET.as_bytes(), &late)).is_ok());
}

#[test]
fn an_unknown_role_is_no_role() {
    let caller = authenticator().verify(&rs256(&claims(json!({"roles": ["king"]})))).expect("a good token");
    assert!(caller.roles.is_empty());
}

#[test]
fn whoever_did_not_sign_it_does_not_get_in() {
    let good = claims(json!({}));
    let unsigned = |token: &str| token.rsplit_once('.').map(|(head, _)| format!("{head}.")).unwrap_or_default();
    let mut crit = Header::new(Algorithm::HS256);
    crit.extras.insert("crit", ["x"]);
    let mut changed = hs256(SECRET.as_bytes(), &good);
    changed.replace_range(40..41, if &changed[40..41] == "A" { "B" } else { "A" });
    for token in [
        hs256(b"another secret that is as long as it has to be", &good),
        // The public key as an HMAC secret (RFC 8725, 2.1): everybody has it.
        hs256(PUBLIC_PEM, &good),
        signed(&Header::new(Algorithm::HS384), &EncodingKey::from_secret(SECRET.as_bytes()), &good),
        signed(&Header::new(Algorithm::PS256), &EncodingKey::from_rsa_pem(PRIVATE_PEM).expect("a key"), &good),
        unsigned(&hs256(SECRET.as_bytes(), &good)),
        unsigned(&rs256(&good)),
        signed(&crit, &EncodingKey::from_secret(SECRET.as_bytes()), &good),
        changed,
        String::new(),
    ] {
        assert!(authenticator().verify(&token).is_err(), "{token}");
    }
}

#[test]
fn one_header_with_one_token_of_a_bounded_size() {
    let token = rs256(&claims(json!({})));
    let caller = |values: &[String]| {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, value.parse().expect("a header"));
        }
        authenticator().caller(&headers)
    };
    assert!(caller(&[format!("Bearer {token}")]).is_ok());
    assert!(caller(&[format!("bearer {token}")]).is_ok());
    for refused in [vec![], vec![token.clone()], vec![format!("Basic {token}")], vec![format!("Bearer {token}"); 2]] {
        assert_eq!(caller(&refused), Err(Problem::Unauthorized), "{refused:?}");
    }
    let large = rs256(&claims(json!({"more": "x".repeat(TOKEN_BYTES_MAX)})));
    assert_eq!(caller(&[format!("Bearer {large}")]), Err(Problem::Unauthorized));
}
