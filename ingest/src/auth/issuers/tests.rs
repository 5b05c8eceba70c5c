use rstest::rstest;
use serde_json::json;

use super::*;

fn read_value(value: &Value) -> Result<Vec<Issuer>, String> {
    read(value.to_string().as_bytes(), Path::new("/etc/quittance"))
}

/// An issuer as it should be, with some fields changed, or left out by `null`.
fn issuer_with(change: Value) -> Value {
    let mut issuer = json!({
        "issuer": "https://issuer.example", "audience": "quittance", "jwks_url": "https://issuer.example/jwks.json",
        "tenants": ["acme"], "roles": ["merchant"],
    });
    if let (Some(issuer), Value::Object(change)) = (issuer.as_object_mut(), change) {
        issuer.extend(change);
        issuer.retain(|_, value| !value.is_null());
    }
    issuer
}

#[test]
fn an_issuer_says_what_it_may_name() {
    let issuers = read_value(&json!([issuer_with(json!({}))])).expect("good issuers");
    let rules = IssuerRules {
        name: "https://issuer.example".to_owned(),
        audience: "quittance".to_owned(),
        tenants: Tenants::Listed(vec!["acme".parse().expect("a tenant")]),
        roles: vec![Role::Merchant],
        modes: vec![Mode::Live, Mode::Test],
        not_before_required: true,
    };
    let url = "https://issuer.example/jwks.json".parse().expect("a URL");
    assert_eq!(issuers, [Issuer { rules, source: KeySource::Url(url) }]);
}

#[test]
fn what_may_be_left_out_can_be_said() {
    let change = json!({"jwks_url": null, "jwks_file": "keys.json", "tenants": "*", "modes": ["live"], "not_before": "optional"});
    let issuers = read_value(&json!([issuer_with(change)])).expect("good issuers");
    let Issuer { rules, source } = &issuers[0];
    assert_eq!((&rules.tenants, &*rules.modes, rules.not_before_required), (&Tenants::All, &[Mode::Live][..], false));
    assert_eq!(*source, KeySource::File("/etc/quittance/keys.json".into()));
}

#[rstest]
#[case("https://issuer.example/keys?p=x", true)]
#[case("http://127.0.0.1:8000/keys", true)]
#[case("http://[::1]/keys", true)]
#[case("http://localhost/keys", true)]
#[case("http://issuer.example/keys", false)]
#[case("http://127.0.0.1.issuer.example/keys", false)]
#[case("http://10.0.0.1/keys", false)]
#[case("file:///etc/passwd", false)]
#[case("issuer.example/keys", false)]
#[case("https://user:hunter2@issuer.example/keys", false)]
#[case("https://issuer.example/keys#x", false)]
fn addresses(#[case] url: &str, #[case] is_taken: bool) {
    let read = read_value(&json!([issuer_with(json!({"jwks_url": url}))]));
    assert_eq!(read.is_ok(), is_taken, "{url}");
    assert!(read.err().is_none_or(|error| error.starts_with("[0].jwks_url must be ") && !error.contains("hunter2")));
}

#[rstest]
#[case::issuer(json!({"issuer": null}), "[0].issuer must be a string of 1 to 255 characters")]
#[case::empty_issuer(json!({"issuer": ""}), "[0].issuer must be a string")]
#[case::issuers(json!({"issuer": ["a"]}), "[0].issuer must be a string")]
#[case::audience(json!({"audience": 7}), "[0].audience must be a string")]
#[case::no_keys(json!({"jwks_url": null}), "[0].jwks_url must be there, or else jwks_file")]
#[case::keys_twice(json!({"jwks_file": "x"}), "[0].jwks_url must be there, or else jwks_file, and not both")]
#[case::file(json!({"jwks_url": null, "jwks_file": ""}), "[0].jwks_file must be a string, the path of a file")]
#[case::no_tenants(json!({"tenants": null}), r#"[0].tenants must be "*" or a list of at least one tenant"#)]
#[case::empty_tenants(json!({"tenants": []}), "[0].tenants must be")]
#[case::tenant(json!({"tenants": ["acme", "A"]}), "[0].tenants must be")]
#[case::all_among_others(json!({"tenants": ["*"]}), "[0].tenants must be")]
#[case::no_roles(json!({"roles": null}), "[0].roles must be a list of at least one of viewer, merchant, reviewer, operator, admin")]
#[case::role(json!({"roles": ["king"]}), "[0].roles must be a list")]
#[case::all_roles(json!({"roles": "*"}), "[0].roles must be a list")]
#[case::empty_modes(json!({"modes": []}), "[0].modes must be a list of at least one of test, live")]
#[case::mode(json!({"modes": ["real"]}), "[0].modes must be a list")]
#[case::not_before(json!({"not_before": false}), r#"[0].not_before must be "required" or "optional""#)]
#[case::unknown(json!({"algorithms": ["none"]}), "[0].algorithms is not known here; there are issuer")]
fn a_mistake_is_told_with_its_place_and_what_would_be_right(#[case] change: Value, #[case] told: &str) {
    let error = read_value(&json!([issuer_with(change)])).expect_err("a mistake");
    assert!(error.starts_with(told), "{error}");
}

#[rstest]
#[case("", "must be JSON: ")]
#[case("[{]", "must be JSON: ")]
#[case(r#"[{"issuer": "a", "issuer": "b"}]"#, "must be JSON: body[0].issuer is named twice")]
#[case("{}", "must be a list of issuers, got an object")]
#[case("[]", "must be a list of at least one issuer")]
#[case("[7]", "[0] must be an object, got a number")]
fn what_is_no_list_of_issuers_is_refused(#[case] text: &str, #[case] told: &str) {
    let error = read(text.as_bytes(), Path::new("")).expect_err("a mistake");
    assert!(error.starts_with(told), "{error}");
}

#[test]
fn all_mistakes_are_told_at_once() {
    let second = issuer_with(json!({"audience": null, "roles": []}));
    let error = read_value(&json!([issuer_with(json!({"issuer": null})), second])).expect_err("mistakes");
    let places = ["[0].issuer ", "; [1].audience ", "; [1].roles "];
    assert!(places.iter().all(|place| error.contains(place)), "{error}");
}

#[test]
fn a_name_is_one_issuers() {
    let error = read_value(&json!([issuer_with(json!({})), issuer_with(json!({}))])).expect_err("a mistake");
    assert!(error.starts_with("[1].issuer must be another one's name"), "{error}");
}

#[test]
fn the_example_in_the_docs_is_good() {
    let docs = include_str!("../../../../docs/authentication.md");
    let (_, after) = docs.split_once("```json\n").expect("an example");
    let (example, _) = after.split_once("```").expect("its end");
    assert_eq!(read(example.as_bytes(), Path::new("")).map(|issuers| issuers.len()), Ok(2));
}
