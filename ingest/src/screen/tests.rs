//! What is refused around a body, what is not, and that nothing of it is repeated.

use proptest::prelude::*;
use rstest::rstest;
use warp::http::{HeaderName, HeaderValue};

use super::*;

const CARD: &str = "must not contain a card number";
const KEY: &str = "must not contain an API key";

fn screened(path: &str, query: &[(&str, &str)], headers: &[(&str, &str)]) -> Result<(), Problem> {
    let query = Query(query.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect());
    let name = |name: &str| HeaderName::try_from(name).expect("a name");
    let value = |value: &str| HeaderValue::from_bytes(value.as_bytes()).expect("a value");
    let headers = headers.iter().map(|&(of, is)| (name(of), value(is))).collect();
    screen(path, &query, &headers)
}

fn told(problem: Result<(), Problem>) -> Vec<(String, String)> {
    match problem {
        Ok(()) => Vec::new(),
        Err(Problem::Malformed(errors)) => errors.into_iter().map(|error| (error.field, error.message)).collect(),
        Err(other) => panic!("{other:?}"),
    }
}

#[rstest]
#[case::segment("/v1/payments/4242424242424242", CARD)]
#[case::behind_a_prefix("/v1/payments/pay_4242424242424242", CARD)]
#[case::encoded("/v1/payments/%34%32424242%2042424242%2d4242", CARD)]
#[case::full_width(&format!("/v1/{}", "%EF%BC%94%EF%BC%92".repeat(8)), CARD)]
#[case::over_segments("/v1/4242/4242/4242/4242", CARD)]
#[case::key("/v1/payments/qk_live_0123456789abcdefABCD/captures", KEY)]
#[case::no_utf_8("/v1/%ff4242424242424242%fe", CARD)]
#[case::id("/v1/payments/pay_42424242424242420000000000000001", "")]
#[case::uuid("/v1/refunds/42424242-4242-4242-8242-424242424242", "")]
#[case::two_ids("/v1/a/gwa_42424242424242420000000000000001/pay_42424242424242420000000000000001", "")]
#[case::name("/v1/gateway-accounts/stripe-eu/webhook", "")]
#[case::cut_off("/v1/payments/%4", "")]
fn paths(#[case] path: &str, #[case] message: &str) {
    let fields = told(screened(path, &[], &[]));
    let expected = if message.is_empty() { vec![] } else { vec![("path".to_owned(), message.to_owned())] };
    assert_eq!(fields, expected);
}

#[rstest]
#[case::value("after", "4242424242424242", "after", CARD)]
#[case::name("4242 4242 4242 4242", "1", "(not shown)", CARD)]
#[case::over_both("42424242", "42424242", "42424242", CARD)]
#[case::key("cursor", "sk_live_51H8xYzAbCdEfGhIjKl", "cursor", KEY)]
#[case::key_as_a_name("qk_test_0123456789abcdefABCD", "", "(not shown)", KEY)]
#[case::number("limit", "100", "", "")]
#[case::time("at", "2026-11-01T12:00:00.424242Z", "", "")]
#[case::id("cursor", "acc_42424242424242420000000000000001", "", "")]
fn parameters(#[case] name: &str, #[case] value: &str, #[case] field: &str, #[case] message: &str) {
    let fields = told(screened("/v1/payments", &[("limit", "5"), (name, value)], &[]));
    let expected = if field.is_empty() { vec![] } else { vec![(field.to_owned(), message.to_owned())] };
    assert_eq!(fields, expected);
}

#[rstest]
#[case::key_of_the_request("Idempotency-Key", "order 4242-4242-4242-4242", "idempotency-key", CARD)]
#[case::agent("User-Agent", "shop/1 qk_live_0123456789abcdefABCD", "user-agent", KEY)]
#[case::referer("Referer", "https://shop.example/?card=4242424242424242", "referer", CARD)]
#[case::uuid("Idempotency-Key", "42424242-4242-4242-8242-424242424242", "", "")]
#[case::id_of_a_request("X-Request-Id", "42424242424242420000000000000001", "", "")]
#[case::media_type("Content-Type", "application/json; charset=utf-8", "", "")]
fn headers(#[case] name: &str, #[case] value: &str, #[case] field: &str, #[case] message: &str) {
    let fields = told(screened("/v1/payments", &[], &[(name, value)]));
    let expected = if field.is_empty() { vec![] } else { vec![(field.to_owned(), message.to_owned())] };
    assert_eq!(fields, expected);
}

#[test]
fn every_value_of_a_header_is_looked_at() {
    let headers = [("prefer", "wait=1"), ("prefer", "4242424242424242")];
    assert_eq!(told(screened("/", &[], &headers)), [("prefer".to_owned(), CARD.to_owned())]);
}

/// A key belongs into the one, and into the other, which we do not read, tracers put numbers of their own.
#[rstest]
#[case("authorization", "Bearer qk_live_0123456789abcdefABCD")]
#[case("x-datadog-trace-id", "4242424242424242")]
fn what_belongs_where_it_is_is_no_concern(#[case] name: &str, #[case] value: &str) {
    assert_eq!(screened("/", &[], &[(name, value)]), Ok(()));
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let number = "4242424242424242";
    let problem = screened(number, &[("a", number), (number, "b")], &[("prefer", number)]);
    let fields: Vec<String> = told(problem).into_iter().map(|(field, _)| field).collect();
    assert_eq!(fields, ["path", "a", "(not shown)", "prefer"]);
}

/// Digits that look like a card number in one of the ways in which people write them.
fn card() -> impl Strategy<Value = String> {
    let number =
        prop::sample::select(vec!["4242424242424242", "5555555555554444", "378282246310005", "6011111111111117"]);
    (number, prop::sample::select(vec!["", " ", "-", ".", "/"])).prop_map(|(number, separator)| {
        let groups: Vec<&str> = (0..number.len()).step_by(4).map(|at| &number[at..number.len().min(at + 4)]).collect();
        groups.join(separator)
    })
}

proptest! {
    #[test]
    fn a_card_number_is_found_and_not_repeated(card in card(), before in "[a-z ]{0,30}", after in "[a-z ]{0,30}", place in 0..4) {
        let text = format!("{before}{card}{after}");
        let problem = match place {
            0 => screened(&format!("/v1/{text}"), &[], &[]),
            1 => screened("/", &[("limit", &text)], &[]),
            2 => screened("/", &[(&text, "1")], &[]),
            _ => screened("/", &[], &[("user-agent", &text)]),
        };
        let problem = problem.expect_err("a card number");
        let answer = format!("{problem:?}");
        prop_assert!(!answer.contains(&card), "{answer}");
    }

    /// Whatever comes in, the answer repeats no run of digits as long as a card's, and no key.
    #[test]
    fn no_answer_repeats_what_it_refuses(
        path in ".{0,40}", pairs in prop::collection::vec(("[0-9 a-z.-]{0,40}", "[0-9 .-]{0,40}"), 0..4), agent in "[0-9 -]{0,40}",
    ) {
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (&**name, &**value)).collect();
        if let Err(problem) = screened(&path, &pairs, &[("user-agent", &agent)]) {
            let answer = format!("{problem:?}");
            prop_assert_eq!(text::unwanted(&answer), None, "{}", answer);
        }
    }
}
