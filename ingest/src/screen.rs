//! What stands around a body and must not contain a card number or an API key: the path, the parameters, and the headers that are read.
//!
//! It is looked at before anything of a request is logged, matched or kept, and before the caller is known: a card number in a path ends
//! in the logs of whatever stands in front of us, and whoever sent it has to hear of that. Pure.
//!
//! Ids do not count, whichever they are the ids of ([`card_number`](crate::card_number)).

use percent_encoding::percent_decode_str;
use warp::http::HeaderMap;

use crate::{
    problem::{FieldError, Problem},
    query::Query,
    text,
};

/// The headers that are looked at: what we read as text, or somebody may log. Of the others that we read, credentials belong where they are
/// and are never logged, and the rest (traces, tags, signatures, addresses) is parsed strictly. Proxies and tracers put numbers of their
/// own into some (`x-datadog-trace-id` has 19 digits), by which one request in a hundred would be refused.
const SCREENED: [&str; 10] = [
    "accept",
    "content-type",
    "idempotency-key",
    "last-event-id",
    "origin",
    "prefer",
    "quittance-version",
    "referer",
    "user-agent",
    "x-request-id",
];

/// Refuses a request whose path, parameters or headers contain what must not be sent. `path` is as it was sent; the names and values of
/// `query` are decoded. Nothing of what was found is in the answer.
pub(crate) fn screen(path: &str, query: &Query, headers: &HeaderMap) -> Result<(), Problem> {
    let mut errors = Vec::new();
    let mut refuse = |field: &str, message: &str| {
        errors.push(FieldError { field: field.to_owned(), message: message.to_owned() });
    };
    // Of the whole, too: slashes do not hide a number.
    if let Some(message) = text::unwanted(&percent_decode_str(path).decode_utf8_lossy()) {
        refuse("path", message);
    }
    for (name, value) in &query.0 {
        // Both at once: what is split over them is found, too.
        if let Some(message) = text::unwanted(&format!("{name}={value}")) {
            refuse(&FieldError::shown(name), message);
        }
    }
    for name in SCREENED {
        let mut values = headers.get_all(name).iter();
        if let Some(message) = values.find_map(|value| text::unwanted(&String::from_utf8_lossy(value.as_bytes()))) {
            refuse(name, message);
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(Problem::Malformed(errors)) }
}

#[cfg(test)]
mod tests;
