//! Tokens that must not be taken: each of these has been taken somewhere.

use quittance_avro::time::Timestamp;
use rstest::rstest;
use serde_json::{Value, json};
use warp::http::{HeaderMap, HeaderValue, header};

use super::{
    Signer,
    signer::{base64url, hs256, key_set, unsigned},
    world::{DEVELOPMENT, SECRET, TWO, WORLD, World, claims, header as with, now, place},
};
use crate::{
    auth::{
        token::{TOKEN_BYTES_MAX, TokenError},
        tokens::NotVerified,
    },
    problem::Problem,
};

type Attack = fn(&World) -> String;

/// Refused for that reason, of which whoever sent it learns nothing.
async fn refuses(token: &str, reason: TokenError) {
    let place = place();
    let verified = place.authenticator.tokens().verify(token, Timestamp::now()).await;
    assert_eq!(verified, Err(NotVerified::Refused(reason)), "{token}");
    let Ok(value) = HeaderValue::from_str(&format!("Bearer {token}")) else { return };
    let headers = HeaderMap::from_iter([(header::AUTHORIZATION, value)]);
    assert_eq!(place.authenticator.caller(&headers).await, Err(Problem::InvalidToken), "{token}");
}

fn good(signer: &Signer) -> String {
    signer.token(&claims(json!({})))
}

fn with_signature(token: &str, signature: impl AsRef<[u8]>) -> String {
    let (signed, _) = token.rsplit_once('.').expect("a token");
    format!("{signed}.{}", base64url(signature))
}

/// A token whose part was exchanged after it was signed.
fn exchanged(token: &str, at: usize, part: &Value) -> String {
    let mut parts: Vec<_> = token.split('.').map(str::to_owned).collect();
    parts[at] = base64url(part.to_string());
    parts.join(".")
}

/// An HMAC with what is public as its secret (RFC 8725, 2.1).
fn confused(world: &World, secret: impl AsRef<[u8]>) -> String {
    hs256(secret.as_ref(), &with(&world.rs, json!({"alg": "HS256"})), &claims(json!({})))
}

#[rstest]
#[case::none(|_: &World| format!("{}.", unsigned(r#"{"alg":"none"}"#, &claims(json!({})).to_string())), TokenError::Parts)]
#[case::none_with_a_signature(|w: &World| w.es.token_with(&with(&w.es, json!({"alg": "none"})), &claims(json!({}))), TokenError::Algorithm("ES256"))]
#[case::none_in_large_letters(|w: &World| w.es.token_with(&with(&w.es, json!({"alg": "None"})), &claims(json!({}))), TokenError::Algorithm("ES256"))]
#[case::none_in_both(|w: &World| w.es.token_with(&with(&w.es, json!({"alg": "nOnE"})), &claims(json!({}))), TokenError::Algorithm("ES256"))]
#[case::no_algorithm(|w: &World| w.es.token_with(&with(&w.es, json!({"alg": null})), &claims(json!({}))), TokenError::NoAlgorithm)]
#[case::algorithm_of_another_type(|w: &World| w.es.token_with(&with(&w.es, json!({"alg": ["ES256"]})), &claims(json!({}))), TokenError::NoAlgorithm)]
#[case::algorithm_in_small_letters(|w: &World| w.es.token_with(&with(&w.es, json!({"alg": "es256"})), &claims(json!({}))), TokenError::Algorithm("ES256"))]
#[case::public_key_as_secret(|w: &World| confused(w, w.rs.public_bytes()), TokenError::Algorithm("RS256"))]
#[case::public_modulus_as_secret(|w: &World| confused(w, w.rs.jwk()["n"].as_str().expect("text")), TokenError::Algorithm("RS256"))]
#[case::key_set_as_secret(|w: &World| confused(w, key_set(&[&w.rs, &w.ps, &w.es, &w.ed])), TokenError::Algorithm("RS256"))]
#[case::empty_secret(|w: &World| confused(w, ""), TokenError::Algorithm("RS256"))]
#[case::shared_secret_for_another_issuer(|w: &World| confused(w, SECRET), TokenError::Algorithm("RS256"))]
#[case::private_key_for_the_development_issuer(|w: &World| w.rs.token(&claims(json!({"iss": DEVELOPMENT}))), TokenError::Algorithm("HS256"))]
#[case::public_key_as_development_secret(|w: &World| hs256(w.rs.public_bytes(), &json!({"alg": "HS256"}), &claims(json!({"iss": DEVELOPMENT}))), TokenError::Signature)]
#[case::development_by_another_hash(|_: &World| hs256(SECRET.as_bytes(), &json!({"alg": "HS384"}), &claims(json!({"iss": DEVELOPMENT}))), TokenError::Algorithm("HS256"))]
#[case::pss_with_a_pkcs1_key(|w: &World| w.rs.sign_by("PS256", &with(&w.rs, json!({"alg": "PS256"})).to_string(), &claims(json!({})).to_string()), TokenError::Algorithm("RS256"))]
#[case::pss_that_says_pkcs1(|w: &World| w.rs.sign_by("PS256", &w.rs.header().to_string(), &claims(json!({})).to_string()), TokenError::Signature)]
#[case::pkcs1_with_a_pss_key(|w: &World| w.ps.sign_by("RS256", &with(&w.ps, json!({"alg": "RS256"})).to_string(), &claims(json!({})).to_string()), TokenError::Algorithm("PS256"))]
#[case::another_hash(|w: &World| w.rs.token_with(&with(&w.rs, json!({"alg": "RS512"})), &claims(json!({}))), TokenError::Algorithm("RS256"))]
#[case::another_curve(|w: &World| w.es.token_with(&with(&w.es, json!({"alg": "ES256K"})), &claims(json!({}))), TokenError::Algorithm("ES256"))]
#[case::another_type_of_key(|w: &World| w.es.token_with(&with(&w.es, json!({"kid": "ed"})), &claims(json!({}))), TokenError::Algorithm("EdDSA"))]
#[tokio::test]
async fn algorithms(#[case] attack: Attack, #[case] reason: TokenError) {
    refuses(&attack(&WORLD), reason).await;
}

#[rstest]
#[case::zeros(|w: &World| with_signature(&good(&w.es), [0; 64]), TokenError::Signature)]
#[case::zeros_with_ed25519(|w: &World| with_signature(&good(&w.ed), [0; 64]), TokenError::Signature)]
#[case::zeros_with_rsa(|w: &World| with_signature(&good(&w.rs), [0; 256]), TokenError::Signature)]
#[case::ones(|w: &World| with_signature(&good(&w.es), [0xff; 64]), TokenError::Signature)]
#[case::one_byte(|w: &World| with_signature(&good(&w.es), [0]), TokenError::Signature)]
#[case::der(|w: &World| with_signature(&good(&w.es), [0x30, 6, 2, 1, 1, 2, 1, 1]), TokenError::Signature)]
#[case::stripped(|w: &World| good(&w.es).rsplit_once('.').expect("a token").0.to_owned(), TokenError::Parts)]
#[case::emptied(|w: &World| format!("{}.", good(&w.es).rsplit_once('.').expect("a token").0), TokenError::Parts)]
#[case::of_another_token(|w: &World| exchanged(&good(&w.es), 1, &claims(json!({"sub": "another"}))), TokenError::Signature)]
#[case::of_another_header(|w: &World| exchanged(&good(&w.es), 0, &with(&w.es, json!({"typ": null}))), TokenError::Signature)]
#[case::of_an_attacker(|w: &World| good(&w.attacker), TokenError::Signature)]
#[case::of_another_issuer(|w: &World| w.two.token_with(&w.es.header(), &claims(json!({}))), TokenError::Signature)]
#[case::without_the_secret(|_: &World| hs256(b"another secret that is as long as it has to be", &json!({"alg": "HS256"}), &claims(json!({"iss": DEVELOPMENT}))), TokenError::Signature)]
#[tokio::test]
async fn signatures(#[case] attack: Attack, #[case] reason: TokenError) {
    refuses(&attack(&WORLD), reason).await;
}

#[rstest]
#[case::none(json!({"kid": null}), TokenError::NoKeyId)]
#[case::empty(json!({"kid": ""}), TokenError::NoKeyId)]
#[case::a_number(json!({"kid": 0}), TokenError::NoKeyId)]
#[case::path(json!({"kid": "../../../../dev/null"}), TokenError::UnknownKey)]
#[case::sql(json!({"kid": "x' UNION SELECT 'AAAA'; --"}), TokenError::UnknownKey)]
#[case::command(json!({"kid": "$(id)|id\n\u{0}"}), TokenError::UnknownKey)]
#[case::url(json!({"kid": "https://attacker.example/jwks.json"}), TokenError::UnknownKey)]
#[case::very_long(json!({"kid": "k".repeat(256)}), TokenError::NoKeyId)]
#[case::other_letters(json!({"kid": "ES"}), TokenError::UnknownKey)]
#[case::of_another_issuer(json!({"kid": "two"}), TokenError::UnknownKey)]
#[case::unknown_with_its_key(json!({"kid": "mine", "jwk": WORLD.attacker.jwk()}), TokenError::UnknownKey)]
#[case::key(json!({"jwk": WORLD.attacker.jwk()}), TokenError::Signature)]
#[case::address_of_keys(json!({"jku": "https://attacker.example/jwks.json"}), TokenError::Signature)]
#[case::address_of_certificate(json!({"x5u": "https://attacker.example/x.pem"}), TokenError::Signature)]
#[case::certificate(json!({"x5c": ["MIIB"], "x5t": "AAAA"}), TokenError::Signature)]
#[case::critical(json!({"crit": ["exp"]}), TokenError::NotUnderstood("crit"))]
#[case::nothing_critical(json!({"crit": []}), TokenError::NotUnderstood("crit"))]
#[case::not_encoded(json!({"b64": false}), TokenError::NotUnderstood("b64"))]
#[case::compressed(json!({"zip": "DEF"}), TokenError::NotUnderstood("zip"))]
#[case::encrypted(json!({"enc": "A256GCM"}), TokenError::NotUnderstood("enc"))]
#[case::nested(json!({"cty": "JWT"}), TokenError::NotUnderstood("cty"))]
#[case::another_kind(json!({"typ": "logout+jwt"}), TokenError::Type)]
#[case::kind_of_another_type(json!({"typ": 7}), TokenError::Type)]
#[tokio::test]
async fn headers(#[case] change: Value, #[case] reason: TokenError) {
    let attacker = &WORLD.attacker;
    refuses(&attacker.token_with(&with(attacker, change), &claims(json!({}))), reason).await;
}

const TEXT: &str = "a string of 1 to 255 characters, none of them a control character";
const TIME: &str = "a number of seconds since 1970";

#[rstest]
#[case::another_issuer(json!({"iss": "https://one.example/"}), TokenError::Issuer)]
#[case::issuer_whose_key_it_is_not(json!({"iss": TWO}), TokenError::UnknownKey)]
#[case::no_issuer(json!({"iss": null}), TokenError::Missing("iss"))]
#[case::issuer_of_another_type(json!({"iss": ["https://one.example"]}), TokenError::Issuer)]
#[case::another_audience(json!({"aud": "others"}), TokenError::Claim("aud", "ours"))]
#[case::other_audiences(json!({"aud": ["others", "quittance "]}), TokenError::Claim("aud", "ours"))]
#[case::no_audiences(json!({"aud": []}), TokenError::Claim("aud", "ours"))]
#[case::no_audience(json!({"aud": null}), TokenError::Missing("aud"))]
#[case::audience_of_another_type(json!({"aud": {"quittance": true}}), TokenError::Claim("aud", "a string or several"))]
#[case::audiences_of_another_type(json!({"aud": ["quittance", 7]}), TokenError::Claim("aud", "a string or several"))]
#[case::expired(json!({"exp": now() - 35}), TokenError::Expired)]
#[case::expired_long_ago(json!({"exp": 0}), TokenError::Expired)]
#[case::no_expiry(json!({"exp": null}), TokenError::Missing("exp"))]
#[case::expiry_of_another_type(json!({"exp": (now() + 600).to_string()}), TokenError::Claim("exp", TIME))]
#[case::expiry_before_time(json!({"exp": -1}), TokenError::Claim("exp", TIME))]
#[case::expiry_beyond_time(json!({"exp": i64::MAX}), TokenError::Claim("exp", TIME))]
#[case::expiry_that_overflows(json!({"exp": u64::MAX}), TokenError::Claim("exp", TIME))]
#[case::expiry_in_milliseconds(json!({"exp": now() * 1_000}), TokenError::Claim("exp", TIME))]
#[case::expiry_without_end(json!({"exp": 1e300}), TokenError::Claim("exp", TIME))]
#[case::not_yet(json!({"nbf": now() + 60}), TokenError::NotYet)]
#[case::no_beginning(json!({"nbf": null}), TokenError::Missing("nbf"))]
#[case::beginning_of_another_type(json!({"nbf": true}), TokenError::Claim("nbf", TIME))]
#[case::issued_later(json!({"iat": now() + 60}), TokenError::IssuedLater)]
#[case::issue_of_another_type(json!({"iat": "now"}), TokenError::Claim("iat", TIME))]
#[case::no_subject(json!({"sub": null}), TokenError::Missing("sub"))]
#[case::empty_subject(json!({"sub": ""}), TokenError::Claim("sub", TEXT))]
#[case::long_subject(json!({"sub": "x".repeat(256)}), TokenError::Claim("sub", TEXT))]
#[case::subject_of_two_lines(json!({"sub": "a\nb"}), TokenError::Claim("sub", TEXT))]
#[case::subject_of_another_type(json!({"sub": 7}), TokenError::Claim("sub", TEXT))]
#[case::id_of_another_type(json!({"jti": 7}), TokenError::Claim("jti", TEXT))]
#[case::tenant_of_another_issuer(json!({"tenant": "globex"}), TokenError::NotAllowed("tenant"))]
#[case::no_tenant(json!({"tenant": null}), TokenError::Missing("tenant"))]
#[case::every_tenant(json!({"tenant": "*"}), TokenError::Claim("tenant", "the name of a tenant"))]
#[case::tenant_of_another_type(json!({"tenant": ["acme"]}), TokenError::Claim("tenant", TEXT))]
#[case::role_that_its_issuer_may_not_name(json!({"roles": ["merchant", "admin"]}), TokenError::NotAllowed("roles"))]
#[case::no_roles(json!({"roles": null}), TokenError::Missing("roles"))]
#[case::roles_of_another_type(json!({"roles": "merchant"}), TokenError::Claim("roles", "an array of strings"))]
#[case::role_of_another_type(json!({"roles": ["merchant", {"admin": true}]}), TokenError::Claim("roles", "an array of strings"))]
#[case::mode_that_its_issuer_may_not_name(json!({"mode": "live"}), TokenError::NotAllowed("mode"))]
#[case::unknown_mode(json!({"mode": "real"}), TokenError::Claim("mode", "live or test"))]
#[case::mode_of_another_type(json!({"mode": false}), TokenError::Claim("mode", "live or test"))]
#[tokio::test]
async fn claims_of_an_issuer(#[case] change: Value, #[case] reason: TokenError) {
    refuses(&WORLD.es.token(&claims(change)), reason).await;
}

/// `null` is a value, and no way to leave a claim out.
#[rstest]
#[case("mode", TokenError::Claim("mode", "live or test"))]
#[case("iat", TokenError::Claim("iat", TIME))]
#[case("jti", TokenError::Claim("jti", TEXT))]
#[tokio::test]
async fn claims_that_are_null(#[case] name: &str, #[case] reason: TokenError) {
    let mut claims = claims(json!({}));
    claims[name] = Value::Null;
    refuses(&WORLD.es.token(&claims), reason).await;
}

/// A payload with one more claim, written by hand.
fn more(text: &str) -> String {
    claims(json!({})).to_string().replacen('{', &format!("{{{text},"), 1)
}

#[rstest]
#[case::empty(|_: &World| String::new(), TokenError::Parts)]
#[case::garbage(|_: &World| "garbage".to_owned(), TokenError::Parts)]
#[case::dots(|_: &World| "..".to_owned(), TokenError::Parts)]
#[case::many_dots(|_: &World| ".".repeat(TOKEN_BYTES_MAX), TokenError::Parts)]
#[case::huge(|w: &World| w.es.token(&claims(json!({"more": "x".repeat(TOKEN_BYTES_MAX)}))), TokenError::TooLong)]
#[case::trailing_dot(|w: &World| good(&w.es) + ".", TokenError::Parts)]
#[case::leading_dot(|w: &World| format!(".{}", good(&w.es)), TokenError::Parts)]
#[case::encrypted(|_: &World| ["eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0", "", "AAAA", "AAAA", "AAAA"].join("."), TokenError::Parts)]
#[case::padding(|w: &World| good(&w.es) + "==", TokenError::Parts)]
#[case::space(|w: &World| good(&w.es) + " ", TokenError::Parts)]
#[case::space_inside(|w: &World| good(&w.es).replacen('.', ". ", 1), TokenError::Parts)]
#[case::line_end(|w: &World| good(&w.es) + "\n", TokenError::Parts)]
#[case::nul(|w: &World| good(&w.es) + "\0", TokenError::Parts)]
#[case::bits_that_mean_nothing(|w: &World| {
    // The last of 86 characters stands for two bits and four that must be zero.
    let mut token = good(&w.es);
    let last = token.pop().expect("a character");
    let other = char::from_u32(u32::from(last) + 1).expect("a character");
    token + &other.to_string()
}, TokenError::Parts)]
#[case::not_the_alphabet_of_urls(|w: &World| format!("{}.++//", unsigned(&w.es.header().to_string(), "{}")), TokenError::Parts)]
#[case::as_json(|w: &World| json!({"payload": "e30", "signature": "AAAA", "protected": base64url(w.es.header().to_string())}).to_string(), TokenError::Parts)]
#[case::payload_is_no_object(|w: &World| w.es.sign(&w.es.header().to_string(), "[]"), TokenError::Json("payload"))]
#[case::payload_is_a_token(|w: &World| w.es.sign(&w.es.header().to_string(), &good(&w.es)), TokenError::Json("payload"))]
#[case::payload_has_an_end(|w: &World| w.es.sign(&w.es.header().to_string(), &(claims(json!({})).to_string() + "{}")), TokenError::Json("payload"))]
#[case::payload_is_deep(|w: &World| w.es.sign(&w.es.header().to_string(), &more(&format!(r#""a":{}{}"#, "[".repeat(500), "]".repeat(500)))), TokenError::Json("payload"))]
#[case::header_is_no_object(|w: &World| w.es.sign(r#""ES256""#, &claims(json!({})).to_string()), TokenError::Json("header"))]
#[case::claim_twice(|w: &World| w.es.sign(&w.es.header().to_string(), &more(r#""tenant":"globex""#)), TokenError::Json("payload"))]
#[case::claim_twice_inside(|w: &World| w.es.sign(&w.es.header().to_string(), &more(r#""a":{"b":1,"b":2}"#)), TokenError::Json("payload"))]
#[case::claim_twice_in_other_letters(|w: &World| w.es.sign(&w.es.header().to_string(), &more(r#""\u0074enant":"globex""#)), TokenError::Json("payload"))]
#[case::algorithm_twice(|w: &World| w.es.sign(r#"{"alg":"none","kid":"es","alg":"ES256"}"#, &claims(json!({})).to_string()), TokenError::Json("header"))]
#[case::not_utf8(|w: &World| format!("{}.{}.AAAA", base64url(w.es.header().to_string()), base64url([b'{', 0xff, b'}'])), TokenError::Json("payload"))]
#[tokio::test]
async fn forms(#[case] attack: Attack, #[case] reason: TokenError) {
    refuses(&attack(&WORLD), reason).await;
}
