//! What a test can ask about what was asked and done.

use std::collections::BTreeMap;

use serde::Serialize;

use super::charge::Charge;
use crate::values::{ChargeId, Currency, IdempotencyKey};

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
    /// How often the card was really charged: approvals, held or taken. More than one is a bug of the simulator, or of a
    /// client that sent a forgotten key again.
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
    /// Well-formed requests that would change something, whatever the answer.
    pub(crate) requests: u64,
    /// Approvals, held or taken.
    pub(crate) charges: u64,
    pub(crate) declines: u64,
    /// What was taken and did not fail later, in minor units.
    pub(crate) amount_captured: BTreeMap<Currency, u64>,
    /// What was lost in disputes, in minor units.
    pub(crate) amount_lost: BTreeMap<Currency, u64>,
}

/// What one charge came to, in minor units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Line {
    pub(crate) charge: ChargeId,
    pub(crate) payment_id: Option<String>,
    pub(crate) attempt_id: Option<String>,
    pub(crate) currency: Currency,
    pub(crate) authorized: u64,
    /// Captures that did not fail.
    pub(crate) captured: u64,
    /// Refunds that did not fail.
    pub(crate) refunded: u64,
    /// Disputes that were lost.
    pub(crate) lost: u64,
    pub(crate) voided: u64,
}

impl From<&Charge> for Line {
    fn from(charge: &Charge) -> Self {
        let mark = |name| charge.metadata.get(name).map(str::to_owned);
        Self {
            charge: charge.id,
            payment_id: mark("payment_id"),
            attempt_id: mark("attempt_id"),
            currency: charge.currency,
            authorized: charge.authorized(),
            captured: charge.captured(),
            refunded: charge.refunded(),
            lost: charge.lost(),
            voided: charge.void.as_ref().map_or(0, |void| void.amount),
        }
    }
}
