//! Every error of the simulator's dialect, and its answer over HTTP.

use serde::Serialize;
use warp::http::StatusCode;
use warp::reject::{InvalidQuery, LengthRequired, MethodNotAllowed, PayloadTooLarge};
use warp::reply::Response;
use warp::{Rejection, Reply};

use crate::ledger::Refusal;

/// The longest body that is read, in bytes.
pub(crate) const BODY_BYTES_MAX: u64 = 16 * 1024;

/// Why a request has no better answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("there is nothing here")]
    NotFound,
    #[error("that key never came, or was forgotten")]
    KeyNotFound,
    #[error("that method is not for this path")]
    MethodNotAllowed,
    #[error("the query is not one of this path, or a value in it is out of range")]
    InvalidQuery,
    #[error("percent must be 0 to 100")]
    InvalidFaults,
    #[error("exactly one Idempotency-Key header is required")]
    KeyRequired,
    #[error("{0}")]
    InvalidKey(&'static str),
    #[error("Content-Type must be application/json")]
    UnsupportedMediaType,
    #[error("a Content-Length header is required")]
    LengthRequired,
    #[error("the body is larger than {max} bytes", max = BODY_BYTES_MAX)]
    BodyTooLarge,
    #[error("the body could not be read")]
    BodyUnreadable,
    #[error("the body is not JSON: {0}")]
    MalformedJson(serde_json::Error),
    #[error("{0}")]
    InvalidRequest(serde_json::Error),
    #[error("{}", refusal_text(.0))]
    Refused(Refusal),
}

fn refusal_text(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::KeyReused => "this idempotency key came with another body before",
        Refusal::InProgress => "the first request with this idempotency key is not answered yet",
        Refusal::InvalidToken => "there is no such token; nothing was processed",
        Refusal::Failed => "the token stands for an error of the gateway",
        Refusal::Busy => "too many requests; nothing was processed",
        Refusal::Lost => "the request got lost; nothing was processed",
        Refusal::Full => "the simulator's memory is full: reset it, or give it more",
        Refusal::ChargeNotFound => "there is no charge of that id",
        Refusal::CaptureNotFound => "the charge has no capture of that id",
        Refusal::RefundNotFound => "there is no refund of that id",
        Refusal::DisputeNotFound => "there is no dispute of that id",
        Refusal::NotCapturable => "nothing of the charge is held",
        Refusal::NotVoidable => "nothing of the charge is held, and it does not wait for the customer",
        Refusal::NotRefundable => "nothing of the charge was taken",
        Refusal::ChargeDisputed => "a dispute of the charge is open, or was lost",
        Refusal::NotConfirmable => "the charge is past that, or has nothing to be charged with",
        Refusal::AmountTooLarge => "the amount is more than what is left",
        Refusal::NoAction => "the charge does not wait for the customer",
        Refusal::NotExpirable => "nothing of the charge is held, and it does not wait for the customer",
        Refusal::NotFailable => "it failed already, or what it took was given back or disputed",
        Refusal::NotDisputable => "nothing that was taken is left to dispute, or a dispute is open",
        Refusal::NotClosable => "it was closed that way already, or its money was given back or disputed again",
    }
}

#[derive(Serialize)]
struct Body {
    error: BodyError,
}

#[derive(Serialize)]
struct BodyError {
    code: &'static str,
    message: String,
}

impl Error {
    /// Its status and the code that a client may branch on.
    pub(crate) fn status_and_code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::NotFound => (StatusCode::NOT_FOUND, "not_found"),
            Self::KeyNotFound => (StatusCode::NOT_FOUND, "key_not_found"),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
            Self::InvalidQuery => (StatusCode::BAD_REQUEST, "invalid_query"),
            Self::InvalidFaults => (StatusCode::BAD_REQUEST, "invalid_request"),
            Self::KeyRequired => (StatusCode::BAD_REQUEST, "idempotency_key_required"),
            Self::InvalidKey(_) => (StatusCode::BAD_REQUEST, "invalid_idempotency_key"),
            Self::UnsupportedMediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type"),
            Self::LengthRequired => (StatusCode::LENGTH_REQUIRED, "length_required"),
            Self::BodyTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "body_too_large"),
            Self::BodyUnreadable => (StatusCode::BAD_REQUEST, "body_unreadable"),
            Self::MalformedJson(_) => (StatusCode::BAD_REQUEST, "malformed_json"),
            Self::InvalidRequest(_) => (StatusCode::BAD_REQUEST, "invalid_request"),
            Self::Refused(refusal) => refusal_status_and_code(*refusal),
        }
    }
}

fn refusal_status_and_code(refusal: Refusal) -> (StatusCode, &'static str) {
    match refusal {
        Refusal::InvalidToken => (StatusCode::BAD_REQUEST, "invalid_token"),
        Refusal::ChargeNotFound => (StatusCode::NOT_FOUND, "charge_not_found"),
        Refusal::CaptureNotFound => (StatusCode::NOT_FOUND, "capture_not_found"),
        Refusal::RefundNotFound => (StatusCode::NOT_FOUND, "refund_not_found"),
        Refusal::DisputeNotFound => (StatusCode::NOT_FOUND, "dispute_not_found"),
        Refusal::KeyReused => (StatusCode::CONFLICT, "idempotency_key_reused"),
        Refusal::InProgress => (StatusCode::CONFLICT, "in_progress"),
        Refusal::NotCapturable => (StatusCode::CONFLICT, "not_capturable"),
        Refusal::NotVoidable => (StatusCode::CONFLICT, "not_voidable"),
        Refusal::NotRefundable => (StatusCode::CONFLICT, "not_refundable"),
        Refusal::ChargeDisputed => (StatusCode::CONFLICT, "charge_disputed"),
        Refusal::NotConfirmable => (StatusCode::CONFLICT, "not_confirmable"),
        Refusal::NoAction => (StatusCode::CONFLICT, "no_action"),
        Refusal::NotExpirable => (StatusCode::CONFLICT, "not_expirable"),
        Refusal::NotFailable => (StatusCode::CONFLICT, "not_failable"),
        Refusal::NotDisputable => (StatusCode::CONFLICT, "not_disputable"),
        Refusal::NotClosable => (StatusCode::CONFLICT, "not_closable"),
        Refusal::AmountTooLarge => (StatusCode::UNPROCESSABLE_ENTITY, "amount_too_large"),
        Refusal::Busy => (StatusCode::TOO_MANY_REQUESTS, "too_many_requests"),
        Refusal::Failed => (StatusCode::INTERNAL_SERVER_ERROR, "gateway_error"),
        Refusal::Full => (StatusCode::SERVICE_UNAVAILABLE, "memory_full"),
        Refusal::Lost => (StatusCode::GATEWAY_TIMEOUT, "lost"),
    }
}

/// The item as JSON, or the error that it is not there.
pub(crate) fn found<T: Serialize>(item: Option<T>, missing: Error) -> Response {
    item.map_or_else(|| missing.into_response(), |item| warp::reply::json(&item).into_response())
}

impl Reply for Error {
    fn into_response(self) -> Response {
        let (status, code) = self.status_and_code();
        let body = Body { error: BodyError { code, message: self.to_string() } };
        warp::reply::with_status(warp::reply::json(&body), status).into_response()
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        if error.is_data() { Self::InvalidRequest(error) } else { Self::MalformedJson(error) }
    }
}

impl From<&Rejection> for Error {
    /// A path's routes are tried in turn and their rejections add up: the method of the others is the least of them.
    fn from(rejection: &Rejection) -> Self {
        if rejection.is_not_found() {
            Self::NotFound
        } else if rejection.find::<InvalidQuery>().is_some() {
            Self::InvalidQuery
        } else if rejection.find::<LengthRequired>().is_some() {
            Self::LengthRequired
        } else if rejection.find::<PayloadTooLarge>().is_some() {
            Self::BodyTooLarge
        } else if rejection.find::<MethodNotAllowed>().is_some() {
            Self::MethodNotAllowed
        } else {
            // What is left is a body that broke off.
            Self::BodyUnreadable
        }
    }
}
