//! Bodies and what is made of them.

use rstest::rstest;
use serde_json::json;

use super::*;

fn body() -> Value {
    json!({"amount": 1250, "currency": "EUR", "payment_method": {"token": "tok_approve"}})
}

/// The body with some of its members replaced or added.
fn with(change: Value) -> Value {
    let mut body = body();
    if let (Some(body), Value::Object(change)) = (body.as_object_mut(), change) {
        body.extend(change);
    }
    body
}

/// What the request says of the payment method.
fn given(request: &CreateRequest) -> &PaymentMethod {
    match &request.payment_method {
        PaidWith::Method(method) => method,
        PaidWith::Saved(id) => panic!("it is {id}"),
    }
}

fn fields(body: Value) -> Vec<String> {
    parse(body, "simulator").err().unwrap_or_default().into_iter().map(|error| error.field).collect()
}

#[test]
fn a_short_request_is_filled_with_defaults() -> Result<(), Vec<FieldError>> {
    let request = parse(body(), "simulator")?;
    assert_eq!((request.amount.get(), request.currency.code()), (1250, "EUR"));
    assert_eq!(request.capture, CaptureMethod::Automatic);
    assert_eq!(given(&request).tokens[0].gateway_account, "simulator");
    assert_eq!((&*request.gateway_account, request.hold, request.declines_retried_max), ("", false, 0));
    assert_eq!((request.initiator, request.return_url), (Initiator::Customer, None));
    assert_eq!(request.text, Text::default());
    Ok(())
}

#[test]
fn tokens_of_several_accounts_are_kept_in_order() -> Result<(), Vec<FieldError>> {
    let tokens = json!([{"gateway_account": "a", "token": "x"}, {"gateway_account": "b", "token": "y"}]);
    let request = parse(with(json!({"payment_method": {"tokens": tokens}})), "simulator")?;
    assert_eq!(given(&request).tokens.len(), 2);
    assert_eq!(given(&request).tokens[0].gateway_account, "a");
    Ok(())
}

#[test]
fn every_bad_field_is_listed_at_once() {
    let errors = fields(json!({"amount": -5, "currency": "eur", "payment_method": {"tokn": "x"}, "captur": "manual"}));
    assert_eq!(errors, ["amount", "currency", "payment_method.token", "payment_method.tokn", "captur"]);
}

#[test]
fn the_message_says_what_would_be_right_and_what_it_was() {
    let errors = parse(with(json!({"amount": -5})), "simulator").err().unwrap_or_default();
    assert_eq!(errors[0].message, "must be a positive integer of minor units, got -5");
}

#[rstest]
#[case(json!({"amount": 0}), &["amount"])]
#[case(json!({"amount": 12.5}), &["amount"])]
#[case(json!({"amount": "1250"}), &["amount"])]
#[case(json!({"amount": 9_007_199_254_740_992_i64}), &["amount"])]
#[case(json!({"amount": null}), &["amount"])]
#[case(json!({"currency": "ZZZ"}), &["currency"])]
#[case(json!({"currency": 978}), &["currency"])]
#[case(json!({"capture": "later"}), &["capture"])]
#[case(json!({"payment_method": "tok"}), &["payment_method"])]
#[case(json!({"payment_method": {"kind": "cash", "token": "x"}}), &["payment_method.kind"])]
#[case(json!({"payment_method": {"token": ""}}), &["payment_method.token"])]
#[case(json!({"payment_method": {"token": "a b"}}), &["payment_method.token"])]
#[case(json!({"payment_method": {"token": "4242424242424242"}}), &["payment_method.token"])]
#[case(json!({"payment_method": {"token": "x", "tokens": []}}), &["payment_method.tokens"])]
#[case(json!({"payment_method": {"tokens": []}}), &["payment_method.tokens"])]
#[case(json!({"payment_method": {"tokens": [{"token": "x"}]}}), &["payment_method.tokens[0].gateway_account"])]
#[case(json!({"reference": "x".repeat(256)}), &["reference"])]
#[case(json!({"reference": "4242 4242 4242 4242"}), &["reference"])]
#[case(json!({"reference": "a\nb"}), &["reference"])]
#[case(json!({"reference": "sk_live_51H8xYzAbCdEfGhIjKl"}), &["reference"])]
#[case(json!({"description": "a\u{0}b"}), &["description"])]
#[case(json!({"description": "a\u{202e}b"}), &["description"])]
#[case(json!({"metadata": []}), &["metadata"])]
#[case(json!({"metadata": {"a": 1}}), &["metadata.a"])]
#[case(json!({"metadata": {"4242424242424242": "x"}}), &["metadata.(not shown)"])]
#[case(json!({"metadata": {"a": "card 4242-4242-4242-4242"}}), &["metadata.a"])]
#[case(json!({"gateway_account": "elsewhere", "payment_method": {"token": "x"}}), &["gateway_account"])]
#[case(json!({"hold": "yes"}), &["hold"])]
#[case(json!({"retry_declines": 4}), &["retry_declines"])]
#[case(json!({"retry_declines": -1}), &["retry_declines"])]
#[case(json!({"initiator": "nobody"}), &["initiator"])]
#[case(json!({"stored_credential": "always"}), &["stored_credential"])]
#[case(json!({"initiator": "merchant"}), &["stored_credential"])]
#[case(json!({"initiator": "merchant", "stored_credential": "first"}), &["stored_credential"])]
#[case(json!({"initiator": "merchant", "stored_credential": "always"}), &["stored_credential"])]
#[case(json!({"initiator": "merchant", "stored_credential": 1}), &["stored_credential"])]
#[case(json!({"payment_method": null}), &["payment_method"])]
#[case(json!({"payment_method_id": "pm_00000000000000000000000000000001"}), &["payment_method_id"])]
#[case(json!({"payment_method": null, "payment_method_id": "pm_card_visa"}), &["payment_method_id"])]
#[case(json!({"payment_method": null, "payment_method_id": 7}), &["payment_method_id"])]
#[case(json!({"payment_method": {"token": "x", "exp_month": 13}}), &["payment_method.exp_month"])]
#[case(json!({"payment_method": {"token": "x", "exp_year": 34}}), &["payment_method.exp_year"])]
#[case(json!({"return_url": "http://shop.example"}), &["return_url"])]
#[case(json!({"return_url": "https:///thanks"}), &["return_url"])]
#[case(json!({"return_url": "javascript:alert(1)"}), &["return_url"])]
#[case(json!({"return_url": "https://shop.example/a b"}), &["return_url"])]
fn refused(#[case] change: Value, #[case] expected: &[&str]) {
    assert_eq!(fields(with(change)), expected);
}

#[rstest]
#[case::negative("-5", "must be a positive integer of minor units, got -5")]
#[case::zero("0", "must be a positive integer of minor units, got 0")]
#[case::fraction(
    "12.0",
    "must be a positive integer of minor units, below 9007199254740992, got a number with a fraction or an exponent"
)]
#[case::exponent(
    "1e2",
    "must be a positive integer of minor units, below 9007199254740992, got a number with a fraction or an exponent"
)]
#[case::text(
    "\"1250\"",
    "must be a positive integer of minor units, below 9007199254740992, got a string: numbers stand without quotes"
)]
#[case::boolean("true", "must be a positive integer of minor units, below 9007199254740992, got a boolean")]
#[case::end("9007199254740992", "must be below 9007199254740992 minor units")]
#[case::of_64_bits(
    "18446744073709551615",
    "must be a positive integer of minor units, below 9007199254740992, got a number that is too large"
)]
#[case::huge(
    "100000000000000000000000000",
    "must be a positive integer of minor units, below 9007199254740992, got a number that is too large"
)]
#[case::card("4242424242424242", "must not contain a card number")]
#[case::negative_card("-4242424242424242", "must not contain a card number")]
fn amounts_that_are_none(#[case] amount: &str, #[case] message: &str) {
    let amount: Value = serde_json::from_str(amount).expect("JSON");
    let errors = parse(with(json!({ "amount": amount })), "simulator").err().unwrap_or_default();
    assert_eq!(errors, [FieldError { field: "amount".to_owned(), message: message.to_owned() }]);
}

#[rstest]
#[case(json!({"retry_declines": 4}), "retry_declines", "must be an integer from 0 to 3")]
#[case(json!({"retry_declines": "1"}), "retry_declines",
    "must be an integer from 0 to 3, got a string: numbers stand without quotes")]
#[case(json!({"retry_declines": 1.0}), "retry_declines",
    "must be an integer from 0 to 3, got a number with a fraction or an exponent")]
#[case(json!({"payment_method": {"token": "x", "exp_month": 12.0}}), "payment_method.exp_month",
    "must be an integer from 1 to 12, got a number with a fraction or an exponent")]
#[case(json!({"payment_method": {"token": "x", "exp_year": 4_242_424_242_424_242_i64}}), "payment_method.exp_year",
    "must not contain a card number")]
#[case(json!({"card": {"numbers": [{"pan": "4242424242424242"}]}}), "card.numbers[0].pan", "must not contain a card number")]
#[case(json!({"card": 4_242_424_242_424_242_i64}), "card", "must not contain a card number")]
#[case(json!({"card": {"4242424242424242": 1}}), "card.(not shown)", "a name must not contain a card number")]
#[case(json!({"qk_live_0123456789abcdefABCD": 1}), "(not shown)", "a name must not contain an API key")]
#[case(json!({"note": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}), "note", "must not contain an API key")]
#[case(json!({"card": {"brand": "visa"}}), "card", "is not a field of this request")]
fn what_is_said_of_a_field(#[case] change: Value, #[case] field: &str, #[case] message: &str) {
    let errors = parse(with(change), "simulator").err().unwrap_or_default();
    assert_eq!(errors, [FieldError { field: field.to_owned(), message: message.to_owned() }]);
}

#[test]
fn people_read_more_than_one_line() -> Result<(), Vec<FieldError>> {
    let request = parse(with(json!({"description": "two\n\tbooks"})), "simulator")?;
    assert_eq!(request.text.description.as_deref(), Some("two\n\tbooks"));
    Ok(())
}

#[test]
fn what_a_request_may_say_beside_the_money() -> Result<(), Vec<FieldError>> {
    let tokens = json!([{"gateway_account": "a", "token": "x"}, {"gateway_account": "b", "token": "y"}]);
    let request = parse(
        with(json!({
            "payment_method": {"tokens": tokens}, "gateway_account": "b", "return_url": "https://shop.example/thanks",
            "hold": true, "retry_declines": 2, "initiator": "merchant", "stored_credential": "recurring",
        })),
        "simulator",
    )?;
    assert_eq!((&*request.gateway_account, request.hold, request.declines_retried_max), ("b", true, 2));
    assert_eq!(request.return_url.as_deref(), Some("https://shop.example/thanks"));
    assert_eq!((request.initiator, request.stored_credential.as_deref()), (Initiator::Merchant, Some("recurring")));
    Ok(())
}

#[test]
fn a_saved_method_is_named_by_its_id() -> Result<(), Vec<FieldError>> {
    // Digits that would be refused as a card number in any text.
    let id = "pm_42424242424242420000000000000001";
    let request = parse(with(json!({"payment_method": null, "payment_method_id": id})), "simulator")?;
    assert_eq!(id.parse().map(PaidWith::Saved), Ok(request.payment_method));
    Ok(())
}

#[rstest]
#[case("customer", None)]
#[case("customer", Some("first"))]
#[case("customer", Some("unscheduled"))]
#[case("merchant", Some("recurring"))]
#[case("merchant", Some("installment"))]
#[case("merchant", Some("unscheduled"))]
fn who_charges_what_is_stored(#[case] initiator: &str, #[case] used: Option<&str>) {
    let request = parse(with(json!({"initiator": initiator, "stored_credential": used})), "simulator");
    assert_eq!(request.map(|request| request.stored_credential), Ok(used.map(str::to_owned)));
}

#[test]
fn a_method_is_saved_with_what_is_known_of_the_card() -> Result<(), Vec<FieldError>> {
    let body = json!({
        "tokens": [{"gateway_account": "a", "token": "x"}, {"gateway_account": "b", "token": "y"}], "brand": "visa",
        "last4": "4242", "exp_month": 12, "exp_year": 2034, "return_url": "https://shop.example/thanks",
    });
    let SaveRequest { payment_method, return_url } = parse_method(body, "simulator")?;
    assert_eq!(
        (payment_method.tokens.len(), payment_method.exp_month, payment_method.exp_year),
        (2, Some(12), Some(2034))
    );
    assert_eq!(return_url.as_deref(), Some("https://shop.example/thanks"));
    let bare = parse_method(json!({"token": "tok_approve"}), "simulator")?;
    assert_eq!(bare.payment_method.tokens[0].gateway_account, "simulator");
    Ok(())
}

#[rstest]
#[case(json!({}), &["token"])]
#[case(json!({"token": "x", "kind": "cash"}), &["kind"])]
#[case(json!({"token": "x", "amount": 1}), &["amount"])]
#[case(json!({"token": "x", "return_url": "shop"}), &["return_url"])]
#[case(json!({"tokens": [{"gateway_account": "a"}]}), &["tokens[0].token"])]
#[case(json!([]), &["body"])]
fn a_method_that_is_not_saved(#[case] body: Value, #[case] expected: &[&str]) {
    let errors = parse_method(body, "simulator").err().unwrap_or_default();
    assert_eq!(errors.iter().map(|error| &*error.field).collect::<Vec<_>>(), expected);
}

#[test]
fn a_card_number_is_never_repeated() {
    let number = "4242424242424242";
    let change = json!({"reference": number, "metadata": {number: number, "k": number}, number: 1});
    let errors = parse(with(change), "simulator").err().unwrap_or_default();
    assert!(errors.len() >= 4);
    assert!(!format!("{errors:?}").contains(number));
}

#[rstest]
#[case("https://shop.example/thanks?order=1#paid", true)]
#[case("http://localhost", true)]
#[case("http://localhost:3000/thanks", true)]
#[case("http://localhost/thanks", true)]
#[case("http://localhost.evil.example/", false)]
#[case("http://localhostX", false)]
#[case("http://localhost:x@evil.example/", false)]
#[case("http://localhost:/", false)]
#[case("http://shop.example/", false)]
#[case("https:///thanks", false)]
#[case("https://", false)]
#[case("https://shop.example/thank you", false)]
fn return_urls(#[case] url: &str, #[case] taken: bool) {
    let expected: &[&str] = if taken { &[] } else { &["return_url"] };
    assert_eq!(fields(with(json!({ "return_url": url }))), expected, "{url}");
}
