//! Lists of accounts and secrets that are taken, and those that are not.

use rstest::rstest;

use super::*;

#[rstest]
#[case::plain("simulator=http://127.0.0.1:8090", "simulator=http://127.0.0.1:8090")]
#[case::several("b=https://b.example/v2/, a=http://localhost", "a=http://localhost,b=https://b.example/v2")]
#[case::ipv6("a=http://[::1]:80", "a=http://[::1]")]
#[case::equals_sign_in_the_path("a=https://x.example/k=v", "a=https://x.example/k=v")]
#[case::plus_in_the_path("a=https://x.example/k+v", "a=https://x.example/k+v")]
#[case::named_gateway("a=simulator+https://x.example", "a=https://x.example")]
#[case::other_gateway("main=stripe+https://api.stripe.com/", "main=stripe+https://api.stripe.com")]
fn accepts(#[case] text: &str, #[case] normal: &str) {
    let accounts: GatewayAccounts = text.parse().expect("good accounts");
    assert_eq!(accounts.to_string(), normal);
    assert_eq!(normal.parse(), Ok(accounts));
}

#[rstest]
#[case::empty("", "entry 1 must be `name=url`")]
#[case::no_name("http://127.0.0.1:8090", "entry 1 must be `name=url`")]
#[case::trailing_comma("a=https://x.example,", "entry 2 must be `name=url`")]
#[case::bad_name("Acme Inc=https://x.example", "\"Acme Inc\" must be 1 to 64 characters")]
#[case::empty_name("=https://x.example", "\"\" must be 1 to 64 characters")]
#[case::twice("a=https://x.example,a=https://y.example", "a is listed twice")]
#[case::twice_at_two_gateways("a=https://x.example,a=stripe+https://y.example", "a is listed twice")]
#[case::other_gateway("a=adyen+https://x.example", "gateway of account a must be one of simulator, stripe")]
#[case::no_gateway("a=+https://x.example", "gateway of account a must be one of simulator, stripe")]
#[case::relative("a=x.example", "account a must be absolute")]
#[case::no_host("a=https://", "account a must be absolute")]
#[case::gateway_without_an_address("a=stripe", "account a must be absolute")]
#[case::other_scheme("a=ftp://x.example", "account a must be https")]
#[case::plain_text_over_a_network("a=http://x.example", "only this machine")]
#[case::plain_text_to_another_gateway("a=stripe+http://api.stripe.com", "only this machine")]
#[case::private_is_not_this_machine("a=http://10.0.0.1", "only this machine")]
#[case::looks_like_this_machine("a=http://127.0.0.1.example", "only this machine")]
#[case::password("a=https://u:hunter2@x.example", "without user and password")]
#[case::query("a=https://x.example/?a=1", "without ? and #")]
fn refuses(#[case] text: &str, #[case] complaint: &str) {
    let error = text.parse::<GatewayAccounts>().expect_err("bad accounts").to_string();
    assert!(error.contains(complaint), "{error}");
    assert!(!error.contains("hunter2"), "{error}");
}

#[rstest]
#[case::empty("", "entry 1 must be `name=secret`")]
#[case::secret_alone("hunter2", "entry 1 must be `name=secret`")]
#[case::secret_with_an_equals_sign("HUNTER2=x", "entry 1 must be `name=secret`")]
#[case::trailing_comma("a=hunter2,", "entry 2 must be `name=secret`")]
#[case::no_secret("a=", "account a must not be empty")]
#[case::line_break("a=hunter2\nhunter2", "account a must be of visible ASCII")]
#[case::space("a=hunter2 hunter2", "account a must be of visible ASCII")]
#[case::twice("a=hunter2,a=hunter2", "account a has two secrets")]
fn refuses_secrets(#[case] text: &str, #[case] complaint: &str) {
    let error = text.parse::<GatewaySecrets>().expect_err("bad secrets").to_string();
    assert!(error.contains(complaint), "{error}");
    assert!(!error.to_lowercase().contains("hunter2"), "{error}");
}

#[test]
fn secrets_are_never_shown() {
    let secrets: GatewaySecrets = "a=hunter2,b=hunter2".parse().expect("good secrets");
    let accounts: GatewayAccounts = "a=https://x.example,b=stripe+https://y.example".parse().expect("good accounts");
    let account = Accounts::new(&accounts, &secrets).expect("all have what they need");
    let credentials = account.get("b").map(|account| format!("{:?}", account.credentials));
    let shown = format!("{secrets} {secrets:?} {credentials:?}");
    assert!(shown.starts_with("a=[redacted],b=[redacted] "), "{shown}");
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[rstest]
#[case::nobody_needs_one("a=https://x.example", "", Ok(()))]
#[case::given_all_the_same("a=https://x.example", "a=s", Ok(()))]
#[case::given("a=stripe+https://x.example", "a=s", Ok(()))]
#[case::missing("a=stripe+https://x.example", "", Err(AccountsMismatch::NoSecret("a".to_owned())))]
#[case::of_another("a=stripe+https://x.example", "b=s", Err(AccountsMismatch::NoAccount("b".to_owned())))]
#[case::of_one_too_many("a=stripe+https://x.example", "a=s,b=s", Err(AccountsMismatch::NoAccount("b".to_owned())))]
fn accounts_and_secrets_fit_each_other(
    #[case] accounts: &str,
    #[case] secrets: &str,
    #[case] judgement: Result<(), AccountsMismatch>,
) {
    let accounts: GatewayAccounts = accounts.parse().expect("good accounts");
    let secrets = if secrets.is_empty() { GatewaySecrets::default() } else { secrets.parse().expect("good secrets") };
    assert_eq!(Accounts::new(&accounts, &secrets).map(|_| ()), judgement);
    if let Err(mismatch) = judgement {
        assert!(mismatch.to_string().contains("QUITTANCE_GATEWAY_SECRETS"), "{mismatch}");
    }
}

#[test]
fn the_rules_can_be_told_the_gateways() {
    let accounts: GatewayAccounts = "a=https://x.example,b=stripe+https://y.example".parse().expect("good accounts");
    let kinds: Vec<_> = accounts.kinds().collect();
    assert_eq!(kinds, [("a", GatewayKind::Simulator), ("b", GatewayKind::Stripe)]);
}
