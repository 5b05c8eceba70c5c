//! What is to change.

use std::sync::Arc;

use super::super::amounts;
use super::super::form::Form;
use super::super::payment_method;
use super::super::problem::Problem;
use super::{IGNORED, charge_id, intent_id};
use crate::ledger::{
    Answer, Ask, Charge, Confirmation, Ledger, NewCapture, NewCharge, NewRefund, NewSetup, NewVoid, Refusal,
};
use crate::tokens::Token;
use crate::values::{Amount, ChargeId, Credential, CredentialUse, Currency, IntentId, Metadata, Reason, ReturnUrl};

const CANCELLATION_REASONS: &[&str] = &["abandoned", "duplicate", "fraudulent", "requested_by_customer"];
const REFUND_REASONS: &[&str] = &["duplicate", "fraudulent", "requested_by_customer"];
const IGNORED_IN_REFUNDS: &[&str] = &["instructions_email", "refund_application_fee", "reverse_transfer"];

/// What is to change.
#[derive(Debug)]
pub(in super::super) enum Command {
    Create(NewCharge),
    Charge(NewCharge),
    Confirm(ChargeId, Confirmation),
    Capture { id: ChargeId, amount: Option<i64>, metadata: Metadata },
    Cancel(ChargeId, NewVoid),
    Refund { id: ChargeId, amount: Option<i64>, reason: Option<Reason>, metadata: Metadata },
    SetUp(NewSetup),
}

/// What came of a command, with the charge that it was about.
pub(in super::super) type Asked = (Result<Answer, Problem>, Option<Arc<Charge>>);

impl Command {
    pub(super) fn create(form: &mut Form) -> Result<Self, Problem> {
        let currency = take_currency(form)?;
        let amount = form.take_integer("amount")?.ok_or_else(|| Problem::missing("amount"))?;
        let capture = form.take_word("capture_method", &["automatic", "automatic_async", "manual"])? != Some("manual");
        let is_confirmed = form.take_flag("confirm")?.unwrap_or_default();
        let confirmation = take_confirmation(form)?;
        let new = NewCharge {
            token: confirmation.token,
            amount: amounts::check("amount", amount, currency)?,
            currency,
            capture,
            metadata: form.take_metadata()?,
            return_url: confirmation.return_url,
            off_session: confirmation.off_session,
            credential: Credential { used: confirmation.used, ..Credential::default() },
        };
        form.ignore(IGNORED);
        let early = |name: &str| Problem::parameter(name, "This parameter can only be used with confirm=true.");
        match (is_confirmed, new.token) {
            (true, None) => Err(Problem::missing("payment_method")),
            (true, Some(_)) => Ok(Self::Charge(new)),
            (false, _) if new.return_url.is_some() => Err(early("return_url")),
            (false, _) if new.off_session => Err(early("off_session")),
            (false, _) => Ok(Self::Create(new)),
        }
    }

    pub(super) fn confirm(id: ChargeId, form: &mut Form) -> Result<Self, Problem> {
        let confirmation = take_confirmation(form)?;
        form.ignore(IGNORED);
        Ok(Self::Confirm(id, confirmation))
    }

    /// Several captures of one intent are for accounts with special terms. This one has none: a capture is the last.
    pub(super) fn capture(id: ChargeId, form: &mut Form) -> Result<Self, Problem> {
        if form.take_flag("final_capture")? == Some(false) {
            let problem = Problem::parameter("final_capture", "This account cannot capture an intent several times.");
            return Err(problem.with_code("payment_intent_invalid_parameter"));
        }
        let (amount, metadata) = (form.take_integer("amount_to_capture")?, form.take_metadata()?);
        form.ignore(&["statement_descriptor", "statement_descriptor_suffix"]);
        Ok(Self::Capture { id, amount, metadata })
    }

    pub(super) fn cancel(id: ChargeId, form: &mut Form) -> Result<Self, Problem> {
        let word = form.take_word("cancellation_reason", CANCELLATION_REASONS)?;
        Ok(Self::Cancel(id, NewVoid { cancels_unconfirmed: true, word, metadata: Metadata::default() }))
    }

    pub(super) fn refund(form: &mut Form) -> Result<Self, Problem> {
        let id = match (form.take("payment_intent")?, form.take("charge")?) {
            (Some(intent), None) => intent_id(&intent)?,
            (None, Some(charge)) => charge_id(&charge)?,
            (None, None) => return Err(Problem::missing("payment_intent")),
            (Some(_), Some(_)) => return Err(Problem::parameter("charge", "Name an intent or a charge, not both.")),
        };
        let (amount, metadata) = (form.take_integer("amount")?, form.take_metadata()?);
        let reason = form.take_word("reason", REFUND_REASONS)?.map(|word| Reason::try_from(word.to_owned()));
        let reason = reason.transpose().map_err(|message| Problem::parameter("reason", message))?;
        form.ignore(IGNORED_IN_REFUNDS);
        Ok(Self::Refund { id, amount, reason, metadata })
    }

    pub(super) fn set_up(form: &mut Form) -> Result<Self, Problem> {
        let confirm = form.take_flag("confirm")?.unwrap_or_default();
        let usage = form.take_word("usage", &["off_session", "on_session"])?.unwrap_or("off_session");
        let (token, metadata) = (take_payment_method(form)?, form.take_metadata()?);
        let return_url = take_return_url(form)?;
        form.ignore(IGNORED);
        if confirm && token.is_none() {
            return Err(Problem::missing("payment_method"));
        }
        Ok(Self::SetUp(NewSetup { token, confirm, usage, metadata, return_url }))
    }

    /// Asks the ledger.
    pub(in super::super) fn carry_out(&self, ledger: &mut Ledger, ask: &Ask) -> Asked {
        match self {
            Self::Create(new) => (Ok(ledger.create(ask, new)), None),
            Self::Charge(new) => (Ok(ledger.charge(ask, new)), None),
            Self::SetUp(new) => (Ok(ledger.set_up(ask, new)), None),
            Self::Confirm(id, confirmation) => {
                on_intent(ledger, *id, |ledger, _| Ok(ledger.confirm(ask, *id, confirmation)))
            }
            Self::Capture { id, amount, metadata } => on_intent(ledger, *id, |ledger, currency| {
                let amount = check("amount_to_capture", *amount, currency)?;
                let new = NewCapture { amount, is_final: true, metadata: metadata.clone() };
                Ok(ledger.capture(ask, *id, &new))
            }),
            Self::Cancel(id, new) => on_intent(ledger, *id, |ledger, _| Ok(ledger.void(ask, *id, new))),
            Self::Refund { id, amount, reason, metadata } => on_intent(ledger, *id, |ledger, currency| {
                let amount = check("amount", *amount, currency)?;
                let new = NewRefund { amount, reason: reason.clone(), metadata: metadata.clone() };
                Ok(ledger.refund(ask, *id, &new))
            }),
        }
    }

    /// Why the ledger refused this, in Stripe's words.
    pub(in super::super) fn problem(&self, refusal: Refusal, charge: Option<&Charge>) -> Problem {
        let is_refund = matches!(self, Self::Refund { .. });
        match refusal {
            Refusal::AmountTooLarge if is_refund && charge.is_some_and(Charge::is_refunded) => {
                Problem::invalid("The charge has already been refunded.").with_code("charge_already_refunded")
            }
            Refusal::AmountTooLarge => {
                let name = if is_refund { "amount" } else { "amount_to_capture" };
                Problem::parameter(name, "The amount is greater than what is left.").with_code("amount_too_large")
            }
            other => other.into(),
        }
    }
}

fn on_intent(
    ledger: &mut Ledger,
    id: ChargeId,
    work: impl FnOnce(&mut Ledger, Currency) -> Result<Answer, Problem>,
) -> Asked {
    let Some(currency) = ledger.charge_by_id(id).map(|charge| charge.currency) else {
        return (Err(Problem::no_such("payment_intent", &IntentId::from(id).to_string())), None);
    };
    let answer = work(ledger, currency);
    (answer, ledger.charge_by_id(id))
}

fn check(name: &str, amount: Option<i64>, currency: Currency) -> Result<Option<Amount>, Problem> {
    amount.map(|amount| amounts::check(name, amount, currency)).transpose()
}

fn take_currency(form: &mut Form) -> Result<Currency, Problem> {
    let text = form.require("currency")?;
    let is_lower_case = text.bytes().all(|byte| byte.is_ascii_lowercase());
    let currency = Currency::try_from(text.to_ascii_uppercase()).ok().filter(|_| is_lower_case);
    currency.ok_or_else(|| Problem::parameter("currency", format!("Invalid currency: {text}")))
}

fn take_payment_method(form: &mut Form) -> Result<Option<Token>, Problem> {
    let Some(id) = form.take("payment_method")? else {
        return Ok(None);
    };
    payment_method::token(&id).map(Some).ok_or_else(|| Problem::no_such_payment_method(&id))
}

fn take_return_url(form: &mut Form) -> Result<Option<ReturnUrl>, Problem> {
    let return_url = form.take("return_url")?.map(ReturnUrl::try_from).transpose();
    return_url.map_err(|message| Problem::parameter("return_url", message))
}

fn take_confirmation(form: &mut Form) -> Result<Confirmation, Problem> {
    let token = take_payment_method(form)?;
    let off_session = form.take_word("off_session", &["true", "false", "one_off", "recurring"])?;
    let off_session = off_session.is_some_and(|word| word != "false");
    // Stripe does not say when a card is charged that is stored: whoever stores it is told what it is for.
    let used = form.take_word("setup_future_usage", &["off_session", "on_session"])?.map(|_| CredentialUse::First);
    Ok(Confirmation { token, return_url: take_return_url(form)?, off_session, used })
}
