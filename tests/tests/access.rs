//! Who may do what, by the API's own description of itself: it is read from a running ingest, and every operation that it has is tried.

use std::{collections::BTreeSet, time::Duration};

use anyhow::{Context, Result, ensure};
use quittance_tests::{Answer, Client, Installation, Options, Part, eventually, payment};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use uuid::Uuid;

const SOON: Duration = Duration::from_secs(20);
const ROLES: [&str; 5] = ["viewer", "merchant", "reviewer", "operator", "admin"];

static SHARED: OnceCell<Installation> = OnceCell::const_new();

async fn installation() -> Result<&'static Installation> {
    SHARED.get_or_try_init(|| Installation::start("access", Options::default())).await
}

/// An operation of the document.
#[derive(Debug)]
struct Operation {
    method: Method,
    /// The pattern of its path.
    path: String,
    roles: Vec<String>,
    /// Whether anybody may.
    is_open: bool,
    body: Option<Value>,
}

impl Operation {
    /// Sends it with whatever it has to have, and that id where the path names one.
    async fn send(&self, client: &Client, id: &str) -> Result<Answer> {
        let (before, behind) = self.path.split_once('{').unwrap_or((&self.path, "}"));
        let id = if before == self.path { "" } else { id };
        let path = format!("{before}{id}{}", behind.split_once('}').context("a pattern")?.1);
        let request = client.request(self.method.clone(), &path).header("Idempotency-Key", Uuid::new_v4().to_string());
        let request = match &self.body {
            Some(body) => request.json(body),
            None => request,
        };
        client.send(request).await.with_context(|| format!("{} {path}", self.method))
    }

    fn names_an_id(&self) -> bool {
        self.path.contains('{')
    }

    /// Writes what is the tenant's own under a name of its own choice.
    fn is_named_by_the_tenant(&self) -> bool {
        self.method == Method::PUT
    }
}

/// All operations that a running ingest says it has.
async fn operations(installation: &Installation) -> Result<Vec<Operation>> {
    let client = Client::anonymous(&installation.url(Part::Ingest, ""))?;
    let document = client.get("/openapi.json").await?.body;
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().context("paths")? {
        for (method, operation) in methods.as_object().context("methods")? {
            let examples = operation.pointer("/requestBody/content/application~1json/examples");
            let example = examples.and_then(Value::as_object).and_then(|examples| examples.values().next());
            let roles = operation["x-roles"].as_array().context("roles")?;
            operations.push(Operation {
                method: method.to_uppercase().parse()?,
                path: path.clone(),
                roles: roles.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
                is_open: operation["security"].as_array().is_some_and(Vec::is_empty),
                body: example.map(|example| example["value"].clone()),
            });
        }
    }
    ensure!(operations.len() > 30, "there are more of them than {}", operations.len());
    Ok(operations)
}

#[tokio::test]
async fn the_description_is_the_committed_one_and_is_sent_once() -> Result<()> {
    let installation = installation().await?;
    let client = Client::anonymous(&installation.url(Part::Ingest, ""))?;
    let answer = client.get("/openapi.json").await?;
    let committed: Value = serde_json::from_str(include_str!("../../docs/openapi.json"))?;
    ensure!(answer.body == committed, "it is not docs/openapi.json");
    let tag = answer.headers.get("etag").context("it has a tag")?.clone();
    let again = client.request(Method::GET, "/openapi.json").header("If-None-Match", tag);
    let again = client.send(again).await?;
    assert_eq!((again.status, again.body), (StatusCode::NOT_MODIFIED, Value::Null));
    Ok(())
}

#[tokio::test]
async fn each_operation_lets_in_whom_it_says_and_nobody_else() -> Result<()> {
    let installation = installation().await?;
    let nobody = Client::anonymous(&installation.url(Part::Ingest, ""))?;
    let forged = installation.client_with("eyJhbGciOiJIUzI1NiJ9.e30.AAAA")?;
    let operations = operations(installation).await?;
    for operation in &operations {
        for client in [&nobody, &forged] {
            let answer = operation.send(client, "nothing").await?;
            let is_right = answer.status == if operation.is_open { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
            ensure!(is_right, "{operation:?} is answered {} without a credential", answer.status);
        }
    }
    for role in ROLES {
        let client = installation.client_with(&installation.token("access-roles", &[role])?)?;
        for operation in operations.iter().filter(|operation| !operation.roles.is_empty()) {
            let status = operation.send(&client, "nothing").await?.status;
            let is_in = status != StatusCode::FORBIDDEN && status != StatusCode::UNAUTHORIZED;
            let is_right =
                if operation.roles.iter().any(|may| may == role) { is_in } else { status == StatusCode::FORBIDDEN };
            ensure!(is_right, "{operation:?} is answered {status} to {role}");
        }
    }
    Ok(())
}

/// A tenant that has some of everything.
async fn furnished(installation: &Installation, tenant: &str) -> Result<Client> {
    let client = installation.client_with(&installation.token(tenant, &ROLES)?)?;
    let put = |path: &str, body: &Value| client.send(client.request(Method::PUT, path).json(body));
    ensure!(put("/v1/gateway-accounts/own", &json!({ "gateway": "simulator" })).await?.status == StatusCode::CREATED);
    let fees = json!({ "fees": [{ "currency": "EUR", "rate_ppm": 10_000 }] });
    ensure!(put("/v1/fees", &fees).await?.status == StatusCode::OK);
    let paid = client.pay(&payment(1_000, "tok_approve")).await?;
    ensure!(paid.status == StatusCode::CREATED, "{}", paid.body);
    let refunded = client.ask(&paid.text("id"), "refunds", &json!({ "amount": 300 })).await?;
    ensure!(refunded.status == StatusCode::CREATED, "{}", refunded.body);
    let body = json!({ "tokens": [{ "gateway_account": "simulator", "token": "tok_approve" }] });
    let saved = client.request(Method::POST, "/v1/payment-methods").header("Idempotency-Key", "saved").json(&body);
    ensure!(client.send(saved).await?.status == StatusCode::CREATED);
    let key = json!({ "name": "shop", "roles": ["viewer"] });
    let key = client.request(Method::POST, "/v1/api-keys").header("Idempotency-Key", "shop").json(&key);
    ensure!(client.send(key).await?.status == StatusCode::CREATED);
    Ok(client)
}

/// Ids of ours in an answer.
fn ids(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            let hex = text.split_once('_').map_or("", |(_, hex)| hex);
            let is_id = hex.len() == 32 && hex.bytes().all(|b| b.is_ascii_hexdigit());
            found.extend(is_id.then(|| text.clone()));
        }
        Value::Array(items) => items.iter().for_each(|item| ids(item, found)),
        Value::Object(members) => members.values().for_each(|member| ids(member, found)),
        _ => {}
    }
}

/// Everything that the tenant can read, and all ids in it, and in what can be read by those.
async fn owned(client: &Client, reads: &[&Operation]) -> Result<BTreeSet<String>> {
    let mut known = BTreeSet::new();
    for read in reads.iter().filter(|read| !read.names_an_id()) {
        let answer = read.send(client, "").await?;
        ensure!(answer.status == StatusCode::OK, "{read:?}: {}", answer.status);
        ids(&answer.body, &mut known);
    }
    let mut new = known.clone();
    while !new.is_empty() {
        let mut next = BTreeSet::new();
        for id in &new {
            for read in reads.iter().filter(|read| read.names_an_id() && !read.path.ends_with("/events")) {
                ids(&read.send(client, id).await?.body, &mut next);
            }
        }
        new = next.difference(&known).cloned().collect();
        known.append(&mut next);
    }
    Ok(known)
}

#[tokio::test]
async fn nothing_of_a_tenant_is_there_for_another_one() -> Result<()> {
    let installation = installation().await?;
    let operations = operations(installation).await?;
    let with_roles = || operations.iter().filter(|operation| !operation.roles.is_empty());
    let reads: Vec<&Operation> = with_roles().filter(|operation| operation.method == Method::GET).collect();
    let client = furnished(installation, "access-a").await?;
    let owned = eventually("some of everything can be read", SOON, || async {
        let owned = self::owned(&client, &reads).await?;
        for prefix in ["pay_", "aut_", "cap_", "ref_", "att_", "cmd_", "evt_", "pm_", "acc_", "trf_", "gwa_", "apk_"] {
            ensure!(owned.iter().any(|id| id.starts_with(prefix)), "no {prefix} in {owned:?}");
        }
        Ok::<_, anyhow::Error>(owned)
    })
    .await?;
    // Each path has an id that is there for the tenant itself, or the rest would prove nothing. A stream goes on.
    for read in reads.iter().filter(|read| read.names_an_id() && !read.path.ends_with("/events")) {
        let mut is_there = false;
        for id in &owned {
            is_there |= read.send(&client, id).await?.status == StatusCode::OK;
        }
        ensure!(is_there, "no id is there for {read:?}");
    }
    let other = furnished(installation, "access-b").await?;
    let token = installation.tool(&[
        "token", "--tenant", "access-a", "--mode", "live", "--role", "merchant", "--role", "admin", "--role",
        "reviewer",
    ])?;
    let live = installation.client_with(token.trim())?;
    for client in [&other, &live] {
        sees_nothing(client, &operations, &owned).await?;
    }
    Ok(())
}

/// Whatever is asked for by an id of somebody else's is not there, and no list has one.
async fn sees_nothing(client: &Client, operations: &[Operation], owned: &BTreeSet<String>) -> Result<()> {
    for operation in
        operations.iter().filter(|operation| !operation.roles.is_empty() && !operation.is_named_by_the_tenant())
    {
        if operation.names_an_id() {
            for id in owned.iter().map(String::as_str).chain(["own-of-a"]) {
                let status = operation.send(client, id).await?.status;
                ensure!(status == StatusCode::NOT_FOUND, "{operation:?} is answered {status} for {id}");
            }
        } else if operation.method == Method::GET {
            let mut seen = BTreeSet::new();
            ids(&operation.send(client, "").await?.body, &mut seen);
            let leaked: Vec<_> = seen.intersection(owned).collect();
            ensure!(leaked.is_empty(), "{operation:?} tells {leaked:?}");
        }
    }
    Ok(())
}
