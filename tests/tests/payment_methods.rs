//! Saved payment methods as a merchant sees them: two simulators stand beside each other, and at the one that speaks Stripe's
//! dialect methods have to be set up.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use quittance_tests::{Answer, Client, Tenant, TwoGateways, eventually};
use reqwest::{Method, StatusCode};
use rstest::rstest;
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use uuid::Uuid;

const SOON: Duration = Duration::from_secs(20);

static SHARED: OnceCell<TwoGateways> = OnceCell::const_new();

/// One world for all tests; each test has a tenant of its own.
async fn world() -> Result<&'static TwoGateways> {
    SHARED.get_or_try_init(|| TwoGateways::start("methods", &[("QUITTANCE_RETRY_MAX_MS", "500")])).await
}

async fn merchant(tenant: &str) -> Result<Client> {
    let Tenant { merchant, .. } = world().await?.tenant(tenant).await?;
    Ok(merchant)
}

/// A card with a token at each simulator; the second saves it for a customer.
fn card(at_stripe: &str) -> Value {
    json!({
        "tokens": [
            {"gateway_account": "first", "token": "tok_approve"},
            {"gateway_account": "second", "token": format!("cus_1/{at_stripe}")},
        ],
        "brand": "visa",
        "return_url": "https://shop.example/thanks",
    })
}

/// A card with a token at the second simulator alone.
fn card_at_stripe(token: &str) -> Value {
    json!({"tokens": [{"gateway_account": "second", "token": format!("cus_1/{token}")}]})
}

async fn save_under(client: &Client, key: &str, body: &Value) -> Result<Answer> {
    let request = client.request(Method::POST, "/v1/payment-methods").header("Idempotency-Key", key).json(body);
    client.send(request).await
}

async fn save(client: &Client, body: &Value) -> Result<Answer> {
    save_under(client, &Uuid::new_v4().to_string(), body).await
}

/// Saves a card that becomes active, and gives its id.
async fn saved(client: &Client, body: &Value) -> Result<String> {
    let answer = save(client, body).await?;
    ensure!(answer.status == StatusCode::CREATED && answer.text("status") == "active", "{}", answer.body);
    Ok(answer.text("id"))
}

async fn confirm(client: &Client, id: &str) -> Result<Answer> {
    let request = client.request(Method::POST, &format!("/v1/payment-methods/{id}/confirm"));
    client.send(request.header("Idempotency-Key", Uuid::new_v4().to_string())).await
}

async fn remove(client: &Client, id: &str) -> Result<Answer> {
    let request = client.request(Method::DELETE, &format!("/v1/payment-methods/{id}"));
    client.send(request.header("Idempotency-Key", Uuid::new_v4().to_string())).await
}

/// A payment with a saved method at that account.
fn paid_with(id: &str, gateway_account: &str) -> Value {
    json!({"amount": 1_000, "currency": "EUR", "payment_method_id": id, "gateway_account": gateway_account})
}

async fn pay(client: &Client, body: &Value) -> Result<Value> {
    let paid = client.pay(body).await?;
    ensure!(paid.text("status") == "succeeded", "{}", paid.body);
    Ok(paid.body)
}

/// What a simulator's own dialect says of the charge of a payment.
async fn charge_of(simulator: usize, payment: &Value) -> Result<Value> {
    let reference = payment["authorization"]["gateway_reference"].as_str().context("a reference")?;
    let path = format!("/v1/charges/{}", reference.replace("pi_", "ch_"));
    world().await?.operate(simulator, Method::GET, &path, &Value::Null).await
}

fn is_refused(answer: &Answer) -> bool {
    answer.status == StatusCode::UNPROCESSABLE_ENTITY && answer.fields() == ["payment_method_id"]
}

#[tokio::test]
async fn a_method_is_saved_and_used_by_its_id() -> Result<()> {
    let merchant = merchant("used").await?;
    let answer = save(&merchant, &card("pm_card_visa")).await?;
    assert_eq!((answer.status, &*answer.text("status")), (StatusCode::CREATED, "active"), "{}", answer.body);
    let method = answer.body;
    let id = method["id"].as_str().context("an id")?;
    assert!(id.starts_with("pm_") && method["object"] == "payment_method", "{method}");
    let [set_up] = method["set_ups"].as_array().context("set-ups")?.as_slice() else {
        anyhow::bail!("only the second account sets methods up: {method}")
    };
    assert_eq!((&set_up["gateway_account"], &set_up["status"]), (&json!("second"), &json!("succeeded")));
    assert_eq!(method["last4"], "4242", "what the gateway knows of the card: {method}");
    assert_eq!(method["has_network_transaction_id"], false);
    let read = merchant.get(&format!("/v1/payment-methods/{id}")).await?;
    assert_eq!((read.status, &read.body), (StatusCode::OK, &method));

    for account in ["first", "second"] {
        let paid = pay(&merchant, &paid_with(id, account)).await?;
        assert_eq!((&paid["gateway_account"], &paid["payment_method_id"]), (&json!(account), &json!(id)), "{paid}");
        assert_eq!(paid["payment_method"]["last4"], "4242");
    }
    Ok(())
}

/// The first charge stores the card, later ones are the merchant's own, and go back to it by the scheme's id of it.
#[tokio::test]
async fn later_charges_go_back_to_the_first() -> Result<()> {
    let merchant = merchant("recurring").await?;
    for (simulator, account) in ["first", "second"].into_iter().enumerate() {
        let id = saved(&merchant, &card("pm_card_visa")).await?;
        let mut first = paid_with(&id, account);
        first["stored_credential"] = json!("first");
        let first = pay(&merchant, &first).await?;
        let began = charge_of(simulator, &first).await?;
        assert_eq!((&began["initiator"], &began["stored_credential"]), (&json!("customer"), &json!("first")));
        eventually("the method's first transaction is known", SOON, || async {
            let method = merchant.get(&format!("/v1/payment-methods/{id}")).await?;
            ensure!(method.body["has_network_transaction_id"] == true, "{}", method.body);
            Ok::<_, anyhow::Error>(())
        })
        .await?;

        let mut later = paid_with(&id, account);
        later["initiator"] = json!("merchant");
        later["stored_credential"] = json!("recurring");
        let later = pay(&merchant, &later).await?;
        assert_eq!((&later["initiator"], &later["stored_credential"]), (&json!("merchant"), &json!("recurring")));
        let charge = charge_of(simulator, &later).await?;
        assert_eq!(charge["initiator"], "merchant", "{charge}");
        if account == "first" {
            assert_eq!(charge["stored_credential"], "recurring");
            assert_eq!(charge["goes_back_to"], began["network_transaction_id"], "{charge}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn another_tenants_method_is_not_there() -> Result<()> {
    let (owner, stranger) = (merchant("owner").await?, merchant("stranger").await?);
    let id = saved(&owner, &card_at_stripe("pm_card_visa")).await?;
    assert_eq!(stranger.get(&format!("/v1/payment-methods/{id}")).await?.status, StatusCode::NOT_FOUND);
    assert_eq!(confirm(&stranger, &id).await?.status, StatusCode::NOT_FOUND);
    assert_eq!(remove(&stranger, &id).await?.status, StatusCode::NOT_FOUND);
    let refused = stranger.pay(&paid_with(&id, "second")).await?;
    assert!(is_refused(&refused), "{}", refused.body);
    pay(&owner, &paid_with(&id, "second")).await?;
    Ok(())
}

#[tokio::test]
async fn a_removed_method_is_not_used_any_more() -> Result<()> {
    let merchant = merchant("removed").await?;
    let id = saved(&merchant, &card_at_stripe("pm_card_visa")).await?;
    let key = Uuid::new_v4().to_string();
    let paid = merchant.create(&key, &paid_with(&id, "second")).await?;
    assert_eq!(paid.text("status"), "succeeded", "{}", paid.body);
    let removed = remove(&merchant, &id).await?;
    assert_eq!((removed.status, &*removed.text("status")), (StatusCode::OK, "removed"), "{}", removed.body);
    let refused = merchant.pay(&paid_with(&id, "second")).await?;
    assert!(is_refused(&refused), "{}", refused.body);
    let again = remove(&merchant, &id).await?;
    assert_eq!((again.status, &*again.text("code")), (StatusCode::CONFLICT, "payment_method_removed"));

    let told = merchant.create(&key, &paid_with(&id, "second")).await?;
    assert_eq!((told.status, &told.body["id"]), (StatusCode::CREATED, &paid.body["id"]), "what was paid stays so");
    let other = merchant.create(&key, &paid_with(&id, "first")).await?;
    assert_eq!(other.problem(), "idempotency-key-reused");
    Ok(())
}

#[tokio::test]
async fn a_declined_set_up_saves_nothing() -> Result<()> {
    let merchant = merchant("declined").await?;
    let failed = save(&merchant, &card_at_stripe("pm_card_chargeDeclined")).await?;
    assert_eq!((failed.status, &*failed.text("status")), (StatusCode::CREATED, "failed"), "{}", failed.body);
    assert_eq!(failed.body["failure"]["code"], "declined");
    assert_eq!(failed.body["tokens"], json!([]));
    let refused = merchant.pay(&paid_with(&failed.text("id"), "second")).await?;
    assert!(is_refused(&refused), "{}", refused.body);

    let half = save(&merchant, &card("pm_card_chargeDeclined")).await?;
    assert_eq!(half.text("status"), "active", "one token is left: {}", half.body);
    pay(&merchant, &paid_with(&half.text("id"), "first")).await?;
    let refused = merchant.pay(&paid_with(&half.text("id"), "second")).await?;
    assert_eq!(refused.text("code"), "no_token", "{}", refused.body);
    Ok(())
}

#[tokio::test]
async fn the_same_request_saves_one_method() -> Result<()> {
    let merchant = merchant("again").await?;
    let key = Uuid::new_v4().to_string();
    let [first, second] = [
        save_under(&merchant, &key, &card("pm_card_visa")).await?,
        save_under(&merchant, &key, &card("pm_card_visa")).await?,
    ];
    assert_eq!((second.status, &second.body), (StatusCode::CREATED, &first.body));
    let other = save_under(&merchant, &key, &card_at_stripe("pm_card_visa")).await?;
    assert_eq!(other.problem(), "idempotency-key-reused");

    let nowhere = json!({"tokens": [{"gateway_account": "nowhere", "token": "x"}]});
    let key = Uuid::new_v4().to_string();
    for _ in 0..2 {
        let refused = save_under(&merchant, &key, &nowhere).await?;
        assert_eq!(refused.text("code"), "gateway_account_unknown", "{}", refused.body);
    }
    Ok(())
}

#[rstest]
#[case::approves("approve", "active")]
#[case::fails("fail", "failed")]
#[tokio::test]
async fn a_customer_acts_on_a_set_up(#[case] act: &str, #[case] status: &str) -> Result<()> {
    let merchant = merchant(&format!("acts-{act}")).await?;
    let waiting = save(&merchant, &card_at_stripe("pm_card_threeDSecure2Required")).await?;
    assert_eq!(waiting.text("status"), "requires_action", "{}", waiting.body);
    let id = waiting.text("id");
    let refused = merchant.pay(&paid_with(&id, "second")).await?;
    assert!(is_refused(&refused), "{}", refused.body);
    let url = waiting.body["next_action"]["url"].as_str().context("an address")?;
    world().await?.simulator(1)?.act(url, act).await?;
    let confirmed = confirm(&merchant, &id).await?;
    assert_eq!((confirmed.status, &*confirmed.text("status")), (StatusCode::OK, status), "{}", confirmed.body);
    let again = confirm(&merchant, &id).await?;
    assert_eq!(again.text("code"), "no_action_required", "{}", again.body);
    Ok(())
}

#[rstest]
#[case::both(json!({"payment_method_id": "pm_00000000000000000000000000000001", "payment_method": {"token": "tok_approve"}}), "payment_method_id")]
#[case::neither(json!({}), "payment_method")]
#[case::unknown(json!({"payment_method_id": "pm_00000000000000000000000000000001"}), "payment_method_id")]
#[case::a_gateways_own(json!({"payment_method_id": "pm_card_visa"}), "payment_method_id")]
#[case::nothing_stored(json!({"payment_method": {"token": "tok_approve"}, "initiator": "merchant"}), "stored_credential")]
#[tokio::test]
async fn a_payment_is_refused_that_does_not_say_how_it_is_paid(#[case] paid: Value, #[case] field: &str) -> Result<()> {
    let merchant = world().await?.with_role("unpaid", "merchant")?;
    let mut body = json!({"amount": 1_000, "currency": "EUR"});
    if let (Some(body), Value::Object(paid)) = (body.as_object_mut(), paid) {
        body.extend(paid);
    }
    let refused = merchant.pay(&body).await?;
    assert_eq!((refused.status, refused.fields()), (StatusCode::UNPROCESSABLE_ENTITY, vec![field.to_owned()]));
    Ok(())
}

#[tokio::test]
async fn who_may_not_take_payments_saves_nothing() -> Result<()> {
    let world = world().await?;
    let viewer = world.with_role("roles", "viewer")?;
    assert_eq!(save(&viewer, &card_at_stripe("pm_card_visa")).await?.status, StatusCode::FORBIDDEN);
    let owner = merchant("roles").await?;
    let id = saved(&owner, &card_at_stripe("pm_card_visa")).await?;
    assert_eq!(viewer.get(&format!("/v1/payment-methods/{id}")).await?.status, StatusCode::OK);
    assert_eq!(remove(&viewer, &id).await?.status, StatusCode::FORBIDDEN);
    Ok(())
}
