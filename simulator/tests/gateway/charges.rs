//! Charges, their keys, and what a client can find out afterwards.

use std::time::{Duration, Instant};

use quittance_simulator::Config;
use rstest::rstest;
use serde_json::{Value, json};

use crate::harness::{Outcome, Simulator, body};

#[rstest]
#[case::stored(json!({"stored_credential": "first"}), ["customer", "first"], Value::Null)]
#[case::charged_again(
    json!({"initiator": "merchant", "stored_credential": "recurring", "network_transaction_id": "000000000000001"}),
    ["merchant", "recurring"],
    json!("000000000000001")
)]
#[tokio::test]
async fn a_stored_credential_is_told(
    #[case] of_it: Value,
    #[case] told: [&str; 2],
    #[case] goes_back_to: Value,
) -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    let mut body = body("tok_approve", 1250);
    if let (Some(body), Value::Object(of_it)) = (body.as_object_mut(), of_it) {
        body.extend(of_it);
    }
    let charge = simulator.charge("att_1", &body).await?.body;
    assert_eq!([&charge["initiator"], &charge["stored_credential"]], told.map(|word| json!(word)).each_ref());
    assert_eq!(charge["goes_back_to"], goes_back_to);
    Ok(())
}

#[tokio::test]
async fn an_approval_is_told_whole_and_replayed() -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    let first = simulator.charge("att_1", &body("tok_approve", 1250)).await?;
    assert_eq!((first.status, first.replayed), (201, false));
    let created = first.body["captures"][0]["created"].clone();
    let expected = json!({
        "id": "ch_1", "status": "succeeded", "amount": 1250, "amount_captured": 1250, "amount_refunded": 0, "currency": "EUR",
        "authorization_code": "A00001", "decline_code": null, "advice": null,
        "network_transaction_id": "000000000000001", "avs_result": "Y", "cvc_result": "M",
        "card": {
            "brand": "visa", "funding": "credit", "country": "IE", "iin": "424242", "last4": "4242",
            "exp_month": 12, "exp_year": 2034, "fingerprint": "card_fp_approve",
        },
        "initiator": "customer", "stored_credential": null, "goes_back_to": null,
        "metadata": {"attempt_id": "att_1"}, "next_action": null, "expires_at": null,
        "captures": [{
            "id": "cap_1", "amount": 1250, "status": "succeeded", "final": true, "metadata": {"attempt_id": "att_1"},
            "created": created,
        }],
        "refunds": [], "disputes": [], "void": null,
    });
    assert_eq!(first.body, expected);

    let again = simulator.charge("att_1", &body("tok_approve", 1250)).await?;
    assert_eq!((again.status, again.replayed, again.body), (201, true, expected.clone()));
    let other = simulator.charge("att_1", &body("tok_approve", 1251)).await?;
    assert_eq!((other.status, other.code()), (409, &json!("idempotency_key_reused")));

    assert_eq!(simulator.get("/v1/charges/ch_1").await?.body, expected);
    assert_eq!(simulator.get("/v1/charges?idempotency_key=att_1").await?.body, json!({"data": [expected]}));
    assert_eq!(simulator.get("/v1/charges?idempotency_key=att_2").await?.body, json!({"data": []}));
    Ok(())
}

#[tokio::test]
async fn without_capture_the_money_is_held() -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    let held = json!({"amount": 1250, "currency": "EUR", "token": "tok_approve", "capture": false});
    let answer = simulator.charge("att_1", &held).await?;
    assert_eq!((answer.status, &answer.body["status"]), (201, &json!("authorized")));
    assert_eq!((&answer.body["amount_captured"], &answer.body["captures"]), (&json!(0), &json!([])));
    assert!(answer.body["expires_at"].is_u64());
    Ok(())
}

#[rstest]
#[case::soft("tok_decline", "insufficient_funds", "try_again_later")]
#[case::hard("tok_decline_hard", "stolen_card", "do_not_try_again")]
#[tokio::test]
async fn a_decline_is_402_with_its_charge(#[case] token: &str, #[case] code: &str, #[case] advice: &str) -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    let first = simulator.charge("att_1", &body(token, 1250)).await?;
    assert_eq!((first.status, first.code()), (402, &json!("card_declined")));
    assert_eq!(first.body["error"]["decline_code"], code);
    let charge = &first.body["charge"];
    assert_eq!((&charge["status"], &charge["advice"]), (&json!("declined"), &json!(advice)));
    assert_eq!(charge["authorization_code"], Value::Null);

    let again = simulator.charge("att_1", &body(token, 1250)).await?;
    assert_eq!((again.status, again.replayed, &again.body), (402, true, &first.body));
    Ok(())
}

#[rstest]
#[case::every_time("tok_error", "gateway_error", [500, 500])]
#[case::the_first_time("tok_flaky", "gateway_error", [500, 201])]
#[case::busy("tok_busy", "too_many_requests", [429, 201])]
#[case::conflict("tok_conflict", "in_progress", [409, 201])]
#[tokio::test]
async fn an_error_processes_nothing(#[case] token: &str, #[case] code: &str, #[case] statuses: [u16; 2]) -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    let first = simulator.charge("att_1", &body(token, 1250)).await?;
    assert_eq!((first.status, first.code()), (statuses[0], &json!(code)));
    assert_eq!(simulator.get("/v1/charges?idempotency_key=att_1").await?.body, json!({"data": []}));
    let second = simulator.charge("att_1", &body(token, 1250)).await?;
    assert_eq!((second.status, second.replayed), (statuses[1], false));
    Ok(())
}

#[tokio::test]
async fn a_client_that_gives_up_has_been_charged() -> Outcome {
    let slow_ms = 3_000;
    let simulator = Simulator::start(Config { slow_ms, ..Config::default() }).await?;
    let began = Instant::now();
    let request = simulator.charge_request("att_1", &body("tok_slow", 1250));
    let gave_up = request.timeout(Duration::from_secs(1)).send().await;
    assert!(gave_up.is_err_and(|error| error.is_timeout()));

    let found = simulator.get("/v1/charges?idempotency_key=att_1").await?;
    assert_eq!(found.body["data"][0]["status"], "succeeded");

    // A twin is told to come back until the late answer is due, and then what the first would have heard.
    let deadline = Duration::from_secs(10);
    let mut told_to_come_back = 0;
    let answer = loop {
        let twin = simulator.charge("att_1", &body("tok_slow", 1250)).await?;
        if twin.status != 409 {
            break twin;
        }
        assert_eq!(twin.code(), "in_progress");
        assert!(began.elapsed() < deadline, "still in progress after {deadline:?}");
        told_to_come_back += 1;
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert!(told_to_come_back > 0 && began.elapsed() >= Duration::from_millis(slow_ms));
    assert_eq!((answer.status, answer.replayed, &answer.body), (201, true, &found.body["data"][0]));
    assert_eq!(simulator.get("/admin/keys/att_1").await?.body["charges"], 1);
    Ok(())
}

#[rstest]
#[case::before("tok_timeout_before", json!([]))]
#[case::after("tok_timeout_after", json!(["succeeded"]))]
#[tokio::test]
async fn a_request_that_is_never_answered(#[case] token: &str, #[case] processed: Value) -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    let request = simulator.charge_request("att_1", &body(token, 1250));
    let gave_up = request.timeout(Duration::from_millis(300)).send().await;
    assert!(gave_up.is_err_and(|error| error.is_timeout()));
    let found = simulator.get("/v1/charges?idempotency_key=att_1").await?;
    let statuses = found.body["data"].as_array().into_iter().flatten().map(|charge| charge["status"].clone());
    assert_eq!(Value::from_iter(statuses), processed);
    let again = simulator.charge("att_1", &body(token, 1250)).await?;
    assert_eq!((again.status, &again.body["status"]), (201, &json!("succeeded")));
    Ok(())
}

#[tokio::test]
async fn a_client_that_waits_is_answered_late() -> Outcome {
    let slow_ms = 200;
    let simulator = Simulator::start(Config { slow_ms, ..Config::default() }).await?;
    let began = Instant::now();
    let answer = simulator.charge("att_1", &body("tok_slow", 1250)).await?;
    assert!(began.elapsed() >= Duration::from_millis(slow_ms));
    assert_eq!((answer.status, answer.replayed), (201, false));
    Ok(())
}

#[tokio::test]
async fn twins_at_once_are_charged_once() -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    let body = body("tok_approve", 1250);
    let (a, b, c) = tokio::try_join!(
        simulator.charge("att_1", &body),
        simulator.charge("att_1", &body),
        simulator.charge("att_1", &body),
    )?;
    assert_eq!([&a, &b, &c].iter().filter(|answer| !answer.replayed).count(), 1);
    assert!(a.body == b.body && b.body == c.body);
    Ok(())
}
