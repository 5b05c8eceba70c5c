//! PaymentIntents and their refunds.

use quittance_simulator::Config;
use rstest::rstest;
use serde_json::{Value, json};

use crate::harness::{Outcome, Simulator};

fn form(method: &str, rest: &str) -> String {
    format!("amount=1250&currency=eur&payment_method={method}&metadata[attempt_id]=att_1{rest}")
}

/// The members of an object that a test looks at.
fn of(object: &Value, names: &[&str]) -> Value {
    names.iter().map(|name| (*name, object[*name].clone())).collect::<Value>()
}

#[tokio::test]
async fn an_intent_is_created_confirmed_captured_and_refunded() -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    let created = simulator.stripe("a", "payment_intents", &form("pm_card_visa", "&capture_method=manual")).await?;
    assert_eq!((created.status, created.replayed), (200, false));
    let expected = json!({
        "id": "pi_1", "object": "payment_intent", "status": "requires_confirmation", "amount": 1250, "currency": "eur",
        "amount_capturable": 0, "amount_received": 0, "capture_method": "manual", "latest_charge": null,
        "payment_method": "pm_approve", "metadata": {"attempt_id": "att_1"}, "next_action": null, "last_payment_error": null,
    });
    let names =
        expected.as_object().map(|members| members.keys().map(String::as_str).collect::<Vec<_>>()).unwrap_or_default();
    assert_eq!(of(&created.body, &names), expected);
    assert_eq!(simulator.get("/v1/charges/ch_1").await?.body["status"], "created");

    let confirmed = simulator.stripe("a:confirm", "payment_intents/pi_1/confirm", "expand[]=latest_charge").await?;
    let told = of(&confirmed.body, &["status", "amount_capturable", "amount_received"]);
    assert_eq!(told, json!({"status": "requires_capture", "amount_capturable": 1250, "amount_received": 0}));
    let charge = &confirmed.body["latest_charge"];
    let told = of(charge, &["id", "status", "captured", "amount_captured", "payment_intent"]);
    assert_eq!(
        told,
        json!({"id": "ch_1", "status": "succeeded", "captured": false, "amount_captured": 0, "payment_intent": "pi_1"})
    );
    let card = &charge["payment_method_details"]["card"];
    let told =
        of(card, &["brand", "funding", "country", "last4", "iin", "network_transaction_id", "authorization_code"]);
    let expected = json!({
        "brand": "visa", "funding": "credit", "country": "IE", "last4": "4242", "iin": "424242",
        "network_transaction_id": "000000000000001", "authorization_code": "A00001",
    });
    assert_eq!(told, expected);
    assert!(card["capture_before"].is_u64());

    let captured = simulator
        .stripe("b", "payment_intents/pi_1/capture", "amount_to_capture=1000&metadata[capture_attempt_id]=att_2")
        .await?;
    let told = of(&captured.body, &["status", "amount_capturable", "amount_received", "metadata"]);
    let marks = json!({"attempt_id": "att_1", "capture_attempt_id": "att_2"});
    assert_eq!(
        told,
        json!({"status": "succeeded", "amount_capturable": 0, "amount_received": 1000, "metadata": marks})
    );

    let refund = simulator
        .stripe("c", "refunds", "payment_intent=pi_1&amount=400&reason=duplicate&metadata[attempt_id]=att_3")
        .await?;
    let told =
        of(&refund.body, &["id", "object", "amount", "status", "charge", "payment_intent", "reason", "metadata"]);
    let expected = json!({
        "id": "re_1", "object": "refund", "amount": 400, "status": "succeeded", "charge": "ch_1", "payment_intent": "pi_1",
        "reason": "duplicate", "metadata": {"attempt_id": "att_3"},
    });
    assert_eq!(told, expected);
    assert_eq!(simulator.stripe_get("refunds/re_1").await?.body, refund.body);
    let list = simulator.stripe_get("refunds?payment_intent=pi_1").await?.body;
    assert_eq!(
        (&list["object"], &list["data"], &list["has_more"]),
        (&json!("list"), &json!([refund.body]), &json!(false))
    );

    let whole = simulator.stripe_get("payment_intents/pi_1?expand[]=latest_charge.refunds").await?.body;
    let told = of(&whole["latest_charge"], &["captured", "amount_captured", "amount_refunded", "refunded"]);
    assert_eq!(told, json!({"captured": true, "amount_captured": 1000, "amount_refunded": 400, "refunded": false}));
    assert_eq!(whole["latest_charge"]["refunds"]["data"], json!([refund.body]));
    Ok(())
}

#[rstest]
#[case::generic("pm_card_chargeDeclined", "card_declined", json!("generic_decline"), Value::Null)]
#[case::funds("pm_card_chargeDeclinedInsufficientFunds", "card_declined", json!("insufficient_funds"), json!("try_again_later"))]
#[case::expired("pm_decline_expired_card", "expired_card", json!("expired_card"), Value::Null)]
#[case::stolen("tok_decline_hard", "card_declined", json!("stolen_card"), json!("do_not_try_again"))]
#[tokio::test]
async fn a_decline(
    #[case] method: &str,
    #[case] code: &str,
    #[case] decline_code: Value,
    #[case] advice: Value,
    #[values(false, true)] in_one_step: bool,
) -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    let declined = if in_one_step {
        simulator.stripe("a", "payment_intents", &form(method, "&confirm=true")).await?
    } else {
        simulator.stripe("a", "payment_intents", &form(method, "")).await?;
        simulator.stripe("a:confirm", "payment_intents/pi_1/confirm", "").await?
    };
    assert_eq!((declined.status, &declined.body["error"]["type"]), (402, &json!("card_error")));
    let error = &declined.body["error"];
    let told = of(error, &["code", "decline_code", "charge", "advice_code"]);
    assert_eq!(told, json!({"code": code, "decline_code": decline_code, "charge": "ch_1", "advice_code": advice}));

    let intent = simulator.stripe_get("payment_intents/pi_1?expand[]=latest_charge").await?.body;
    assert_eq!((&intent["status"], &intent["payment_method"]), (&json!("requires_payment_method"), &Value::Null));
    assert_eq!(intent["last_payment_error"]["decline_code"], decline_code);
    assert_eq!(error["payment_intent"]["id"], "pi_1");
    let charge = &intent["latest_charge"];
    assert_eq!(
        of(charge, &["status", "paid", "failure_code"]),
        json!({"status": "failed", "paid": false, "failure_code": code})
    );
    assert_eq!((&charge["outcome"]["type"], &charge["outcome"]["reason"]), (&json!("issuer_declined"), &decline_code));

    let other = simulator.stripe("b", "payment_intents/pi_1/confirm", "payment_method=pm_card_visa").await?;
    assert_eq!((other.status, &other.body["status"]), (200, &json!("succeeded")));
    Ok(())
}

#[rstest]
#[case::approved("approve", "succeeded", Value::Null)]
#[case::failed("fail", "requires_payment_method", json!("payment_intent_authentication_failure"))]
#[tokio::test]
async fn a_customer_who_has_to_act(#[case] act: &str, #[case] status: &str, #[case] code: Value) -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    let rest = "&confirm=true&return_url=https://shop.example/back";
    let waiting = simulator.stripe("a", "payment_intents", &form("pm_card_threeDSecure2Required", rest)).await?;
    assert_eq!((waiting.status, &waiting.body["status"]), (200, &json!("requires_action")));
    let url = format!("http://{}/actions/ch_1", simulator.address);
    let action =
        json!({"type": "redirect_to_url", "redirect_to_url": {"url": url, "return_url": "https://shop.example/back"}});
    assert_eq!((&waiting.body["next_action"], &waiting.body["latest_charge"]), (&action, &Value::Null));
    assert_eq!(simulator.post(&format!("/actions/ch_1/{act}")).await?.status, 200);
    let intent = simulator.stripe_get("payment_intents/pi_1").await?.body;
    assert_eq!((&intent["status"], &intent["last_payment_error"]["code"]), (&json!(status), &code));
    Ok(())
}

#[tokio::test]
async fn who_is_away_is_declined_where_he_would_have_to_act() -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    let declined =
        simulator.stripe("a", "payment_intents", &form("pm_action", "&confirm=true&off_session=true")).await?;
    assert_eq!((declined.status, declined.code()), (402, &json!("authentication_required")));
    Ok(())
}

#[tokio::test]
async fn a_partial_approval_says_how_much() -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    let rest = "&confirm=true&capture_method=manual&expand[]=latest_charge";
    let part = simulator.stripe("a", "payment_intents", &form("pm_partial", rest)).await?.body;
    assert_eq!(of(&part, &["amount", "amount_capturable"]), json!({"amount": 1250, "amount_capturable": 750}));
    let card = &part["latest_charge"]["payment_method_details"]["card"];
    assert_eq!(
        (&card["amount_authorized"], &card["partial_authorization"]["status"]),
        (&json!(750), &json!("partially_authorized"))
    );
    Ok(())
}

#[tokio::test]
async fn an_intent_can_be_canceled_until_it_succeeded() -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    simulator.stripe("a", "payment_intents", &form("pm_card_visa", "")).await?;
    let canceled = simulator.stripe("b", "payment_intents/pi_1/cancel", "cancellation_reason=abandoned").await?;
    assert_eq!((canceled.status, &canceled.body["status"]), (200, &json!("canceled")));
    assert_eq!(canceled.body["cancellation_reason"], "abandoned");
    assert!(canceled.body["canceled_at"].is_u64());

    simulator.stripe("c", "payment_intents", &form("pm_card_visa", "&confirm=true&capture_method=manual")).await?;
    let expired = simulator.post("/admin/charges/ch_2/expire").await?;
    assert_eq!(expired.status, 200);
    let expired = simulator.stripe_get("payment_intents/pi_2").await?.body;
    assert_eq!((&expired["status"], &expired["cancellation_reason"]), (&json!("canceled"), &json!("automatic")));

    simulator.stripe("d", "payment_intents", &form("pm_card_visa", "&confirm=true")).await?;
    let refused = simulator.stripe("e", "payment_intents/pi_3/cancel", "").await?;
    assert_eq!((refused.status, refused.code()), (400, &json!("payment_intent_unexpected_state")));
    assert_eq!(refused.body["error"]["payment_intent"]["status"], "succeeded");
    Ok(())
}

#[rstest]
#[case::captured_too_much("payment_intents/pi_1/capture", "amount_to_capture=1251", 400, "amount_too_large")]
#[case::refunded_too_early("refunds", "payment_intent=pi_1", 400, "payment_intent_unexpected_state")]
#[case::confirmed_twice("payment_intents/pi_1/confirm", "", 400, "payment_intent_unexpected_state")]
#[case::captured_in_parts(
    "payment_intents/pi_1/capture",
    "final_capture=false",
    400,
    "payment_intent_invalid_parameter"
)]
#[case::no_intent("payment_intents/pi_9/capture", "", 404, "resource_missing")]
#[case::refund_of_no_intent("refunds", "payment_intent=pi_9", 404, "resource_missing")]
#[tokio::test]
async fn refusals(#[case] path: &str, #[case] body: &str, #[case] status: u16, #[case] code: &str) -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    simulator.stripe("a", "payment_intents", &form("pm_card_visa", "&confirm=true&capture_method=manual")).await?;
    let refused = simulator.stripe("b", path, body).await?;
    assert_eq!((refused.status, refused.code()), (status, &json!(code)));
    assert_eq!(refused.body["error"]["type"], "invalid_request_error");
    let intent = simulator.stripe_get("payment_intents/pi_1").await?.body;
    assert_eq!(
        of(&intent, &["status", "amount_capturable"]),
        json!({"status": "requires_capture", "amount_capturable": 1250})
    );
    Ok(())
}

#[tokio::test]
async fn what_is_given_back_is_given_back_once() -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    simulator.stripe("a", "payment_intents", &form("pm_card_visa", "&confirm=true")).await?;
    let too_much = simulator.stripe("b", "refunds", "payment_intent=pi_1&amount=1251").await?;
    assert_eq!((too_much.status, too_much.code()), (400, &json!("amount_too_large")));
    let all = simulator.stripe("c", "refunds", "charge=ch_1").await?;
    assert_eq!((all.status, &all.body["amount"]), (200, &json!(1250)));
    let again = simulator.stripe("d", "refunds", "payment_intent=pi_1&amount=1").await?;
    assert_eq!((again.status, again.code()), (400, &json!("charge_already_refunded")));
    Ok(())
}

#[tokio::test]
async fn lists_are_the_newest_first_and_have_the_charges_of_both_dialects() -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    simulator.stripe("a", "payment_intents", &form("pm_card_visa", "&confirm=true")).await?;
    simulator.charge("b", &json!({"amount": 5, "currency": "EUR", "token": "tok_approve"})).await?;
    simulator.stripe("c", "payment_intents", &form("pm_card_visa", "")).await?;
    let page = simulator.stripe_get("payment_intents?limit=2&expand[]=data.latest_charge").await?.body;
    let ids =
        |page: &Value| page["data"].as_array().into_iter().flatten().map(|one| one["id"].clone()).collect::<Value>();
    assert_eq!((ids(&page), &page["has_more"]), (json!(["pi_3", "pi_2"]), &json!(true)));
    assert_eq!(page["data"][1]["latest_charge"]["object"], "charge");
    let page = simulator.stripe_get("payment_intents?limit=2&starting_after=pi_2").await?.body;
    assert_eq!((ids(&page), &page["has_more"]), (json!(["pi_1"]), &json!(false)));
    Ok(())
}
