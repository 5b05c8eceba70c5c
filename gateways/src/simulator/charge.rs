//! The simulator's answers as they are read: members that we do not know are skipped.

use quittance_avro::{
    ids::AttemptId,
    money::{Currency, MinorUnits},
    records::{GatewayDetails, NextAction, PaymentMethod},
    time::Timestamp,
};
use serde::Deserialize;

use crate::texts::{self, digits, fact};

/// Where a charge stands. Another word is not of this dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    /// Money was taken, and no more can be.
    Succeeded,
    /// The money is held, and can be taken.
    Authorized,
    /// The issuer refused.
    Declined,
    /// The customer has to act.
    RequiresAction,
    /// It is not settled yet.
    Processing,
    /// What was held was released.
    Voided,
    /// What was held was released because its time was over.
    Expired,
}

/// A charge as the gateway tells it.
#[derive(Debug, Deserialize)]
pub(super) struct Charge {
    id: String,
    pub(super) status: Status,
    amount: i64,
    amount_captured: i64,
    currency: String,
    authorization_code: Option<String>,
    pub(super) decline_code: Option<String>,
    pub(super) advice: Option<String>,
    network_transaction_id: Option<String>,
    avs_result: Option<String>,
    cvc_result: Option<String>,
    card: Option<Card>,
    metadata: Option<Metadata>,
    next_action: Option<Action>,
    expires_at: Option<i64>,
    #[serde(default)]
    pub(super) captures: Vec<Movement>,
    #[serde(default)]
    pub(super) refunds: Vec<Movement>,
    #[serde(default)]
    pub(super) disputes: Vec<Dispute>,
    pub(super) void: Option<Void>,
}

#[derive(Debug, Deserialize)]
struct Card {
    brand: Option<String>,
    funding: Option<String>,
    country: Option<String>,
    iin: Option<String>,
    last4: Option<String>,
    exp_month: Option<i32>,
    exp_year: Option<i32>,
    fingerprint: Option<String>,
}

/// Our marks, as the gateway kept them.
#[derive(Debug, Deserialize)]
pub(super) struct Metadata {
    pub(super) payment_id: Option<String>,
    pub(super) attempt_id: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Action {
    #[serde(rename = "type")]
    kind: String,
    url: String,
    expires_at: Option<i64>,
}

/// Where a capture or a refund stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Moved {
    Pending,
    Succeeded,
    Failed,
}

/// A capture or a refund, in a charge or by itself.
#[derive(Debug, Deserialize)]
pub(super) struct Movement {
    id: String,
    /// By itself only.
    charge: Option<String>,
    amount: i64,
    pub(super) status: Moved,
    metadata: Option<Metadata>,
    pub(super) failure_code: Option<String>,
}

/// Where a dispute stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Disputed {
    Open,
    Won,
    Lost,
}

/// A dispute.
#[derive(Debug, Deserialize)]
pub(super) struct Dispute {
    id: String,
    amount: i64,
    pub(super) status: Disputed,
    reason: Option<String>,
}

/// A release, in a charge or by itself.
#[derive(Debug, Deserialize)]
pub(super) struct Void {
    id: String,
    /// By itself only.
    charge: Option<String>,
    amount: i64,
    pub(super) reason: Option<String>,
    metadata: Option<Metadata>,
}

/// The answer to a query by key.
#[derive(Debug, Deserialize)]
pub(super) struct Charges {
    pub(super) data: Vec<Charge>,
}

/// The answer to a request that was declined.
#[derive(Debug, Deserialize)]
pub(super) struct Decline {
    pub(super) charge: Charge,
}

impl Charge {
    /// The gateway's name for it; nothing if that cannot be used to ask for it.
    pub(super) fn reference(&self) -> Option<String> {
        texts::segment(&self.id).map(str::to_owned)
    }

    /// What is, was or was to be authorized.
    pub(super) fn amount(&self) -> Option<MinorUnits> {
        MinorUnits::payable(self.amount).ok()
    }

    /// What of it was captured, if those are numbers that agree with what is said of each capture.
    pub(super) fn captured(&self) -> Option<i64> {
        let captures = self.captures.iter().filter(|capture| capture.status == Moved::Succeeded);
        let sum = captures.map(|capture| capture.amount).try_fold(0_i64, i64::checked_add)?;
        (sum == self.amount_captured).then_some(sum)
    }

    /// What was authorized and what was captured with it, by the same attempt; nothing if the numbers or the status make no
    /// approval of it. An answer that is given again may have what other attempts captured since.
    pub(super) fn approved(&self, attempt_id: AttemptId) -> Option<(MinorUnits, MinorUnits)> {
        let authorized = self.amount()?;
        let is_taken = match self.status {
            Status::Succeeded => true,
            Status::Authorized => false,
            Status::Declined | Status::RequiresAction | Status::Processing | Status::Voided | Status::Expired => {
                return None;
            }
        };
        let by_others = self
            .captures
            .iter()
            .filter(|capture| capture.status == Moved::Succeeded && capture.attempt_id() != Some(attempt_id));
        let by_others = by_others.map(|capture| capture.amount).try_fold(0_i64, i64::checked_add)?;
        let captured = match self.amount_captured.checked_sub(by_others)? {
            0 => MinorUnits::ZERO,
            captured => MinorUnits::payable(captured).ok()?,
        };
        let is_sound =
            captured <= authorized && if is_taken { self.amount_captured > 0 } else { captured == MinorUnits::ZERO };
        is_sound.then_some((authorized, captured))
    }

    /// Whether it was ever authorized, of one that is not any more.
    pub(super) fn was_authorized(&self) -> bool {
        self.authorization_code.is_some() || self.amount_captured > 0
    }

    /// Its currency, if there is such a one.
    pub(super) fn currency(&self) -> Option<Currency> {
        self.currency.parse().ok()
    }

    /// Whether it is what that attempt asked for, in that currency.
    pub(super) fn is_of(&self, attempt_id: AttemptId, currency: Currency) -> bool {
        self.currency == currency.code() && self.attempt_id().is_none_or(|told| told == attempt_id)
    }

    /// The attempt that authorized it.
    pub(super) fn attempt_id(&self) -> Option<AttemptId> {
        attempt_id(self.metadata.as_ref())
    }

    /// What the customer has to do.
    pub(super) fn next_action(&self) -> Option<NextAction> {
        let action = self.next_action.as_ref().filter(|action| action.kind == "redirect")?;
        texts::redirect(&action.url, action.expires_at.map(Timestamp::from_ms))
    }

    /// Until when it has to be captured.
    pub(super) fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at.map(Timestamp::from_ms)
    }

    /// Facts about the card. Numbers have the digits they should have or are left out, so that no card number slips in.
    pub(super) fn card(&self) -> Option<PaymentMethod> {
        let card = self.card.as_ref()?;
        let text = |text: &Option<String>| text.clone().and_then(fact);
        Some(PaymentMethod {
            fingerprint: text(&card.fingerprint),
            brand: text(&card.brand),
            funding: text(&card.funding),
            country: text(&card.country),
            iin: card.iin.clone().and_then(|iin| digits(iin, 6..=8)),
            last4: card.last4.clone().and_then(|last4| digits(last4, 4..=4)),
            exp_month: card.exp_month.filter(|month| (1..=12).contains(month)),
            exp_year: card.exp_year.filter(|year| (2000..=9999).contains(year)),
            ..PaymentMethod::of_tokens("card".to_owned(), Vec::new())
        })
    }

    /// What else it says.
    pub(super) fn details(&self) -> GatewayDetails {
        let text = |text: &Option<String>| text.clone().and_then(fact);
        GatewayDetails {
            gateway_reference: self.reference(),
            network_transaction_id: text(&self.network_transaction_id),
            authorization_code: text(&self.authorization_code),
            raw_code: text(&self.decline_code),
            raw_advice: text(&self.advice),
            avs_result: text(&self.avs_result),
            cvc_result: text(&self.cvc_result),
            three_d_secure: None,
        }
    }
}

impl Movement {
    pub(super) fn reference(&self) -> Option<String> {
        texts::segment(&self.id).map(str::to_owned)
    }

    pub(super) fn amount(&self) -> Option<MinorUnits> {
        MinorUnits::payable(self.amount).ok()
    }

    pub(super) fn attempt_id(&self) -> Option<AttemptId> {
        attempt_id(self.metadata.as_ref())
    }

    /// Whether it was done to that charge.
    pub(super) fn is_on(&self, charge: Option<&str>) -> bool {
        charge.is_some() && self.charge.as_deref() == charge
    }
}

impl Dispute {
    pub(super) fn reference(&self) -> Option<String> {
        texts::segment(&self.id).map(str::to_owned)
    }

    pub(super) fn amount(&self) -> Option<MinorUnits> {
        MinorUnits::payable(self.amount).ok()
    }

    /// Why, in the gateway's word.
    pub(super) fn reason(&self) -> Option<String> {
        self.reason.clone().and_then(fact)
    }
}

impl Void {
    pub(super) fn reference(&self) -> Option<String> {
        texts::segment(&self.id).map(str::to_owned)
    }

    /// What was released. Of a charge that was never authorized nothing was held, which the simulator writes as 0: then it is
    /// `unheld`, what would have been.
    pub(super) fn amount(&self, unheld: MinorUnits) -> Option<MinorUnits> {
        if self.amount == 0 { Some(unheld) } else { MinorUnits::payable(self.amount).ok() }
    }

    pub(super) fn attempt_id(&self) -> Option<AttemptId> {
        attempt_id(self.metadata.as_ref())
    }

    /// Whether it was done to that charge.
    pub(super) fn is_on(&self, charge: Option<&str>) -> bool {
        charge.is_some() && self.charge.as_deref() == charge
    }
}

fn attempt_id(metadata: Option<&Metadata>) -> Option<AttemptId> {
    texts::id(metadata?.attempt_id.as_ref())
}
