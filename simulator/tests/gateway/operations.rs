//! Captures, voids and refunds over HTTP.

use quittance_simulator::Config;
use rstest::rstest;
use serde_json::{Value, json};

use crate::harness::{Outcome, Simulator};

async fn held(simulator: &Simulator) -> Outcome {
    let body = json!({"amount": 100, "currency": "EUR", "token": "tok_approve", "capture": false});
    let answer = simulator.charge("att_1", &body).await?;
    assert_eq!((answer.status, &answer.body["id"]), (201, &json!("ch_1")));
    Ok(())
}

#[tokio::test]
async fn a_charge_tells_what_was_done_to_it() -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    held(&simulator).await?;
    let marks = |attempt: &str| json!({"attempt_id": attempt});
    let part = json!({"amount": 60, "final": false, "metadata": marks("att_2")});
    let first = simulator.ask("att_2", "/v1/charges/ch_1/captures", &part).await?;
    let created = first.body["created"].clone();
    let expected = json!({
        "id": "cap_1", "charge": "ch_1", "amount": 60, "status": "succeeded", "final": false, "metadata": marks("att_2"),
        "created": created,
    });
    assert_eq!((first.status, first.replayed, &first.body), (201, false, &expected));
    let again = simulator.ask("att_2", "/v1/charges/ch_1/captures", &part).await?;
    assert_eq!((again.status, again.replayed, &again.body), (201, true, &expected));

    let void = simulator.ask("att_3", "/v1/charges/ch_1/void", &json!({"metadata": marks("att_3")})).await?;
    assert_eq!((void.status, &void.body["id"], &void.body["charge"]), (201, &json!("void_1"), &json!("ch_1")));
    assert_eq!((&void.body["amount"], &void.body["reason"]), (&json!(40), &json!("requested")));

    let body = json!({"amount": 25, "reason": "broken", "metadata": marks("att_4")});
    let refund = simulator.ask("att_4", "/v1/charges/ch_1/refunds", &body).await?;
    assert_eq!((refund.status, &refund.body["id"], &refund.body["status"]), (201, &json!("re_1"), &json!("succeeded")));
    assert_eq!((&refund.body["charge"], &refund.body["reason"]), (&json!("ch_1"), &json!("broken")));

    let charge = simulator.get("/v1/charges/ch_1").await?.body;
    assert_eq!((&charge["status"], &charge["amount"]), (&json!("succeeded"), &json!(100)));
    assert_eq!((&charge["amount_captured"], &charge["amount_refunded"]), (&json!(60), &json!(25)));
    let attempts = ["/captures/0", "/refunds/0", "/void"]
        .map(|path| charge.pointer(&format!("{path}/metadata/attempt_id")).cloned().unwrap_or_default());
    assert_eq!(attempts, [json!("att_2"), json!("att_4"), json!("att_3")]);
    assert_eq!(simulator.get("/v1/charges?idempotency_key=att_4").await?.body, json!({"data": [charge]}));
    Ok(())
}

#[rstest]
#[case::too_much("captures", json!({"amount": 101}), 422, "amount_too_large")]
#[case::nothing_taken("refunds", json!({"amount": 1}), 409, "not_refundable")]
#[case::no_amount("captures", json!({}), 400, "invalid_request")]
#[case::nothing("captures", json!({"amount": 0}), 400, "invalid_request")]
#[case::unknown_member("void", json!({"amount": 1}), 400, "invalid_request")]
#[tokio::test]
async fn refusals(#[case] what: &str, #[case] body: Value, #[case] status: u16, #[case] code: &str) -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    held(&simulator).await?;
    let answer = simulator.ask("att_2", &format!("/v1/charges/ch_1/{what}"), &body).await?;
    assert_eq!((answer.status, answer.code()), (status, &json!(code)));
    assert_eq!(simulator.get("/v1/charges/ch_1").await?.body["status"], "authorized");
    Ok(())
}

#[tokio::test]
async fn what_is_over_is_refused_and_stays_refused() -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    held(&simulator).await?;
    simulator.ask("att_2", "/v1/charges/ch_1/void", &json!({})).await?;
    for (key, what, body, code) in [
        ("att_3", "captures", json!({"amount": 1}), "not_capturable"),
        ("att_4", "void", json!({}), "not_voidable"),
        ("att_5", "refunds", json!({"amount": 1}), "not_refundable"),
    ] {
        for replayed in [false, true] {
            let answer = simulator.ask(key, &format!("/v1/charges/ch_1/{what}"), &body).await?;
            assert_eq!((answer.status, answer.code(), answer.replayed), (409, &json!(code), replayed));
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_key_is_for_one_path() -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    held(&simulator).await?;
    let body = json!({"amount": 10, "metadata": {}});
    let capture = simulator.ask("att_2", "/v1/charges/ch_1/captures", &body).await?;
    assert_eq!(capture.status, 201);
    let refund = simulator.ask("att_2", "/v1/charges/ch_1/refunds", &body).await?;
    assert_eq!((refund.status, refund.code()), (409, &json!("idempotency_key_reused")));
    let unknown = simulator.ask("att_3", "/v1/charges/ch_9/refunds", &body).await?;
    assert_eq!((unknown.status, unknown.code()), (404, &json!("charge_not_found")));
    Ok(())
}

#[rstest]
#[case::settles("tok_pending", "processing", "succeeded")]
#[case::capture_fails("tok_capture_fails", "succeeded", "authorized")]
#[tokio::test]
async fn what_turns_out_later(#[case] token: &str, #[case] first: &str, #[case] then: &str) -> Outcome {
    let simulator = Simulator::start(Config { slow_ms: 300, ..Config::default() }).await?;
    let answer = simulator.charge("att_1", &json!({"amount": 100, "currency": "EUR", "token": token})).await?;
    assert_eq!((answer.status, &answer.body["status"]), (201, &json!(first)));
    simulator.get_until("/v1/charges/ch_1", |charge| charge["status"] == then).await?;
    Ok(())
}
