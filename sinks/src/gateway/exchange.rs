//! What an adapter and the HTTP part owe each other: a request, and how its one exchange ended.

use std::fmt;

use reqwest::Method;

/// What is asked of a gateway. It holds the payment method's token, so it has no `Debug` and is never logged.
pub(super) struct Request {
    /// HTTP method.
    pub(super) method: Method,
    /// Path and query below the account's address, from the slash on.
    pub(super) target: String,
    /// Headers beside those that HTTP itself needs.
    pub(super) headers: Vec<(&'static str, String)>,
    /// Body, if there is one.
    pub(super) body: Option<String>,
}

/// How an exchange ended, as far as HTTP can tell. What that means for the payment is the adapter's to say.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Exchange {
    /// No byte of the request was written.
    NotSent(String),
    /// The request may have been written, and no status came back.
    Unanswered(Broken),
    /// A status came back.
    Answered {
        /// The status.
        status: u16,
        /// The whole body, or why there is none.
        body: Result<Vec<u8>, Broken>,
    },
}

/// Why an exchange did not come to its end.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Broken {
    /// It took too long.
    #[error("timed out")]
    TimedOut,
    /// The body is larger than any answer of a gateway.
    #[error("the body is larger than {0} bytes")]
    TooLarge(usize),
    /// The connection failed, or what came was not HTTP.
    #[error("{0}")]
    Failed(String),
}

/// For the log: nothing of the request, nothing of the body.
impl fmt::Display for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSent(why) => write!(f, "not sent: {why}"),
            Self::Unanswered(why) => write!(f, "no answer: {why}"),
            Self::Answered { status, body: Ok(_) } => write!(f, "status {status}"),
            Self::Answered { status, body: Err(why) } => write!(f, "status {status}, but {why}"),
        }
    }
}
