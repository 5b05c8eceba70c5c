//! What happens to charges behind their client's back, and what the ledger says of it.

use quittance_simulator::Config;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Outcome, Simulator, body};

#[tokio::test]
async fn the_ledger_says_what_each_charge_came_to() -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    let marks = json!({"attempt_id": "att_1", "payment_id": "pay_1"});
    let charge = json!({"amount": 100, "currency": "EUR", "token": "tok_approve", "metadata": marks});
    simulator.charge("att_1", &charge).await?;
    simulator.charge("att_2", &body("tok_decline", 50)).await?;
    let refund = simulator.order(Method::POST, "/admin/charges/ch_1/refunds", &json!({"amount": 30})).await?;
    assert_eq!((refund.status, &refund.body["id"], &refund.body["metadata"]), (201, &json!("re_1"), &json!({})));
    let too_much = simulator.order(Method::POST, "/admin/charges/ch_1/refunds", &json!({"amount": 71})).await?;
    assert_eq!((too_much.status, too_much.code()), (422, &json!("amount_too_large")));

    let first = json!({
        "charge": "ch_1", "payment_id": "pay_1", "attempt_id": "att_1", "currency": "EUR",
        "authorized": 100, "captured": 100, "refunded": 30, "lost": 0, "voided": 0,
    });
    let second = json!({
        "charge": "ch_2", "payment_id": null, "attempt_id": "att_1", "currency": "EUR",
        "authorized": 0, "captured": 0, "refunded": 0, "lost": 0, "voided": 0,
    });
    let page = simulator.get("/admin/ledger").await?.body;
    assert_eq!(page, json!({"data": [first, second], "has_more": false}));
    let page = simulator.get("/admin/ledger?limit=1").await?.body;
    assert_eq!(page, json!({"data": [first], "has_more": true}));
    let page = simulator.get("/admin/ledger?limit=1&after=ch_1").await?.body;
    assert_eq!(page, json!({"data": [second], "has_more": false}));
    Ok(())
}

#[tokio::test]
async fn things_fail_late() -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    simulator.charge("att_1", &body("tok_approve", 100)).await?;
    simulator.ask("att_2", "/v1/charges/ch_1/refunds", &json!({"amount": 100})).await?;
    let kept = simulator.post("/admin/charges/ch_1/captures/cap_1/fail").await?;
    assert_eq!((kept.status, kept.code()), (409, &json!("not_failable")));

    let charge = simulator.post("/admin/refunds/re_1/fail").await?;
    assert_eq!((charge.status, &charge.body["refunds"][0]["status"]), (200, &json!("failed")));
    assert_eq!(charge.body["refunds"][0]["failure_code"], "refund_failed");
    let charge = simulator.post("/admin/charges/ch_1/captures/cap_1/fail").await?;
    assert_eq!((charge.status, &charge.body["status"]), (200, &json!("authorized")));
    assert_eq!((&charge.body["captures"][0]["status"], &charge.body["amount_captured"]), (&json!("failed"), &json!(0)));
    assert_eq!(simulator.get("/admin/totals").await?.body["amount_captured"], json!({"EUR": 0}));

    let charge = simulator.post("/admin/charges/ch_1/expire").await?;
    assert_eq!((&charge.body["status"], &charge.body["void"]["reason"]), (&json!("expired"), &json!("expired")));
    assert_eq!((&charge.body["void"]["amount"], &charge.body["void"]["metadata"]), (&json!(100), &json!({})));
    assert_eq!(simulator.post("/admin/charges/ch_1/expire").await?.code(), "not_expirable");
    Ok(())
}

#[tokio::test]
async fn a_forgotten_key_charges_again() -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    simulator.charge("att_1", &body("tok_approve", 100)).await?;
    assert_eq!(simulator.post("/admin/keys/forget").await?.status, 204);
    let again = simulator.charge("att_1", &body("tok_approve", 100)).await?;
    assert_eq!((again.status, again.replayed, &again.body["id"]), (201, false, &json!("ch_2")));
    assert_eq!(simulator.get("/admin/keys/att_1").await?.body["charges"], 2);
    let found = simulator.get("/v1/charges?idempotency_key=att_1").await?.body;
    assert_eq!(found["data"].as_array().map(Vec::len), Some(2));
    assert_eq!(found["data"][0]["void"], Value::Null);
    Ok(())
}
