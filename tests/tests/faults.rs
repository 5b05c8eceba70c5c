//! Two gateways at which a part of all requests goes wrong, for as long as `QUITTANCE_FAULTS_SECONDS` says: answers that get lost
//! before or after the money moved, 500 and 429, answers that come late, connections that close for seconds on end, and webhooks
//! all the while. When they are well again no payment is stuck, and payments, ledger and gateways agree to the cent.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use futures::future::join_all;
use quittance_tests::{Client, TwoGateways, eventually, paid_at_either};
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

const SHORT: Duration = Duration::from_secs(20);
const MERCHANTS: u64 = 8;
/// How long a gateway goes wrong in the same way.
const SPELL: Duration = Duration::from_secs(4);
/// How long all may take to be settled after that.
const SETTLED_WITHIN: Duration = Duration::from_secs(120);

const TOKENS: [&str; 12] = [
    "tok_approve",
    "tok_approve",
    "tok_decline",
    "tok_decline_hard",
    "tok_slow",
    "tok_flaky",
    "tok_busy",
    "tok_timeout_before",
    "tok_timeout_after",
    "tok_partial",
    "tok_pending",
    "tok_refund_fails",
];

#[tokio::test]
async fn no_payment_is_stuck_and_every_cent_is_accounted_for() -> Result<()> {
    let lasts = match std::env::var("QUITTANCE_FAULTS_SECONDS") {
        Ok(seconds) => Duration::from_secs(seconds.parse().context("QUITTANCE_FAULTS_SECONDS")?),
        Err(_) => SHORT,
    };
    let variables = [
        ("QUITTANCE_RETRY_MAX_MS", "500"),
        ("QUITTANCE_ATTEMPT_TTL_MS", "10000"),
        ("QUITTANCE_TRY_LOST_MS", "3000"),
        ("QUITTANCE_QUERIES_MAX", "200"),
        ("QUITTANCE_POLL_MAX_MS", "1000"),
        ("QUITTANCE_DECLINE_RETRY_MS", "1000"),
    ];
    let world = TwoGateways::start("faults", &variables).await?;
    let tenant = world.tenant("faults").await?;
    world.listen(&tenant).await?;
    let seed = rand::random();
    println!("seed {seed}");
    let until = Instant::now() + lasts;
    let merchants = (0..MERCHANTS).map(|number| trade(&tenant.merchant, StdRng::seed_from_u64(seed ^ number), until));
    let (paid, spoiled) = tokio::join!(join_all(merchants), spoil(&world, StdRng::seed_from_u64(seed), until));
    spoiled?;
    let paid: Vec<String> = paid.into_iter().collect::<Result<Vec<_>>>()?.concat();
    println!("{} payments in {} s", paid.len(), lasts.as_secs());
    ensure!(paid.len() > 10, "hardly a payment was made");
    let settled = settled(&tenant.merchant, &paid).await?;
    let mut statuses: BTreeMap<&str, usize> = BTreeMap::new();
    settled.values().for_each(|payment| *statuses.entry(text(payment, "status")).or_default() += 1);
    let elsewhere = settled.values().filter(|payment| payment["gateway_account"] == "second").count();
    println!("{statuses:?}, {elsewhere} of them at the second gateway");
    ensure!(statuses.contains_key("succeeded") && elsewhere > 0, "all went wrong, or nothing did");
    agrees(&world, &tenant.merchant, &paid).await
}

/// A merchant's day: payments, and what comes after them. What is refused is refused.
async fn trade(client: &Client, mut random: StdRng, until: Instant) -> Result<Vec<String>> {
    let mut paid = Vec::new();
    while Instant::now() < until {
        let mut pick = || *TOKENS.choose(&mut random).unwrap_or(&"tok_approve");
        let tokens = [pick(), pick()];
        let mut body = paid_at_either(random.random_range(100..100_000), tokens);
        let is_manual: bool = random.random();
        body["capture"] = json!(if is_manual { "manual" } else { "automatic" });
        body["retry_declines"] = json!(random.random_range(0..2));
        let id = client.acknowledged(&Uuid::new_v4().to_string(), &body, Duration::from_secs(60)).await?;
        paid.push(id.clone());
        for _ in 0..random.random_range(0..3) {
            let amount = random.random_range(1..50_000);
            let (what, body) = match random.random_range(0..5) {
                0 => ("cancel", json!({})),
                1 => ("refunds", json!({})),
                2 => ("refunds", json!({ "amount": amount })),
                3 => ("captures", json!({ "amount": amount })),
                _ => ("captures", json!({})),
            };
            client.ask(&id, what, &body).await?;
        }
    }
    Ok(paid)
}

/// Has things go wrong at one gateway or the other, and in the end at none.
async fn spoil(world: &TwoGateways, mut random: StdRng, until: Instant) -> Result<()> {
    while Instant::now() < until {
        for simulator in 0..2 {
            let down_ms = if random.random_range(0..4) == 0 { 2_000 } else { 0 };
            let order =
                json!({"seed": random.random::<u32>(), "percent": random.random_range(0..50), "down_ms": down_ms});
            world.operate(simulator, Method::PUT, "/admin/faults", &order).await?;
        }
        tokio::time::sleep(SPELL.min(until.saturating_duration_since(Instant::now()))).await;
    }
    for simulator in 0..2 {
        world.operate(simulator, Method::PUT, "/admin/faults", &json!({"seed": 0, "percent": 0})).await?;
    }
    Ok(())
}

fn text<'a>(payment: &'a Value, name: &str) -> &'a str {
    payment[name].as_str().unwrap_or_default()
}

fn amount(payment: &Value, name: &str) -> i64 {
    payment[name].as_i64().unwrap_or(0)
}

async fn read(client: &Client, id: &str) -> Result<Value> {
    let answer = client.get(&format!("/v1/payments/{id}")).await?;
    ensure!(answer.status == StatusCode::OK, "{}: {}", answer.status, answer.body);
    Ok(answer.body)
}

/// Waits until no payment is under way, nor an operation of one.
async fn settled(client: &Client, paid: &[String]) -> Result<BTreeMap<String, Value>> {
    eventually("every payment is settled", SETTLED_WITHIN, || async {
        let mut settled = BTreeMap::new();
        for id in paid {
            let payment = read(client, id).await?;
            ensure!(text(&payment, "status") != "processing", "stuck: {payment}");
            ensure!(payment["review"].is_null(), "under review: {payment}");
            let operations = ["captures", "refunds"].map(|kind| payment[kind].as_array().cloned().unwrap_or_default());
            let open = operations.concat().iter().any(|found| matches!(text(found, "status"), "pending" | "unknown"));
            ensure!(!open, "an operation is stuck: {payment}");
            settled.insert(id.clone(), payment);
        }
        Ok::<_, anyhow::Error>(settled)
    })
    .await
}

/// Payments, the ledger and the gateways' own books say the same. What comes late is waited for.
async fn agrees(world: &TwoGateways, client: &Client, paid: &[String]) -> Result<()> {
    eventually("all books agree", SETTLED_WITHIN, || async {
        let mut at_gateways = [0, 0];
        let mut by_payment: BTreeMap<String, i64> = BTreeMap::new();
        for (simulator, at_gateway) in at_gateways.iter_mut().enumerate() {
            for (payment, charges) in world.simulator(simulator)?.ledger().await? {
                let net: i64 = charges.iter().map(|[_, captured, refunded, _]| captured - refunded).sum();
                *at_gateway += net;
                *by_payment.entry(payment).or_default() += net;
            }
        }
        let mut owed = 0;
        for id in paid {
            let payment = read(client, id).await?;
            let net = amount(&payment, "captured_amount") - amount(&payment, "refunded_amount");
            ensure!(by_payment.get(id).copied().unwrap_or(0) == net, "the gateways have {by_payment:?} of {payment}");
            owed += net;
        }
        let balance = client.get("/v1/ledger/trial-balance").await?.body;
        let accounts = balance["accounts"].as_array().context("accounts")?;
        let of = |purpose: &str, gateway_account: Option<&str>| -> i64 {
            let is_meant = |account: &&Value| {
                text(account, "purpose") == purpose
                    && gateway_account.is_none_or(|name| text(account, "gateway_account") == name)
            };
            accounts.iter().filter(is_meant).map(|account| amount(account, "balance")).sum()
        };
        let receivable = ["first", "second"].map(|name| of("gateway_receivable", Some(name)));
        ensure!(receivable == at_gateways, "{receivable:?} in the ledger, {at_gateways:?} at the gateways");
        ensure!(
            of("merchant_payable", None) == owed,
            "{} in the ledger, {owed} by the payments",
            of("merchant_payable", None)
        );
        ensure!(of("suspense", None) == 0, "{balance}");
        Ok::<_, anyhow::Error>(())
    })
    .await
}
