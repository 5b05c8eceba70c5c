//! What the customer does.

use quittance_simulator::Config;
use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};

use crate::harness::{Answer, Outcome, Simulator};

async fn waiting(simulator: &Simulator, return_url: Option<&str>) -> Outcome<Value> {
    let body =
        json!({"amount": 100, "currency": "EUR", "token": "tok_action", "capture": false, "return_url": return_url});
    let answer = simulator.charge("att_1", &body).await?;
    assert_eq!((answer.status, &answer.body["status"]), (201, &json!("requires_action")));
    Ok(answer.body)
}

#[rstest]
#[case::approves("approve", "authorized", Value::Null)]
#[case::fails("fail", "declined", json!("authentication_failed"))]
#[tokio::test]
async fn the_customer(#[case] act: &str, #[case] status: &str, #[case] decline: Value) -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    let charge = waiting(&simulator, None).await?;
    let url = format!("http://{}/actions/ch_1", simulator.address);
    assert_eq!((&charge["next_action"]["type"], &charge["next_action"]["url"]), (&json!("redirect"), &json!(url)));
    assert!(charge["next_action"]["expires_at"].is_u64());

    let acted = simulator.post(&format!("/actions/ch_1/{act}")).await?;
    assert_eq!((acted.status, &acted.body["status"], &acted.body["decline_code"]), (200, &json!(status), &decline));
    assert_eq!(acted.body["next_action"], Value::Null);
    let again = simulator.post("/actions/ch_1/approve").await?;
    assert_eq!((again.status, again.code()), (409, &json!("no_action")));
    Ok(())
}

#[rstest]
#[case::to_the_shop(Some("https://shop.example/back?order=1"), "https://shop.example/back?order=1")]
#[case::to_the_page(None, "/actions/ch_1")]
#[tokio::test]
async fn a_browser_is_shown_a_page_and_sent_on(#[case] return_url: Option<&str>, #[case] location: &str) -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    waiting(&simulator, return_url).await?;
    let page = simulator.request(Method::GET, "/actions/ch_1").send().await?;
    assert_eq!(
        page.headers().get("content-type").and_then(|value| value.to_str().ok()),
        Some("text/html; charset=utf-8")
    );
    let html = page.text().await?;
    assert!(
        html.contains("formaction=/actions/ch_1/approve") && html.contains("formaction=/actions/ch_1/fail"),
        "{html}"
    );

    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build()?;
    let request = client.post(format!("http://{}/actions/ch_1/approve", simulator.address));
    let sent_on = request.header("accept", "text/html,*/*").send().await?;
    assert_eq!(sent_on.status(), 303);
    assert_eq!(sent_on.headers().get("location").and_then(|value| value.to_str().ok()), Some(location));
    let html = simulator.request(Method::GET, "/actions/ch_1").send().await?.text().await?;
    assert!(html.contains("authorized") && !html.contains("button"), "{html}");
    Ok(())
}

#[tokio::test]
async fn the_customer_acts_in_time_or_not_at_all() -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    let body = json!({"amount": 100, "currency": "EUR", "token": "tok_action_short"});
    Answer::read(simulator.charge_request("att_1", &body).send().await?).await?;
    let late = simulator.get_until("/v1/charges/ch_1", |charge| charge["status"] == "declined").await?;
    assert_eq!(late.body["decline_code"], "action_expired");
    assert_eq!(simulator.post("/actions/ch_1/approve").await?.status, 409);
    Ok(())
}
