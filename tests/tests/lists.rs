//! `GET /v1/payments` on the real stack.

use std::{collections::BTreeSet, time::Duration};

use anyhow::{Context, Result, ensure};
use quittance_tests::{Answer, Client, Installation, Options, eventually};
use reqwest::{Method, StatusCode, Url};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(20);

/// Takes a payment that differs from others by `more`. Gives its id.
async fn pay(client: &Client, more: Value) -> Result<String> {
    let mut body = json!({ "amount": 1_250, "currency": "EUR", "payment_method": { "token": "tok_approve" } });
    body.as_object_mut().context("an object")?.extend(more.as_object().context("an object")?.clone());
    let answer = client.pay(&body).await?;
    ensure!(answer.status == StatusCode::CREATED, "{}", answer.body);
    Ok(answer.text("id"))
}

async fn list(client: &Client, parameters: &[(&str, &str)]) -> Result<Answer> {
    let url = Url::parse_with_params("http://api/v1/payments", parameters)?;
    client.get(&format!("/v1/payments?{}", url.query().unwrap_or_default())).await
}

fn ids(answer: &Answer) -> Vec<String> {
    let data = answer.body["data"].as_array().cloned().unwrap_or_default();
    data.iter().map(|payment| payment["id"].as_str().unwrap_or_default().to_owned()).collect()
}

/// Waits until a list has these, the newest first.
async fn lists(client: &Client, parameters: &[(&str, &str)], expected: &[&String]) -> Result<()> {
    eventually(&format!("the list of {parameters:?}"), SOON, || async {
        let answer = list(client, parameters).await?;
        ensure!(answer.status == StatusCode::OK, "{} {}", answer.status, answer.body);
        let found = ids(&answer);
        ensure!(found.iter().eq(expected.iter().copied()), "it has {found:?}, not {expected:?}");
        Ok::<_, anyhow::Error>(())
    })
    .await
}

/// All pages, one after the other.
async fn walk(client: &Client, parameters: &[(&str, &str)]) -> Result<Vec<String>> {
    let (mut found, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let next = cursor.as_deref().map(|cursor| ("cursor", cursor));
        let page = list(client, &parameters.iter().copied().chain(next).collect::<Vec<_>>()).await?;
        ensure!(page.status == StatusCode::OK, "{} {}", page.status, page.body);
        found.extend(ids(&page));
        ensure!(page.body["has_more"] == !page.body["next_cursor"].is_null(), "{}", page.body);
        match page.body["next_cursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => return Ok(found),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn payments_are_listed_by_every_filter() -> Result<()> {
    let installation = Installation::start("filters", Options::default()).await?;
    let client = installation.client("acme")?;
    lists(&client, &[("reference", "order-1")], &[]).await?;
    let first = pay(&client, json!({"reference": "order-1", "metadata": {"cart": "77", "shop": "north"}})).await?;
    let second = pay(
        &client,
        json!({"amount": 4_900, "currency": "USD", "capture": "manual", "metadata": {"cart": "78", "shop": "north"}}),
    )
    .await?;
    let third = pay(&client, json!({"payment_method": {"token": "tok_decline"}, "reference": "order-2"})).await?;
    let (first, second, third) = (&first, &second, &third);
    lists(&client, &[], &[third, second, first]).await?;
    lists(&installation.client("globex")?, &[], &[]).await?;

    lists(&client, &[("status", "succeeded")], &[first]).await?;
    lists(&client, &[("status", "failed,requires_capture")], &[third, second]).await?;
    lists(&client, &[("currency", "USD")], &[second]).await?;
    lists(&client, &[("amount_from", "1250"), ("amount_to", "4899")], &[third, first]).await?;
    lists(&client, &[("amount_from", "1251"), ("amount_to", "4900")], &[second]).await?;
    lists(&client, &[("gateway_account", "simulator")], &[third, second, first]).await?;
    lists(&client, &[("gateway_account", "other")], &[]).await?;
    lists(&client, &[("payment_method_id", "pm_00000000000000000000000000000001")], &[]).await?;
    let created = client.get(&format!("/v1/payments/{second}")).await?.text("created_at");
    lists(&client, &[("created_from", &created)], &[third, second]).await?;
    lists(&client, &[("created_to", &created)], &[first]).await?;

    lists(&client, &[("reference", "order-1")], &[first]).await?;
    lists(&client, &[("metadata[shop]", "north")], &[second, first]).await?;
    lists(&client, &[("metadata[shop]", "north"), ("metadata[cart]", "78")], &[second]).await?;
    lists(&client, &[("metadata[shop]", "north"), ("reference", "order-2")], &[]).await?;
    lists(&installation.client("globex")?, &[("reference", "order-1")], &[]).await?;
    let text = list(&client, &[("reference", "order-1")]).await?;
    assert_eq!(text.body["data"][0]["metadata"]["cart"], "77", "its text is opened");
    assert!(text.body["data"][0].get("search_tokens").is_none());

    let change = json!({"reference": "order-3", "metadata": {"shop": null, "cart": "79"}});
    let request = client.request(Method::PATCH, &format!("/v1/payments/{first}")).header("Idempotency-Key", "change-1");
    assert_eq!(client.send(request.json(&change)).await?.status, StatusCode::OK);
    lists(&client, &[("reference", "order-3"), ("metadata[cart]", "79")], &[first]).await?;
    lists(&client, &[("reference", "order-1")], &[]).await?;
    lists(&client, &[("metadata[shop]", "north")], &[second]).await?;

    let wrong = list(&client, &[("status", "done"), ("page", "2"), ("limit", "0")]).await?;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        wrong.fields().into_iter().collect::<BTreeSet<_>>(),
        ["limit", "page", "status"].map(str::to_owned).into()
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_stay_right_while_payments_are_added() -> Result<()> {
    let installation = Installation::start("pages", Options::default()).await?;
    let (client, stranger) = (installation.client("acme")?, installation.client("globex")?);
    let mut before = Vec::new();
    for _ in 0..12 {
        before.push(pay(&client, json!({"metadata": {"series": "a"}})).await?);
    }
    before.reverse();
    lists(&client, &[("status", "succeeded")], &before.iter().collect::<Vec<_>>()).await?;
    let filters = [("limit", "2"), ("status", "succeeded"), ("metadata[series]", "a")];
    assert_eq!(walk(&client, &filters).await?, before);

    let adding = async {
        for _ in 0..8 {
            pay(&client, json!({"metadata": {"series": "a"}})).await?;
        }
        Ok::<_, anyhow::Error>(())
    };
    let walking = async {
        let mut walks = Vec::new();
        for _ in 0..4 {
            walks.push(walk(&client, &filters).await?);
        }
        Ok::<_, anyhow::Error>(walks)
    };
    let ((), walks) = tokio::try_join!(adding, walking)?;
    for walked in walks {
        assert_eq!(walked.iter().collect::<BTreeSet<_>>().len(), walked.len(), "none comes twice: {walked:?}");
        assert!(walked.ends_with(&before), "none of those that were there is missed: {walked:?}");
    }

    let page = list(&client, &filters).await?;
    let cursor = page.text("next_cursor");
    let theirs = pay(&stranger, json!({})).await?;
    lists(&stranger, &[], &[&theirs]).await?;
    let foreign = list(&stranger, &[&filters[..], &[("cursor", &cursor)]].concat()).await?;
    assert_eq!((foreign.status, ids(&foreign)), (StatusCode::OK, Vec::new()));
    let other = list(&client, &[("status", "failed"), ("cursor", &cursor)]).await?;
    assert_eq!((other.status, other.fields()), (StatusCode::UNPROCESSABLE_ENTITY, vec!["cursor".to_owned()]));
    assert!(other.body.to_string().contains("belongs to a list with other filters"), "{}", other.body);
    Ok(())
}
