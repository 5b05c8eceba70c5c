//! The API as it is, against what it says of itself: requests that are made up from its description, right ones and wrong ones, and what is
//! answered held to it. `dev/openapi.d/schemathesis.toml` says what is checked.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use quittance_tests::{Client, Installation, Options, Part, payment};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::{process::Command, time::timeout};

/// How long it goes on, unless it is told.
const SECONDS: u64 = 60;
/// How much longer it may take to begin and to tell what it found.
const ASIDE: Duration = Duration::from_secs(60);
const ROLES: [&str; 5] = ["viewer", "merchant", "reviewer", "operator", "admin"];

#[tokio::test]
async fn the_api_is_as_it_is_described() -> Result<()> {
    let program = std::env::var_os("QUITTANCE_SCHEMATHESIS").context("run it by `make test` or `make schemathesis`")?;
    let seconds = std::env::var("QUITTANCE_SCHEMATHESIS_SECONDS").map_or(Ok(SECONDS), |text| text.parse())?;
    let variables = vec![("QUITTANCE_WAIT_MS", "1000".to_owned())];
    let installation = Installation::start("schemathesis", Options { variables }).await?;
    let token = installation.token("schemathesis", &ROLES)?;
    let folder = tempfile::tempdir()?;
    let config = config(&installation.client_with(&token)?).await?;
    std::fs::write(folder.path().join("schemathesis.toml"), config)?;
    let mut command = Command::new(program);
    command
        .args(["--config-file", "schemathesis.toml", "run", "--no-color", "--max-time", &seconds.to_string()])
        .args(["--header", &format!("Authorization: Bearer {token}")])
        .arg(installation.url(Part::Ingest, "/openapi.json"))
        .env("SCHEMATHESIS_HOOKS", root().join("dev/openapi.d/hooks.py"))
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = timeout(Duration::from_secs(seconds) + ASIDE, command.output()).await.context("it does not end")??;
    let told = String::from_utf8_lossy(&output.stdout).replace(&token, "…");
    println!("{told}");
    ensure!(output.status.success(), "{} {}", output.status, String::from_utf8_lossy(&output.stderr));
    Ok(())
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}

/// The committed one, with the ids of what is there.
async fn config(client: &Client) -> Result<String> {
    let mut config = std::fs::read_to_string(root().join("dev/openapi.d/schemathesis.toml"))?;
    for (name, ids) in furnished(client).await? {
        write!(config, "\n[dictionaries.{name}]\nvalues = {}\n", json!(ids))?;
    }
    Ok(config)
}

/// Some of everything, by what it is.
async fn furnished(client: &Client) -> Result<Vec<(&'static str, Vec<String>)>> {
    let send = |method: Method, path: &'static str, key: &'static str, body: Value| {
        client.send(client.request(method, path).header("Idempotency-Key", key).json(&body))
    };
    let account = send(Method::PUT, "/v1/gateway-accounts/own", "", json!({ "gateway": "simulator" })).await?;
    ensure!(account.status == StatusCode::CREATED, "{}", account.body);
    let (mut payments, mut commands) = (Vec::new(), Vec::new());
    for (token, changes) in [
        ("tok_approve", json!({})),
        ("tok_approve", json!({ "capture": "manual" })),
        ("tok_approve", json!({ "hold": true })),
        ("tok_decline", json!({})),
        ("tok_action", json!({ "return_url": "https://shop.example/thanks" })),
    ] {
        let mut body = payment(1_000, token);
        body.as_object_mut()
            .zip(changes.as_object())
            .context("objects")?
            .0
            .extend(changes.as_object().cloned().unwrap_or_default());
        let paid = client.pay(&body).await?;
        ensure!(paid.status == StatusCode::CREATED, "{}", paid.body);
        payments.push(paid.text("id"));
    }
    let refunded = client.ask(&payments[0], "refunds", &json!({ "amount": 300 })).await?;
    let refunds = vec![text(&refunded.body["refunds"][0]["id"])];
    for event in client.get("/v1/events").await?.body["data"].as_array().into_iter().flatten() {
        commands.extend(event["command"].as_str().map(str::to_owned));
    }
    commands.dedup();
    let method = send(Method::POST, "/v1/payment-methods", "saved", json!({ "token": "tok_approve" })).await?;
    let key = send(Method::POST, "/v1/api-keys", "shop", json!({ "name": "shop", "roles": ["viewer"] })).await?;
    let accounts = client.get("/v1/accounts").await?.body["data"].as_array().cloned().unwrap_or_default();
    let accounts = accounts.iter().map(|account| text(&account["id"])).collect();
    let found = vec![
        ("payments", payments),
        ("refunds", refunds),
        ("commands", commands),
        ("methods", vec![method.text("id")]),
        ("accounts", accounts),
        ("api_keys", vec![key.text("id")]),
        ("gateway_accounts", vec!["own".to_owned(), account.text("id")]),
    ];
    for (name, ids) in &found {
        ensure!(ids.iter().any(|id| !id.is_empty()), "no {name}");
    }
    Ok(found)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
