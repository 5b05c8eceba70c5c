//! Cards that are set up for later, and what they are.

use quittance_simulator::Config;
use rstest::rstest;
use serde_json::{Value, json};

use crate::harness::{Outcome, Simulator};

#[rstest]
#[case::at_once("payment_method=pm_card_visa&confirm=true&metadata[a]=b", "succeeded", json!("pm_approve"))]
#[case::not_yet("payment_method=pm_card_visa", "requires_confirmation", json!("pm_approve"))]
#[case::without_a_card("usage=on_session", "requires_payment_method", Value::Null)]
#[tokio::test]
async fn a_card(#[case] form: &str, #[case] status: &str, #[case] method: Value) -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    let answer = simulator.stripe("a", "setup_intents", form).await?;
    assert_eq!((answer.status, &answer.body["id"], &answer.body["status"]), (200, &json!("seti_1"), &json!(status)));
    assert_eq!((&answer.body["object"], &answer.body["payment_method"]), (&json!("setup_intent"), &method));
    assert_eq!(simulator.stripe_get("setup_intents/seti_1").await?.body, answer.body);
    assert!(simulator.stripe("a", "setup_intents", form).await?.replayed);
    assert_eq!(simulator.get("/admin/ledger").await?.body["data"], json!([]));
    Ok(())
}

#[tokio::test]
async fn a_card_that_is_declined_is_not_set_up() -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    let answer = simulator.stripe("a", "setup_intents", "payment_method=pm_decline_hard&confirm=true").await?;
    assert_eq!((answer.status, &answer.body["error"]["decline_code"]), (402, &json!("stolen_card")));
    assert_eq!(answer.body["error"]["setup_intent"]["status"], "requires_payment_method");
    Ok(())
}

#[rstest]
#[case::approves("approve", "succeeded", json!("pm_action"), Value::Null)]
#[case::fails("fail", "requires_payment_method", Value::Null, json!("setup_intent_authentication_failure"))]
#[tokio::test]
async fn a_customer_acts(
    #[case] act: &str,
    #[case] status: &str,
    #[case] method: Value,
    #[case] error: Value,
) -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    let form = "payment_method=pm_card_threeDSecure2Required&confirm=true&return_url=https://shop.example/back";
    let answer = simulator.stripe("a", "setup_intents", form).await?;
    assert_eq!((answer.status, &answer.body["status"]), (200, &json!("requires_action")));
    let url = format!("http://{}/actions/seti_1", simulator.address);
    let redirect = json!({"url": url, "return_url": "https://shop.example/back"});
    assert_eq!(answer.body["next_action"]["redirect_to_url"], redirect);

    let acted = simulator.post(&format!("/actions/seti_1/{act}")).await?;
    assert_eq!(acted.status, 200);
    let setup = simulator.stripe_get("setup_intents/seti_1").await?.body;
    assert_eq!((&setup["status"], &setup["payment_method"]), (&json!(status), &method));
    assert_eq!((&setup["next_action"], &setup["last_setup_error"]["code"]), (&Value::Null, &error));
    let again = simulator.post("/actions/seti_1/approve").await?;
    assert_eq!((again.status, again.code()), (409, &json!("no_action")));
    Ok(())
}

#[tokio::test]
async fn a_payment_method_is_what_its_token_is() -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    let answer = simulator.stripe_get("payment_methods/pm_card_chargeDeclinedInsufficientFunds").await?;
    assert_eq!((&answer.body["id"], &answer.body["object"]), (&json!("pm_decline"), &json!("payment_method")));
    assert_eq!((&answer.body["card"]["funding"], &answer.body["card"]["last4"]), (&json!("debit"), &json!("9995")));
    assert_eq!(simulator.stripe_get("payment_methods/pm_nonsense").await?.status, 404);
    Ok(())
}
