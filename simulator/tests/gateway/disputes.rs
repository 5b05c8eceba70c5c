//! Money that is asked back through the customer's bank.

use quittance_simulator::Config;
use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};

use crate::harness::{Answer, Outcome, Simulator, body};

async fn dispute(simulator: &Simulator, order: &Value) -> Outcome<Answer> {
    simulator.order(Method::POST, "/admin/charges/ch_1/disputes", order).await
}

async fn close(simulator: &Simulator, number: u64, won: bool) -> Outcome<Answer> {
    simulator.order(Method::POST, &format!("/admin/disputes/dp_{number}/close"), &json!({"won": won})).await
}

#[tokio::test]
async fn a_dispute_is_opened_and_decided_behind_the_clients_back() -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    assert_eq!(simulator.charge("att_1", &body("tok_approve", 100)).await?.body["disputes"], json!([]));
    simulator.ask("att_2", "/v1/charges/ch_1/refunds", &json!({"amount": 10})).await?;
    let opened = dispute(&simulator, &json!({})).await?;
    assert_eq!((opened.status, &opened.body["dispute"]), (201, &json!("dp_1")));
    let mut expected = simulator.get("/v1/charges/ch_1").await?.body;
    let created = expected["disputes"][0]["created"].clone();
    assert!(created.is_u64());
    let told = json!([{"id": "dp_1", "amount": 90, "status": "open", "reason": "fraudulent", "created": created}]);
    assert_eq!(expected["disputes"], told);
    expected["dispute"] = json!("dp_1");
    assert_eq!(opened.body, expected);

    let won = close(&simulator, 1, true).await?;
    assert_eq!((won.status, &won.body["disputes"][0]["status"]), (200, &json!("won")));
    let second = dispute(&simulator, &json!({"amount": 30, "reason": "product_not_received"})).await?;
    assert_eq!((second.status, &second.body["dispute"]), (201, &json!("dp_2")));
    assert_eq!(second.body["disputes"][1]["reason"], "product_not_received");
    let lost = close(&simulator, 2, false).await?.body;
    assert_eq!((&lost["status"], &lost["disputes"][1]["status"]), (&json!("succeeded"), &json!("lost")));
    assert_eq!((&lost["amount_captured"], &lost["amount_refunded"]), (&json!(100), &json!(10)));
    assert_eq!(simulator.get("/v1/charges/ch_1").await?.body, lost);
    Ok(())
}

#[tokio::test]
async fn what_is_lost_has_sums_of_its_own() -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    simulator.charge("att_1", &body("tok_approve", 100)).await?;
    simulator.ask("att_2", "/v1/charges/ch_1/refunds", &json!({"amount": 10})).await?;
    for (order, lost) in [(None, 0), (Some(false), 60), (Some(true), 0), (Some(false), 60)] {
        let status = match order {
            None => dispute(&simulator, &json!({"amount": 60})).await?.status,
            Some(won) => close(&simulator, 1, won).await?.status,
        };
        assert!(matches!(status, 200 | 201), "{status}");
        let line = simulator.get("/admin/ledger").await?.body["data"][0].clone();
        let sums = ["captured", "refunded", "lost", "voided"].map(|name| line[name].clone());
        assert_eq!(sums, [json!(100), json!(10), json!(lost), json!(0)]);
        let totals = simulator.get("/admin/totals").await?.body;
        assert_eq!(totals["amount_captured"], json!({"EUR": 100}));
        assert_eq!(totals["amount_lost"]["EUR"].as_u64().unwrap_or_default(), lost);
    }
    Ok(())
}

#[rstest]
#[case::open(None)]
#[case::lost(Some(false))]
#[tokio::test]
async fn nothing_is_given_back_of_a_charge_that_is_disputed(#[case] won: Option<bool>) -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    simulator.charge("att_1", &body("tok_approve", 100)).await?;
    dispute(&simulator, &json!({"amount": 60})).await?;
    if let Some(won) = won {
        close(&simulator, 1, won).await?;
    }
    let refund = json!({"amount": 40});
    let refused = simulator.ask("att_2", "/v1/charges/ch_1/refunds", &refund).await?;
    assert_eq!((refused.status, refused.code()), (409, &json!("charge_disputed")));
    let refused = simulator.order(Method::POST, "/admin/charges/ch_1/refunds", &refund).await?;
    assert_eq!((refused.status, refused.code()), (409, &json!("charge_disputed")));

    close(&simulator, 1, true).await?;
    let again = simulator.ask("att_2", "/v1/charges/ch_1/refunds", &refund).await?;
    assert_eq!((again.status, again.code(), again.replayed), (409, &json!("charge_disputed"), true));
    assert_eq!(simulator.ask("att_3", "/v1/charges/ch_1/refunds", &json!({"amount": 100})).await?.status, 201);
    Ok(())
}

#[rstest]
#[case::no_charge("charges/ch_9/disputes", json!({}), 404, "charge_not_found")]
#[case::one_is_open("charges/ch_1/disputes", json!({"amount": 1}), 409, "not_disputable")]
#[case::nothing_taken("charges/ch_2/disputes", json!({}), 409, "not_disputable")]
#[case::too_much("charges/ch_3/disputes", json!({"amount": 101}), 422, "amount_too_large")]
#[case::nothing("charges/ch_3/disputes", json!({"amount": 0}), 400, "invalid_request")]
#[case::unknown_member("charges/ch_3/disputes", json!({"won": true}), 400, "invalid_request")]
#[case::no_dispute("disputes/dp_9/close", json!({"won": true}), 404, "dispute_not_found")]
#[case::no_id("disputes/1/close", json!({"won": true}), 404, "dispute_not_found")]
#[case::undecided("disputes/dp_1/close", json!({}), 400, "invalid_request")]
#[tokio::test]
async fn refusals(#[case] path: &str, #[case] order: Value, #[case] status: u16, #[case] code: &str) -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    for (key, token) in [("a", "tok_approve"), ("b", "tok_decline"), ("c", "tok_approve")] {
        simulator.charge(key, &body(token, 100)).await?;
    }
    dispute(&simulator, &json!({"amount": 60})).await?;
    let refused = simulator.order(Method::POST, &format!("/admin/{path}"), &order).await?;
    assert_eq!((refused.status, refused.code()), (status, &json!(code)));
    assert!(refused.body["error"]["message"].is_string());
    assert_eq!(simulator.get("/v1/charges/ch_1").await?.body["disputes"][0]["status"], "open");
    Ok(())
}

#[rstest]
#[case(true)]
#[case(false)]
#[tokio::test]
async fn a_dispute_is_not_closed_the_same_way_twice(#[case] won: bool) -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    simulator.charge("att_1", &body("tok_approve", 100)).await?;
    dispute(&simulator, &json!({})).await?;
    assert_eq!(close(&simulator, 1, won).await?.status, 200);
    let again = close(&simulator, 1, won).await?;
    assert_eq!((again.status, again.code()), (409, &json!("not_closable")));
    assert_eq!(close(&simulator, 1, !won).await?.status, 200);
    Ok(())
}
