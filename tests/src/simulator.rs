//! The gateway's own view: what it was asked and what it charged.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde_json::Value;

/// The simulated gateway, asked by its operator.
#[derive(Debug, Clone)]
pub struct Simulator {
    base: String,
    http: reqwest::Client,
}

/// What one idempotency key came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charged {
    /// How often it was asked.
    pub requests: u64,
    /// How often it charged.
    pub charges: u64,
}

impl Simulator {
    pub(crate) fn new(base: &str) -> Result<Self> {
        Ok(Self { base: base.to_owned(), http: reqwest::Client::builder().no_proxy().build()? })
    }

    /// Every key that it was ever sent.
    pub async fn keys(&self) -> Result<BTreeMap<String, Charged>> {
        let mut keys = BTreeMap::new();
        let mut after = String::new();
        loop {
            let url = format!("{}/admin/keys?limit=10000{after}", self.base);
            let page: Value = self.http.get(url).send().await?.error_for_status()?.json().await?;
            let data = page["data"].as_array().context("a page has data")?;
            for entry in data {
                let key = entry["key"].as_str().context("an entry has a key")?.to_owned();
                let count = |name: &str| entry[name].as_u64().with_context(|| format!("an entry has {name}"));
                keys.insert(key, Charged { requests: count("requests")?, charges: count("charges")? });
            }
            match (page["has_more"].as_bool(), keys.last_key_value()) {
                (Some(true), Some((key, _))) => after = format!("&after={key}"),
                _ => return Ok(keys),
            }
        }
    }

    /// What each charge came to, by the payment that it was made for: authorized, captured, refunded and voided, minor units.
    pub async fn ledger(&self) -> Result<BTreeMap<String, Vec<[i64; 4]>>> {
        let mut ledger: BTreeMap<String, Vec<[i64; 4]>> = BTreeMap::new();
        let mut after = String::new();
        loop {
            let url = format!("{}/admin/ledger?limit=1000{after}", self.base);
            let page: Value = self.http.get(url).send().await?.error_for_status()?.json().await?;
            let data = page["data"].as_array().context("a page has data")?;
            for line in data {
                let amount = |name: &str| line[name].as_i64().with_context(|| format!("a line has {name}"));
                let amounts = [amount("authorized")?, amount("captured")?, amount("refunded")?, amount("voided")?];
                ledger.entry(line["payment_id"].as_str().unwrap_or_default().to_owned()).or_default().push(amounts);
            }
            match (page["has_more"].as_bool(), data.last()) {
                (Some(true), Some(last)) => after = format!("&after={}", last["charge"].as_str().unwrap_or_default()),
                _ => return Ok(ledger),
            }
        }
    }

    /// What its operator does, such as `/admin/charges/ch_1/expire`.
    pub async fn operate(&self, path: &str, body: &Value) -> Result<()> {
        self.http.post(format!("{}{path}", self.base)).json(body).send().await?.error_for_status()?;
        Ok(())
    }

    /// What a customer does at the address that a payment's next action names.
    pub async fn act(&self, url: &str, what: &str) -> Result<()> {
        self.http.post(format!("{url}/{what}")).send().await?.error_for_status()?;
        Ok(())
    }

    /// Totals of all keys.
    pub async fn totals(&self) -> Result<Value> {
        Ok(self.http.get(format!("{}/admin/totals", self.base)).send().await?.error_for_status()?.json().await?)
    }
}
