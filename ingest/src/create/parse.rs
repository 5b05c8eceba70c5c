//! From JSON to a request that can be carried out, or to the list of everything that is wrong with it.

use std::ops::RangeInclusive;

use quittance_avro::{
    ids::PaymentMethodId,
    money::{Currency, MinorUnits},
    records::{GatewayToken, PaymentMethod},
    words::{CaptureMethod, Initiator},
};
use serde_json::Value;

use crate::{
    fields::{Fields, kind, whole},
    metadata::{self, Null},
    problem::FieldError,
    text,
    view::Text,
};

pub(crate) const REFERENCE_CHARS_MAX: usize = 255;
pub(crate) const DESCRIPTION_CHARS_MAX: usize = 1_000;
const TOKEN_CHARS_MAX: usize = 255;
pub(super) const TOKENS_MAX: usize = 10;
pub(super) const ACCOUNT_CHARS_MAX: usize = 64;
pub(super) const URL_CHARS_MAX: usize = 2_048;
pub(super) const DECLINES_RETRIED_MAX: i64 = 3;
pub(super) const EXP_MONTHS: RangeInclusive<i64> = 1..=12;
pub(super) const EXP_YEARS: RangeInclusive<i64> = 2000..=9999;
/// What a card is paid from.
pub(crate) const FUNDINGS: [&str; 3] = ["credit", "debit", "prepaid"];
pub(super) const STORED_CREDENTIAL_USES: [&str; 4] = [FIRST, "recurring", "installment", "unscheduled"];
/// The use that stores it, which takes the customer.
const FIRST: &str = "first";

// What the checks below take, as a description of them has it.
/// [`account_name`]
pub(crate) const ACCOUNT_NAME: &str = "^[A-Za-z0-9_-]{1,64}$";
/// A scheme.
pub(crate) const BRAND: &str = "^[a-z0-9_]{1,32}$";
/// A country.
pub(crate) const COUNTRY: &str = "^[A-Z]{2}$";
/// The last digits of a card number.
pub(super) const LAST4: &str = "^[0-9]{4}$";
/// [`token`]
pub(super) const TOKEN: &str = "^[!-~]{1,255}$";
/// [`return_url`]
pub(super) const RETURN_URL: &str = "^(https://[!-\"$-.0->@-~][!-~]*|http://localhost(:[0-9]{1,5})?([/?#][!-~]*)?)$";

/// How a payment is paid.
#[derive(Debug, Clone, PartialEq)]
pub enum PaidWith {
    /// With this.
    Method(Box<PaymentMethod>),
    /// With what was saved before.
    Saved(PaymentMethodId),
}

/// A payment method to be saved.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SaveRequest {
    /// What it is.
    pub(crate) payment_method: PaymentMethod,
    /// Where the gateway sends the customer back to.
    pub(crate) return_url: Option<String>,
}

/// A payment to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateRequest {
    /// How much, in minor units of `currency`.
    pub amount: MinorUnits,
    /// In which currency.
    pub currency: Currency,
    /// When the money is taken.
    pub capture: CaptureMethod,
    /// How it is paid.
    pub payment_method: PaidWith,
    /// The gateway account that it has to go to; empty if the rules may choose.
    pub gateway_account: String,
    /// Where the gateway sends the customer back to.
    pub return_url: Option<String>,
    /// Whether it waits for a person before it is sent.
    pub hold: bool,
    /// How often a soft decline is tried again.
    pub declines_retried_max: i32,
    /// Who started it.
    pub initiator: Initiator,
    /// Use of a stored credential.
    pub stored_credential: Option<String>,
    /// What is sealed.
    pub text: Text,
}

/// Reads the body of `POST /v1/payments`. A bare token belongs to `default_account`.
pub fn parse(body: Value, default_account: &str) -> Result<CreateRequest, Vec<FieldError>> {
    whole(body, |fields| request(fields, default_account))
}

/// Reads the body of `POST /v1/payment-methods`.
pub(crate) fn parse_method(body: Value, default_account: &str) -> Result<SaveRequest, Vec<FieldError>> {
    whole(body, |fields| {
        let payment_method = method(fields, default_account);
        let return_url = return_url(fields);
        Some(SaveRequest { payment_method: payment_method?, return_url })
    })
}

fn request(fields: &mut Fields<'_>, default_account: &str) -> Option<CreateRequest> {
    let amount = fields.amount("amount");
    if amount.is_none() && !fields.has_error("amount") {
        fields.refuse("amount", "is required");
    }
    let currency =
        fields.required("currency", 3, |text| text.parse::<Currency>().map_err(|error| format!("{error}, got {text}")));
    let capture = capture(fields);
    let payment_method = paid_with(fields, default_account);
    let tokens = match &payment_method {
        Some(PaidWith::Method(method)) => &method.tokens[..],
        Some(PaidWith::Saved(_)) | None => &[],
    };
    let gateway_account = gateway_account(fields, tokens);
    let return_url = return_url(fields);
    let hold = fields.flag("hold", false);
    let declines_retried = fields.integer("retry_declines", 0..=DECLINES_RETRIED_MAX, 0);
    let initiator = initiator(fields);
    let stored_credential = stored_credential(fields, initiator);
    let text = text(fields);
    Some(CreateRequest {
        amount: amount?,
        currency: currency?,
        capture: capture?,
        payment_method: payment_method?,
        gateway_account,
        return_url,
        hold,
        declines_retried_max: i32::try_from(declines_retried).unwrap_or(0),
        initiator,
        stored_credential,
        text,
    })
}

/// The text of a payment, which is sealed.
fn text(fields: &mut Fields<'_>) -> Text {
    Text {
        reference: fields.text("reference", REFERENCE_CHARS_MAX),
        description: fields.prose("description", DESCRIPTION_CHARS_MAX),
        metadata: metadata::take(fields, Null::Refused).into_iter().map(|(key, text)| (key, text.into())).collect(),
    }
}

/// The gateway account that the client names, if it does: one that there is a token for.
fn gateway_account(fields: &mut Fields<'_>, tokens: &[GatewayToken]) -> String {
    let Some(name) = fields.text("gateway_account", ACCOUNT_CHARS_MAX) else { return String::new() };
    if !tokens.is_empty() && tokens.iter().all(|token| token.gateway_account != name) {
        fields.refuse("gateway_account", "must be one that the payment method has a token for");
    }
    name
}

/// An address that the customer's browser can be sent to.
fn return_url(fields: &mut Fields<'_>) -> Option<String> {
    let url = fields.text("return_url", URL_CHARS_MAX)?;
    let is_secure =
        url.strip_prefix("https://").is_some_and(|host| !host.is_empty() && !host.starts_with(['/', '?', '#']));
    let is_local = url.strip_prefix("http://localhost").is_some_and(is_behind_host);
    if url.bytes().all(|b| b.is_ascii_graphic()) && (is_secure || is_local) {
        return Some(url);
    }
    fields.refuse("return_url", "must be an absolute https URL, such as https://shop.example/thanks");
    None
}

/// Whether it goes on where a host's name has ended: or else the host would be another one, such as `localhost.evil.example`.
fn is_behind_host(rest: &str) -> bool {
    let rest = match rest.strip_prefix(':') {
        Some(port) => {
            let path = port.trim_start_matches(|c: char| c.is_ascii_digit());
            if (1..=5).contains(&(port.len() - path.len())) { path } else { return false }
        }
        None => rest,
    };
    rest.is_empty() || rest.starts_with(['/', '?', '#'])
}

fn initiator(fields: &mut Fields<'_>) -> Initiator {
    match fields.take("initiator") {
        None => Initiator::Customer,
        Some(value) => value.as_str().and_then(Initiator::from_word).unwrap_or_else(|| {
            fields.refuse("initiator", "must be customer or merchant");
            Initiator::Customer
        }),
    }
}

/// A merchant can charge only what is stored already, and says in which way it was agreed on.
fn stored_credential(fields: &mut Fields<'_>, initiator: Initiator) -> Option<String> {
    let word = fields.text("stored_credential", 16);
    if fields.has_error("stored_credential") {
        return None;
    }
    match (initiator, word) {
        (Initiator::Merchant, None) => {
            let later = STORED_CREDENTIAL_USES[1..].join(", ");
            fields.refuse("stored_credential", format!("must be one of {later} if the initiator is merchant"));
        }
        (Initiator::Merchant, Some(word)) if word == FIRST => {
            let later = STORED_CREDENTIAL_USES[1..].join(", ");
            let message = format!("must be one of {later} if the initiator is merchant: it is first with the customer");
            fields.refuse("stored_credential", message);
        }
        (_, Some(word)) if STORED_CREDENTIAL_USES.contains(&&*word) => return Some(word),
        (Initiator::Customer, None) => {}
        (Initiator::Customer | Initiator::Merchant, Some(_)) => {
            fields.refuse("stored_credential", format!("must be one of {}", STORED_CREDENTIAL_USES.join(", ")));
        }
    }
    None
}

fn capture(fields: &mut Fields<'_>) -> Option<CaptureMethod> {
    match fields.take("capture") {
        None => Some(CaptureMethod::Automatic),
        Some(value) => {
            let word = value.as_str().and_then(CaptureMethod::from_word);
            if word.is_none() {
                fields.refuse("capture", "must be automatic or manual");
            }
            word
        }
    }
}

/// Exactly one of what it is and the id of what was saved.
fn paid_with(fields: &mut Fields<'_>, default_account: &str) -> Option<PaidWith> {
    match (fields.take("payment_method"), fields.take("payment_method_id")) {
        (None, None) => {
            fields.refuse("payment_method", "is required, or payment_method_id of one that is saved");
            None
        }
        (Some(_), Some(_)) => {
            fields.refuse("payment_method_id", "must not be given together with payment_method");
            None
        }
        (Some(value), None) => {
            let mut inner = Fields::new("payment_method", value, fields.errors())?;
            let method = method(&mut inner, default_account);
            inner.end();
            method.map(Box::new).map(PaidWith::Method)
        }
        // Its digits may look like a card number, as those of any id.
        (None, Some(value)) => match value.as_str().unwrap_or_default().parse() {
            Ok(id) => Some(PaidWith::Saved(id)),
            Err(error) => {
                fields.refuse("payment_method_id", error.to_string());
                None
            }
        },
    }
}

fn method(fields: &mut Fields<'_>, default_account: &str) -> Option<PaymentMethod> {
    let kind_of = fields.text("kind", 16).unwrap_or_else(|| "card".to_owned());
    if kind_of != "card" {
        fields.refuse("kind", "must be card");
    }
    let token = match (fields.take("token"), fields.take("tokens")) {
        (Some(_), Some(_)) => {
            fields.refuse("tokens", "must not be given together with token");
            None
        }
        (None, None) => {
            fields.refuse("token", "is required, or tokens with one for each gateway account");
            None
        }
        (Some(value), None) => token(fields, "token", &value)
            .map(|token| vec![GatewayToken { gateway_account: default_account.to_owned(), token }]),
        (None, Some(value)) => tokens(fields, value),
    };
    let method = facts(fields, kind_of);
    Some(PaymentMethod { tokens: token?, ..method })
}

/// What the client knows of the card: routing rules may ask for it.
fn facts(fields: &mut Fields<'_>, kind_of: String) -> PaymentMethod {
    let brand = fact(fields, "brand", "a scheme in lower case, such as visa", |text| {
        text.len() <= 32 && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'))
    });
    let funding = fact(fields, "funding", "credit, debit or prepaid", |text| FUNDINGS.contains(&text));
    let country = fact(fields, "country", "a country, such as DE (ISO 3166-1 alpha-2)", |text| {
        text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase())
    });
    let last4 =
        fact(fields, "last4", "four digits", |text| text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit()));
    let exp_month = part_of_date(fields, "exp_month", EXP_MONTHS);
    let exp_year = part_of_date(fields, "exp_year", EXP_YEARS);
    let method = PaymentMethod::of_tokens(kind_of, Vec::new());
    PaymentMethod { brand, funding, country, last4, exp_month, exp_year, ..method }
}

fn part_of_date(fields: &mut Fields<'_>, name: &str, bounds: RangeInclusive<i64>) -> Option<i32> {
    fields.bounded(name, bounds).and_then(|number| i32::try_from(number).ok())
}

fn fact(fields: &mut Fields<'_>, name: &str, wanted: &str, is_right: impl Fn(&str) -> bool) -> Option<String> {
    let text = fields.text(name, 64)?;
    if !text.is_empty() && is_right(&text) {
        return Some(text);
    }
    fields.refuse(name, format!("must be {wanted}"));
    None
}

/// A gateway's token: printable ASCII, and no card number.
fn token(fields: &mut Fields<'_>, name: &str, value: &Value) -> Option<String> {
    let refused = match value.as_str() {
        None => format!("must be a string, got {}", kind(value)),
        Some(text) if text.is_empty() || !text.bytes().all(|b| b.is_ascii_graphic()) => {
            "must be printable ASCII without spaces".to_owned()
        }
        Some(text) => match text::refuse(text, TOKEN_CHARS_MAX) {
            None => return Some(text.to_owned()),
            Some(message) => message,
        },
    };
    fields.refuse(name, refused);
    None
}

fn tokens(fields: &mut Fields<'_>, value: Value) -> Option<Vec<GatewayToken>> {
    let Value::Array(items) = value else {
        fields.refuse("tokens", format!("must be an array, got {}", kind(&value)));
        return None;
    };
    if items.is_empty() || items.len() > TOKENS_MAX {
        fields.refuse("tokens", format!("must have 1 to {TOKENS_MAX} entries, got {}", items.len()));
        return None;
    }
    let mut tokens: Vec<GatewayToken> = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        let path = fields.path(&format!("tokens[{index}]"));
        let Some(mut entry) = Fields::new(&path, item, fields.errors()) else { continue };
        let account = entry.required("gateway_account", ACCOUNT_CHARS_MAX, |name| account(name, &tokens));
        let value = entry.take("token").unwrap_or(Value::Null);
        let token = token(&mut entry, "token", &value);
        entry.end();
        if let (Some(gateway_account), Some(token)) = (account, token) {
            tokens.push(GatewayToken { gateway_account, token });
        }
    }
    (!tokens.is_empty()).then_some(tokens)
}

fn account(name: &str, before: &[GatewayToken]) -> Result<String, String> {
    if before.iter().any(|token| token.gateway_account == name) {
        return Err("must not be given twice".to_owned());
    }
    account_name(name)
}

/// The name of a gateway account.
pub(crate) fn account_name(name: &str) -> Result<String, String> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    if (1..=ACCOUNT_CHARS_MAX).contains(&name.len()) && name.bytes().all(allowed) {
        Ok(name.to_owned())
    } else {
        Err(format!("must be 1 to {ACCOUNT_CHARS_MAX} letters, digits, - and _"))
    }
}

#[cfg(test)]
mod tests;
