//! API keys, from the administrator who makes one to the server that is let in by it, until it is not.

use std::{collections::BTreeSet, time::Duration};

use anyhow::{Context, Result, ensure};
use quittance_tests::{Answer, Client, EventStream, Installation, Options, Part, payment};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use uuid::Uuid;

static SHARED: OnceCell<Installation> = OnceCell::const_new();

/// One installation for most tests; each test has a tenant of its own.
async fn installation() -> Result<&'static Installation> {
    SHARED.get_or_try_init(|| Installation::start("api-keys", Options::default())).await
}

fn admin(installation: &Installation, tenant: &str) -> Result<Client> {
    Client::new(&installation.url(Part::Ingest, ""), &installation.token(tenant, &["admin"])?)
}

async fn make_under(admin: &Client, key: &str, body: &Value) -> Result<Answer> {
    admin.send(admin.request(Method::POST, "/v1/api-keys").header("Idempotency-Key", key).json(body)).await
}

/// Makes a key for a role, and gives what was answered.
async fn made(admin: &Client, role: &str) -> Result<Value> {
    let body = json!({"name": "shop", "roles": [role]});
    let answer = make_under(admin, &Uuid::new_v4().to_string(), &body).await?;
    ensure!(answer.status == StatusCode::CREATED, "{}", answer.body);
    Ok(answer.body)
}

fn server(installation: &Installation, made: &Value) -> Result<Client> {
    Client::new(&installation.url(Part::Ingest, ""), made["key"].as_str().context("a key")?)
}

async fn revoke(admin: &Client, made: &Value) -> Result<Answer> {
    let id = made["id"].as_str().context("an id")?;
    admin.send(admin.request(Method::DELETE, &format!("/v1/api-keys/{id}"))).await
}

#[tokio::test]
async fn a_key_lets_its_owner_in_for_what_it_is_for_until_it_is_revoked() -> Result<()> {
    let installation = installation().await?;
    let admin = admin(installation, "life")?;
    let made = made(&admin, "merchant").await?;
    let key = made["key"].as_str().context("a key")?;
    assert!(key.starts_with("qk_test_") && made["ending"] == key[key.len() - 4..], "{made}");

    let server = server(installation, &made)?;
    let paid = server.pay(&payment(100, "tok_approve")).await?;
    assert_eq!(paid.status, StatusCode::CREATED, "{}", paid.body);
    let history = server.get(&format!("/v1/payments/{}/history?after=3", paid.text("id"))).await?;
    let actor = &history.body["data"][0]["actor"];
    assert_eq!(actor, &json!({"kind": "api_key", "subject": "shop", "credential_id": made["id"]}));
    let told = admin.get(&format!("/v1/payments/{}/history", paid.text("id"))).await?;
    assert_eq!(told.body["data"][0]["actor"]["address"], "127.0.0.1", "an admin is told where it came from");
    let forbidden = server.get("/v1/api-keys").await?;
    assert_eq!(forbidden.status, StatusCode::FORBIDDEN, "a merchant's key makes no keys");

    let mut stream = EventStream::open(&server, "/v1/events", None).await?;
    let revoked = revoke(&admin, &made).await?;
    assert_eq!((revoked.status, &*revoked.text("status")), (StatusCode::OK, "revoked"));
    let refused = server.get("/v1/accounts").await?;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "at once");
    assert_eq!(stream.next().await?, None, "and what it listens to ends");
    assert_eq!(revoke(&admin, &made).await?.body, revoked.body, "once more is the same");
    Ok(())
}

#[tokio::test]
async fn a_key_is_shown_once_and_kept_nowhere() -> Result<()> {
    let installation = installation().await?;
    let admin = admin(installation, "shown")?;
    let body = json!({"name": "shop", "roles": ["viewer", "merchant"], "expires_in_days": 30});
    let first = make_under(&admin, "k-1", &body).await?;
    let second = make_under(&admin, "k-1", &body).await?;
    assert_eq!((second.status, &second.body["id"]), (StatusCode::CREATED, &first.body["id"]));
    assert!(second.body["key"].is_null() && second.headers.contains_key("idempotent-replayed"), "{second:?}");
    let other = make_under(&admin, "k-1", &json!({"name": "other", "roles": ["viewer"]})).await?;
    assert_eq!(other.problem(), "idempotency-key-reused");
    let listed = admin.get("/v1/api-keys").await?;
    let one = admin.get(&format!("/v1/api-keys/{}", first.text("id"))).await?;
    assert_eq!(listed.body["data"], json!([one.body]));
    assert!(one.body["key"].is_null() && one.body["expires_at"].is_string() && one.body["status"] == "active");

    let key = first.text("key");
    let found = installation.found_on_topics(&key).await?;
    assert_eq!(found, Vec::<String>::new());
    assert!(!installation.log(Part::Ingest).contains(&key));
    Ok(())
}

#[tokio::test]
async fn twins_make_one_key() -> Result<()> {
    let installation = installation().await?;
    let admin = admin(installation, "twins")?;
    let body = json!({"name": "shop", "roles": ["merchant"]});
    let (one, two) = tokio::try_join!(make_under(&admin, "twin", &body), make_under(&admin, "twin", &body))?;
    assert_eq!((one.status, two.status), (StatusCode::CREATED, StatusCode::CREATED), "{one:?} {two:?}");
    let shown: BTreeSet<String> =
        [&one, &two].iter().map(|answer| answer.text("key")).filter(|key| !key.is_empty()).collect();
    assert_eq!(shown.len(), 1, "one of them is shown it, or both the same");
    let key = shown.first().context("a key")?;
    let read = installation.client_with(key)?.get("/v1/accounts").await?;
    assert_eq!(read.status, StatusCode::OK, "{}", read.body);
    let listed = admin.get("/v1/api-keys").await?;
    assert_eq!(listed.body["data"].as_array().map(Vec::len), Some(1), "{}", listed.body);
    assert_eq!(one.body["id"], two.body["id"]);
    Ok(())
}

#[tokio::test]
async fn a_tenant_has_so_many_keys_and_no_more() -> Result<()> {
    let installation = installation().await?;
    let admin = admin(installation, "many")?;
    let body = json!({"name": "shop", "roles": ["viewer"]});
    let mut made = Vec::new();
    for number in 0..100 {
        let answer = make_under(&admin, &format!("key-{number}"), &body).await?;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
        made.push(answer.body);
    }
    let refused = make_under(&admin, "one-more", &body).await?;
    assert_eq!((refused.status, refused.fields()), (StatusCode::UNPROCESSABLE_ENTITY, vec!["name".to_owned()]));
    revoke(&admin, &made[0]).await?;
    assert_eq!(make_under(&admin, "one-more", &body).await?.status, StatusCode::CREATED, "there is room again");
    Ok(())
}

#[tokio::test]
async fn nobody_sees_or_ends_anothers_keys() -> Result<()> {
    let installation = installation().await?;
    let (ours, theirs) = (admin(installation, "keys-a")?, admin(installation, "keys-b")?);
    let made = made(&theirs, "admin").await?;
    let path = format!("/v1/api-keys/{}", made["id"].as_str().context("an id")?);
    let live = installation.tool(&["token", "--tenant", "keys-b", "--role", "admin", "--mode", "live"])?;
    let live = Client::new(&installation.url(Part::Ingest, ""), live.trim())?;
    for stranger in [&ours, &live] {
        assert_eq!(stranger.get(&path).await?.status, StatusCode::NOT_FOUND);
        assert_eq!(revoke(stranger, &made).await?.status, StatusCode::NOT_FOUND);
        assert_eq!(stranger.get("/v1/api-keys").await?.body["data"], json!([]));
    }
    let merchant = installation.client("keys-b")?;
    for (method, path) in [(Method::GET, "/v1/api-keys"), (Method::POST, "/v1/api-keys"), (Method::DELETE, &*path)] {
        let answer = merchant.send(merchant.request(method, path)).await?;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
    }
    let server = server(installation, &made)?;
    assert_eq!(server.get(&path).await?.status, StatusCode::OK, "an administrator's key is an administrator");
    Ok(())
}

#[tokio::test]
async fn what_is_no_key_lets_nobody_in() -> Result<()> {
    let installation = installation().await?;
    let made = made(&admin(installation, "none")?, "viewer").await?;
    let key = made["key"].as_str().context("a key")?;
    let mut changed = key.to_owned();
    changed.replace_range(20..21, if &key[20..21] == "A" { "B" } else { "A" });
    for other in [changed, key.replace("qk_test_", "qk_live_"), key[..key.len() - 1].to_owned(), format!("{key}0")] {
        let answer = Client::new(&installation.url(Part::Ingest, ""), &other)?.get("/v1/accounts").await?;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    }
    Ok(())
}

#[tokio::test]
async fn that_a_key_was_used_is_kept_and_so_is_the_key() -> Result<()> {
    let mut installation = Installation::start("api-keys-used", Options::default()).await?;
    let admin = admin(&installation, "acme")?;
    let made = made(&admin, "viewer").await?;
    let path = format!("/v1/api-keys/{}", made["id"].as_str().context("an id")?);
    assert!(admin.get(&path).await?.body["last_used_at"].is_null());
    let server = server(&installation, &made)?;
    assert_eq!(server.get("/v1/accounts").await?.status, StatusCode::OK);
    let ingest = installation.process(Part::Ingest);
    ingest.signal("TERM")?;
    ensure!(ingest.ended(Duration::from_secs(30)).await?.success(), "{}", ingest.log());
    ingest.start()?;
    ingest.ready(Duration::from_secs(60)).await?;
    assert!(admin.get(&path).await?.body["last_used_at"].is_string());
    assert_eq!(server.get("/v1/accounts").await?.status, StatusCode::OK);
    Ok(())
}
