//! Signatures that are believed, and those that are not.

use proptest::prelude::*;
use rstest::rstest;

use super::*;

const BODY: &[u8] = br#"{"id":"evt_1"}"#;
const SIGNED_AT: i64 = 1_793_534_400;

fn secret(text: &str) -> Secret {
    text.parse().expect("a secret")
}

/// What the gateway signs with.
fn sign(key: &str, time: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("a key");
    mac.update(&[time.as_bytes(), b".", body].concat());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn right() -> String {
    sign("whsec_ours", &SIGNED_AT.to_string(), BODY)
}

fn judged(header: &str, age_seconds: i64) -> Result<(), SignatureError> {
    let now = Timestamp::from_ms((SIGNED_AT + age_seconds) * 1_000);
    is_signed(header, BODY, &secret("whsec_ours"), now, TOLERANCE_SECONDS)
}

#[rstest]
#[case::good(format!("t={SIGNED_AT},v1={}", right()), Ok(()))]
#[case::in_upper_case(format!("t={SIGNED_AT},v1={}", right().to_uppercase()), Ok(()))]
#[case::other_order(format!("v1={},t={SIGNED_AT}", right()), Ok(()))]
#[case::with_spaces(format!("t={SIGNED_AT}, v1={}", right()), Ok(()))]
#[case::other_scheme_beside_it(format!("t={SIGNED_AT},v1={},v0=ff", right()), Ok(()))]
#[case::second_of_two(format!("t={SIGNED_AT},v1={},v1={}", sign("whsec_old", "1", BODY), right()), Ok(()))]
#[case::first_of_two(format!("t={SIGNED_AT},v1={},v1=zz", right()), Ok(()))]
#[case::wrong_secret(format!("t={SIGNED_AT},v1={}", sign("whsec_theirs", &SIGNED_AT.to_string(), BODY)), Err(SignatureError::Wrong))]
#[case::wrong_body(format!("t={SIGNED_AT},v1={}", sign("whsec_ours", &SIGNED_AT.to_string(), b"{}")), Err(SignatureError::Wrong))]
#[case::wrong_time(format!("t={},v1={}", SIGNED_AT + 1, right()), Err(SignatureError::Wrong))]
#[case::time_written_otherwise(format!("t=0{SIGNED_AT},v1={}", right()), Err(SignatureError::Wrong))]
#[case::cut_off(format!("t={SIGNED_AT},v1={}", &right()[..62]), Err(SignatureError::Wrong))]
#[case::too_long(format!("t={SIGNED_AT},v1={}00", right()), Err(SignatureError::Wrong))]
#[case::no_hexadecimal_digits(format!("t={SIGNED_AT},v1={}", "é".repeat(32)), Err(SignatureError::Wrong))]
#[case::empty_signature(format!("t={SIGNED_AT},v1="), Err(SignatureError::Wrong))]
#[case::other_scheme_only(format!("t={SIGNED_AT},v0={}", right()), Err(SignatureError::Malformed))]
#[case::no_signature(format!("t={SIGNED_AT}"), Err(SignatureError::Malformed))]
#[case::no_time(format!("v1={}", right()), Err(SignatureError::Malformed))]
#[case::two_times(format!("t={SIGNED_AT},t={SIGNED_AT},v1={}", right()), Err(SignatureError::Malformed))]
#[case::time_is_no_number(format!("t=now,v1={}", right()), Err(SignatureError::Malformed))]
#[case::negative_time(format!("t=-1,v1={}", right()), Err(SignatureError::Malformed))]
#[case::endless_time(format!("t={},v1={}", "9".repeat(30), right()), Err(SignatureError::Malformed))]
#[case::none(String::new(), Err(SignatureError::Malformed))]
#[case::no_pairs("hello".to_owned(), Err(SignatureError::Malformed))]
#[case::endless(format!("t={SIGNED_AT},v1={},v0={}", right(), "0".repeat(1_024)), Err(SignatureError::Malformed))]
fn a_header_is_believed_or_not(#[case] header: String, #[case] judgement: Result<(), SignatureError>) {
    assert_eq!(judged(&header, 0), judgement, "{header}");
}

#[test]
fn the_ninth_signature_is_not_looked_at() {
    let wrong = format!(",v1={}", "0".repeat(64));
    let header = |wrongs: usize| format!("t={SIGNED_AT}{},v1={}", wrong.repeat(wrongs), right());
    assert_eq!(judged(&header(7), 0), Ok(()));
    assert_eq!(judged(&header(8), 0), Err(SignatureError::Wrong));
}

#[rstest]
#[case::just_in_time(300, Ok(()))]
#[case::too_old(301, Err(SignatureError::TooOld))]
#[case::a_clock_that_is_ahead(-300, Ok(()))]
#[case::in_the_future(-301, Err(SignatureError::TooEarly))]
fn a_recording_is_not_believed(#[case] age_seconds: i64, #[case] judgement: Result<(), SignatureError>) {
    assert_eq!(judged(&format!("t={SIGNED_AT},v1={}", right()), age_seconds), judgement);
}

proptest! {
    #[test]
    fn no_header_makes_it_panic(header in ".{0,200}", body in proptest::collection::vec(any::<u8>(), 0..64)) {
        let judged = is_signed(&header, &body, &secret("whsec_ours"), Timestamp::from_ms(0), TOLERANCE_SECONDS);
        prop_assert!(judged.is_err());
    }

    #[test]
    fn what_the_gateway_signs_is_believed(
        key in "[ -~]{1,80}",
        seconds in 0_i64..10_000_000_000,
        body in proptest::collection::vec(any::<u8>(), 0..64),
    ) {
        let header = format!("t={seconds},v1={}", sign(&key, &seconds.to_string(), &body));
        let now = Timestamp::from_ms(seconds * 1_000);
        prop_assert_eq!(is_signed(&header, &body, &secret(&key), now, 0), Ok(()));
    }
}
