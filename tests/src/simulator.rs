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

    /// Totals of all keys.
    pub async fn totals(&self) -> Result<Value> {
        Ok(self.http.get(format!("{}/admin/totals", self.base)).send().await?.error_for_status()?.json().await?)
    }
}
