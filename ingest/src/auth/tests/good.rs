//! Tokens that are taken.

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use quittance_avro::{time::Timestamp, words::Mode};
use rstest::rstest;
use serde_json::{Value, json};

use super::{
    signer::hs256,
    world::{DEVELOPMENT, SECRET, TWO, WORLD, World, claims, header, now, place},
};
use crate::auth::{Caller, Role, token::TokenError, tokens::NotVerified};

async fn verified(token: &str) -> Caller {
    place().authenticator.tokens().verify(token, Timestamp::now()).await.expect("a good token")
}

#[rstest]
#[case::rs256(|world: &World| world.rs.token(&claims(json!({"jti": "id"}))))]
#[case::ps256(|world: &World| world.ps.token(&claims(json!({"jti": "id"}))))]
#[case::es256(|world: &World| world.es.token(&claims(json!({"jti": "id"}))))]
#[case::eddsa(|world: &World| world.ed.token(&claims(json!({"jti": "id"}))))]
#[case::eddsa_by_its_new_name(|world: &World| {
    world.ed.token_with(&header(&world.ed, json!({"alg": "Ed25519"})), &claims(json!({"jti": "id"})))
})]
#[case::hs256(|_: &World| hs256(SECRET.as_bytes(), &json!({"alg": "HS256"}), &claims(json!({"iss": DEVELOPMENT, "jti": "id"}))))]
#[tokio::test]
async fn a_good_token_says_who_asks(#[case] token: fn(&World) -> String) {
    let caller = verified(&token(&WORLD)).await;
    assert_eq!((caller.subject.as_str(), caller.tenant.as_str(), caller.mode), ("subject", "acme", Mode::Test));
    assert_eq!((&*caller.roles, caller.credential_id.as_deref()), (&[Role::Merchant][..], Some("id")));
    let left = caller.time_left(Timestamp::now()).expect("an end").as_secs();
    assert!((590..=600).contains(&left), "{left}");
}

/// What another library makes.
#[rstest]
#[case::rs256(Algorithm::RS256, EncodingKey::from_rsa_pem(WORLD.rs.private_pem().as_bytes()).expect("a key"), "rs")]
#[case::ps256(Algorithm::PS256, EncodingKey::from_rsa_pem(WORLD.ps.private_pem().as_bytes()).expect("a key"), "ps")]
#[case::es256(Algorithm::ES256, EncodingKey::from_ec_pem(WORLD.es.private_pem().as_bytes()).expect("a key"), "es")]
#[case::eddsa(Algorithm::EdDSA, EncodingKey::from_ed_pem(WORLD.ed.private_pem().as_bytes()).expect("a key"), "ed")]
#[tokio::test]
async fn tokens_of_another_library(#[case] algorithm: Algorithm, #[case] key: EncodingKey, #[case] id: &str) {
    let header = Header { kid: Some(id.to_owned()), ..Header::new(algorithm) };
    let token = encode(&header, &claims(json!({})), &key).expect("a token");
    assert_eq!(verified(&token).await.subject, "subject");
}

#[rstest]
#[case::several_audiences(json!({"aud": ["others", "quittance"]}))]
#[case::late(json!({"exp": now() - 20}))]
#[case::early(json!({"nbf": now() + 20, "iat": now() + 20}))]
#[case::fractions(json!({"exp": now() as f64 + 600.5, "nbf": now() as f64 - 0.5, "iat": 1.5e9}))]
#[case::roles_of_others(json!({"roles": ["offline_access", "merchant", "Merchant", "merchant"]}))]
#[case::mode_of_its_issuer(json!({"mode": "test"}))]
#[case::more_claims(json!({"scope": "x", "act": {"sub": "y"}, "more": [1, null]}))]
#[case::long_subject(json!({"sub": "ä".repeat(255)}))]
#[tokio::test]
async fn claims_that_are_taken(#[case] change: Value) {
    let caller = verified(&WORLD.es.token(&claims(change))).await;
    assert_eq!(caller.roles, [Role::Merchant]);
}

#[rstest]
#[case::no_type(json!({"typ": null}))]
#[case::access_token(json!({"typ": "application/at+jwt"}))]
/// What is not looked at has no effect, in neither way.
#[case::attackers_key(json!({"jwk": WORLD.attacker.jwk(), "jku": "https://attacker.example/jwks.json", "x5c": ["AAAA"]}))]
#[tokio::test]
async fn headers_that_are_taken(#[case] change: Value) {
    let token = WORLD.es.token_with(&header(&WORLD.es, change), &claims(json!({})));
    assert_eq!(verified(&token).await.subject, "subject");
}

#[tokio::test]
async fn each_issuer_has_its_own_rules() {
    let change = json!({"iss": TWO, "nbf": null, "tenant": "globex", "mode": "live", "roles": ["admin"]});
    let caller = verified(&WORLD.two.token(&claims(change))).await;
    assert_eq!((caller.tenant.as_str(), caller.mode, &*caller.roles), ("globex", Mode::Live, &[Role::Admin][..]));
}

#[tokio::test]
async fn a_role_of_others_is_none_of_ours() {
    let caller = verified(&WORLD.es.token(&claims(json!({"roles": ["king"]})))).await;
    assert!(caller.roles.is_empty());
}

#[tokio::test]
async fn a_token_that_was_verified_is_remembered_until_it_ends() {
    let place = place();
    let tokens = place.authenticator.tokens();
    let token = WORLD.es.token(&claims(json!({})));
    let (now, end) = (Timestamp::now(), Timestamp::now().plus_ms(631_000));
    let first = tokens.verify(&token, now).await;
    assert_eq!((tokens.remembered(), &first), (1, &tokens.verify(&token, now).await));
    assert!(first.is_ok());
    assert_eq!(tokens.verify(&token, end).await, Err(NotVerified::Refused(TokenError::Expired)));
    assert_eq!(tokens.remembered(), 0);
    // What is refused fills nothing.
    assert!(tokens.verify(&WORLD.attacker.token(&claims(json!({}))), now).await.is_err());
    assert_eq!(tokens.remembered(), 0);
}
