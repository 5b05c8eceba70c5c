//! From JSON to a request that can be carried out, or to the list of everything that is wrong with it.

use quittance_avro::{
    money::{Currency, MinorUnits},
    records::{GatewayToken, PaymentMethod},
    words::CaptureMethod,
};
use serde_json::{Map, Number, Value};

use super::fields::{Fields, kind};
use crate::{problem::FieldError, text, view::Text};

const REFERENCE_CHARS_MAX: usize = 255;
const DESCRIPTION_CHARS_MAX: usize = 1_000;
const TOKEN_CHARS_MAX: usize = 255;
const TOKENS_MAX: usize = 10;
const METADATA_KEYS_MAX: usize = 50;
const METADATA_KEY_CHARS_MAX: usize = 40;
const METADATA_VALUE_CHARS_MAX: usize = 500;
const ACCOUNT_CHARS_MAX: usize = 64;

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
    pub payment_method: PaymentMethod,
    /// What is sealed.
    pub text: Text,
}

impl CreateRequest {
    /// Where it is tried first: the account of the first token.
    pub fn gateway_account(&self) -> &str {
        self.payment_method.tokens.first().map_or("", |token| &token.gateway_account)
    }
}

/// Reads the body of `POST /v1/payments`. A bare token belongs to `default_account`.
pub fn parse(body: Value, default_account: &str) -> Result<CreateRequest, Vec<FieldError>> {
    let mut errors = Vec::new();
    let request = Fields::new("", body, &mut errors).and_then(|fields| request(fields, default_account));
    match request {
        Some(request) if errors.is_empty() => Ok(request),
        _ => Err(errors),
    }
}

fn request(mut fields: Fields<'_>, default_account: &str) -> Option<CreateRequest> {
    let amount = amount(&mut fields);
    let currency =
        fields.required("currency", 3, |text| text.parse::<Currency>().map_err(|error| format!("{error}, got {text}")));
    let capture = capture(&mut fields);
    let payment_method = match fields.take("payment_method") {
        None => {
            fields.refuse("payment_method", "is required");
            None
        }
        Some(value) => payment_method(value, default_account, fields.errors()),
    };
    let text = Text {
        reference: fields.text("reference", REFERENCE_CHARS_MAX),
        description: fields.text("description", DESCRIPTION_CHARS_MAX),
        metadata: metadata(&mut fields),
    };
    fields.end();
    Some(CreateRequest {
        amount: amount?,
        currency: currency?,
        capture: capture?,
        payment_method: payment_method?,
        text,
    })
}

fn amount(fields: &mut Fields<'_>) -> Option<MinorUnits> {
    let refused = match fields.take("amount") {
        None => "is required".to_owned(),
        Some(Value::Number(number)) => match number.as_i64().map(MinorUnits::payable) {
            Some(Ok(amount)) => return Some(amount),
            Some(Err(error)) => error.to_string(),
            None => format!("must be a positive integer of minor units, got {}", shown(&number)),
        },
        Some(other) => format!("must be a positive integer of minor units, got {}", kind(&other)),
    };
    fields.refuse("amount", refused);
    None
}

/// A number as it may be told: one that is as long as a card's is not repeated.
fn shown(number: &Number) -> String {
    let text = number.to_string();
    if text.len() < 12 { text } else { format!("one of {} characters", text.len()) }
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

fn payment_method(value: Value, default_account: &str, errors: &mut Vec<FieldError>) -> Option<PaymentMethod> {
    let mut fields = Fields::new("payment_method", value, errors)?;
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
        (Some(value), None) => token(&mut fields, "token", &value)
            .map(|token| vec![GatewayToken { gateway_account: default_account.to_owned(), token }]),
        (None, Some(value)) => tokens(&mut fields, value),
    };
    fields.end();
    Some(PaymentMethod::of_tokens(kind_of, token?))
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

fn metadata(fields: &mut Fields<'_>) -> Map<String, Value> {
    let members = match fields.take("metadata") {
        None => return Map::new(),
        Some(Value::Object(members)) => members,
        Some(other) => {
            fields.refuse("metadata", format!("must be an object, got {}", kind(&other)));
            return Map::new();
        }
    };
    if members.len() > METADATA_KEYS_MAX {
        fields.refuse("metadata", format!("must have at most {METADATA_KEYS_MAX} keys, got {}", members.len()));
        return Map::new();
    }
    for (key, value) in &members {
        if let Some(message) = text::refuse(key, METADATA_KEY_CHARS_MAX) {
            // The key itself may be what must not be repeated.
            fields.refuse("metadata", format!("a key {message}"));
            continue;
        }
        let refused = match value {
            Value::String(text) => text::refuse(text, METADATA_VALUE_CHARS_MAX),
            other => Some(format!("must be a string, got {}", kind(other))),
        };
        if let Some(message) = refused {
            fields.refuse(&format!("metadata.{key}"), message);
        }
    }
    members
}

#[cfg(test)]
mod tests;
