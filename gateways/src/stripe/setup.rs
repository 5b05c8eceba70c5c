//! Setting a payment method up for later charges without the customer, by SetupIntents: created and confirmed in one request, which
//! moves no money, so that a lost answer is made up for under the same key.

use quittance_avro::{
    records::{PaymentMethod, SetUpEffect},
    words::{ResultOutcome, SetUpKind},
};
use serde::Deserialize;

use super::{
    card::Card,
    error::{Error, Kind},
    intent::{Action, Metadata, Named},
    judge::{BUSY, nowhere_to_go},
    request::{Form, get, parts_of, post},
};
use crate::{
    Credentials, Exchange, Request, Verdict,
    answer::{busy, indefinite, read, unusable},
    texts,
};

/// What is asked for with the SetupIntent: which card it is.
const METHOD: (&str, &str) = ("expand[]", "payment_method");

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
    payment_method: Option<Named<Method>>,
    next_action: Option<Action>,
    last_setup_error: Option<Error>,
    metadata: Option<Metadata>,
}

#[derive(Debug, Deserialize)]
struct Method {
    id: String,
    card: Option<Card>,
}

/// What to ask for this effect, or why nothing is asked.
pub(super) fn requests(effect: &SetUpEffect, credentials: &Credentials) -> Result<Vec<Request>, Box<Verdict>> {
    let request = match effect.kind {
        SetUpKind::SetUp => set_up(effect, credentials)?,
        SetUpKind::Query => query(effect, credentials)?,
    };
    Ok(vec![request])
}

/// Without a customer Stripe keeps nothing: the payment method could be charged once, and never again.
fn set_up(effect: &SetUpEffect, credentials: &Credentials) -> Result<Request, Box<Verdict>> {
    let (Some(customer), token) = parts_of(&effect.token) else {
        let message = "the token has to name the customer that it is saved for, as cus_…/pm_…, and nothing was sent";
        return Err(Box::new(Verdict::rejected(Some("invalid_payment_method"), message)));
    };
    let form = Form::new()
        .and("customer", customer)
        .and("payment_method", token)
        .and("payment_method_types[]", "card")
        .and("usage", "off_session")
        .and("confirm", "true")
        .given("return_url", effect.return_url.as_deref())
        .and("metadata[payment_method_id]", &effect.envelope.aggregate_id)
        .and("metadata[attempt_id]", &effect.attempt_id.to_string())
        .and(METHOD.0, METHOD.1);
    Ok(post("/v1/setup_intents".to_owned(), effect.attempt_id.to_string(), form, credentials))
}

fn query(effect: &SetUpEffect, credentials: &Credentials) -> Result<Request, Box<Verdict>> {
    let reference = effect.gateway_reference.as_deref().and_then(texts::segment).ok_or_else(|| {
        // That nothing could be asked says nothing of what was done.
        Box::new(Verdict::not_processed("the gateway's id of the set-up is not known, and nothing was asked"))
    })?;
    let form = Form::new().and(METHOD.0, METHOD.1);
    Ok(get(format!("/v1/setup_intents/{reference}?{}", form.end()), credentials))
}

/// What the end of the exchange means for the attempt.
pub(super) fn judge(effect: &SetUpEffect, exchanges: &[Exchange]) -> Verdict {
    let Some(exchange) = exchanges.first() else { return unusable() };
    match read(exchange) {
        Ok((200, body)) => {
            serde_json::from_slice(body).ok().and_then(|intent| told(effect, &intent)).unwrap_or_else(unusable)
        }
        Ok((status, body)) => refused(effect, status, &Error::read(body)),
        Err(verdict) => *verdict,
    }
}

fn told(effect: &SetUpEffect, intent: &SetupIntent) -> Option<Verdict> {
    let reference = texts::segment(&intent.id)?.to_owned();
    if !intent.is_of(effect) {
        return None;
    }
    let verdict = match intent.status {
        Status::Succeeded => {
            Verdict { token: Some(intent.token(&effect.token)?), ..Verdict::of(ResultOutcome::Approved) }
        }
        Status::Processing => Verdict::of(ResultOutcome::Pending),
        Status::RequiresAction => match intent.next_action.as_ref().and_then(Action::redirect) {
            Some(action) => Verdict { next_action: Some(action), ..Verdict::of(ResultOutcome::ActionRequired) },
            None => Verdict { failure: Some(nowhere_to_go()), ..Verdict::of(ResultOutcome::Rejected) },
        },
        Status::RequiresPaymentMethod => declined(intent.last_setup_error.as_ref()?),
        Status::Canceled => Verdict::rejected(None, "the set-up was given up at the gateway"),
        Status::RequiresConfirmation => return None,
    };
    Some(Verdict { card: intent.card(), ..verdict }.named(Some(reference)))
}

impl SetupIntent {
    /// Whether it is what was asked about. One without our marks is taken to be: then its id has to tell.
    fn is_of(&self, effect: &SetUpEffect) -> bool {
        let is_asked_about = match effect.kind {
            SetUpKind::SetUp => true,
            SetUpKind::Query => effect.gateway_reference.as_deref() == Some(self.id.as_str()),
        };
        let attempt_id = self.metadata.as_ref().and_then(|metadata| texts::id(metadata.attempt_id.as_ref()));
        is_asked_about && attempt_id.is_none_or(|told| effect.attempt_id == told)
    }

    /// What to charge from now on, for the same customer.
    fn token(&self, asked: &str) -> Option<String> {
        let id = match self.payment_method.as_ref()? {
            Named::Id(id) => id,
            Named::Whole(method) => &method.id,
        };
        let id = texts::segment(id)?;
        Some(match parts_of(asked).0 {
            Some(customer) => format!("{customer}/{id}"),
            None => id.to_owned(),
        })
    }

    fn card(&self) -> Option<PaymentMethod> {
        match self.payment_method.as_ref()? {
            Named::Id(_) => None,
            Named::Whole(method) => method.card.as_ref().map(Card::method),
        }
    }
}

fn declined(error: &Error) -> Verdict {
    let failure = Some(error.declined("the card's issuer declined it"));
    Verdict { failure, ..Verdict::of(ResultOutcome::Declined) }.with_code(error.raw_code())
}

/// An answer that is no success. That a query was refused says nothing of what was done.
fn refused(effect: &SetUpEffect, status: u16, error: &Error) -> Verdict {
    let is_busy = status == 429 || (400..=499).contains(&status) && BUSY.iter().any(|code| error.is(code));
    let verdict = match (effect.kind, status, error.kind()) {
        _ if is_busy => busy(),
        (SetUpKind::SetUp, 402, Kind::Card) => return declined(error),
        (SetUpKind::SetUp, 401, _) => {
            Verdict::rejected(Some("invalid_credentials"), "the gateway does not know this account's key")
        }
        (SetUpKind::SetUp, 400 | 402 | 403 | 404, Kind::InvalidRequest) => {
            Verdict::rejected(error.refusal(), "the gateway does not take this request")
        }
        (SetUpKind::SetUp | SetUpKind::Query, _, _) => indefinite(status),
    };
    verdict.with_code(error.raw_code())
}
