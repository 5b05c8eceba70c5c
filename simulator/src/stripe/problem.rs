//! Stripe's error object.
//!
//! | Refusal | Status | `type` | `code` |
//! |---|---|---|---|
//! | the key came with another request | 400 | `idempotency_error` | |
//! | the key's first request is not answered | 409 | `idempotency_error` | `idempotency_key_in_use` |
//! | no such payment method | 400 | `invalid_request_error` | `resource_missing` |
//! | nothing of that id | 404 | `invalid_request_error` | `resource_missing` |
//! | past that, or not yet | 400 | `invalid_request_error` | `payment_intent_unexpected_state`, with the `payment_intent` |
//! | a dispute is open, or was lost | 400 | `invalid_request_error` | `charge_disputed` |
//! | more than is left | 400 | `invalid_request_error` | `amount_too_large`, or `charge_already_refunded` |
//! | too many requests | 429 | `invalid_request_error` | `rate_limit` |
//! | an error of the gateway | 500 | `api_error` | |
//! | the memory is full | 503 | `api_error` | |

use serde_json::{Map, Value, json};
use warp::Reply;
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use crate::ledger::Refusal;

const INVALID_REQUEST: &str = "invalid_request_error";
const API: &str = "api_error";
const IDEMPOTENCY: &str = "idempotency_error";

/// Why a request has no better answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    status: StatusCode,
    kind: &'static str,
    code: Option<&'static str>,
    message: String,
    param: Option<String>,
    /// Further members of the error.
    more: Map<String, Value>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, kind: &'static str, message: impl Into<String>) -> Self {
        Self { status, kind, code: None, message: message.into(), param: None, more: Map::new() }
    }

    /// A request that cannot be taken as it is.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, INVALID_REQUEST, message)
    }

    /// A parameter that cannot be taken as it is.
    pub(super) fn parameter(name: &str, message: impl Into<String>) -> Self {
        Self { param: Some(name.to_owned()), ..Self::invalid(message) }
    }

    pub(super) fn missing(name: &str) -> Self {
        Self::parameter(name, format!("Missing required param: {name}.")).with_code("parameter_missing")
    }

    pub(super) fn unknown_parameter(name: &str) -> Self {
        Self::parameter(name, format!("Received unknown parameter: {name}")).with_code("parameter_unknown")
    }

    pub(super) fn unknown_url(method: &Method, path: &str) -> Self {
        let message = format!("Unrecognized request URL ({method}: /v1/{path}).");
        Self::new(StatusCode::NOT_FOUND, INVALID_REQUEST, message)
    }

    /// Nothing of that id.
    pub(super) fn no_such(kind: &str, id: &str) -> Self {
        let problem = Self::new(StatusCode::NOT_FOUND, INVALID_REQUEST, format!("No such {kind}: '{id}'"));
        Self { param: Some(kind.to_owned()), ..problem }.with_code("resource_missing")
    }

    pub(super) fn no_such_payment_method(id: &str) -> Self {
        Self::parameter("payment_method", format!("No such PaymentMethod: '{id}'")).with_code("resource_missing")
    }

    pub(super) fn unauthorized(message: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, INVALID_REQUEST, message)
    }

    /// A decline, with the members that its object has.
    pub(super) fn declined(error: Map<String, Value>) -> Self {
        Self { more: error, ..Self::new(StatusCode::PAYMENT_REQUIRED, "card_error", "Your card was declined.") }
    }

    pub(super) fn with_code(self, code: &'static str) -> Self {
        Self { code: Some(code), ..self }
    }

    pub(super) fn with(mut self, name: &str, value: Value) -> Self {
        self.more.insert(name.to_owned(), value);
        self
    }

    /// Whether it is the state of an intent that is in the way.
    pub(super) fn is_about_state(&self) -> bool {
        self.code == Some("payment_intent_unexpected_state")
    }

    fn body(&self) -> Value {
        let mut error = Map::new();
        error.insert("type".to_owned(), json!(self.kind));
        error.insert("message".to_owned(), json!(self.message));
        if let Some(code) = self.code {
            error.insert("code".to_owned(), json!(code));
            error.insert("doc_url".to_owned(), json!(doc_url(code)));
        }
        if let Some(param) = &self.param {
            error.insert("param".to_owned(), json!(param));
        }
        error.extend(self.more.clone());
        json!({ "error": error })
    }
}

/// Where Stripe explains a code.
pub(super) fn doc_url(code: &str) -> String {
    format!("https://stripe.com/docs/error-codes/{}", code.replace('_', "-"))
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let unexpected = |message: &str| Self::invalid(message).with_code("payment_intent_unexpected_state");
        match refusal {
            Refusal::KeyReused => {
                let message =
                    "Keys for idempotent requests can only be used with the same parameters they were first used with.";
                Self::new(StatusCode::BAD_REQUEST, IDEMPOTENCY, message)
            }
            Refusal::InProgress => {
                let message = "There is currently another in-progress request using this idempotency key.";
                Self::new(StatusCode::CONFLICT, IDEMPOTENCY, message).with_code("idempotency_key_in_use")
            }
            Refusal::InvalidToken => Self::missing("payment_method"),
            Refusal::Failed => Self::new(StatusCode::INTERNAL_SERVER_ERROR, API, "An unknown error occurred."),
            Refusal::Busy => Self::new(StatusCode::TOO_MANY_REQUESTS, INVALID_REQUEST, "Request rate limit exceeded.")
                .with_code("rate_limit"),
            Refusal::Lost => Self::new(StatusCode::GATEWAY_TIMEOUT, API, "The request got lost."),
            Refusal::Full => Self::new(StatusCode::SERVICE_UNAVAILABLE, API, "The simulator's memory is full."),
            Refusal::ChargeNotFound => Self::new(StatusCode::NOT_FOUND, INVALID_REQUEST, "No such payment_intent")
                .with_code("resource_missing"),
            Refusal::NotCapturable => {
                unexpected("This PaymentIntent could not be captured: it is not in requires_capture.")
            }
            Refusal::NotVoidable => unexpected("You cannot cancel this PaymentIntent in its status."),
            Refusal::NotConfirmable => unexpected(
                "You cannot confirm this PaymentIntent: it has succeeded, is canceled, or has no payment method.",
            ),
            Refusal::NotRefundable => unexpected("This PaymentIntent does not have a successful charge to refund."),
            Refusal::ChargeDisputed => {
                Self::invalid("The charge has been charged back; cannot issue a refund.").with_code("charge_disputed")
            }
            Refusal::AmountTooLarge => {
                Self::invalid("The amount is greater than what is left.").with_code("amount_too_large")
            }
            Refusal::CaptureNotFound
            | Refusal::RefundNotFound
            | Refusal::DisputeNotFound
            | Refusal::NoAction
            | Refusal::NotExpirable
            | Refusal::NotFailable
            | Refusal::NotDisputable
            | Refusal::NotClosable => Self::invalid("This cannot be done."),
        }
    }
}

impl Reply for Problem {
    fn into_response(self) -> Response {
        warp::reply::with_status(warp::reply::json(&self.body()), self.status).into_response()
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(Refusal::KeyReused, 400, "idempotency_error", None)]
    #[case(Refusal::InProgress, 409, "idempotency_error", Some("idempotency_key_in_use"))]
    #[case(Refusal::ChargeNotFound, 404, "invalid_request_error", Some("resource_missing"))]
    #[case(Refusal::NotCapturable, 400, "invalid_request_error", Some("payment_intent_unexpected_state"))]
    #[case(Refusal::NotVoidable, 400, "invalid_request_error", Some("payment_intent_unexpected_state"))]
    #[case(Refusal::NotConfirmable, 400, "invalid_request_error", Some("payment_intent_unexpected_state"))]
    #[case(Refusal::ChargeDisputed, 400, "invalid_request_error", Some("charge_disputed"))]
    #[case(Refusal::AmountTooLarge, 400, "invalid_request_error", Some("amount_too_large"))]
    #[case(Refusal::Busy, 429, "invalid_request_error", Some("rate_limit"))]
    #[case(Refusal::Failed, 500, "api_error", None)]
    #[case(Refusal::Full, 503, "api_error", None)]
    fn refusals(#[case] refusal: Refusal, #[case] status: u16, #[case] kind: &str, #[case] code: Option<&str>) {
        let problem = Problem::from(refusal);
        assert_eq!((problem.status.as_u16(), problem.kind, problem.code), (status, kind, code));
        assert_eq!(problem.body()["error"]["code"], json!(code));
    }
}
