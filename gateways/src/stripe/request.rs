//! What to ask Stripe. The same attempt asks with the same key and the same bytes at every try.

use form_urlencoded::Serializer;
use quittance_avro::{
    records::GatewayEffect,
    words::{CaptureMethod, EffectKind, Initiator, OperationKind, ResultOutcome},
};

use super::{
    API_VERSION,
    amounts::{Inexpressible, to_stripe},
};
use crate::{Credentials, Method, Request, Verdict, texts};

/// What is asked for with the PaymentIntent: what was done, and to which card.
const CHARGE: (&str, &str) = ("expand[]", "latest_charge");
/// How many refunds, or disputes, one answer may have: the most that Stripe takes.
const LISTED_MAX: &str = "100";
/// Reasons that Stripe takes. A word of somebody else's it would turn down.
const REFUND_REASONS: [&str; 3] = ["duplicate", "fraudulent", "requested_by_customer"];
const CANCEL_REASONS: [&str; 4] = ["abandoned", "duplicate", "fraudulent", "requested_by_customer"];

/// What to ask for this effect, or why nothing is asked.
pub(super) fn of(effect: &GatewayEffect, credentials: &Credentials) -> Result<Vec<Request>, Box<Verdict>> {
    let key = effect.attempt_id.to_string();
    let post = |path: String, key: String, form: Form| vec![post(path, key, form, credentials)];
    match effect.kind {
        EffectKind::Authorize => Ok(post("/v1/payment_intents".to_owned(), key, create(effect)?)),
        EffectKind::Confirm => {
            let path = path("/v1/payment_intents/", effect.gateway_reference.as_deref(), "/confirm")?;
            Ok(post(path, format!("{key}:confirm"), confirm(effect)))
        }
        EffectKind::Capture => {
            let path = path("/v1/payment_intents/", effect.payment_reference.as_deref(), "/capture")?;
            Ok(post(path, key, capture(effect)?))
        }
        EffectKind::Void => {
            let path = path("/v1/payment_intents/", effect.payment_reference.as_deref(), "/cancel")?;
            let form = Form::new().given("cancellation_reason", reason(effect, &CANCEL_REASONS));
            Ok(post(path, key, form.and(CHARGE.0, CHARGE.1)))
        }
        EffectKind::Refund => Ok(post("/v1/refunds".to_owned(), key, refund(effect)?)),
        EffectKind::Query => query(effect, credentials),
    }
}

/// Nothing is confirmed yet, so nothing moves.
fn create(effect: &GatewayEffect) -> Result<Form, Box<Verdict>> {
    let method = match effect.capture {
        CaptureMethod::Automatic => "automatic",
        CaptureMethod::Manual => "manual",
    };
    let (customer, token) = parts_of(&effect.token);
    // Stripe then keeps it for charges without the customer, once this one is paid.
    let is_first = effect.stored_credential.as_deref() == Some("first");
    Ok(Form::new()
        .and("amount", &amount(effect)?.to_string())
        .and("currency", &effect.currency.code().to_ascii_lowercase())
        .and("capture_method", method)
        .given("customer", customer)
        .and("payment_method", token)
        .and("payment_method_types[]", "card")
        .given("setup_future_usage", is_first.then_some("off_session"))
        .and("metadata[payment_id]", &effect.envelope.aggregate_id)
        .and("metadata[attempt_id]", &effect.attempt_id.to_string()))
}

/// The customer and the payment method: one that is saved can only be used together with the customer that it is saved for.
pub(super) fn parts_of(token: &str) -> (Option<&str>, &str) {
    match token.split_once('/') {
        Some((customer, token)) => (Some(customer), token),
        None => (None, token),
    }
}

fn confirm(effect: &GatewayEffect) -> Form {
    // A merchant's own charge has no customer who could act. There is no parameter for the scheme's id of the first charge: Stripe
    // knows that of the payment method by itself.
    let off_session = (effect.initiator == Initiator::Merchant).then_some("true");
    Form::new()
        .given("return_url", effect.return_url.as_deref())
        .given("off_session", off_session)
        .and(CHARGE.0, CHARGE.1)
}

fn capture(effect: &GatewayEffect) -> Result<Form, Box<Verdict>> {
    if !effect.is_final {
        let message = "this gateway releases what is left after a capture, and nothing was sent";
        return Err(Box::new(Verdict::rejected(Some("not_supported_by_gateway"), message)));
    }
    Ok(Form::new()
        .and("amount_to_capture", &amount(effect)?.to_string())
        .and("metadata[capture_attempt_id]", &effect.attempt_id.to_string())
        .and(CHARGE.0, CHARGE.1))
}

fn refund(effect: &GatewayEffect) -> Result<Form, Box<Verdict>> {
    Ok(Form::new()
        .and("payment_intent", named(effect.payment_reference.as_deref())?)
        .and("amount", &amount(effect)?.to_string())
        .given("reason", reason(effect, &REFUND_REASONS))
        .and("metadata[payment_id]", &effect.envelope.aggregate_id)
        .and("metadata[attempt_id]", &effect.attempt_id.to_string()))
}

/// The payment and then its refunds and its disputes: a PaymentIntent does not list them.
fn query(effect: &GatewayEffect, credentials: &Credentials) -> Result<Vec<Request>, Box<Verdict>> {
    let reference = match effect.operation_kind {
        OperationKind::Authorize => effect.gateway_reference.as_deref(),
        OperationKind::Capture | OperationKind::Void | OperationKind::Refund | OperationKind::Dispute => {
            effect.payment_reference.as_deref()
        }
    };
    let is_unnamed = effect.operation_kind == OperationKind::Authorize && reference.is_none();
    let Some(reference) = reference.and_then(texts::segment) else {
        return Err(Box::new(if is_unnamed {
            // What was never named to us was never confirmed, so nothing was moved by it.
            Verdict::failed(ResultOutcome::Absent, "nothing was authorized by it, only created at most")
        } else {
            // That nothing could be asked says nothing of what was done.
            Verdict::not_processed("the gateway's id of the payment is not known, and nothing was asked")
        }));
    };
    let charge = Form::new().and(CHARGE.0, CHARGE.1);
    let of_it = Form::new().and("payment_intent", reference).and("limit", LISTED_MAX).end();
    Ok(vec![
        get(format!("/v1/payment_intents/{reference}?{}", charge.end()), credentials),
        get(format!("/v1/refunds?{of_it}"), credentials),
        get(format!("/v1/disputes?{of_it}"), credentials),
    ])
}

fn reason<'e>(effect: &'e GatewayEffect, words: &[&str]) -> Option<&'e str> {
    effect.reason.as_deref().filter(|reason| words.contains(reason))
}

fn amount(effect: &GatewayEffect) -> Result<i64, Box<Verdict>> {
    to_stripe(effect.amount, effect.currency).map_err(|why| {
        let (code, what) = match why {
            Inexpressible::Amount => ("amount_not_supported", "this amount"),
            Inexpressible::Currency => ("currency_not_supported", "this currency"),
        };
        Box::new(Verdict::rejected(Some(code), format!("this gateway does not have {what}, and nothing was sent")))
    })
}

/// The gateway's name for a payment, as far as it is known.
fn named(reference: Option<&str>) -> Result<&str, Box<Verdict>> {
    reference.and_then(texts::segment).ok_or_else(|| {
        Box::new(Verdict::rejected(None, "the gateway's id of the payment is not known, and nothing was sent"))
    })
}

fn path(before: &str, reference: Option<&str>, after: &str) -> Result<String, Box<Verdict>> {
    named(reference).map(|reference| format!("{before}{reference}{after}"))
}

/// A form as it is being filled in.
pub(super) struct Form(Serializer<'static, String>);

impl Form {
    pub(super) fn new() -> Self {
        Self(Serializer::new(String::new()))
    }

    pub(super) fn and(mut self, name: &str, value: &str) -> Self {
        self.0.append_pair(name, value);
        self
    }

    /// With that member if there is a value for it.
    pub(super) fn given(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.and(name, value),
            None => self,
        }
    }

    pub(super) fn end(mut self) -> String {
        self.0.finish()
    }
}

/// Asks for something to be done, once for each key.
pub(super) fn post(target: String, key: String, form: Form, credentials: &Credentials) -> Request {
    let headers = vec![
        ("content-type", "application/x-www-form-urlencoded".to_owned()),
        ("idempotency-key", key),
        ("stripe-version", API_VERSION.to_owned()),
    ];
    Request { method: Method::Post, target, headers, bearer: credentials.key().cloned(), body: Some(form.end()) }
}

/// Asks for what is there.
pub(super) fn get(target: String, credentials: &Credentials) -> Request {
    let headers = vec![("stripe-version", API_VERSION.to_owned())];
    Request { method: Method::Get, target, headers, bearer: credentials.key().cloned(), body: None }
}
