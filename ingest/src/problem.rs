//! Every answer that is not a success, as problem+json (RFC 9457). One enum, one match.

use std::{fmt::Display, time::Duration};

use quittance_avro::refusals::Refusal;
use serde::Serialize;
use utoipa::ToSchema;
use warp::{
    http::{HeaderValue, StatusCode, header},
    reply::Response,
};

use crate::{limits::Full, text};

/// What is wrong with one field of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// Path of the field, e.g. `payment_method.token`.
    pub field: String,
    /// What would be right, and what it was.
    pub message: String,
}

impl FieldError {
    /// A field's name that the client made up, as it may be told: cut, and left out if it is what must not be repeated.
    pub(crate) fn shown(name: &str) -> String {
        const CHARS_MAX: usize = 64;
        if name.is_empty() || text::refuse(name, usize::MAX).is_some() {
            return "(not shown)".to_owned();
        }
        name.chars().take(CHARS_MAX).collect()
    }
}

/// Why a request is not answered with what it asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// The request cannot be read: syntax, a missing header, a header that makes no sense. What is wrong is listed, as of fields that
    /// are not valid.
    Malformed(Vec<FieldError>),
    /// No credential.
    Unauthorized,
    /// A bearer token that is not taken. Why is nothing to tell whoever sent it.
    InvalidToken,
    /// The credential's roles do not allow this.
    Forbidden,
    /// There is no such thing, or it is somebody else's.
    NotFound,
    /// The path has no such method; these it has.
    MethodNotAllowed(String),
    /// The body is larger than this many bytes.
    TooLarge(u64),
    /// The body did not arrive in time.
    TooSlow,
    /// The body is not JSON by its content type.
    UnsupportedMediaType,
    /// Fields are not what they should be; every one of them is listed.
    Invalid(Vec<FieldError>),
    /// The Idempotency-Key was used with another request before.
    KeyReused,
    /// The resource's state does not allow it.
    Refused {
        /// Stable code.
        code: String,
        /// For a person.
        reason: String,
    },
    /// There are as many of something as one tenant may have.
    TooMany(String),
    /// The tenant, or the credential, asks more often than it may; after so long it may again.
    RateLimited(Duration),
    /// There is more to do than this process can.
    Overloaded,
    /// A server of ours cannot be reached now; nothing was lost.
    Unavailable(&'static str),
    /// What can be read has not reached the sequence that was asked for.
    Behind(i64),
    /// A mistake of ours; the log has the rest.
    Internal,
}

impl From<Full> for Problem {
    fn from(full: Full) -> Self {
        match full {
            Full::Own(most) => Self::TooMany(format!("at most {most} at a time")),
            Full::All => Self::Overloaded,
        }
    }
}

/// Why a request is not answered with what it asked for (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct Body<'a> {
    /// What kind of problem it is: a name that keeps its meaning.
    r#type: String,
    /// The same for a person.
    title: &'a str,
    /// The HTTP status.
    status: u16,
    /// What is to be said of this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    detail: Option<&'a str>,
    /// Of a refusal: why, by a code that keeps its meaning.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    code: Option<&'a str>,
    /// Of a request that is not valid: every field that is not, up to a hundred.
    #[serde(skip_serializing_if = "<[FieldError]>::is_empty")]
    #[schema(value_type = Vec<FieldError>, required = false)]
    errors: &'a [FieldError],
}

/// The status of a refusal, by its code.
fn refused(code: &str) -> StatusCode {
    let status = Refusal::from_code(code).map(Refusal::http_status);
    status.and_then(|status| StatusCode::from_u16(status).ok()).unwrap_or(StatusCode::CONFLICT)
}

/// So many errors are told; who made more will see the others next time.
const ERRORS_MAX: usize = 100;

/// What a problem's `type` begins with.
pub const TYPE_PREFIX: &str = "urn:quittance:problem:";

impl Problem {
    /// A mistake of ours: what it is goes to the log, and nowhere else.
    pub(crate) fn internal(what: &'static str, error: impl Display) -> Self {
        tracing::error!(%error, what, "a mistake of ours");
        Self::Internal
    }

    /// A request that cannot be read for the sake of one field: a member of the body, `body` itself, a header, `path`, a parameter.
    pub fn malformed(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Malformed(vec![FieldError { field: field.into(), message: message.into() }])
    }

    /// Status, name of the type, title.
    fn kind(&self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::Malformed(_) => (StatusCode::BAD_REQUEST, "malformed", "The request cannot be read"),
            Self::Unauthorized | Self::InvalidToken => {
                (StatusCode::UNAUTHORIZED, "unauthorized", "A valid bearer token is required")
            }
            Self::Forbidden => (StatusCode::FORBIDDEN, "forbidden", "The credential does not allow this"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not-found", "There is no such thing"),
            Self::MethodNotAllowed(_) => {
                (StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "The path has no such method")
            }
            Self::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The body is too large"),
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, "too-slow", "The body did not arrive in time"),
            Self::UnsupportedMediaType => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "The body must be application/json")
            }
            Self::Invalid(_) => (StatusCode::UNPROCESSABLE_ENTITY, "invalid", "Some fields are not valid"),
            Self::KeyReused => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "idempotency-key-reused",
                "The Idempotency-Key was used with another request",
            ),
            Self::Refused { code, .. } => (refused(code), "refused", "The request is refused"),
            Self::TooMany(_) => (StatusCode::TOO_MANY_REQUESTS, "too-many", "There are too many of these already"),
            Self::RateLimited(_) => (StatusCode::TOO_MANY_REQUESTS, "rate-limited", "Too many requests"),
            Self::Overloaded => (StatusCode::SERVICE_UNAVAILABLE, "overloaded", "There is too much to do right now"),
            Self::Unavailable(_) => {
                (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "A part of the service cannot be reached")
            }
            Self::Behind(_) => (StatusCode::SERVICE_UNAVAILABLE, "behind", "What can be read has not caught up yet"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "A mistake on our side"),
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            Self::TooMany(detail) => Some(detail.clone()),
            Self::Malformed(errors) => errors.first().map(|error| format!("{}: {}", error.field, error.message)),
            Self::MethodNotAllowed(methods) => Some(format!("allowed: {methods}")),
            Self::TooLarge(bytes) => Some(format!("at most {bytes} bytes")),
            Self::Refused { reason, .. } => Some(reason.clone()),
            Self::Unavailable(part) => {
                Some(format!("{part} cannot be reached; try again, with the same Idempotency-Key if there was one"))
            }
            Self::Behind(sequence) => Some(format!("sequence {sequence} is not there yet; try again")),
            Self::Unauthorized
            | Self::InvalidToken
            | Self::Forbidden
            | Self::NotFound
            | Self::TooSlow
            | Self::UnsupportedMediaType
            | Self::Invalid(_)
            | Self::KeyReused
            | Self::RateLimited(_)
            | Self::Overloaded
            | Self::Internal => None,
        }
    }

    /// Its status.
    pub(crate) fn status(&self) -> StatusCode {
        self.kind().0
    }

    /// Its body.
    pub(crate) fn json(&self) -> Vec<u8> {
        let (status, name, title) = self.kind();
        let detail = self.detail();
        let (code, errors) = match self {
            Self::Refused { code, .. } => (Some(code.as_str()), &[][..]),
            Self::Invalid(errors) | Self::Malformed(errors) => (None, errors.as_slice()),
            _ => (None, &[][..]),
        };
        let body = Body {
            r#type: format!("{TYPE_PREFIX}{name}"),
            title,
            status: status.as_u16(),
            detail: detail.as_deref(),
            code,
            errors: &errors[..errors.len().min(ERRORS_MAX)],
        };
        serde_json::to_vec(&body).unwrap_or_default()
    }

    /// The answer.
    pub fn response(&self) -> Response {
        let mut response = Response::new(self.json().into());
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        match self {
            Self::Unauthorized => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            // RFC 6750, 3.1
            Self::InvalidToken => {
                let challenge = HeaderValue::from_static(r#"Bearer error="invalid_token""#);
                headers.insert(header::WWW_AUTHENTICATE, challenge);
            }
            Self::MethodNotAllowed(methods) => {
                if let Ok(methods) = HeaderValue::from_str(methods) {
                    headers.insert(header::ALLOW, methods);
                }
            }
            Self::RateLimited(after) => {
                // Whole seconds (RFC 9110, 10.2.3), and never too early.
                headers.insert(header::RETRY_AFTER, HeaderValue::from(after.as_secs() + 1));
            }
            Self::TooMany(_) | Self::Overloaded | Self::Unavailable(_) | Self::Behind(_) => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            }
            _ => {}
        }
        response
    }
}
