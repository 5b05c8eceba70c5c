//! Disputes as Stripe tells them.

use quittance_simulator::Config;
use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};

use crate::harness::{Answer, Outcome, Simulator};

const FORM: &str = "amount=1250&currency=eur&payment_method=pm_card_visa&confirm=true";

async fn dispute(simulator: &Simulator, charge: &str, order: &Value) -> Outcome<Answer> {
    simulator.order(Method::POST, &format!("/admin/charges/{charge}/disputes"), order).await
}

async fn close(simulator: &Simulator, dispute: &str, won: bool) -> Outcome<Answer> {
    simulator.order(Method::POST, &format!("/admin/disputes/{dispute}/close"), &json!({"won": won})).await
}

#[tokio::test]
async fn a_dispute_is_told_with_its_charge_and_intent() -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    let intent = simulator.stripe("a", "payment_intents", &format!("{FORM}&expand[]=latest_charge")).await?.body;
    assert_eq!(intent["latest_charge"]["disputed"], false);
    dispute(&simulator, "ch_1", &json!({"amount": 1000, "reason": "duplicate"})).await?;
    let mut told = simulator.stripe_get("disputes/dp_1").await?.body;
    let created = told["created"].as_u64().ok_or("no time")?;
    let evidence = told["evidence"].take();
    let expected = json!({
        "id": "dp_1", "object": "dispute", "amount": 1000, "balance_transactions": [], "charge": "ch_1",
        "created": created, "currency": "eur", "enhanced_eligibility_types": [], "evidence": null,
        "evidence_details": {
            "due_by": created + 604_800, "enhanced_eligibility": {}, "has_evidence": false, "past_due": false,
            "submission_count": 0,
        },
        "is_charge_refundable": false, "livemode": false, "metadata": {}, "payment_intent": "pi_1",
        "payment_method_details": {
            "card": {"brand": "visa", "case_type": "chargeback", "network_reason_code": null}, "type": "card",
        },
        "reason": "duplicate", "status": "needs_response",
    });
    assert_eq!(told, expected);
    assert_eq!((&evidence["receipt"], &evidence["enhanced_evidence"]), (&Value::Null, &json!({})));

    let whole = simulator.stripe_get("disputes/dp_1?expand[]=charge&expand[]=payment_intent").await?.body;
    let intent = simulator.stripe_get("payment_intents/pi_1?expand[]=latest_charge").await?.body;
    assert_eq!((&whole["charge"], &whole["payment_intent"]["id"]), (&intent["latest_charge"], &json!("pi_1")));
    let charge = ["disputed", "refunded", "amount_refunded"].map(|name| whole["charge"][name].clone());
    assert_eq!(charge, [json!(true), json!(false), json!(0)]);
    Ok(())
}

/// How it stands when it is open, or closed once or twice.
#[rstest]
#[case::open(&[], "needs_response", false)]
#[case::won(&[true], "won", true)]
#[case::lost(&[false], "lost", false)]
#[case::won_in_the_end(&[false, true], "won", true)]
#[case::lost_in_the_end(&[true, false], "lost", false)]
#[tokio::test]
async fn a_verdict(#[case] verdicts: &[bool], #[case] status: &str, #[case] is_refundable: bool) -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    simulator.stripe("a", "payment_intents", FORM).await?;
    dispute(&simulator, "ch_1", &json!({})).await?;
    for won in verdicts {
        close(&simulator, "dp_1", *won).await?;
    }
    let told = simulator.stripe_get("disputes/dp_1").await?.body;
    assert_eq!((&told["status"], &told["is_charge_refundable"]), (&json!(status), &json!(is_refundable)));
    let intent = simulator.stripe_get("payment_intents/pi_1?expand[]=latest_charge").await?.body;
    assert_eq!((&intent["status"], &intent["latest_charge"]["disputed"]), (&json!("succeeded"), &json!(true)));

    let refund = simulator.stripe("b", "refunds", "payment_intent=pi_1&amount=1").await?;
    if is_refundable {
        assert_eq!(refund.status, 200);
    } else {
        assert_eq!((refund.status, refund.code()), (400, &json!("charge_disputed")));
        assert_eq!(refund.body["error"]["type"], "invalid_request_error");
    }
    Ok(())
}

#[tokio::test]
async fn lists_are_the_newest_first_of_one_charge_or_of_all() -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    for key in ["a", "b", "c"] {
        simulator.stripe(key, "payment_intents", FORM).await?;
    }
    for (charge, id) in [("ch_1", "dp_1"), ("ch_2", "dp_2"), ("ch_1", "dp_3"), ("ch_1", "dp_4")] {
        dispute(&simulator, charge, &json!({"amount": 100})).await?;
        close(&simulator, id, true).await?;
    }
    for (query, ids, has_more) in [
        ("", json!(["dp_4", "dp_3", "dp_2", "dp_1"]), false),
        ("limit=3", json!(["dp_4", "dp_3", "dp_2"]), true),
        ("limit=3&starting_after=dp_2", json!(["dp_1"]), false),
        ("payment_intent=pi_1", json!(["dp_4", "dp_3", "dp_1"]), false),
        ("charge=ch_1&limit=2", json!(["dp_4", "dp_3"]), true),
        ("charge=ch_1&payment_intent=pi_1&limit=2&starting_after=dp_3", json!(["dp_1"]), false),
        ("payment_intent=pi_3", json!([]), false),
    ] {
        let list = simulator.stripe_get(&format!("disputes?{query}")).await?.body;
        let data = list["data"].as_array().into_iter().flatten();
        let told = data.map(|one| one["id"].clone()).collect::<Value>();
        assert_eq!((&told, &list["has_more"]), (&ids, &json!(has_more)), "{query}");
        assert_eq!((&list["object"], &list["url"]), (&json!("list"), &json!("/v1/disputes")));
    }
    let list = simulator.stripe_get("disputes?limit=1&expand[]=data.charge").await?.body;
    assert_eq!(list["data"][0]["charge"]["id"], "ch_1");
    Ok(())
}

#[rstest]
#[case::no_dispute("disputes/dp_9", 404, "resource_missing")]
#[case::no_intent("disputes?payment_intent=pi_9", 404, "resource_missing")]
#[case::no_charge("disputes?charge=pi_1", 404, "resource_missing")]
#[case::unknown_parameter("disputes?status=won", 400, "parameter_unknown")]
#[tokio::test]
async fn refusals(#[case] path: &str, #[case] status: u16, #[case] code: &str) -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    let refused = simulator.stripe_get(path).await?;
    assert_eq!((refused.status, refused.code()), (status, &json!(code)));
    Ok(())
}
