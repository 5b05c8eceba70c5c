//! What an adapter and the HTTP part owe each other: a request, and how its one exchange ended.

use std::fmt;

use quittance_service::secret::Secret;

/// The longest body of an answer that is read, in bytes: a hundred refunds have about 100 kB. A larger one is [`Broken`].
pub const BODY_BYTES_MAX: usize = 256 * 1024;

/// HTTP method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Asks for what is there.
    Get,
    /// Asks for something to be done.
    Post,
}

impl Method {
    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// What is asked of a gateway. It holds the payment method's token, so it has no `Debug` and is never logged.
pub struct Request {
    /// HTTP method.
    pub method: Method,
    /// Path and query below the account's address, from the slash on.
    pub target: String,
    /// Headers beside those that HTTP itself needs.
    pub headers: Vec<(&'static str, String)>,
    /// The bearer of the `authorization` header, if there is to be one.
    pub bearer: Option<Secret>,
    /// Body, if there is one.
    pub body: Option<String>,
}

/// How an exchange ended, as far as HTTP can tell. What that means for the payment is the adapter's to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exchange {
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
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
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

impl Exchange {
    /// Whether the gateway did what it was asked, so that what builds on it can be asked.
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Answered { status: 200..=299, body: Ok(_) })
    }
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
