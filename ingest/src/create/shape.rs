//! What the bodies of `POST /v1/payments` and `POST /v1/payment-methods` may have in them, for the description of the API.

use quittance_avro::{
    ids::PaymentMethodId,
    money::Currency,
    words::{CaptureMethod, Initiator},
};
use serde_json::{Value, json};

use super::parse::{
    ACCOUNT_CHARS_MAX, ACCOUNT_NAME, BRAND, COUNTRY, DECLINES_RETRIED_MAX, DESCRIPTION_CHARS_MAX, EXP_MONTHS,
    EXP_YEARS, FUNDINGS, LAST4, REFERENCE_CHARS_MAX, RETURN_URL, STORED_CREDENTIAL_USES, TOKEN, TOKENS_MAX,
    URL_CHARS_MAX,
};
use crate::shape::{Body, Member, amount, flag, integer, list, matching, metadata, object, one_of, prose, text, words};

/// The body of `POST /v1/payments`.
pub(crate) fn payment() -> Body {
    let schema = object([
        Member::required("amount", "How much, in minor units of `currency`.", amount()),
        Member::required("currency", "In which currency (ISO 4217).", words(Currency::codes())),
        Member::optional(
            "capture",
            "When the money is taken: with the authorization, or later by a capture.",
            defaulting(words(CaptureMethod::ALL.iter().map(|word| word.as_str())), CaptureMethod::Automatic.as_str()),
        ),
        Member::optional("payment_method", "How it is paid; or `payment_method_id`.", method([])),
        Member::optional(
            "payment_method_id",
            "A saved payment method that it is paid with; or `payment_method`.",
            matching(&format!("^{}[0-9a-f]{{32}}$", PaymentMethodId::PREFIX)),
        ),
        Member::optional(
            "gateway_account",
            "The gateway account that it has to go to: one that the payment method has a token for. Without it the routing rules choose.",
            text(ACCOUNT_CHARS_MAX),
        ),
        return_url(),
        Member::optional(
            "hold",
            "Whether it waits for a person to approve or reject it before it is sent.",
            flag(false),
        ),
        Member::optional(
            "retry_declines",
            "How often a soft decline is tried again.",
            defaulting(integer(0..=DECLINES_RETRIED_MAX), 0),
        ),
        Member::optional(
            "initiator",
            "Who starts it. The merchant can charge only what is stored, and says so in `stored_credential`.",
            defaulting(words(Initiator::ALL.iter().map(|word| word.as_str())), Initiator::Customer.as_str()),
        ),
        Member::optional(
            "stored_credential",
            "What a card is stored for: `first` stores it, with the customer there; the others charge it again.",
            words(STORED_CREDENTIAL_USES),
        ),
        Member::optional("reference", "The merchant's own reference.", text(REFERENCE_CHARS_MAX)),
        Member::optional("description", "For people.", prose(DESCRIPTION_CHARS_MAX)),
        Member::optional("metadata", "The merchant's own data. No card numbers, here or anywhere.", metadata(false)),
    ]);
    Body::required(
        one_of(schema, "payment_method", "payment_method_id"),
        [
            ("short", json!({ "amount": 1999, "currency": "EUR", "payment_method": { "token": "tok_approve" } })),
            (
                "full",
                json!({
                    "amount": 1999,
                    "currency": "EUR",
                    "capture": "manual",
                    "payment_method": {
                        "kind": "card",
                        "tokens": [{ "gateway_account": "simulator", "token": "tok_approve" }],
                        "brand": "visa",
                        "funding": "credit",
                        "country": "DE",
                        "last4": "4242",
                        "exp_month": 12,
                        "exp_year": 2030,
                    },
                    "gateway_account": "simulator",
                    "return_url": "https://shop.example/thanks",
                    "hold": false,
                    "retry_declines": 1,
                    "initiator": "customer",
                    "stored_credential": "first",
                    "reference": "order-1001",
                    "description": "Two books",
                    "metadata": { "shop": "berlin" },
                }),
            ),
            (
                "saved",
                json!({
                    "amount": 1999,
                    "currency": "EUR",
                    "payment_method_id": "pm_5f0c3b1e9d7a5e4c8b2f6a1d0e9c7b35",
                    "initiator": "merchant",
                    "stored_credential": "recurring",
                }),
            ),
        ],
    )
}

/// The body of `POST /v1/payment-methods`.
pub(crate) fn payment_method() -> Body {
    Body::required(
        method([return_url()]),
        [
            ("short", json!({ "token": "tok_approve" })),
            (
                "full",
                json!({
                    "kind": "card",
                    "tokens": [{ "gateway_account": "simulator", "token": "tok_approve" }],
                    "brand": "visa",
                    "funding": "credit",
                    "country": "DE",
                    "last4": "4242",
                    "exp_month": 12,
                    "exp_year": 2030,
                    "return_url": "https://shop.example/thanks",
                }),
            ),
        ],
    )
}

/// What a client says of a payment method.
fn method(more: impl IntoIterator<Item = Member>) -> Value {
    let token = matching(TOKEN);
    let of_account = object([
        Member::required("gateway_account", "Name of the gateway account.", matching(ACCOUNT_NAME)),
        Member::required("token", "The gateway's token; never a card number.", token.clone()),
    ]);
    let members = [
        Member::optional("kind", "What it is.", defaulting(words(["card"]), "card")),
        Member::optional("token", "The token of the installation's default gateway account; or `tokens`.", token),
        Member::optional(
            "tokens",
            "One for each gateway account that may take it, in the order in which they are tried; or `token`.",
            list(1..=TOKENS_MAX, &of_account),
        ),
        Member::optional("brand", "The scheme in lower case, such as `visa`.", matching(BRAND)),
        Member::optional("funding", "What it is paid from.", words(FUNDINGS)),
        Member::optional("country", "The issuer's country (ISO 3166-1 alpha-2).", matching(COUNTRY)),
        Member::optional("last4", "The last four digits.", matching(LAST4)),
        Member::optional("exp_month", "The month of its end.", integer(EXP_MONTHS)),
        Member::optional("exp_year", "The year of its end.", integer(EXP_YEARS)),
    ];
    one_of(object(members.into_iter().chain(more)), "token", "tokens")
}

fn return_url() -> Member {
    let mut schema = matching(RETURN_URL);
    schema["maxLength"] = URL_CHARS_MAX.into();
    Member::optional("return_url", "Where the gateway sends the customer back to: an absolute https URL.", schema)
}

fn defaulting(mut schema: Value, otherwise: impl Into<Value>) -> Value {
    schema["default"] = otherwise.into();
    schema
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        create::{parse, parse_method},
        shape::tests::is_what_is_parsed,
    };

    #[test]
    fn a_payment_is_what_is_parsed() {
        is_what_is_parsed(&payment(), |body| parse(body, "simulator").err().unwrap_or_default());
    }

    #[test]
    fn a_payment_method_is_what_is_parsed() {
        is_what_is_parsed(&payment_method(), |body| parse_method(body, "simulator").err().unwrap_or_default());
    }
}
