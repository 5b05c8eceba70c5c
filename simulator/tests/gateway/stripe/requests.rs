//! What every request in Stripe's dialect needs, and its keys.

use std::time::Duration;

use quittance_simulator::Config;
use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};

use crate::harness::{Answer, Outcome, Simulator};

const FORM: &str = "amount=100&currency=eur&payment_method=pm_card_visa&confirm=true";

#[rstest]
#[case::no_key(&[("stripe-version", "2025-09-30.clover")], 401)]
#[case::live_key(&[("stripe-version", "2025-09-30.clover"), ("authorization", "Bearer sk_live_1")], 401)]
#[case::no_version(&[("authorization", "Bearer sk_test_1")], 400)]
#[case::json(&[("stripe-version", "1"), ("authorization", "Bearer sk_test_1"), ("content-type", "application/json")], 400)]
#[case::empty_key(&[
    ("stripe-version", "1"), ("authorization", "Bearer sk_test_1"), ("idempotency-key", ""),
    ("content-type", "application/x-www-form-urlencoded"),
], 400)]
#[tokio::test]
async fn headers(#[case] fields: &[(&str, &str)], #[case] status: u16) -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    let mut request = simulator.request(Method::POST, "/stripe/v1/payment_intents").body(FORM);
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    let answer = Answer::read(request.send().await?).await?;
    assert_eq!((answer.status, &answer.body["error"]["type"]), (status, &json!("invalid_request_error")));
    assert_eq!(simulator.get("/admin/totals").await?.body["charges"], 0);
    Ok(())
}

#[rstest]
#[case::path(Method::GET, "charges/ch_1", "", 404, Value::Null)]
#[case::verb(Method::DELETE, "payment_intents/pi_1", "", 404, Value::Null)]
#[case::parameter(Method::POST, "payment_intents", "amount=1&currency=eur&tip=1", 400, json!("parameter_unknown"))]
#[case::nothing(Method::POST, "payment_intents", "", 400, json!("parameter_missing"))]
#[case::encoding(Method::POST, "payment_intents", "amount=%", 400, Value::Null)]
#[case::thousandths(Method::POST, "payment_intents", "amount=1&currency=kwd", 400, json!("parameter_invalid_integer"))]
#[case::card(Method::POST, "payment_intents", "amount=1&currency=eur&payment_method=pm_x", 400, json!("resource_missing"))]
#[tokio::test]
async fn requests(
    #[case] method: Method,
    #[case] path: &str,
    #[case] form: &str,
    #[case] status: u16,
    #[case] code: Value,
) -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    let answer = Answer::read(simulator.stripe_request(method, path, form).send().await?).await?;
    assert_eq!((answer.status, answer.code()), (status, &code));
    assert_eq!(answer.body["error"]["type"], "invalid_request_error");
    Ok(())
}

#[tokio::test]
async fn an_answer_is_stored_and_told_again() -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    let first = simulator.stripe("a", "payment_intents", FORM).await?;
    simulator.stripe("b", "refunds", "payment_intent=pi_1").await?;
    let again = simulator.stripe("a", "payment_intents", FORM).await?;
    assert_eq!((first.replayed, again.replayed, &again.body), (false, true, &first.body));
    let reordered = "confirm=true&payment_method=pm_card_visa&currency=eur&amount=100";
    assert!(simulator.stripe("a", "payment_intents", reordered).await?.replayed);

    let other = simulator.stripe("a", "payment_intents", "amount=101&currency=eur").await?;
    assert_eq!((other.status, &other.body["error"]["type"]), (400, &json!("idempotency_error")));
    let elsewhere = simulator.stripe("a", "payment_intents/pi_1/cancel", "").await?;
    assert_eq!((elsewhere.status, &elsewhere.body["error"]["type"]), (400, &json!("idempotency_error")));
    let foreign = simulator.charge("a", &json!({"amount": 100, "currency": "EUR", "token": "tok_approve"})).await?;
    assert_eq!((foreign.status, foreign.code()), (409, &json!("idempotency_key_reused")));
    assert_eq!(simulator.get("/admin/keys/a").await?.body["charges"], 1);
    Ok(())
}

#[rstest]
#[case::declined("pm_decline", [402, 402], [false, true])]
#[case::failed("pm_error", [500, 500], [false, true])]
#[case::failed_once_and_for_all("pm_flaky", [500, 500], [false, true])]
#[case::busy("pm_busy", [429, 200], [false, false])]
#[case::conflict("pm_conflict", [409, 200], [false, false])]
#[tokio::test]
async fn what_is_stored(#[case] method: &str, #[case] statuses: [u16; 2], #[case] replayed: [bool; 2]) -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    let form = format!("amount=100&currency=eur&confirm=true&payment_method={method}");
    for (status, replayed) in statuses.into_iter().zip(replayed) {
        let answer = simulator.stripe("a", "payment_intents", &form).await?;
        assert_eq!((answer.status, answer.replayed), (status, replayed));
    }
    Ok(())
}

#[tokio::test]
async fn a_twin_of_a_late_answer_comes_back() -> Outcome {
    let simulator = Simulator::start(Config { slow_ms: 60_000, ..Config::default() }).await?;
    simulator.stripe("a", "payment_intents", "amount=100&currency=eur&payment_method=pm_slow").await?;
    let late = simulator
        .stripe_request(Method::POST, "payment_intents/pi_1/confirm", "")
        .header("Idempotency-Key", "a:confirm");
    let gave_up = late.timeout(Duration::from_millis(300)).send().await;
    assert!(gave_up.is_err_and(|error| error.is_timeout()));
    let twin = simulator.stripe("a:confirm", "payment_intents/pi_1/confirm", "").await?;
    assert_eq!((twin.status, twin.code()), (409, &json!("idempotency_key_in_use")));
    assert_eq!(simulator.stripe_get("payment_intents/pi_1").await?.body["status"], "succeeded");
    Ok(())
}

#[tokio::test]
async fn without_a_key_every_request_counts() -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    for id in ["pi_1", "pi_2"] {
        let answer =
            Answer::read(simulator.stripe_request(Method::POST, "payment_intents", FORM).send().await?).await?;
        assert_eq!((answer.status, &answer.body["id"]), (200, &json!(id)));
    }
    Ok(())
}
