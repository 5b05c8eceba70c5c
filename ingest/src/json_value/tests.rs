//! What is read, what is refused, and what is said of it.

use proptest::prelude::*;
use rstest::rstest;

use super::*;

#[rstest]
#[case(r#"{"a":[1,-2,3.5,true,null,"x",{"a":{}}],"b":18446744073709551615}"#)]
#[case("7")]
#[case(r#""text""#)]
#[case(r#""\ud83d\ude00""#)]
#[case(r#"[1e2,1E-7,-0.0]"#)]
#[case::as_deep_as_may_be(&format!("{}{}", "[".repeat(DEPTH_MAX), "]".repeat(DEPTH_MAX)))]
fn reads_what_everybody_reads(#[case] text: &str) {
    let expected: Option<Value> = serde_json::from_str(text).ok();
    assert!(expected.is_some(), "{text}");
    assert_eq!(read(text.as_bytes()).ok(), expected);
}

#[rstest]
#[case::twice(r#"{"a":1,"b":2,"a":1}"#, "a", "is named twice, at line 1, column 16")]
#[case::twice_inside(r#"[{"a":{"b":1,"b":2}}]"#, "body[0].a.b", "is named twice")]
#[case::spelled_otherwise(r#"{"a":1,"\u0061":2}"#, "a", "is named twice")]
#[case::nothing("", "body", "is not JSON: it ends too early, at line 1, column 0")]
#[case::cut_off("{", "body", "is not JSON: it ends too early")]
#[case::cut_off_inside(r#"{"a":{"b":[1,{"c":"x"#, "a.b[1].c", "is not JSON: it ends too early")]
#[case::no_value(r#"{"a":,}"#, "a", "is not JSON: expected value, at line 1, column 6")]
#[case::no_name(r#"{"a":{b:1}}"#, "a", "is not JSON: key must be a string")]
#[case::comma_at_the_end("[1,]", "body[1]", "is not JSON: trailing comma")]
#[case::more("{} {}", "body", "is not JSON: trailing characters, at line 1, column 4")]
#[case::comment("// x\n{}", "body", "is not JSON: expected value")]
#[case::too_deep(&"[".repeat(1_000), "body[0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0]", "must not lie deeper than 16")]
#[case::too_deep_objects(&r#"{"a":"#.repeat(17), "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a", "must not lie deeper than 16")]
#[case::first_half(r#"{"a":["\ud83d"]}"#, "a[0]", "is not JSON: ")]
#[case::second_half(r#"{"a":{"b":"\ude00"}}"#, "a.b", "is not JSON: lone leading surrogate")]
#[case::half_in_a_name(r#"{"a":{"\ud83d":1}}"#, "a", "is not JSON: ")]
#[case::line_break_in_a_string("{\"a\":\"x\ny\"}", "a", "is not JSON: control character")]
#[case::no_escape(r#"{"a":"\x41"}"#, "a", "is not JSON: invalid escape")]
#[case::plus(r#"{"amount":+5}"#, "amount", "is not JSON: expected value")]
#[case::hex(r#"{"amount":0x5}"#, "body", "is not JSON: expected `,` or `}`")]
#[case::zero_in_front(r#"{"amount":05}"#, "amount", "is not JSON: invalid number")]
#[case::no_digit_behind(r#"{"amount":5.}"#, "amount", "is not JSON: invalid number")]
#[case::not_a_number(r#"{"amount":NaN}"#, "amount", "is not JSON: expected value")]
#[case::infinite(r#"{"amount":1e400}"#, "amount", "is not JSON: number out of range")]
#[case::name_cut_short(&format!(r#"{{"{}":+}}"#, "x".repeat(65)), &"x".repeat(64), "is not JSON: expected value")]
#[case::card_as_a_name(r#"{"4242424242424242":1,"4242424242424242":2}"#, "(not shown)", "is named twice")]
fn refuses(#[case] text: &str, #[case] field: &str, #[case] message: &str) {
    let error = read(text.as_bytes()).expect_err("bad JSON");
    assert_eq!(error.field, field);
    assert!(error.message.starts_with(message), "{}", error.message);
    assert!(error.message.contains(", at line "), "{}", error.message);
}

#[rstest]
#[case::in_a_value(b"{\"a\":[\"\xc3\x28\"]}", "a[0]", "it is not UTF-8")]
#[case::in_a_name(b"{\"a\":{\"\xff\":1}}", "a", "it is not UTF-8")]
#[case::overlong(b"{\"a\":\"\xc0\xaf\"}", "a", "it is not UTF-8")]
#[case::surrogate(b"{\"a\":\"\xed\xa0\x80\"}", "a", "it is not UTF-8")]
#[case::between(b"{\"a\":\xff}", "a", "expected value")]
#[case::byte_order_mark(b"\xef\xbb\xbf{}", "body", "expected value")]
#[case::utf_16(b"{\0}\0", "body", "key must be a string")]
fn refuses_what_is_not_utf_8(#[case] bytes: &[u8], #[case] field: &str, #[case] why: &str) {
    let error = read(bytes).expect_err("no UTF-8");
    assert_eq!(error.field, field);
    assert!(error.message.starts_with(&format!("is not JSON: {why}")), "{}", error.message);
}

/// JSON of a few levels.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(".{0,4}", inner, 0..5).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn agrees_with_serde_json_on_what_that_writes(value in json()) {
        let text = value.to_string();
        prop_assert_eq!(read(text.as_bytes()).ok(), serde_json::from_str(&text).ok());
    }

    /// Whatever is taken is what serde_json reads, and whatever it refuses is refused.
    #[test]
    fn agrees_with_serde_json_on_all_it_takes(
        value in json(), at in any::<prop::sample::Index>(), byte in prop::sample::select(b"{}[]\",:\\u01e.- \xff".to_vec()),
    ) {
        let mut bytes = value.to_string().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(read) = read(&bytes) {
            prop_assert_eq!(serde_json::from_slice::<Value>(&bytes).ok(), Some(read));
        }
    }

    #[test]
    fn a_refusal_repeats_no_value(text in "[a-z]{12}") {
        for body in [format!(r#"{{"a":"{text}"#), format!(r#"{{"a":{text}}}"#), format!(r#"["{text}",{text}"#), text.clone()] {
            let error = read(body.as_bytes()).expect_err("bad JSON");
            prop_assert!(!format!("{error:?}").contains(&text), "{error:?}");
        }
    }
}
