//! Every error and its answer over HTTP.

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
    #[error("there is no charge of that id")]
    ChargeNotFound,
    #[error("that key never came, or was forgotten")]
    KeyNotFound,
    #[error("that method is not for this path")]
    MethodNotAllowed,
    #[error("the query is not one of this path, or a value in it is out of range")]
    InvalidQuery,
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
        Refusal::Full => "the simulator's memory is full: reset it, or give it more",
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
            Self::ChargeNotFound => (StatusCode::NOT_FOUND, "charge_not_found"),
            Self::KeyNotFound => (StatusCode::NOT_FOUND, "key_not_found"),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
            Self::InvalidQuery => (StatusCode::BAD_REQUEST, "invalid_query"),
            Self::KeyRequired => (StatusCode::BAD_REQUEST, "idempotency_key_required"),
            Self::InvalidKey(_) => (StatusCode::BAD_REQUEST, "invalid_idempotency_key"),
            Self::UnsupportedMediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type"),
            Self::LengthRequired => (StatusCode::LENGTH_REQUIRED, "length_required"),
            Self::BodyTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "body_too_large"),
            Self::BodyUnreadable => (StatusCode::BAD_REQUEST, "body_unreadable"),
            Self::MalformedJson(_) => (StatusCode::BAD_REQUEST, "malformed_json"),
            Self::InvalidRequest(_) => (StatusCode::BAD_REQUEST, "invalid_request"),
            Self::Refused(Refusal::KeyReused) => (StatusCode::CONFLICT, "idempotency_key_reused"),
            Self::Refused(Refusal::InProgress) => (StatusCode::CONFLICT, "in_progress"),
            Self::Refused(Refusal::InvalidToken) => (StatusCode::BAD_REQUEST, "invalid_token"),
            Self::Refused(Refusal::Failed) => (StatusCode::INTERNAL_SERVER_ERROR, "gateway_error"),
            Self::Refused(Refusal::Full) => (StatusCode::SERVICE_UNAVAILABLE, "memory_full"),
        }
    }
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
