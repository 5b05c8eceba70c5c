//! The gateway's dialect: the JSON that comes in and goes out.

mod values;

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::{Deserialize, Serialize};

pub(crate) use values::{Amount, ChargeId, Currency, IdempotencyKey};

use crate::tokens::{Advice, Card};

/// The body of `POST /v1/charges`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChargeRequest {
    pub(crate) amount: Amount,
    pub(crate) currency: Currency,
    pub(crate) token: String,
    /// Whether the money is taken at once (the default) or only held.
    #[serde(default = "at_once")]
    pub(crate) capture: bool,
    /// The client's own marks. They only tell one body from another.
    #[serde(default)]
    pub(crate) metadata: BTreeMap<String, String>,
}

fn at_once() -> bool {
    true
}

impl ChargeRequest {
    /// Tells one body from another without keeping it. The hash may change with the Rust version: it never leaves the process.
    pub(crate) fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }
}

/// How a charge ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    /// The money was taken.
    Succeeded,
    /// The money is held, and nothing was taken.
    Authorized,
    /// The issuer refused.
    Declined,
}

/// A charge as the gateway tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Charge {
    pub(crate) id: ChargeId,
    pub(crate) status: Status,
    pub(crate) amount: Amount,
    /// In minor units; 0 unless the money was taken.
    pub(crate) amount_captured: u64,
    pub(crate) currency: Currency,
    pub(crate) authorization_code: Option<String>,
    pub(crate) decline_code: Option<&'static str>,
    pub(crate) advice: Option<Advice>,
    pub(crate) network_transaction_id: Option<String>,
    pub(crate) avs_result: &'static str,
    pub(crate) cvc_result: &'static str,
    pub(crate) card: Card,
}

/// Some or all of a kind of thing.
#[derive(Debug, Serialize)]
pub(crate) struct List<T> {
    pub(crate) data: Vec<T>,
}

/// A page of a longer list.
#[derive(Debug, Serialize)]
pub(crate) struct Page<T> {
    pub(crate) data: Vec<T>,
    /// Whether more follow after the last one of `data`.
    pub(crate) has_more: bool,
}

/// What one key was asked and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct KeyReport {
    pub(crate) key: IdempotencyKey,
    /// Well-formed requests with this key, whatever the answer.
    pub(crate) requests: u64,
    /// How often the card was really charged: approvals, held or taken. More than one is a bug of the simulator.
    pub(crate) charges: u64,
    /// The sum of these charges in minor units, held or taken.
    pub(crate) amount_charged: u64,
    /// Null, like `token`, until the key came with a known token.
    pub(crate) currency: Option<Currency>,
    pub(crate) token: Option<&'static str>,
}

/// Sums over all keys.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Totals {
    /// Well-formed requests, whatever the answer.
    pub(crate) requests: u64,
    /// Approvals, held or taken.
    pub(crate) charges: u64,
    pub(crate) declines: u64,
    /// What was taken, in minor units.
    pub(crate) amount_captured: BTreeMap<Currency, u64>,
}
