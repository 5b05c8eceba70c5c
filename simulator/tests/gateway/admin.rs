//! What a test can ask about what was asked.

use quittance_simulator::Config;
use serde_json::json;

use crate::harness::{Outcome, Simulator, body};

#[tokio::test]
async fn keys_and_totals_count_what_happened() -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    for (key, token) in [
        ("a/1", "tok_approve"),
        ("a/1", "tok_approve"),
        ("b", "tok_decline"),
        ("c", "tok_error"),
        ("d", "tok_nonsense"),
    ] {
        simulator.charge(key, &body(token, 1250)).await?;
    }
    let approved = json!({"key": "a/1", "requests": 2, "charges": 1, "amount_charged": 1250, "currency": "EUR", "token": "tok_approve"});
    let keys = json!([
        approved,
        {"key": "b", "requests": 1, "charges": 0, "amount_charged": 0, "currency": "EUR", "token": "tok_decline"},
        {"key": "c", "requests": 1, "charges": 0, "amount_charged": 0, "currency": "EUR", "token": "tok_error"},
        {"key": "d", "requests": 1, "charges": 0, "amount_charged": 0, "currency": null, "token": null},
    ]);
    assert_eq!(simulator.get("/admin/keys").await?.body, json!({"data": keys, "has_more": false}));
    assert_eq!(simulator.get("/admin/keys/a%2F1").await?.body, approved);
    let first = simulator.get("/admin/keys?limit=1").await?;
    assert_eq!(first.body, json!({"data": [approved], "has_more": true}));
    let rest = simulator.get("/admin/keys?limit=3&after=a%2F1").await?;
    assert_eq!((&rest.body["data"][0]["key"], &rest.body["has_more"]), (&json!("b"), &json!(false)));

    let totals = simulator.get("/admin/totals").await?;
    let expected =
        json!({"requests": 5, "charges": 1, "declines": 1, "amount_captured": {"EUR": 1250}, "amount_lost": {}});
    assert_eq!(totals.body, expected);
    Ok(())
}

#[tokio::test]
async fn a_reset_forgets() -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    simulator.charge("att_1", &body("tok_approve", 1250)).await?;
    assert_eq!(simulator.post("/admin/reset").await?.status, 204);
    let totals = simulator.get("/admin/totals").await?;
    let nothing = json!({"requests": 0, "charges": 0, "declines": 0, "amount_captured": {}, "amount_lost": {}});
    assert_eq!(totals.body, nothing);
    assert_eq!(simulator.get("/v1/charges/ch_1").await?.status, 404);
    let again = simulator.charge("att_1", &body("tok_approve", 1250)).await?;
    assert_eq!((again.status, again.replayed, &again.body["id"]), (201, false, &json!("ch_2")));
    Ok(())
}
