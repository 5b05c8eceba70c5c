//! Captures, refunds, cancels, actions and reviews as a merchant sees them, and the ledger that they end up in.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use futures::future::try_join_all;
use quittance_tests::{Answer, Client, Installation, Options, eventually, payment};
use reqwest::{Method, StatusCode};
use rstest::rstest;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

static SHARED: OnceCell<Installation> = OnceCell::const_new();

const SOON: Duration = Duration::from_secs(20);

/// One installation for all tests of this file; each test has a tenant of its own.
async fn installation() -> Result<&'static Installation> {
    let variables = vec![
        ("QUITTANCE_SIMULATOR_SLOW_MS", "1000".to_owned()),
        ("QUITTANCE_GATEWAY_TIMEOUT_MS", "500".to_owned()),
        ("QUITTANCE_TRY_NOT_AFTER_MS", "2000".to_owned()),
        ("QUITTANCE_QUERY_SETTLE_MS", "1000".to_owned()),
        ("QUITTANCE_RETRY_MAX_MS", "500".to_owned()),
        ("QUITTANCE_EXPIRY_RECHECK_MS", "500".to_owned()),
    ];
    SHARED.get_or_try_init(|| Installation::start("operations", Options { variables })).await
}

async fn merchant(tenant: &str) -> Result<Client> {
    installation().await?.client(tenant)
}

async fn with_role(tenant: &str, role: &str) -> Result<Client> {
    let installation = installation().await?;
    installation.client_with(&installation.token(tenant, &[role])?)
}

/// Amounts authorized, captured, capturable and refunded.
fn amounts(payment: &Value) -> [i64; 4] {
    ["authorized_amount", "captured_amount", "capturable_amount", "refunded_amount"]
        .map(|name| payment[name].as_i64().unwrap_or(-1))
}

fn refused(answer: &Answer, status: StatusCode, code: &str) {
    assert_eq!((answer.status, answer.text("code").as_str()), (status, code), "{}", answer.body);
}

/// An authorized payment of so much.
async fn authorized(client: &Client, amount: i64, token: &str) -> Result<String> {
    let mut body = payment(amount, token);
    body["capture"] = json!("manual");
    let answer = client.pay(&body).await?;
    ensure!(answer.text("status") == "requires_capture", "{}", answer.body);
    Ok(answer.text("id"))
}

async fn captured(client: &Client, amount: i64, token: &str) -> Result<String> {
    let answer = client.pay(&payment(amount, token)).await?;
    ensure!(answer.text("status") == "succeeded", "{}", answer.body);
    Ok(answer.text("id"))
}

#[tokio::test]
async fn parts_are_captured_and_the_rest_is_released() -> Result<()> {
    let client = merchant("captures").await?;
    let id = authorized(&client, 1000, "tok_approve").await?;
    let first = client.ask(&id, "captures", &json!({"amount": 300, "final": false})).await?;
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.body);
    assert_eq!((first.text("status").as_str(), amounts(&first.body)), ("requires_capture", [1000, 300, 700, 0]));
    refused(
        &client.ask(&id, "captures", &json!({"amount": 701})).await?,
        StatusCode::CONFLICT,
        "capture_exceeds_authorized",
    );
    let last = client.ask(&id, "captures", &json!({"amount": 200})).await?;
    assert_eq!((last.text("status").as_str(), amounts(&last.body)), ("succeeded", [1000, 500, 0, 0]));
    let captures = last.body["captures"].as_array().context("captures")?;
    let told: Vec<_> =
        captures.iter().map(|capture| (&capture["amount"], &capture["status"], &capture["final"])).collect();
    assert_eq!(
        told,
        [(&json!(300), &json!("succeeded"), &json!(false)), (&json!(200), &json!("succeeded"), &json!(true))]
    );
    refused(&client.ask(&id, "captures", &json!({})).await?, StatusCode::CONFLICT, "not_capturable");
    Ok(())
}

#[tokio::test]
async fn the_same_key_is_the_same_refund() -> Result<()> {
    let client = merchant("refund-replay").await?;
    let id = captured(&client, 1000, "tok_approve").await?;
    let first = client.ask_under("refund-1", &id, "refunds", &json!({"amount": 400, "reason": "duplicate"})).await?;
    let again = client.ask_under("refund-1", &id, "refunds", &json!({"amount": 400, "reason": "duplicate"})).await?;
    assert_eq!((first.status, amounts(&first.body)), (StatusCode::CREATED, [1000, 1000, 0, 400]), "{}", first.body);
    assert_eq!((again.status, again.body["refunds"].as_array().map(Vec::len)), (StatusCode::CREATED, Some(1)));
    let other = client.ask_under("refund-1", &id, "refunds", &json!({"amount": 500})).await?;
    assert_eq!((other.status, other.problem().as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "idempotency-key-reused"));
    let refund = first.body["refunds"][0].clone();
    let read = eventually("the refund can be read", SOON, || async {
        let read = client.get(&format!("/v1/refunds/{}", refund["id"].as_str().unwrap_or_default())).await?;
        // The read model may be a moment behind the answer.
        ensure!(read.body == refund, "{} {}", read.status, read.body);
        Ok::<_, anyhow::Error>(())
    });
    read.await?;
    let stranger = merchant("refund-stranger").await?;
    let told = stranger.get(&format!("/v1/refunds/{}", refund["id"].as_str().unwrap_or_default())).await?;
    assert_eq!(told.status, StatusCode::NOT_FOUND);
    let told = stranger.ask(&id, "refunds", &json!({})).await?;
    assert_eq!(told.status, StatusCode::NOT_FOUND, "{}", told.body);
    Ok(())
}

/// Fifty at once, for five times what there is: what is taken on is never more, and every other is told why.
#[tokio::test]
async fn concurrent_refunds_never_exceed_what_was_captured() -> Result<()> {
    let client = merchant("refund-race").await?;
    let id = captured(&client, 1000, "tok_approve").await?;
    let all = (0..50).map(|_| async { client.ask(&id, "refunds", &json!({"amount": 100})).await });
    let answers = try_join_all(all).await?;
    let accepted = answers.iter().filter(|answer| answer.status == StatusCode::CREATED).count();
    assert_eq!(accepted, 10);
    for answer in answers.iter().filter(|answer| answer.status != StatusCode::CREATED) {
        refused(answer, StatusCode::CONFLICT, "refund_exceeds_captured");
    }
    let payment = client.get(&format!("/v1/payments/{id}")).await?;
    assert_eq!(amounts(&payment.body), [1000, 1000, 0, 1000]);
    let ledger = installation().await?.simulator()?.ledger().await?;
    assert_eq!(ledger.get(&id), Some(&vec![[1000, 1000, 1000, 0]]));
    Ok(())
}

#[tokio::test]
async fn a_cancel_releases_what_is_held() -> Result<()> {
    let client = merchant("cancel").await?;
    let id = authorized(&client, 1000, "tok_approve").await?;
    let canceled = client.ask(&id, "cancel", &json!({"reason": "out_of_stock"})).await?;
    assert_eq!((canceled.status, canceled.text("status").as_str()), (StatusCode::OK, "canceled"), "{}", canceled.body);
    assert_eq!(canceled.text("closing_reason"), "out_of_stock");
    refused(&client.ask(&id, "cancel", &json!({})).await?, StatusCode::CONFLICT, "not_cancelable");
    let ledger = installation().await?.simulator()?.ledger().await?;
    assert_eq!(ledger.get(&id), Some(&vec![[1000, 0, 0, 1000]]));
    Ok(())
}

/// The gateway answers late; meanwhile the payment is canceled. What succeeds is given back.
#[tokio::test]
async fn a_cancel_while_it_is_authorized_gives_back_what_succeeds() -> Result<()> {
    let client = merchant("cancel-race").await?;
    let mut body = payment(1000, "tok_slow");
    body["capture"] = json!("automatic");
    let request = client.request(Method::POST, "/v1/payments").header("Idempotency-Key", "slow");
    let accepted = client.send(request.header("Prefer", "respond-async").json(&body)).await?;
    assert_eq!(accepted.status, StatusCode::ACCEPTED);
    let id = accepted.text("resource");
    let canceled = client.ask(&id, "cancel", &json!({})).await?;
    assert!(canceled.status.is_success(), "{}", canceled.body);
    client.reaches(&id, "canceled", SOON).await?;
    let ledger = installation().await?.simulator()?.ledger().await?;
    assert_eq!(ledger.get(&id), Some(&vec![[1000, 1000, 1000, 0]]));
    Ok(())
}

#[tokio::test]
async fn a_time_out_after_processing_charges_once() -> Result<()> {
    let client = merchant("time-out").await?;
    let answer = client.pay(&payment(1000, "tok_timeout_after")).await?;
    let id = answer.text("id");
    client.reaches(&id, "succeeded", SOON).await?;
    let ledger = installation().await?.simulator()?.ledger().await?;
    assert_eq!(ledger.get(&id), Some(&vec![[1000, 1000, 0, 0]]));
    Ok(())
}

#[rstest]
#[case::acts("approve", "succeeded")]
#[case::fails("fail", "failed")]
#[tokio::test]
async fn a_customer_acts(#[case] what: &str, #[case] status: &str) -> Result<()> {
    let client = merchant("action").await?;
    let mut body = payment(1000, "tok_action");
    body["return_url"] = json!("https://shop.example/thanks");
    let answer = client.pay(&body).await?;
    assert_eq!(
        (answer.status, answer.text("status").as_str()),
        (StatusCode::CREATED, "requires_action"),
        "{}",
        answer.body
    );
    let (id, url) = (answer.text("id"), answer.body["next_action"]["url"].as_str().context("a url")?.to_owned());
    let again = client.ask(&id, "confirm", &json!({})).await?;
    assert_eq!(again.text("status"), "requires_action", "nothing has happened yet: {}", again.body);
    installation().await?.simulator()?.act(&url, what).await?;
    let confirmed = client.ask(&id, "confirm", &json!({})).await?;
    assert_eq!((confirmed.status, confirmed.text("status").as_str()), (StatusCode::OK, status), "{}", confirmed.body);
    refused(&client.ask(&id, "confirm", &json!({})).await?, StatusCode::CONFLICT, "no_action_required");
    Ok(())
}

#[tokio::test]
async fn what_is_not_captured_in_time_expires() -> Result<()> {
    let client = merchant("expiry").await?;
    let id = authorized(&client, 1000, "tok_short").await?;
    let payment = client.reaches(&id, "expired", SOON).await?;
    assert_eq!(amounts(&payment), [1000, 0, 0, 0]);
    Ok(())
}

#[tokio::test]
async fn a_partial_approval_is_given_back() -> Result<()> {
    let client = merchant("partial").await?;
    let id = client.pay(&payment(1000, "tok_partial")).await?.text("id");
    let payment = client.reaches(&id, "failed", SOON).await?;
    assert_eq!(payment["failure"]["code"], "partially_approved");
    Ok(())
}

#[tokio::test]
async fn a_refund_that_the_gateway_settles_later_is_waited_for() -> Result<()> {
    let client = merchant("refund-pending").await?;
    let id = captured(&client, 1000, "tok_refund_pending").await?;
    let answer = client.ask(&id, "refunds", &json!({"amount": 400})).await?;
    assert_eq!((answer.status, amounts(&answer.body)), (StatusCode::CREATED, [1000, 1000, 0, 400]), "{}", answer.body);
    Ok(())
}

#[tokio::test]
async fn a_payment_on_hold_is_approved_or_rejected_by_a_reviewer() -> Result<()> {
    let (client, reviewer) = (merchant("hold").await?, with_role("hold", "reviewer").await?);
    let mut body = payment(1000, "tok_approve");
    body["hold"] = json!(true);
    for (what, status) in [("approve", "succeeded"), ("reject", "failed")] {
        let held = client.pay(&body).await?;
        assert_eq!((held.status, held.text("status").as_str()), (StatusCode::CREATED, "on_hold"), "{}", held.body);
        let id = held.text("id");
        assert_eq!(client.ask(&id, what, &json!({})).await?.status, StatusCode::FORBIDDEN);
        let decided = reviewer.ask(&id, what, &json!({"reason": "looked_into"})).await?;
        assert_eq!((decided.status, decided.text("status").as_str()), (StatusCode::OK, status), "{}", decided.body);
    }
    Ok(())
}

#[tokio::test]
async fn metadata_is_changed_member_by_member() -> Result<()> {
    let client = merchant("metadata").await?;
    let mut body = payment(1000, "tok_approve");
    body["metadata"] = json!({"cart": "77", "clerk": "ann"});
    let id = client.pay(&body).await?.text("id");
    let patch = json!({"metadata": {"cart": "78", "clerk": null, "gift": "yes"}, "description": "Two books"});
    let request = client.request(Method::PATCH, &format!("/v1/payments/{id}")).header("Idempotency-Key", "patch-1");
    let patched = client.send(request.json(&patch)).await?;
    assert_eq!(patched.status, StatusCode::OK, "{}", patched.body);
    assert_eq!(patched.body["metadata"], json!({"cart": "78", "gift": "yes"}));
    assert_eq!(
        (patched.text("description"), patched.text("reference")),
        ("Two books".to_owned(), "order-1001".to_owned())
    );
    Ok(())
}

#[tokio::test]
async fn of_changes_that_are_made_at_once_none_is_lost() -> Result<()> {
    let client = merchant("at-once").await?;
    let id = client.pay(&payment(1000, "tok_approve")).await?.text("id");
    let change = async |number: usize| {
        let request = client.request(Method::PATCH, &format!("/v1/payments/{id}"));
        let request = request.header("Idempotency-Key", format!("change-{number}"));
        let answer = client.send(request.json(&json!({"metadata": {format!("key-{number}"): "set"}}))).await?;
        anyhow::Ok((number, answer))
    };
    let answers = futures::future::try_join_all((0..8).map(change)).await?;
    let latest = client.get(&format!("/v1/payments/{id}")).await?.body;
    let mut applied = 0;
    for (number, answer) in &answers {
        let is_set = latest["metadata"][format!("key-{number}")] == "set";
        match answer.status {
            StatusCode::OK => applied += 1,
            _ => refused(answer, StatusCode::CONFLICT, "text_changed"),
        }
        assert_eq!(is_set, answer.status == StatusCode::OK, "{number}: {} and {latest}", answer.body);
    }
    assert!(applied > 0, "{answers:?}");
    Ok(())
}

#[tokio::test]
async fn the_ledger_says_what_the_gateway_says() -> Result<()> {
    let client = merchant("ledger").await?;
    let first = captured(&client, 1000, "tok_approve").await?;
    client.ask(&first, "refunds", &json!({"amount": 300})).await?;
    let second = authorized(&client, 500, "tok_approve").await?;
    client.ask(&second, "captures", &json!({"amount": 200})).await?;
    let balance = eventually("the ledger has all of it", SOON, || async {
        let answer = client.get("/v1/ledger/trial-balance").await?;
        let total = answer.body["totals"][0].clone();
        ensure!(total["debits"] == 1500, "{}", answer.body);
        Ok::<_, anyhow::Error>(answer.body)
    });
    let balance = balance.await?;
    assert_eq!(balance["totals"], json!([{"currency": "EUR", "debits": 1500, "credits": 1500}]));
    let accounts = client.get("/v1/accounts").await?;
    let held: Vec<(String, i64)> = accounts.body["data"]
        .as_array()
        .context("accounts")?
        .iter()
        .map(|account| {
            (account["purpose"].as_str().unwrap_or_default().to_owned(), account["balance"].as_i64().unwrap_or(-1))
        })
        .collect();
    assert_eq!(held.iter().map(|(_, balance)| balance).collect::<Vec<_>>(), [&900, &900]);
    let receivable = accounts.body["data"].as_array().context("accounts")?.iter();
    let receivable =
        receivable.clone().find(|account| account["purpose"] == "gateway_receivable").context("a receivable")?;
    let id = receivable["id"].as_str().context("an id")?;
    assert_eq!(receivable["gateway_account"], "simulator");
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = client.get(&format!("/v1/accounts/{id}/postings?limit=1{cursor}")).await?;
        seen.push((page.body["data"][0]["side"].clone(), page.body["data"][0]["amount"].clone()));
        match page.body["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, [(json!("debit"), json!(200)), (json!("credit"), json!(300)), (json!("debit"), json!(1000))]);
    let before = client.get("/v1/ledger/trial-balance?at=2020-01-01T00:00:00Z").await?;
    assert_eq!(before.body["accounts"], json!([]));
    let stranger = merchant("ledger-stranger").await?;
    assert_eq!(stranger.get(&format!("/v1/accounts/{id}")).await?.status, StatusCode::NOT_FOUND);
    assert_eq!(stranger.get(&format!("/v1/accounts/{id}/postings")).await?.status, StatusCode::NOT_FOUND);
    let bad = client.get("/v1/ledger/trial-balance?at=yesterday").await?;
    assert_eq!((bad.status, bad.fields()), (StatusCode::UNPROCESSABLE_ENTITY, vec!["at".to_owned()]));
    Ok(())
}

/// Whoever writes to the tables by hand cannot unbalance them either.
#[tokio::test]
async fn a_transfer_that_does_not_balance_is_refused_by_the_database() -> Result<()> {
    let postgres = installation().await?.postgres().await?;
    let post = |amounts: &str| {
        format!(
            "insert into postings (transfer_id, number, account_id, side, amount, effective_at, posted_at) values {amounts}"
        )
    };
    let part = |number: u8, side: &str, amount: u8| {
        format!("('trf_by_hand', {number}, 'acc_{number}', '{side}', {amount}, now(), now())")
    };
    let unbalanced = format!("{}, {}", part(0, "debit", 5), part(1, "credit", 4));
    let error = postgres.batch_execute(&post(&unbalanced)).await.err().context("it was taken")?;
    ensure!(error.as_db_error().is_some_and(|error| error.message().contains("are not equal")), "{error}");
    let error = postgres.batch_execute("update postings set amount = 1").await.err().context("it was rewritten")?;
    ensure!(error.as_db_error().is_some_and(|error| error.message().contains("append-only")), "{error}");
    Ok(())
}

#[tokio::test]
async fn what_was_refused_is_refused_again_and_never_carried_out() -> Result<()> {
    let client = merchant("refused-again").await?;
    let mut nowhere = payment(500, "tok_approve");
    nowhere["payment_method"] = json!({"tokens": [{"gateway_account": "nowhere", "token": "tok_approve"}]});
    refused(&client.create("one", &nowhere).await?, StatusCode::UNPROCESSABLE_ENTITY, "no_route");
    let corrected = client.create("one", &payment(500, "tok_approve")).await?;
    assert_eq!(corrected.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", corrected.body);
    assert!(corrected.problem().contains("idempotency"), "{}", corrected.body);
    // Had the second one been carried out, the first would be told that its key is used.
    refused(&client.create("one", &nowhere).await?, StatusCode::UNPROCESSABLE_ENTITY, "no_route");
    Ok(())
}

#[tokio::test]
async fn metadata_does_not_grow_without_bound() -> Result<()> {
    let client = merchant("metadata").await?;
    let id = captured(&client, 500, "tok_approve").await?;
    let change = |keys: std::ops::Range<i32>| {
        let keys = keys.map(|key| (format!("key-{key}"), json!("value")));
        json!({ "metadata": keys.collect::<serde_json::Map<_, _>>() })
    };
    let patch = async |change: &Value| {
        let request = client.request(Method::PATCH, &format!("/v1/payments/{id}")).json(change);
        client.send(request.header("Idempotency-Key", uuid::Uuid::new_v4().to_string())).await
    };
    assert_eq!(patch(&change(0..50)).await?.status, StatusCode::OK);
    let too_much = patch(&change(50..51)).await?;
    assert_eq!((too_much.status, too_much.fields()), (StatusCode::UNPROCESSABLE_ENTITY, vec!["metadata".to_owned()]));
    assert_eq!(patch(&json!({"metadata": {"key-0": null, "key-50": "value"}})).await?.status, StatusCode::OK);
    Ok(())
}
