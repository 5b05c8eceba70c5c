//! What a listener is told.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit, Mac};
use quittance_simulator::Config;
use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::net::TcpListener;
use warp::Filter;
use warp::http::{HeaderMap, StatusCode};

use crate::harness::{Outcome, Simulator, WITHIN, body};

const SECRET: &str = "whsec_test";

/// Somebody who listens, and answers with an error a few times first.
#[derive(Clone, Default)]
struct Listener {
    heard: Arc<Mutex<Vec<Value>>>,
    refusals: Arc<AtomicUsize>,
    pause: Duration,
}

impl Listener {
    async fn start(&self, simulator: &Simulator, dialect: &'static str) -> Outcome {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/hook", listener.local_addr()?);
        let this = self.clone();
        let hook = warp::path!("hook").and(warp::post()).and(warp::header::headers_cloned()).and(warp::body::bytes());
        let hook = hook.then(move |headers: HeaderMap, body: bytes::Bytes| {
            let this = this.clone();
            async move { this.hear(dialect, &headers, &body).await }
        });
        tokio::spawn(warp::serve(hook).incoming(listener).run());
        let order = json!({"url": url, "secret": SECRET, "dialect": dialect});
        assert_eq!(simulator.order(Method::PUT, "/admin/webhooks", &order).await?.status, 204);
        Ok(())
    }

    async fn hear(&self, dialect: &str, headers: &HeaderMap, body: &[u8]) -> StatusCode {
        tokio::time::sleep(self.pause).await;
        let refuse = |left: usize| left.checked_sub(1);
        if self.refusals.fetch_update(Ordering::SeqCst, Ordering::SeqCst, refuse).is_ok() {
            return StatusCode::SERVICE_UNAVAILABLE;
        }
        let signature = headers.get(format!("{dialect}-signature")).and_then(|value| value.to_str().ok());
        if !signature.is_some_and(|signature| is_signed(signature, body)) {
            return StatusCode::UNAUTHORIZED;
        }
        let event = serde_json::from_slice(body).unwrap_or_default();
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).push(event);
        StatusCode::NO_CONTENT
    }

    fn heard(&self) -> Vec<Value> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until that many were heard, and tells them in the order of what happened.
    async fn wait_for(&self, count: usize) -> Outcome<Vec<Value>> {
        let deadline = Instant::now() + WITHIN;
        while self.heard().len() < count {
            if Instant::now() > deadline {
                return Err(format!("heard only {:?}", self.heard()).into());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let mut heard = self.heard();
        let number = |event: &Value| event["id"].as_str().and_then(|id| id.strip_prefix("evt_")?.parse::<u64>().ok());
        heard.sort_by_key(number);
        Ok(heard)
    }
}

/// As a listener of real webhooks would check.
fn is_signed(signature: &str, body: &[u8]) -> bool {
    let parts = signature.strip_prefix("t=").and_then(|rest| rest.split_once(",v1="));
    parts.is_some_and(|(time, digest)| {
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(SECRET.as_bytes()).expect("a key of any length");
        mac.update(&[time.as_bytes(), b".", body].concat());
        let expected = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        expected == digest && time.parse::<u64>().is_ok()
    })
}

fn types(events: &[Value]) -> Vec<&str> {
    events.iter().filter_map(|event| event["type"].as_str()).collect()
}

#[tokio::test]
async fn every_change_is_told() -> Outcome {
    let simulator = Simulator::start(Config { slow_ms: 100, ..Config::default() }).await?;
    let listener = Listener::default();
    listener.start(&simulator, "simulator").await?;
    simulator.charge("att_1", &body("tok_refund_pending", 100)).await?;
    simulator.charge("att_2", &body("tok_decline", 100)).await?;
    simulator.ask("att_3", "/v1/charges/ch_1/refunds", &json!({"amount": 10})).await?;
    // The fourth comes by itself: nobody asks the simulator anything meanwhile.
    let heard = listener.wait_for(4).await?;
    assert_eq!(types(&heard), ["charge.updated", "charge.declined", "charge.refunded", "charge.updated"]);
    let statuses = heard.iter().map(|event| event["data"]["object"]["status"].clone()).collect::<Vec<_>>();
    assert_eq!(statuses, ["succeeded", "declined", "succeeded", "succeeded"]);
    let refunds = heard.iter().map(|event| event["data"]["object"]["refunds"][0]["status"].clone()).collect::<Vec<_>>();
    assert_eq!(refunds, [Value::Null, Value::Null, json!("pending"), json!("succeeded")]);
    assert_eq!(heard[3]["data"]["object"], simulator.get("/v1/charges/ch_1").await?.body);
    assert!(heard[0]["created"].is_u64());

    assert_eq!(simulator.order(Method::DELETE, "/admin/webhooks", &Value::Null).await?.status, 204);
    simulator.charge("att_4", &body("tok_approve", 100)).await?;
    assert_eq!(listener.heard().len(), 4);
    Ok(())
}

#[tokio::test]
async fn stripe_tells_the_same_in_its_own_words() -> Outcome {
    let simulator = Simulator::start(Config { slow_ms: 50, ..Config::default() }).await?;
    let listener = Listener::default();
    listener.start(&simulator, "stripe").await?;
    let create =
        |method: &str, rest: &str| format!("amount=100&currency=eur&confirm=true&payment_method={method}{rest}");
    simulator.stripe("a", "payment_intents", &create("pm_refund_fails", "")).await?;
    simulator.stripe("b", "refunds", "payment_intent=pi_1&amount=10").await?;
    listener.wait_for(3).await?;
    simulator.stripe("c", "payment_intents", &create("pm_card_visa", "&capture_method=manual")).await?;
    simulator.stripe("d", "payment_intents/pi_2/cancel", "").await?;
    simulator.stripe("e", "payment_intents", &create("pm_card_chargeDeclined", "")).await?;
    simulator.stripe("f", "payment_intents", &create("pm_action", "")).await?;
    let heard = listener.wait_for(7).await?;
    let expected = [
        ("payment_intent.succeeded", "payment_intent", "succeeded"),
        ("charge.refunded", "charge", "succeeded"),
        ("charge.refund.updated", "refund", "failed"),
        ("payment_intent.amount_capturable_updated", "payment_intent", "requires_capture"),
        ("payment_intent.canceled", "payment_intent", "canceled"),
        ("payment_intent.payment_failed", "payment_intent", "requires_payment_method"),
        ("payment_intent.requires_action", "payment_intent", "requires_action"),
    ];
    for (event, (kind, object, status)) in heard.iter().zip(expected) {
        assert_eq!(
            (&event["object"], &event["type"], &event["livemode"]),
            (&json!("event"), &json!(kind), &json!(false))
        );
        let told = &event["data"]["object"];
        assert_eq!((&told["object"], &told["status"]), (&json!(object), &json!(status)));
    }
    Ok(())
}

#[rstest]
#[case::here("simulator", ["charge.disputed", "charge.dispute_closed", "charge.dispute_closed", "charge.declined"])]
#[case::at_stripe(
    "stripe",
    ["charge.dispute.created", "charge.dispute.closed", "charge.dispute.closed", "payment_intent.payment_failed"]
)]
#[tokio::test]
async fn disputes_are_told(#[case] dialect: &'static str, #[case] kinds: [&str; 4]) -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    simulator.charge("att_1", &body("tok_approve", 100)).await?;
    let listener = Listener::default();
    listener.start(&simulator, dialect).await?;
    let mut told = Vec::new();
    for (path, order) in [
        ("/admin/charges/ch_1/disputes", json!({"amount": 60})),
        ("/admin/disputes/dp_1/close", json!({"won": true})),
        ("/admin/disputes/dp_1/close", json!({"won": false})),
    ] {
        simulator.order(Method::POST, path, &order).await?;
        told.push(match dialect {
            "stripe" => simulator.stripe_get("disputes/dp_1").await?.body,
            _ => simulator.get("/v1/charges/ch_1").await?.body,
        });
    }
    // Closed the same way again: nothing happens.
    simulator.order(Method::POST, "/admin/disputes/dp_1/close", &json!({"won": false})).await?;
    simulator.charge("att_2", &body("tok_decline", 100)).await?;
    let heard = listener.wait_for(4).await?;
    assert_eq!(types(&heard), kinds);
    assert_eq!(heard.iter().map(|event| event["data"]["object"].clone()).take(3).collect::<Vec<_>>(), told);
    Ok(())
}

#[tokio::test]
async fn what_is_not_heard_is_told_again() -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    let listener = Listener { refusals: Arc::new(AtomicUsize::new(2)), ..Listener::default() };
    listener.start(&simulator, "simulator").await?;
    simulator.charge("att_1", &body("tok_approve", 100)).await?;
    assert_eq!(types(&listener.wait_for(1).await?), ["charge.updated"]);
    Ok(())
}

#[tokio::test]
async fn a_webhook_can_come_before_its_answer() -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    let listener = Listener { pause: Duration::from_millis(200), ..Listener::default() };
    listener.start(&simulator, "simulator").await?;
    let answer = simulator.charge("att_1", &body("tok_webhook_first", 100)).await?;
    assert_eq!((answer.status, listener.heard().len()), (201, 1));
    Ok(())
}

#[rstest]
#[case::here("simulator", "charge.declined", "declined")]
#[case::at_stripe("stripe", "payment_intent.payment_failed", "requires_payment_method")]
#[tokio::test]
async fn a_webhook_can_lie(#[case] dialect: &'static str, #[case] kind: &str, #[case] status: &str) -> Outcome {
    let simulator = Simulator::start(Config::default()).await?;
    let listener = Listener::default();
    listener.start(&simulator, dialect).await?;
    let answer = simulator.charge("att_1", &body("tok_webhook_contradicts", 100)).await?;
    assert_eq!(answer.body["status"], "succeeded");
    let heard = listener.wait_for(1).await?;
    assert_eq!((types(&heard), &heard[0]["data"]["object"]["status"]), (vec![kind], &json!(status)));
    assert_eq!(simulator.get("/v1/charges/ch_1").await?.body["status"], "succeeded");
    Ok(())
}
