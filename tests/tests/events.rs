//! Events as a merchant follows them: page by page, and as they happen.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use quittance_tests::{Client, EventStream, Installation, Options, Part, ServerEvent, payment};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

const SOON: Duration = Duration::from_secs(20);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

static SHARED: OnceCell<Installation> = OnceCell::const_new();

/// One installation for most tests; each test has a tenant of its own.
async fn installation() -> Result<&'static Installation> {
    SHARED.get_or_try_init(|| Installation::start("events", Options::default())).await
}

async fn paid(client: &Client, amount: i64) -> Result<String> {
    let answer = client.pay(&payment(amount, "tok_approve")).await?;
    ensure!(answer.status == StatusCode::CREATED, "{}", answer.body);
    Ok(answer.text("id"))
}

/// Walks the feed from a cursor on until it has so many events.
async fn walked(client: &Client, mut cursor: Option<String>, count: usize) -> Result<(Vec<Value>, String)> {
    let mut events = Vec::new();
    let deadline = Instant::now() + SOON;
    while events.len() < count {
        ensure!(Instant::now() < deadline, "{} of {count} events came", events.len());
        let at = cursor.as_ref().map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        let page = client.get(&format!("/v1/events?limit=7{at}")).await?;
        ensure!(page.status == StatusCode::OK, "{}", page.body);
        let data = page.body["data"].as_array().context("a page")?;
        ensure!(data.len() <= 7, "{} on a page", data.len());
        if data.is_empty() {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        events.extend(data.iter().cloned());
        cursor = Some(page.text("next_cursor"));
    }
    Ok((events, cursor.context("a cursor")?))
}

/// Each payment's sequences are 1, 2, 3… in the order in which they came.
fn are_gapless<'a>(events: impl IntoIterator<Item = &'a Value>) -> Result<BTreeMap<String, i64>> {
    let mut latest: BTreeMap<String, i64> = BTreeMap::new();
    for event in events {
        let resource = event["resource"].as_str().context("a resource")?.to_owned();
        let before = latest.entry(resource).or_default();
        ensure!(event["sequence"].as_i64() == Some(*before + 1), "after {before} came {event}");
        *before += 1;
    }
    Ok(latest)
}

#[tokio::test]
async fn the_feed_has_every_event_once_and_in_order() -> Result<()> {
    let installation = installation().await?;
    let client = installation.client("feed")?;
    for amount in 1..=10 {
        paid(&client, amount * 100).await?;
    }
    // Created, authorized, captured.
    let (events, cursor) = walked(&client, None, 30).await?;
    assert_eq!(events.len(), 30);
    let payments = are_gapless(&events)?;
    assert!(payments.len() == 10 && payments.values().all(|events| *events == 3), "{payments:?}");
    assert!(events.iter().all(|event| event["object"] == "event" && event["actor"]["kind"].is_string()), "{events:?}");

    let page = client.get(&format!("/v1/events?cursor={cursor}")).await?;
    assert_eq!((&page.body["data"], &page.body["has_more"]), (&json!([]), &json!(false)));
    let now = client.get("/v1/events?cursor=now").await?;
    assert_eq!(now.body["data"], json!([]));
    let later = paid(&client, 77).await?;
    for cursor in [cursor, now.text("next_cursor")] {
        let (events, _) = walked(&client, Some(cursor), 3).await?;
        assert!(events.len() == 3 && events.iter().all(|event| event["resource"] == *later), "{events:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_cursor_is_its_tenants_alone() -> Result<()> {
    let installation = installation().await?;
    let [ours, theirs] = ["cursors-a", "cursors-b"].map(|tenant| installation.client(tenant));
    let (ours, theirs) = (ours?, theirs?);
    paid(&theirs, 100).await?;
    let (_, cursor) = walked(&theirs, None, 3).await?;
    for cursor in [cursor.as_str(), "", "x", "AQ"] {
        let refused = ours.get(&format!("/v1/events?cursor={cursor}")).await?;
        assert_eq!((refused.status, refused.fields()), (StatusCode::UNPROCESSABLE_ENTITY, vec!["cursor".to_owned()]));
    }
    let events = ours.get("/v1/events").await?;
    assert_eq!(events.body["data"], json!([]), "none of theirs");
    Ok(())
}

#[tokio::test]
async fn a_stream_tells_what_happens_and_goes_on_where_it_was() -> Result<()> {
    let installation = installation().await?;
    let client = installation.client("streams")?;
    let others = installation.client("streams-others")?;
    paid(&client, 100).await?;
    walked(&client, None, 3).await?;
    // From now on.
    let mut stream = EventStream::open(&client, "/v1/events", None).await?;
    paid(&others, 100).await?;
    let mut told: Vec<ServerEvent> = Vec::new();
    for round in 0..4 {
        let id = paid(&client, 200 + round).await?;
        while told.iter().filter(|event| event.data["resource"] == *id).count() < 3 {
            told.push(stream.event().await?);
        }
    }
    assert_eq!(told.len(), 12, "each once, and none of others or from before");
    are_gapless(told.iter().map(|event| &event.data))?;
    assert!(told.iter().all(|event| event.data["type"] == *event.kind), "{told:?}");

    // Whatever event a client saw last, it is told the others, in the same order.
    for (number, last) in told.iter().enumerate() {
        let mut again = EventStream::open(&client, "/v1/events", Some(&last.id)).await?;
        for expected in &told[number + 1..] {
            assert_eq!(again.event().await?.data, expected.data);
        }
        let (pulled, _) = walked(&client, Some(last.id.clone()), told.len() - number - 1).await?;
        let rest: Vec<_> = told[number + 1..].iter().map(|event| event.data.clone()).collect();
        assert_eq!(pulled, rest, "and so is one that pulls");
    }
    Ok(())
}

#[tokio::test]
async fn an_idle_stream_shows_signs_of_life_and_ends_with_its_token() -> Result<()> {
    const GOOD_FOR: Duration = Duration::from_secs(30);
    let installation = installation().await?;
    let until = Instant::now() + GOOD_FOR;
    let token = installation.tool(&["token", "--tenant", "idle", "--role", "viewer", "--ttl", "30s"])?;
    let mut stream = EventStream::open(&installation.client_with(token.trim())?, "/v1/events", None).await?;
    let mut blocks = Vec::new();
    let told = async {
        while let Some(block) = stream.block().await? {
            blocks.push(block);
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(GOOD_FOR * 3, told).await.context("it goes on without a token")??;
    assert!(blocks.iter().any(|block| block.starts_with(':')), "{blocks:?}");
    assert!(Instant::now() + Duration::from_secs(1) >= until, "it ended before its token, whose times are in seconds");
    Ok(())
}

#[tokio::test]
async fn a_payment_is_followed_from_its_first_event_on() -> Result<()> {
    let installation = installation().await?;
    let client = installation.client("one-payment")?;
    let mut body = payment(500, "tok_approve");
    body["capture"] = json!("manual");
    let answer = client.pay(&body).await?;
    let id = answer.text("id");
    paid(&client, 600).await?;
    let path = format!("/v1/payments/{id}/events");
    let mut stream = EventStream::open(&client, &path, None).await?;
    for kind in ["payment.created", "payment.authorized"] {
        assert_eq!(stream.event().await?.kind, kind);
    }
    client.ask(&id, "captures", &json!({})).await?;
    let mut last = stream.event().await?;
    while last.kind != "payment.captured" {
        last = stream.event().await?;
    }
    client.ask(&id, "refunds", &json!({"amount": 200})).await?;
    let next = stream.event().await?;
    let mut again = EventStream::open(&client, &path, Some(&last.id)).await?;
    assert_eq!(again.event().await?.data, next.data);

    let foreign = installation.client("one-payment-others")?.get(&path).await?;
    assert_eq!(foreign.status, StatusCode::NOT_FOUND);
    Ok(())
}

#[tokio::test]
async fn nothing_is_missed_and_nothing_comes_twice_while_the_sink_is_killed() -> Result<()> {
    let mut installation = Installation::start("events-crash", Options::default()).await?;
    let client = installation.client("acme")?;
    let mut stream = EventStream::open(&client, "/v1/events", None).await?;
    let (mut payments, mut told) = (Vec::new(), Vec::new());
    for round in 0..3 {
        for amount in 0..10 {
            let key = format!("{round}-{amount}");
            payments.push(client.acknowledged(&key, &payment(1_000 + amount, "tok_approve"), SOON).await?);
        }
        installation.process(Part::Postgres).kill()?;
        installation.process(Part::Postgres).start()?;
        if round == 1 {
            // The client, too, loses its connection, wherever it is.
            let last = told.last().map(|event: &ServerEvent| event.id.as_str());
            stream = EventStream::open(&client, "/v1/events", last).await?;
        }
        while told.len() < payments.len() * 3 {
            told.push(stream.event().await?);
        }
    }
    let latest = are_gapless(told.iter().map(|event| &event.data))?;
    assert!(payments.iter().all(|id| latest.get(id) == Some(&3)) && latest.len() == payments.len(), "{latest:?}");
    Ok(())
}
