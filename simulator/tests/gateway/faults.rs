//! What goes wrong on purpose.

use quittance_simulator::Config;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, Outcome, Simulator, body};

async fn order(simulator: &Simulator, order: &Value) -> Outcome {
    assert_eq!(simulator.order(Method::PUT, "/admin/faults", order).await?.status, 204);
    Ok(())
}

/// What a client hears: a status, or that the connection was closed.
async fn hear(simulator: &Simulator, key: &str) -> Outcome<Option<u16>> {
    match simulator.charge_request(key, &body("tok_approve", 100)).send().await {
        Ok(response) => Ok(Some(Answer::read(response).await?.status)),
        Err(error) if error.is_timeout() || error.is_connect() => Err(error.into()),
        Err(_) => Ok(None),
    }
}

#[tokio::test]
async fn every_fault_is_met_the_same_for_the_same_seed_and_nothing_is_charged_twice() -> Outcome {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let simulator = Simulator::start(Config { slow_ms: 1, ..Config::default() }).await?;
        order(&simulator, &json!({"seed": 4, "percent": 80})).await?;
        let mut heard = Vec::new();
        for attempt in 0..60 {
            // The same attempt until it is answered: what a client with patience does.
            let key = format!("att_{attempt}");
            loop {
                let status = hear(&simulator, &key).await?;
                heard.push(status);
                if status == Some(201) {
                    break;
                }
            }
        }
        order(&simulator, &json!({"seed": 0, "percent": 0})).await?;
        assert_eq!(hear(&simulator, "att_last").await?, Some(201));
        let totals = simulator.get("/admin/totals").await?.body;
        assert_eq!((&totals["charges"], &totals["amount_captured"]["EUR"]), (&json!(61), &json!(6100)));
        runs.push(heard);
    }
    assert_eq!(runs[0], runs[1]);
    for wanted in [None, Some(201), Some(429), Some(500)] {
        assert!(runs[0].contains(&wanted), "{wanted:?} was never heard");
    }
    Ok(())
}

#[tokio::test]
async fn who_is_down_answers_nobody_but_operators() -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    order(&simulator, &json!({"seed": 0, "percent": 0, "down_ms": 600_000})).await?;
    assert_eq!(hear(&simulator, "att_1").await?, None);
    assert!(simulator.stripe_get("payment_intents").await.is_err());
    assert_eq!(simulator.get("/admin/totals").await?.body["requests"], 0);
    order(&simulator, &json!({"seed": 0, "percent": 0})).await?;
    assert_eq!(hear(&simulator, "att_1").await?, Some(201));
    Ok(())
}

#[tokio::test]
async fn at_stripe_an_error_after_the_fact_is_stored() -> Outcome {
    let simulator = Simulator::start(Config { slow_ms: 1, ..Config::default() }).await?;
    let form = "amount=100&currency=eur&payment_method=pm_card_visa&confirm=true";
    for attempt in 0..200 {
        order(&simulator, &json!({"seed": attempt, "percent": 100})).await?;
        let first = simulator.stripe(&format!("att_{attempt}"), "payment_intents", form).await;
        order(&simulator, &json!({"seed": 0, "percent": 0})).await?;
        if first.is_ok_and(|first| first.status == 500) {
            let again = simulator.stripe(&format!("att_{attempt}"), "payment_intents", form).await?;
            if again.replayed {
                assert_eq!((again.status, &again.body["error"]["type"]), (500, &json!("api_error")));
                let charged = simulator.get(&format!("/admin/keys/att_{attempt}")).await?.body;
                assert_eq!(charged["charges"], 1);
                return Ok(());
            }
        }
    }
    Err("no error after the fact was met".into())
}
