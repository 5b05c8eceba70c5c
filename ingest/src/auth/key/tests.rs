use rstest::rstest;
use serde_json::json;

use super::*;
use crate::auth::tests::{Signer, signer::base64url};

fn read(jwk: &Value) -> Result<Algorithm, KeyError> {
    let jwk = jwk.as_object().expect("an object");
    id(jwk)?;
    Key::read(jwk).map(|key| key.algorithm)
}

/// A key with some members changed, or left out by `null`.
fn changed(algorithm: &'static str, change: Value) -> Value {
    let mut jwk = Signer::new(algorithm, "id").jwk();
    if let (Some(jwk), Value::Object(change)) = (jwk.as_object_mut(), change) {
        jwk.extend(change);
        jwk.retain(|_, value| !value.is_null());
    }
    jwk
}

#[rstest]
#[case("RS256", json!({}), Algorithm::Rs256)]
#[case("RS256", json!({"alg": null}), Algorithm::Rs256)]
#[case("PS256", json!({}), Algorithm::Ps256)]
#[case("ES256", json!({"alg": null}), Algorithm::Es256)]
#[case("EdDSA", json!({"alg": null}), Algorithm::EdDsa)]
#[case("EdDSA", json!({"alg": "Ed25519"}), Algorithm::EdDsa)]
#[case("ES256", json!({"use": null}), Algorithm::Es256)]
#[case("ES256", json!({"use": null, "key_ops": ["verify"]}), Algorithm::Es256)]
#[case("ES256", json!({"x5c": ["MIIB"], "more": 7}), Algorithm::Es256)]
fn keys_that_are_used(#[case] algorithm: &'static str, #[case] change: Value, #[case] fixed: Algorithm) {
    assert_eq!(read(&changed(algorithm, change)), Ok(fixed));
}

#[rstest]
#[case::no_id("ES256", json!({"kid": null}), KeyError::NoKeyId)]
#[case::empty_id("ES256", json!({"kid": ""}), KeyError::NoKeyId)]
#[case::long_id("ES256", json!({"kid": "k".repeat(256)}), KeyError::NoKeyId)]
#[case::no_type("ES256", json!({"kty": null}), KeyError::NoKey)]
#[case::unknown_type("ES256", json!({"kty": "AKP"}), KeyError::Type)]
#[case::secret("ES256", json!({"kty": "oct", "k": "AAAA", "alg": "HS256"}), KeyError::Secret)]
#[case::private("ES256", json!({"d": "AAAA"}), KeyError::PrivatePart)]
#[case::for_encryption("RS256", json!({"use": "enc"}), KeyError::OtherUse)]
#[case::use_of_another_type("RS256", json!({"use": ["sig"]}), KeyError::OtherUse)]
#[case::for_signing_only("ES256", json!({"use": null, "key_ops": ["sign"]}), KeyError::OtherUse)]
#[case::for_nothing("ES256", json!({"key_ops": []}), KeyError::OtherUse)]
#[case::another_curve("ES256", json!({"crv": "secp256k1"}), KeyError::Type)]
#[case::larger_curve("ES256", json!({"crv": "P-384", "alg": "ES384"}), KeyError::Type)]
#[case::another_edwards_curve("EdDSA", json!({"crv": "Ed448"}), KeyError::Type)]
#[case::for_agreement("EdDSA", json!({"crv": "X25519"}), KeyError::Type)]
#[case::another_hash("RS256", json!({"alg": "RS384"}), KeyError::Algorithm)]
#[case::hmac("RS256", json!({"alg": "HS256"}), KeyError::Algorithm)]
#[case::none("RS256", json!({"alg": "none"}), KeyError::Algorithm)]
#[case::of_another_type("RS256", json!({"alg": "ES256"}), KeyError::Algorithm)]
#[case::algorithm_of_another_type("ES256", json!({"alg": 7}), KeyError::Algorithm)]
#[case::short("RS256", json!({"n": base64url([0xff; 128])}), KeyError::RsaBits(1024))]
#[case::a_little_short("RS256", json!({"n": base64url([&[0x7f][..], &[0xff; 255]].concat())}), KeyError::RsaBits(2047))]
#[case::short_with_zeros("RS256", json!({"n": base64url([[0; 128], [0xff; 128]].concat())}), KeyError::RsaBits(1024))]
#[case::very_large("RS256", json!({"n": base64url([0xff; 1025])}), KeyError::RsaBits(8200))]
#[case::empty("RS256", json!({"n": ""}), KeyError::RsaBits(0))]
#[case::exponent_of_one("RS256", json!({"e": "AQ"}), KeyError::Numbers)]
#[case::even_exponent("RS256", json!({"e": "Ag"}), KeyError::Numbers)]
#[case::no_exponent("RS256", json!({"e": null}), KeyError::Numbers)]
#[case::not_base64url("RS256", json!({"n": "+/+/"}), KeyError::Numbers)]
#[case::not_on_the_curve("ES256", json!({"x": base64url([1; 32]), "y": base64url([1; 32])}), KeyError::Numbers)]
#[case::infinity("ES256", json!({"x": base64url([0; 32]), "y": base64url([0; 32])}), KeyError::Numbers)]
#[case::short_coordinate("ES256", json!({"x": base64url([1; 31])}), KeyError::Numbers)]
#[case::short_point("EdDSA", json!({"x": base64url([1; 31])}), KeyError::Numbers)]
fn keys_that_are_left_out(#[case] algorithm: &'static str, #[case] change: Value, #[case] reason: KeyError) {
    assert_eq!(read(&changed(algorithm, change)), Err(reason));
}

#[test]
fn the_zero_that_makes_a_number_positive_is_no_part_of_it() {
    let jwk = Signer::new("RS256", "id").jwk();
    let number = URL_SAFE_NO_PAD.decode(jwk["n"].as_str().expect("text")).expect("base64url");
    let padded = changed("RS256", json!({"n": base64url([&[0][..], &number].concat())}));
    assert_eq!(read(&padded), Ok(Algorithm::Rs256));
}
