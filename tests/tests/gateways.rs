//! Gateway accounts, routing, limits and webhooks as a tenant's administrator and merchant see them: two simulators stand beside
//! each other, and one speaks Stripe's dialect.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use hmac::{Hmac, KeyInit, Mac};
use quittance_tests::{
    Answer, Client, KEY, Part, Tenant, TwoGateways, WEBHOOK_SECRET, eventually, paid_at_either, put,
};
use reqwest::{Method, StatusCode};
use rstest::rstest;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::sync::OnceCell;

const SOON: Duration = Duration::from_secs(20);

static SHARED: OnceCell<TwoGateways> = OnceCell::const_new();

/// One world for all tests that do not break it; each test has a tenant of its own.
async fn world() -> Result<&'static TwoGateways> {
    SHARED.get_or_try_init(|| start("gateways")).await
}

async fn start(name: &str) -> Result<TwoGateways> {
    TwoGateways::start(name, &[("QUITTANCE_RETRY_MAX_MS", "500")]).await
}

const APPROVED: [&str; 2] = ["tok_approve", "tok_approve"];

fn invalid_field(answer: &Answer) -> (StatusCode, String) {
    (answer.status, answer.body["errors"][0]["field"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn an_account_tells_of_its_secrets_only_that_they_are_there() -> Result<()> {
    let world = world().await?;
    let Tenant { admin, merchant, accounts: [_, id] } = world.tenant("accounts").await?;
    let all = admin.get("/v1/gateway-accounts").await?;
    let told: Vec<_> = all.body["data"].as_array().context("accounts")?.iter().map(|one| &one["name"]).collect();
    assert_eq!(told, ["first", "second"]);
    let second = admin.get(&format!("/v1/gateway-accounts/{id}")).await?;
    assert_eq!(second.body["has_secret"], true, "{}", second.body);
    assert_eq!(second.body["webhook_secrets"], 1);
    assert_eq!(second.text("webhook_path"), format!("/v1/gateway-accounts/{id}/webhook"));
    for told in [&all.body, &second.body] {
        assert!(!told.to_string().contains(KEY) && !told.to_string().contains(WEBHOOK_SECRET), "{told}");
    }
    assert_eq!(merchant.get("/v1/gateway-accounts").await?.status, StatusCode::FORBIDDEN);
    let stranger = world.with_role("accounts-stranger", "admin")?;
    assert_eq!(stranger.get(&format!("/v1/gateway-accounts/{id}")).await?.status, StatusCode::NOT_FOUND);
    assert_eq!(stranger.get("/v1/gateway-accounts").await?.body["data"], json!([]));

    let changed = put(&admin, "/v1/gateway-accounts/second", &json!({"gateway": "stripe", "enabled": false})).await?;
    assert_eq!((changed.status, &changed.body["enabled"]), (StatusCode::OK, &json!(false)), "{}", changed.body);
    assert_eq!((&changed.body["has_secret"], &changed.body["webhook_secrets"]), (&json!(true), &json!(1)), "they stay");
    let refused = merchant.pay(&paid_at_either(100, APPROVED)).await?;
    assert_eq!(refused.body["gateway_account"], "first", "{}", refused.body);
    for part in Part::ALL {
        let log = world.installation.log(part);
        assert!(!log.contains(KEY) && !log.contains(WEBHOOK_SECRET), "{part:?} logs a secret");
    }
    Ok(())
}

#[rstest]
#[case::of_the_installation("simulator", json!({"gateway": "simulator"}), "name")]
#[case::no_name("a.b", json!({"gateway": "simulator"}), "name")]
#[case::no_secret("third", json!({"gateway": "stripe"}), "secret")]
#[case::another_gateway("first", json!({"gateway": "stripe", "secret": "sk_test_1"}), "gateway")]
#[case::an_address("third", json!({"gateway": "stripe", "secret": "sk_test_1", "url": "http://10.0.0.1"}), "url")]
#[tokio::test]
async fn a_bad_account_is_refused(#[case] name: &str, #[case] body: Value, #[case] field: &str) -> Result<()> {
    let admin = world().await?.with_role("bad-accounts", "admin")?;
    put(&admin, "/v1/gateway-accounts/first", &json!({"gateway": "simulator"})).await?;
    let answer = put(&admin, &format!("/v1/gateway-accounts/{name}"), &body).await?;
    assert_eq!(invalid_field(&answer), (StatusCode::UNPROCESSABLE_ENTITY, field.to_owned()), "{}", answer.body);
    Ok(())
}

/// The very next payment goes by a change, wherever it is decided, and says which version it went by.
#[tokio::test]
async fn payments_go_where_the_rules_say() -> Result<()> {
    let Tenant { admin, merchant, .. } = world().await?.tenant("rules").await?;
    let before = merchant.pay(&paid_at_either(1_000, APPROVED)).await?;
    assert_eq!((&before.body["gateway_account"], &before.body["routing"]["version"]), (&json!("first"), &json!(0)));
    let berlin = json!({"metadata": [{"key": "shop", "values": ["berlin"]}]});
    let visa = json!({"brands": ["visa"], "countries": ["DE"], "minimum_amount": 5_000});
    let rules = json!({"rules": [
        {"name": "large", "priority": 20, "conditions": visa, "accounts": [{"gateway_account": "second"}]},
        {"name": "berlin", "priority": 10, "conditions": berlin, "accounts": [
            {"gateway_account": "second", "weight": 1}, {"gateway_account": "first", "weight": 0},
        ]},
    ]});
    for round in 0..20 {
        let written = put(&admin, "/v1/routing-rules", &rules).await?;
        assert_eq!(written.status, StatusCode::OK, "{}", written.body);
        let large = merchant.pay(&paid_at_either(5_000 + round, APPROVED)).await?;
        assert_eq!(large.text("status"), "succeeded", "{}", large.body);
        let routing = &large.body["routing"];
        assert_eq!((&routing["rule"], &routing["version"]), (&json!("large"), &written.body["version"]), "{round}");
        assert_eq!(routing["candidates"], json!(["second"]));
    }
    let mut small = paid_at_either(100, APPROVED);
    small["metadata"] = json!({"shop": "berlin", "till": "7"});
    let small = merchant.pay(&small).await?;
    assert_eq!(small.body["routing"]["candidates"], json!(["second", "first"]), "{}", small.body);
    assert_eq!(
        small.body["routing"]["why"],
        "rule berlin is the first that fits; second was drawn, by a weight of 1 in 1"
    );
    let other = merchant.pay(&paid_at_either(100, APPROVED)).await?;
    assert_eq!((&other.body["gateway_account"], &other.body["routing"]["rule"]), (&json!("first"), &Value::Null));

    let bad = put(&admin, "/v1/routing-rules", &json!({"rules": [{"name": "x", "accounts": []}]})).await?;
    assert_eq!(invalid_field(&bad), (StatusCode::UNPROCESSABLE_ENTITY, "rules[0].accounts".to_owned()));
    let kept = admin.get("/v1/routing-rules").await?;
    assert_eq!(kept.body["rules"].as_array().map(Vec::len), Some(2), "a bad change changes nothing");
    Ok(())
}

#[tokio::test]
async fn what_is_over_the_limits_is_refused() -> Result<()> {
    let Tenant { admin, merchant, .. } = world().await?.tenant("limits").await?;
    let limits = json!({"currencies": [{"currency": "EUR", "minimum_amount": 50, "maximum_amount": 1_000}]});
    let written = put(&admin, "/v1/limits", &limits).await?;
    assert_eq!(written.status, StatusCode::OK, "{}", written.body);
    let code = async |amount: i64, currency: &str| {
        let mut body = paid_at_either(amount, APPROVED);
        body["currency"] = json!(currency);
        let answer = merchant.pay(&body).await?;
        Ok::<_, anyhow::Error>((answer.status, answer.text("code")))
    };
    let refused = |code: &str| (StatusCode::UNPROCESSABLE_ENTITY, code.to_owned());
    assert_eq!(code(49, "EUR").await?, refused("amount_below_minimum"));
    assert_eq!(code(1_001, "EUR").await?, refused("amount_above_maximum"));
    assert_eq!(code(100, "USD").await?, refused("currency_not_allowed"));
    assert_eq!(code(1_000, "EUR").await?, (StatusCode::CREATED, String::new()));
    let open = put(&admin, "/v1/limits", &json!({"currencies": []})).await?;
    assert_eq!(open.status, StatusCode::OK);
    assert_eq!(code(100, "USD").await?.0, StatusCode::CREATED);
    Ok(())
}

/// A gateway dies, payments go on at the other one, and each is charged once. After a while payments no longer try the dead one
/// first, and say why; once it is back they do again.
#[tokio::test]
async fn payments_fail_over_to_the_other_gateway() -> Result<()> {
    let mut world = start("failover").await?;
    let merchant = world.tenant("failover").await?.merchant;
    let pay = async || {
        let answer = merchant.pay(&paid_at_either(1_000, APPROVED)).await?;
        ensure!(answer.text("status") == "succeeded", "{}", answer.body);
        Ok::<_, anyhow::Error>(answer.body)
    };
    assert_eq!(pay().await?["gateway_account"], "first");
    world.installation.process(Part::Simulator).kill()?;
    let warned = eventually("the dead gateway comes last", SOON, async || {
        let paid = pay().await?;
        ensure!(paid["gateway_account"] == "second", "{paid}");
        let id = paid["id"].as_str().unwrap_or_default().to_owned();
        ensure!(world.charged_at(1, &id).await? == [[1_000, 1_000, 0, 0]], "{id} is charged once");
        ensure!(paid["routing"]["candidates"] == json!(["second", "first"]), "{}", paid["routing"]);
        Ok(paid)
    })
    .await?;
    let why = warned["routing"]["why"].as_str().unwrap_or_default();
    assert!(why.ends_with("first cannot be reached at the moment and comes last"), "{why}");
    world.installation.process(Part::Simulator).start()?;
    eventually("the gateway that is back is tried again", SOON, async || {
        let paid = pay().await?;
        ensure!(paid["gateway_account"] == "first", "{}", paid["routing"]);
        Ok(())
    })
    .await
}

/// What is done in a gateway's dashboard is noticed, since the gateway says so, and counts.
#[tokio::test]
async fn a_refund_in_the_dashboard_counts() -> Result<()> {
    let world = start("dashboard").await?;
    let tenant = world.tenant("dashboard").await?;
    world.listen(&tenant).await?;
    let merchant = tenant.merchant;
    let mut body = paid_at_either(1_000, APPROVED);
    body["gateway_account"] = json!("second");
    let paid = merchant.pay(&body).await?;
    assert_eq!(paid.text("status"), "succeeded", "{}", paid.body);
    let id = paid.text("id");
    let ledger = world.operate(1, Method::GET, "/admin/ledger", &Value::Null).await?;
    let charge = ledger["data"][0]["charge"].as_str().context("a charge")?.to_owned();
    world.operate(1, Method::POST, &format!("/admin/charges/{charge}/refunds"), &json!({"amount": 300})).await?;
    let refunded = eventually("the refund is noticed", SOON, || async {
        let payment = merchant.get(&format!("/v1/payments/{id}")).await?;
        ensure!(payment.body["refunded_amount"] == 300, "{}", payment.body);
        Ok::<_, anyhow::Error>(payment)
    });
    let refunded = refunded.await?;
    assert_eq!(refunded.body["refunds"][0]["origin"], "gateway", "{}", refunded.body);
    let rest = merchant.ask(&id, "refunds", &json!({"amount": 701})).await?;
    assert_eq!(rest.text("code"), "refund_exceeds_captured", "{}", rest.body);
    let rest = merchant.ask(&id, "refunds", &json!({})).await?;
    assert_eq!((rest.status, &rest.body["refunded_amount"]), (StatusCode::CREATED, &json!(1_000)), "{}", rest.body);
    assert_eq!(world.charged_at(1, &id).await?, [[1_000, 1_000, 1_000, 0]]);

    // The webhook of a charge comes before the answer to the request that made it.
    let mut body = paid_at_either(500, ["tok_approve", "tok_webhook_first"]);
    body["gateway_account"] = json!("second");
    let paid = merchant.pay(&body).await?;
    assert_eq!(paid.text("status"), "succeeded", "{}", paid.body);
    assert_eq!(world.charged_at(1, &paid.text("id")).await?, [[500, 500, 0, 0]]);
    Ok(())
}

/// What the customer's bank takes back, at either gateway: the gateway tells of it without our marks at one of them.
#[tokio::test]
async fn a_dispute_holds_refunds_up_and_takes_the_money_back_if_it_is_lost() -> Result<()> {
    let world = start("disputes").await?;
    let tenant = world.tenant("disputes").await?;
    world.listen(&tenant).await?;
    let fees = json!({"fees": [{"currency": "EUR", "rate_ppm": 14_000, "fixed_amount": 25, "returned": true}]});
    let written = put(&tenant.admin, "/v1/fees", &fees).await?;
    assert_eq!((written.status, &written.body["fees"]), (StatusCode::OK, &fees["fees"]), "{}", written.body);
    for (simulator, account) in ["first", "second"].into_iter().enumerate() {
        let mut body = paid_at_either(1_000, APPROVED);
        body["gateway_account"] = json!(account);
        let paid = tenant.merchant.pay(&body).await?;
        assert_eq!(paid.body["captures"][0]["fee_amount"], 39, "{}", paid.body);
        let disputed = Disputed { world: &world, merchant: &tenant.merchant, simulator, payment_id: paid.text("id") };
        disputed.is_won_then_lost().await?;
    }
    let balances = eventually("the ledger has it", SOON, || async {
        let accounts = tenant.admin.get("/v1/accounts").await?;
        let accounts = accounts.body["data"].as_array().cloned().unwrap_or_default();
        let of = |purpose: &str| -> i64 {
            let of = accounts.iter().filter(|account| account["purpose"] == purpose);
            of.filter_map(|account| account["balance"].as_i64()).sum()
        };
        let balances = [of("gateway_receivable"), of("merchant_payable"), of("platform_fees")];
        ensure!(balances[0] == 0, "{balances:?}");
        Ok::<_, anyhow::Error>(balances)
    });
    // Of each payment 39 were paid, and 4 of them came back with the refund of a tenth.
    assert_eq!(balances.await?, [0, -70, 70]);
    Ok(())
}

/// A payment of 10.00 EUR that is disputed.
struct Disputed<'a> {
    world: &'a TwoGateways,
    merchant: &'a Client,
    simulator: usize,
    payment_id: String,
}

impl Disputed<'_> {
    async fn is_won_then_lost(&self) -> Result<()> {
        let won = self.opens().await?;
        self.stands(0, "open").await?;
        let refused = self.merchant.ask(&self.payment_id, "refunds", &json!({"amount": 100})).await?;
        assert_eq!((refused.status, &*refused.text("code")), (StatusCode::CONFLICT, "payment_disputed"));
        self.closes(&won, true).await?;
        self.stands(0, "won").await?;
        let refunded = self.merchant.ask(&self.payment_id, "refunds", &json!({"amount": 100})).await?;
        assert_eq!(refunded.status, StatusCode::CREATED, "{}", refunded.body);
        assert_eq!(refunded.body["refunds"][0]["fee_amount"], 4, "{}", refunded.body);
        let lost = self.opens().await?;
        self.stands(1, "open").await?;
        self.closes(&lost, false).await?;
        let payment = self.stands(1, "lost").await?;
        assert_eq!(
            (payment.text("status"), &payment.body["disputes"][1]["amount"]),
            ("succeeded".to_owned(), &json!(900))
        );
        let refused = self.merchant.ask(&self.payment_id, "refunds", &json!({})).await?;
        assert_eq!(refused.text("code"), "payment_disputed", "{}", refused.body);
        Ok(())
    }

    async fn opens(&self) -> Result<String> {
        let ledger = self.world.operate(self.simulator, Method::GET, "/admin/ledger", &Value::Null).await?;
        let charge = ledger["data"][0]["charge"].as_str().context("a charge")?.to_owned();
        let path = format!("/admin/charges/{charge}/disputes");
        let charge = self.world.operate(self.simulator, Method::POST, &path, &json!({})).await?;
        Ok(charge["dispute"].as_str().context("a dispute")?.to_owned())
    }

    async fn closes(&self, dispute: &str, won: bool) -> Result<()> {
        let path = format!("/admin/disputes/{dispute}/close");
        self.world.operate(self.simulator, Method::POST, &path, &json!({"won": won})).await.map(drop)
    }

    async fn stands(&self, dispute: usize, status: &str) -> Result<Answer> {
        let heard = eventually("the dispute is heard of", SOON, || async {
            let payment = self.merchant.get(&format!("/v1/payments/{}", self.payment_id)).await?;
            ensure!(payment.body["disputes"][dispute]["status"] == status, "{}", payment.body);
            Ok::<_, anyhow::Error>(payment)
        });
        heard.await
    }
}

/// A webhook as the gateway signs it.
fn signed(body: &str, secret: &str, at_seconds: i64) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key of any length");
    mac.update(format!("{at_seconds}.{body}").as_bytes());
    let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={at_seconds},v1={hex}")
}

fn now_seconds() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

fn event(id: &str, metadata: &Value) -> String {
    let intent = json!({"object": "payment_intent", "id": "pi_900", "metadata": metadata});
    json!({"id": id, "object": "event", "type": "payment_intent.succeeded", "data": {"object": intent}}).to_string()
}

#[tokio::test]
async fn a_webhook_is_let_in_by_its_signature_alone() -> Result<()> {
    let world = world().await?;
    let Tenant { merchant, accounts: [_, id], .. } = world.tenant("signatures").await?;
    let anonymous = Client::anonymous(&world.installation.url(Part::Ingest, ""))?;
    let body = event("evt_1", &json!({}));
    let send = async |id: &str, signature: Option<String>| {
        let request = anonymous.request(Method::POST, &format!("/v1/gateway-accounts/{id}/webhook")).body(body.clone());
        let request = match signature {
            Some(signature) => request.header("Stripe-Signature", signature),
            None => request,
        };
        Ok::<_, anyhow::Error>(anonymous.send(request).await?.status)
    };
    let now = now_seconds();
    assert_eq!(send(&id, None).await?, StatusCode::UNAUTHORIZED);
    assert_eq!(send(&id, Some(signed(&body, "whsec_other", now))).await?, StatusCode::UNAUTHORIZED);
    assert_eq!(send(&id, Some(signed("{}", WEBHOOK_SECRET, now))).await?, StatusCode::UNAUTHORIZED);
    assert_eq!(send(&id, Some(signed(&body, WEBHOOK_SECRET, now - 301))).await?, StatusCode::UNAUTHORIZED);
    let other = "gwa_00000000000000000000000000000000";
    assert_eq!(send(other, Some(signed(&body, WEBHOOK_SECRET, now))).await?, StatusCode::UNAUTHORIZED);
    // Whether there is such an account cannot be found out by what is too large either.
    for id in [&*id, other] {
        let request = anonymous.request(Method::POST, &format!("/v1/gateway-accounts/{id}/webhook"));
        let large = request.header("Stripe-Signature", "t=1,v1=0").body("x".repeat(300 * 1024));
        assert_eq!(anonymous.send(large).await?.status, StatusCode::PAYLOAD_TOO_LARGE, "{id}");
    }
    assert_eq!(send(&id, Some(signed(&body, WEBHOOK_SECRET, now))).await?, StatusCode::OK);
    assert_eq!(merchant.get("/v1/gateway-anomalies").await?.status, StatusCode::FORBIDDEN);
    Ok(())
}

/// What fits nothing is not lost: an operator sees it, once however often it comes.
#[rstest]
#[case::no_payment("no-payment", json!({}), "no_payment")]
#[case::unknown_payment(
    "unknown-payment",
    json!({"payment_id": "pay_00000000000000000000000000000001"}),
    "unknown_payment"
)]
#[tokio::test]
async fn a_webhook_that_fits_nothing_is_an_anomaly(
    #[case] tenant: &str,
    #[case] metadata: Value,
    #[case] reason: &str,
) -> Result<()> {
    let world = world().await?;
    let Tenant { admin, accounts: [_, id], .. } = world.tenant(tenant).await?;
    let anonymous = Client::anonymous(&world.installation.url(Part::Ingest, ""))?;
    let body = event("evt_7", &metadata);
    for _ in 0..2 {
        let signature = signed(&body, WEBHOOK_SECRET, now_seconds());
        let request = anonymous.request(Method::POST, &format!("/v1/gateway-accounts/{id}/webhook"));
        let answer = anonymous.send(request.header("Stripe-Signature", signature).body(body.clone())).await?;
        assert_eq!(answer.status, StatusCode::OK);
    }
    let found = eventually("the anomaly can be seen", SOON, || async {
        let found = admin.get("/v1/gateway-anomalies").await?;
        ensure!(found.body["data"].as_array().is_some_and(|data| !data.is_empty()), "{}", found.body);
        Ok::<_, anyhow::Error>(found.body)
    });
    let found = found.await?;
    let told = &found["data"][0];
    assert_eq!(found["data"].as_array().map(Vec::len), Some(1), "{found}");
    assert_eq!((&told["reason"], &told["notice_id"]), (&json!(reason), &json!("evt_7")));
    assert_eq!((&told["gateway_account"], &told["gateway_reference"]), (&json!("second"), &json!("pi_900")));
    let stranger = world.with_role("anomalies-stranger", "admin")?;
    assert_eq!(stranger.get("/v1/gateway-anomalies").await?.body["data"], json!([]));
    Ok(())
}
