//! A refund of Stripe's, as far as it is read.

use quittance_avro::{
    ids::AttemptId,
    money::{Currency, MinorUnits},
    records::Failure,
    words::FactStatus,
};
use serde::{Deserialize, Deserializer, de::IgnoredAny};

use super::{amounts::from_stripe, codes, intent::Metadata};
use crate::{
    texts::{self, fact},
    verdict,
};

/// A refund.
#[derive(Debug, Deserialize)]
pub(super) struct Refund {
    #[serde(rename = "object")]
    _object: Word,
    id: String,
    amount: i64,
    currency: String,
    status: Status,
    /// By itself only.
    payment_intent: Option<String>,
    metadata: Option<Metadata>,
    pub(super) failure_reason: Option<String>,
    /// Whether money moves by it: what is released of an authorization has no entry in the balance.
    #[serde(default = "booked", rename = "balance_transaction", deserialize_with = "is_there")]
    is_booked: bool,
    destination_details: Option<Destination>,
}

/// What Stripe calls it: a payment has members of the same names, and is no refund.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Word {
    Refund,
}

/// Where the money goes.
#[derive(Debug, Deserialize)]
struct Destination {
    card: Option<CardDestination>,
}

#[derive(Debug, Deserialize)]
struct CardDestination {
    /// `refund` of what was settled, `reversal` of what was not, or `pending`.
    #[serde(rename = "type")]
    kind: Option<String>,
}

/// Where a refund stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Pending,
    /// The customer has to say where the money goes. Not for cards.
    RequiresAction,
    Succeeded,
    Failed,
    /// By somebody who asked for it, before it was made.
    Canceled,
}

/// Some of the refunds of a payment, the latest first.
#[derive(Debug, Deserialize)]
pub(super) struct Refunds {
    pub(super) data: Vec<Refund>,
    pub(super) has_more: bool,
}

fn booked() -> bool {
    true
}

fn is_there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(Option::<IgnoredAny>::deserialize(deserializer)?.is_some())
}

impl Refund {
    pub(super) fn reference(&self) -> Option<String> {
        texts::segment(&self.id).map(str::to_owned)
    }

    /// Its amount, if it is in that currency.
    pub(super) fn amount(&self, currency: Currency) -> Option<MinorUnits> {
        let is_in = self.currency.eq_ignore_ascii_case(currency.code());
        is_in.then(|| from_stripe(self.amount, currency)).flatten().filter(|amount| *amount > MinorUnits::ZERO)
    }

    pub(super) fn attempt_id(&self) -> Option<AttemptId> {
        texts::id(self.metadata.as_ref()?.attempt_id.as_ref())
    }

    /// Whether it is of that payment. A list that was asked for by payment has no other.
    pub(super) fn is_on(&self, reference: Option<&str>) -> bool {
        self.payment_intent.is_none() || self.payment_intent.as_deref() == reference
    }

    pub(super) fn status(&self) -> FactStatus {
        match self.status {
            Status::Pending | Status::RequiresAction => FactStatus::Pending,
            Status::Succeeded => FactStatus::Succeeded,
            Status::Failed | Status::Canceled => FactStatus::Failed,
        }
    }

    /// Whether it gives back nothing that was taken: Stripe writes what it releases of an authorization as a refund too. Nothing is
    /// waited for then, so one that is not booked because it is still under way, or has failed, is none of these.
    pub(super) fn is_release(&self, left: MinorUnits, currency: Currency) -> bool {
        let card = self.destination_details.as_ref().and_then(|destination| destination.card.as_ref());
        let gives_back = card.and_then(|card| card.kind.as_deref()) == Some("refund");
        let is_unbooked = self.status == Status::Succeeded && !self.is_booked && !gives_back;
        is_unbooked && self.attempt_id().is_none() && self.amount(currency) == Some(left)
    }

    /// Why it failed.
    pub(super) fn failure(&self) -> Failure {
        let ours = self.failure_reason.as_deref().and_then(codes::refund_failure);
        Failure {
            decline_code: ours.map(str::to_owned),
            ..verdict::failure("declined", "the gateway could not give the money back")
        }
    }

    /// Stripe's own word for why it failed.
    pub(super) fn raw_code(&self) -> Option<String> {
        self.failure_reason.clone().and_then(fact)
    }
}
