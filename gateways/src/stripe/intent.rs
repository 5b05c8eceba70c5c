//! A PaymentIntent and its charge, as far as they are read: members that we do not know are skipped.

use quittance_avro::{
    ids::AttemptId,
    money::{Currency, MinorUnits},
    records::{GatewayDetails, NextAction, PaymentMethod},
    time::Timestamp,
};
use serde::Deserialize;

use super::{amounts::from_stripe, card::Card, error::Error};
use crate::texts;

/// Where a PaymentIntent stands. Another word is not of the version that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    /// Created without a payment method, or the last attempt to pay failed.
    RequiresPaymentMethod,
    /// Created, and nothing was moved.
    RequiresConfirmation,
    /// The customer has to act.
    RequiresAction,
    /// It is not settled yet.
    Processing,
    /// The money is held, and can be taken.
    RequiresCapture,
    /// Money was taken, and no more can be.
    Succeeded,
    /// It was given up.
    Canceled,
}

/// A PaymentIntent.
#[derive(Debug, Deserialize)]
pub(super) struct Intent {
    id: String,
    pub(super) status: Status,
    amount: i64,
    #[serde(default)]
    amount_capturable: i64,
    #[serde(default)]
    amount_received: i64,
    currency: String,
    capture_method: Option<String>,
    metadata: Option<Metadata>,
    latest_charge: Option<Named<Charge>>,
    next_action: Option<Action>,
    pub(super) last_payment_error: Option<Box<Error>>,
    cancellation_reason: Option<String>,
}

/// Our marks, as Stripe kept them.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Metadata {
    pub(super) payment_id: Option<String>,
    pub(super) attempt_id: Option<String>,
    pub(super) capture_attempt_id: Option<String>,
}

/// Something by its id, or all of it where that was asked for.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Named<T> {
    Id(String),
    Whole(Box<T>),
}

/// What the last attempt to pay did.
#[derive(Debug, Deserialize)]
struct Charge {
    id: String,
    amount: i64,
    /// Of the authorization: `succeeded` also where nothing was captured yet.
    status: String,
    payment_method_details: Option<MethodDetails>,
}

#[derive(Debug, Deserialize)]
struct MethodDetails {
    card: Option<Card>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Action {
    redirect_to_url: Option<Redirect>,
}

#[derive(Debug, Deserialize)]
struct Redirect {
    url: Option<String>,
}

impl Action {
    /// Where the customer is to be sent. What Stripe's own script is to do (`use_stripe_sdk`) is nothing that we could pass on.
    pub(super) fn redirect(&self) -> Option<NextAction> {
        texts::redirect(self.redirect_to_url.as_ref()?.url.as_deref()?, None)
    }
}

impl Intent {
    /// Stripe's name for it; nothing if that cannot be used to ask for it.
    pub(super) fn reference(&self) -> Option<String> {
        texts::segment(&self.id).map(str::to_owned)
    }

    pub(super) fn is_named(&self, reference: Option<&str>) -> bool {
        reference == Some(self.id.as_str())
    }

    pub(super) fn currency(&self) -> Option<Currency> {
        // Stripe writes them in lower case, and in no other.
        self.currency
            .bytes()
            .all(|b| b.is_ascii_lowercase())
            .then(|| self.currency.to_ascii_uppercase().parse().ok())
            .flatten()
    }

    /// The attempt that authorizes it.
    pub(super) fn attempt_id(&self) -> Option<AttemptId> {
        texts::id(self.metadata.as_ref()?.attempt_id.as_ref())
    }

    /// The attempt that captured it, if that was one of its own.
    pub(super) fn capture_attempt_id(&self) -> Option<AttemptId> {
        texts::id(self.metadata.as_ref()?.capture_attempt_id.as_ref())
    }

    pub(super) fn is_captured_at_once(&self) -> bool {
        self.capture_method.as_deref() != Some("manual")
    }

    /// Whether it is of that attempt. Without marks it is taken to be: then its id has to tell.
    pub(super) fn is_of(&self, attempt_id: AttemptId) -> bool {
        self.attempt_id().is_none_or(|told| told == attempt_id)
    }

    /// What is to be paid.
    pub(super) fn amount(&self) -> Option<MinorUnits> {
        from_stripe(self.amount, self.currency()?).filter(|amount| *amount > MinorUnits::ZERO)
    }

    /// What of it was taken, refunds not counted.
    pub(super) fn captured(&self) -> Option<MinorUnits> {
        from_stripe(self.amount_received, self.currency()?)
    }

    /// What was authorized, of one that was: less than asked for where the issuer approved a part only.
    pub(super) fn authorized(&self) -> Option<MinorUnits> {
        let by_card = self.card().and_then(|card| card.amount_authorized).filter(|amount| *amount > 0);
        let units = match (by_card, self.status) {
            (Some(amount), _) => amount,
            (None, Status::RequiresCapture) => self.amount_capturable,
            (None, Status::Succeeded) if self.is_captured_at_once() => self.amount_received,
            (None, _) => self.charge().map_or(self.amount, |charge| charge.amount),
        };
        from_stripe(units, self.currency()?).filter(|amount| *amount > MinorUnits::ZERO)
    }

    /// Whether what was given up had been authorized: a charge that went through is left of it.
    pub(super) fn was_authorized(&self) -> bool {
        match &self.latest_charge {
            Some(Named::Whole(charge)) => charge.status == "succeeded",
            // Without the whole charge, the attempt to pay that did not fail.
            Some(Named::Id(_)) => self.last_payment_error.is_none(),
            None => false,
        }
    }

    /// Whether the gateway itself gave it up because its time was over.
    pub(super) fn has_expired(&self) -> bool {
        matches!(self.cancellation_reason.as_deref(), Some("automatic" | "expired"))
    }

    /// Where the customer is to be sent.
    pub(super) fn next_action(&self) -> Option<NextAction> {
        self.next_action.as_ref().and_then(Action::redirect)
    }

    /// Stripe's name for the charge, under which the capture goes.
    pub(super) fn charge_reference(&self) -> Option<String> {
        let id = match self.latest_charge.as_ref()? {
            Named::Id(id) => id,
            Named::Whole(charge) => &charge.id,
        };
        texts::segment(id).map(str::to_owned)
    }

    pub(super) fn card_method(&self) -> Option<PaymentMethod> {
        self.card().map(Card::method)
    }

    pub(super) fn expires_at(&self) -> Option<Timestamp> {
        self.card().and_then(Card::expires_at)
    }

    /// What else it says.
    pub(super) fn details(&self) -> GatewayDetails {
        let details = self.card().map(Card::details).unwrap_or_default();
        GatewayDetails { gateway_reference: self.reference(), ..details }
    }

    fn charge(&self) -> Option<&Charge> {
        match self.latest_charge.as_ref()? {
            Named::Id(_) => None,
            Named::Whole(charge) => Some(charge),
        }
    }

    fn card(&self) -> Option<&Card> {
        self.charge()?.payment_method_details.as_ref()?.card.as_ref()
    }
}
