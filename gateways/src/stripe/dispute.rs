//! A dispute of Stripe's, as far as it is read.

use quittance_avro::{
    money::{Currency, MinorUnits},
    records::GatewayFact,
    words::{FactStatus, OperationKind},
};
use serde::Deserialize;

use super::amounts::from_stripe;
use crate::{
    report::{named, plain},
    texts,
};

/// A dispute.
#[derive(Debug, Deserialize)]
pub(super) struct Dispute {
    id: String,
    amount: i64,
    currency: String,
    status: Status,
    reason: Option<String>,
    payment_intent: Option<String>,
}

/// Where a dispute stands. What a `warning` is about is an inquiry, which may become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    WarningNeedsResponse,
    WarningUnderReview,
    WarningClosed,
    NeedsResponse,
    UnderReview,
    /// The merchant keeps the money.
    Won,
    /// The customer does.
    Lost,
    /// It was settled before it became one.
    Prevented,
}

/// Some of the disputes of a payment, the latest first.
#[derive(Debug, Deserialize)]
pub(super) struct Disputes {
    pub(super) data: Vec<Dispute>,
    pub(super) has_more: bool,
}

impl Dispute {
    /// What it says; nothing if it is not of that payment. Of an inquiry there is nothing to say: no money is taken for one, and a
    /// refund ends it.
    pub(super) fn told(&self, reference: &str, currency: Currency) -> Option<Option<GatewayFact>> {
        let is_on = self.payment_intent.as_deref().is_none_or(|intent| intent == reference);
        if !is_on || !self.currency.eq_ignore_ascii_case(currency.code()) {
            return None;
        }
        let status = match self.status {
            Status::WarningNeedsResponse | Status::WarningUnderReview | Status::WarningClosed => return Some(None),
            Status::NeedsResponse | Status::UnderReview => FactStatus::Pending,
            Status::Lost => FactStatus::Succeeded,
            Status::Won | Status::Prevented => FactStatus::Failed,
        };
        let amount = from_stripe(self.amount, currency).filter(|amount| *amount > MinorUnits::ZERO)?;
        let fact = plain(OperationKind::Dispute, status, amount, currency);
        let reason = self.reason.clone().and_then(texts::fact);
        Some(Some(GatewayFact { reason, ..named(fact, Some(texts::segment(&self.id)?.to_owned()), None) }))
    }
}
