//! An installation whose tenants have accounts of their own at two simulators, of which the second speaks Stripe's dialect.

use std::time::Duration;

use anyhow::{Result, ensure};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{Answer, Client, Installation, Options, Part, Process, Simulator};

/// The secret key of tenants' accounts at the second simulator.
pub const KEY: &str = "sk_test_of_the_second_simulator";
/// What both simulators sign their webhooks with.
pub const WEBHOOK_SECRET: &str = "whsec_of_the_simulators";

const SOON: Duration = Duration::from_secs(20);

/// The installation, whose own simulator is the first, and the second.
pub struct TwoGateways {
    /// All but the second simulator.
    pub installation: Installation,
    /// The second simulator.
    pub second: Process,
}

/// A tenant with an account at each of the simulators.
pub struct Tenant {
    /// Configures it.
    pub admin: Client,
    /// Takes its payments.
    pub merchant: Client,
    /// Ids of its accounts.
    pub accounts: [String; 2],
}

/// `PUT`
pub async fn put(client: &Client, path: &str, body: &Value) -> Result<Answer> {
    client.send(client.request(Method::PUT, path).json(body)).await
}

impl TwoGateways {
    /// Starts everything, with short times and what `variables` say.
    pub async fn start(name: &str, variables: &[(&'static str, &str)]) -> Result<Self> {
        let short = [
            ("QUITTANCE_SIMULATOR_SLOW_MS", "1000"),
            ("QUITTANCE_GATEWAY_TIMEOUT_MS", "500"),
            ("QUITTANCE_TRY_NOT_AFTER_MS", "2000"),
            ("QUITTANCE_QUERY_SETTLE_MS", "1000"),
        ];
        let variables = short.iter().chain(variables).map(|(name, value)| (*name, (*value).to_owned())).collect();
        let mut installation = Installation::prepare(name, Options { variables })?;
        let mut second = installation.another(Part::Simulator, "second")?;
        let (first, stripe) = (installation.url(Part::Simulator, ""), second.url("/stripe"));
        let urls = format!("simulator={first},stripe={stripe}");
        installation.process(Part::Gateway).set("QUITTANCE_GATEWAY_URLS", &urls);
        second.start()?;
        for part in Part::ALL {
            installation.process(part).start()?;
        }
        installation.ready().await?;
        second.ready(SOON).await?;
        Ok(Self { installation, second })
    }

    /// A client with one role.
    pub fn with_role(&self, tenant: &str, role: &str) -> Result<Client> {
        self.installation.client_with(&self.installation.token(tenant, &[role])?)
    }

    /// A tenant with the accounts `first` and `second`.
    pub async fn tenant(&self, tenant: &str) -> Result<Tenant> {
        let admin = self.with_role(tenant, "admin")?;
        let first = json!({"gateway": "simulator", "webhook_secrets": [WEBHOOK_SECRET]});
        let first = put(&admin, "/v1/gateway-accounts/first", &first).await?;
        ensure!(first.status == StatusCode::CREATED, "{}", first.body);
        let second = json!({"gateway": "stripe", "secret": KEY, "webhook_secrets": [WEBHOOK_SECRET]});
        let second = put(&admin, "/v1/gateway-accounts/second", &second).await?;
        ensure!(second.status == StatusCode::CREATED, "{}", second.body);
        let accounts = [first.text("id"), second.text("id")];
        Ok(Tenant { admin, merchant: self.with_role(tenant, "merchant")?, accounts })
    }

    /// Where both simulators are.
    fn addresses(&self) -> [String; 2] {
        [self.installation.url(Part::Simulator, ""), self.second.url("")]
    }

    /// The own view of the first simulator (0) or the second (1).
    pub fn simulator(&self, simulator: usize) -> Result<Simulator> {
        Simulator::new(&self.addresses()[simulator])
    }

    /// The charges that a simulator made for a payment: authorized, captured, refunded and voided, minor units.
    pub async fn charged_at(&self, simulator: usize, payment_id: &str) -> Result<Vec<[i64; 4]>> {
        let ledger = self.simulator(simulator)?.ledger().await?;
        Ok(ledger.get(payment_id).cloned().unwrap_or_default())
    }

    /// What a simulator's operator asks for.
    pub async fn operate(&self, simulator: usize, method: Method, path: &str, body: &Value) -> Result<Value> {
        let client = Client::anonymous(&self.addresses()[simulator])?;
        let answer = client.send(client.request(method, path).json(body)).await?;
        ensure!(answer.status.is_success(), "{} {}", answer.status, answer.body);
        Ok(answer.body)
    }

    /// Has both simulators tell a tenant's accounts what happens.
    pub async fn listen(&self, tenant: &Tenant) -> Result<()> {
        for (simulator, dialect) in ["simulator", "stripe"].into_iter().enumerate() {
            let path = format!("/v1/gateway-accounts/{}/webhook", tenant.accounts[simulator]);
            let url = self.installation.url(Part::Ingest, &path);
            let body = json!({"url": url, "secret": WEBHOOK_SECRET, "dialect": dialect});
            self.operate(simulator, Method::PUT, "/admin/webhooks", &body).await?;
        }
        Ok(())
    }
}

/// A payment of so many cents with a token at each account.
pub fn paid_at_either(amount: i64, [first, second]: [&str; 2]) -> Value {
    json!({
        "amount": amount,
        "currency": "EUR",
        "payment_method": {
            "tokens": [{"gateway_account": "first", "token": first}, {"gateway_account": "second", "token": second}],
            "brand": "visa",
            "country": "DE",
        },
    })
}
