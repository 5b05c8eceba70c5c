use rstest::rstest;
use serde_json::json;

use super::*;

const NOW: i64 = 1_800_000_000;

#[rstest]
#[case::valid(NOW + 1, Some(NOW), Some(NOW), Ok(()))]
#[case::within_the_leeway(NOW - 29, Some(NOW + 30), Some(NOW + 30), Ok(()))]
#[case::only_an_end(NOW, None, None, Ok(()))]
#[case::at_the_end(NOW - 30, None, None, Err(TokenError::Expired))]
#[case::before_the_beginning(NOW + 60, Some(NOW + 31), None, Err(TokenError::NotYet))]
#[case::issued_later(NOW + 60, None, Some(NOW + 31), Err(TokenError::IssuedLater))]
#[case::the_end_of_time(SECONDS_MAX, Some(0), Some(0), Ok(()))]
fn times(
    #[case] expires: i64,
    #[case] not_before: Option<i64>,
    #[case] issued: Option<i64>,
    #[case] checked: Result<(), TokenError>,
) {
    let times = Times { expires, not_before, issued };
    assert_eq!(times.check(Timestamp::from_ms(NOW * 1_000 + 999)), checked);
}

#[rstest]
#[case(json!(0), Some(0))]
#[case(json!(SECONDS_MAX), Some(SECONDS_MAX))]
#[case(json!(1.9), Some(1))]
#[case(json!(1.8e9), Some(1_800_000_000))]
#[case(json!(SECONDS_MAX + 1), None)]
#[case(json!(-1), None)]
#[case(json!(-0.5), None)]
#[case(json!(u64::MAX), None)]
#[case(json!(1e18), None)]
#[case(json!("1"), None)]
#[case(json!(null), None)]
fn numbers_that_are_times(#[case] value: Value, #[case] seconds: Option<i64>) {
    let payload = Map::from_iter([("exp".to_owned(), value)]);
    assert_eq!(time(&payload, "exp").ok().flatten(), seconds, "{payload:?}");
}
