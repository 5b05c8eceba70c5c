//! Saving a payment method for later charges without the customer, by SetupIntents: created and confirmed in one request, which
//! moves no money, so that a lost answer is made up for under the same key.

use quittance_avro::{
    records::{Failure, NextAction},
    words::ResultOutcome,
};
use serde::Deserialize;

use super::{
    error::{Error, Kind},
    intent::Action,
    judge::nowhere_to_go,
    request::{Form, get, post},
};
use crate::{
    Credentials, Exchange, Request, Verdict,
    answer::{busy, indefinite, read, unusable},
    texts,
};

/// What is to be saved.
pub struct Setup<'a> {
    /// The idempotency key.
    pub key: &'a str,
    /// The payment method to save, `pm_…`.
    pub payment_method: &'a str,
    /// The customer that it is saved for, `cus_…`.
    pub customer: Option<&'a str>,
    /// Where the customer is sent back to after acting.
    pub return_url: Option<&'a str>,
    /// Our marks, to be kept with it.
    pub metadata: &'a [(&'a str, &'a str)],
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Saved {
    /// `approved` (it is saved), `action_required`, `pending`, `declined`, `rejected`, `not_processed` or `unknown`.
    pub outcome: ResultOutcome,
    /// The SetupIntent, `seti_…`.
    pub reference: Option<String>,
    /// The payment method to charge from now on, `pm_…`.
    pub payment_method: Option<String>,
    /// What the customer has to do.
    pub next_action: Option<NextAction>,
    /// Why it is not saved.
    pub failure: Option<Failure>,
    /// Stripe's own code.
    pub raw_code: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    RequiresPaymentMethod,
    RequiresConfirmation,
    RequiresAction,
    Processing,
    Succeeded,
    Canceled,
}

#[derive(Deserialize)]
struct SetupIntent {
    id: String,
    status: Status,
    payment_method: Option<String>,
    next_action: Option<Action>,
    last_setup_error: Option<Error>,
}

/// Asks to save it.
pub fn request(setup: &Setup<'_>, credentials: &Credentials) -> Request {
    let form = Form::new()
        .and("payment_method", setup.payment_method)
        .given("customer", setup.customer)
        .and("payment_method_types[]", "card")
        .and("usage", "off_session")
        .and("confirm", "true")
        .given("return_url", setup.return_url);
    let marked = setup.metadata.iter().fold(form, |form, (name, value)| form.and(&format!("metadata[{name}]"), value));
    post("/v1/setup_intents".to_owned(), setup.key.to_owned(), marked, credentials)
}

/// Asks what became of it; nothing if that is no id of a SetupIntent.
pub fn query(reference: &str, credentials: &Credentials) -> Option<Request> {
    texts::segment(reference).map(|reference| get(format!("/v1/setup_intents/{reference}"), credentials))
}

/// What the answer to either means.
pub fn judge(exchange: &Exchange) -> Saved {
    match read(exchange) {
        Ok((200, body)) => serde_json::from_slice(body).ok().and_then(told).unwrap_or_else(|| unsaved(unusable())),
        Ok((status, body)) => refused(status, &Error::read(body)),
        Err(verdict) => unsaved(*verdict),
    }
}

fn told(intent: SetupIntent) -> Option<Saved> {
    let reference = texts::segment(&intent.id)?.to_owned();
    let error = intent.last_setup_error;
    let (outcome, next_action, failure) = match intent.status {
        Status::Succeeded => (ResultOutcome::Approved, None, None),
        Status::Processing => (ResultOutcome::Pending, None, None),
        Status::RequiresAction => match intent.next_action.as_ref().and_then(Action::redirect) {
            Some(action) => (ResultOutcome::ActionRequired, Some(action), None),
            None => (ResultOutcome::Rejected, None, Some(nowhere_to_go())),
        },
        Status::RequiresPaymentMethod => {
            (ResultOutcome::Declined, None, Some(error.as_ref()?.declined("the card's issuer declined it")))
        }
        Status::RequiresConfirmation | Status::Canceled => return None,
    };
    let method = intent.payment_method.and_then(|method| texts::segment(&method).map(str::to_owned));
    let payment_method = if outcome == ResultOutcome::Approved { Some(method?) } else { None };
    let raw_code = error.filter(|_| outcome == ResultOutcome::Declined).and_then(|error| error.raw_code());
    Some(Saved { outcome, reference: Some(reference), payment_method, next_action, failure, raw_code })
}

fn refused(status: u16, error: &Error) -> Saved {
    let verdict = match (status, error.kind()) {
        (429, _) => busy(),
        (400..=499, _) if error.is("lock_timeout") => busy(),
        (402, Kind::Card) => Verdict {
            failure: Some(error.declined("the card's issuer declined it")),
            ..Verdict::of(ResultOutcome::Declined)
        },
        (401, _) | (400 | 402 | 403 | 404, Kind::InvalidRequest) => {
            Verdict::rejected(error.refusal(), "the gateway does not take this request")
        }
        _ => indefinite(status),
    };
    unsaved(verdict.with_code(error.raw_code()))
}

fn unsaved(verdict: Verdict) -> Saved {
    Saved {
        outcome: verdict.outcome,
        reference: None,
        payment_method: None,
        next_action: None,
        failure: verdict.failure,
        raw_code: verdict.details.raw_code,
    }
}
