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
    /// The merchant keeps the money.
    Won,
    /// The customer does.
    Lost,
    /// Still open, or a word that does not say who keeps the money, as `prevented` does not.
    #[serde(other)]
    Open,
}

/// Some of the disputes of a payment, the latest first.
#[derive(Debug, Deserialize)]
pub(super) struct Disputes {
    pub(super) data: Vec<Dispute>,
    pub(super) has_more: bool,
}

impl Dispute {
    /// What it says; nothing if it is not of that payment. Of an inquiry there is nothing to say: no money is taken for one, and a
    /// refund ends it. What is disputed in another currency than the payment's, a person has to see.
    pub(super) fn told(&self, reference: &str) -> Option<Option<GatewayFact>> {
        if self.payment_intent.as_deref().is_some_and(|intent| intent != reference) {
            return None;
        }
        let currency: Currency = self.currency.to_ascii_uppercase().parse().ok()?;
        let status = match self.status {
            Status::WarningNeedsResponse | Status::WarningUnderReview | Status::WarningClosed => return Some(None),
            Status::Open => FactStatus::Pending,
            Status::Lost => FactStatus::Succeeded,
            Status::Won => FactStatus::Failed,
        };
        let amount = from_stripe(self.amount, currency).filter(|amount| *amount > MinorUnits::ZERO)?;
        let fact = plain(OperationKind::Dispute, status, amount, currency);
        let reason = self.reason.clone().and_then(texts::fact);
        Some(Some(GatewayFact { reason, ..named(fact, Some(texts::segment(&self.id)?.to_owned()), None) }))
    }
}
