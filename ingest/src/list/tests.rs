use quittance_avro::{ids::PaymentId, time::Timestamp};
use rstest::rstest;
use uuid::Uuid;

use super::*;

fn query(pairs: &[(&str, &str)]) -> Query {
    Query(pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect())
}

fn asked(pairs: &[(&str, &str)]) -> PaymentsPage {
    parse(&query(pairs)).expect("a good query")
}

/// What is told of each parameter that is not right.
fn told(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    match parse(&query(pairs)) {
        Err(Problem::Invalid(errors)) => errors.into_iter().map(|error| (error.field, error.message)).collect(),
        other => panic!("{other:?}"),
    }
}

fn place() -> PaymentPlace {
    PaymentPlace { created_at: Timestamp::from_ms(1_793_534_400_123), id: PaymentId::new(Uuid::from_u128(7)) }
}

#[test]
fn without_parameters_it_is_the_newest_of_all() {
    assert_eq!(asked(&[]), PaymentsPage { filters: Filters::default(), limit: 25, after: None });
}

#[test]
fn every_filter_is_taken_in() {
    let page = asked(&[
        ("status", "succeeded,failed"),
        ("created_from", "2026-11-01T00:00:00+01:00"),
        ("created_to", "2026-11-02T00:00:00.5Z"),
        ("amount_from", "0"),
        ("amount_to", "9007199254740991"),
        ("currency", "EUR"),
        ("gateway_account", "main"),
        ("payment_method_id", "pm_00000000000000000000000000000001"),
        ("reference", "order 1, the \"first\""),
        ("metadata[cart]", "77"),
        ("metadata[a[b]]", ""),
        ("limit", "100"),
    ]);
    let Filters { status, created_from, created_to, amount_from, amount_to, currency, .. } = &page.filters;
    assert_eq!(status.iter().map(String::as_str).collect::<Vec<_>>(), ["failed", "succeeded"]);
    let times = [created_from, created_to].map(|time| time.expect("a time").to_rfc3339());
    assert_eq!(times, ["2026-10-31T23:00:00+00:00", "2026-11-02T00:00:00.500+00:00"]);
    assert_eq!((*amount_from, *amount_to), (Some(0), Some((1 << 53) - 1)));
    assert_eq!(currency.map(|currency| currency.to_string()).as_deref(), Some("EUR"));
    let Filters { gateway_account, payment_method_id, reference, metadata, .. } = &page.filters;
    assert_eq!(gateway_account.as_deref(), Some("main"));
    assert_eq!(payment_method_id.as_deref(), Some("pm_00000000000000000000000000000001"));
    assert_eq!(reference.as_deref(), Some("order 1, the \"first\""));
    assert_eq!((metadata["cart"].as_str(), metadata["a[b]"].as_str()), ("77", ""));
    assert_eq!(page.limit, 100);
}

#[rstest]
#[case::status("status", "succeeded,done", "status", "must be one or more of")]
#[case::no_status("status", "", "status", "must be one or more of")]
#[case::time("created_from", "yesterday", "created_from", "must be a time, such as")]
#[case::date("created_to", "2026-11-01", "created_to", "must be a time, such as")]
#[case::amount("amount_from", "12.50", "amount_from", "must be an integer of minor units")]
#[case::negative("amount_to", "-1", "amount_to", "must be an integer of minor units")]
#[case::too_much("amount_to", "9007199254740992", "amount_to", "must be an integer of minor units")]
#[case::currency("currency", "EURO", "currency", "must be an ISO 4217 code")]
#[case::account("gateway_account", "a/b", "gateway_account", "must be 1 to 64 letters")]
#[case::method("payment_method_id", "pay_1", "payment_method_id", "must be the id of a payment method")]
#[case::reference("reference", "", "reference", "must not be empty")]
#[case::card("reference", "4242424242424242", "reference", "must not contain a card number")]
#[case::metadata("metadata[note]", "4242424242424242", "metadata[note]", "must not contain a card number")]
#[case::metadata_of_nothing("metadata[]", "1", "metadata[]", "is not a parameter")]
#[case::metadata_as_a_whole("metadata", "1", "metadata", "is not a parameter")]
#[case::half_open("metadata[cart", "1", "metadata[cart", "is not a parameter")]
#[case::not_to_be_shown("metadata[4242424242424242]", "1", "(not shown)", "is not a parameter")]
#[case::limit("limit", "0", "limit", "must be an integer from 1 to 100")]
#[case::limit_max("limit", "101", "limit", "must be an integer from 1 to 100")]
#[case::cursor("cursor", "x", "cursor", "must be the next_cursor")]
#[case::unknown("page", "2", "page", "is not a parameter")]
fn what_is_not_right(#[case] name: &str, #[case] value: &str, #[case] field: &str, #[case] message: &str) {
    let told = told(&[(name, value)]);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].0 == field && told[0].1.starts_with(message), "{told:?}");
}

#[rstest]
#[case::times(&[("created_from", "2026-11-02T00:00:00Z"), ("created_to", "2026-11-02T01:00:00+01:00")], "created_to")]
#[case::amounts(&[("amount_from", "2"), ("amount_to", "1")], "amount_to")]
#[case::twice(&[("currency", "EUR"), ("currency", "EUR")], "currency")]
#[case::metadata_twice(&[("metadata[a]", "1"), ("metadata[a]", "2")], "metadata[a]")]
#[case::limit_twice(&[("limit", "1"), ("limit", "2")], "limit")]
fn what_does_not_go_together(#[case] pairs: &[(&str, &str)], #[case] field: &str) {
    let told = told(pairs);
    assert_eq!(told.iter().map(|(field, _)| field.as_str()).collect::<Vec<_>>(), [field]);
}

#[test]
fn every_mistake_is_told_at_once() {
    let told = told(&[("status", "x"), ("amount_from", "x"), ("page", "2"), ("limit", "x"), ("cursor", "x")]);
    let mut fields: Vec<_> = told.iter().map(|(field, _)| field.as_str()).collect();
    fields.sort_unstable();
    assert_eq!(fields, ["amount_from", "cursor", "limit", "page", "status"]);
}

#[test]
fn a_cursor_goes_on_where_it_was_made_with_the_same_filters_in_any_order() {
    let (a, b, c) = (("status", "failed,succeeded"), ("metadata[a]", "1"), ("metadata[b]", "2"));
    let cursor = asked(&[a, b, c]).filters.cursor(place());
    let again = [c, ("limit", "3"), b, ("cursor", cursor.as_str()), ("status", "succeeded,failed")];
    assert_eq!(asked(&again).after, Some(place()));
}

#[rstest]
#[case::none(&[])]
#[case::more(&[("status", "failed"), ("currency", "EUR")])]
#[case::another(&[("status", "succeeded")])]
#[case::another_kind(&[("reference", "failed")])]
fn a_cursor_is_refused_with_other_filters(#[case] others: &[(&str, &str)]) {
    let cursor = asked(&[("status", "failed")]).filters.cursor(place());
    let told = told(&[others, &[("cursor", cursor.as_str())]].concat());
    assert_eq!(told.len(), 1);
    assert!(told[0].0 == "cursor" && told[0].1.starts_with("belongs to a list with other filters"), "{told:?}");
}

#[rstest]
#[case::empty("")]
#[case::padded("AQ==")]
#[case::short("AQAAAAAA")]
#[case::version("AgAAAaGWtXR7AAAAAAAAAAAAAAAAAAAABwAAAAAAAAAA")]
#[case::time("Af__________AAAAAAAAAAAAAAAAAAAABwAAAAAAAAAA")]
fn what_is_no_cursor(#[case] cursor: &str) {
    assert!(PaymentPlace::read(cursor).is_none());
}
