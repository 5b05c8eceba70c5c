//! What each gateway can do. The payment rules refuse what it cannot before anything is sent.

use serde::Serialize;

/// What a gateway can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "a table of what is and is not there")]
pub struct Capabilities {
    /// Authorizes without taking the money.
    pub manual_capture: bool,
    /// Takes less than was authorized, and releases the rest.
    pub partial_capture: bool,
    /// Takes what was authorized in several captures.
    pub multiple_captures: bool,
    /// Releases what is left after a capture.
    pub partial_void: bool,
    /// Gives back a part of what was taken.
    pub partial_refund: bool,
    /// Creates first, which moves nothing, and authorizes in a second step. Where that can be had it is used: what was
    /// created has an id, so that its fate can be asked for whatever gets lost.
    pub two_steps: bool,
    /// Has the customer act when the issuer wants to.
    pub actions: bool,
    /// Sets a payment method up for later charges without the customer. Where it does not, a token can be charged later as it is.
    pub saves_methods: bool,
    /// For how long it surely remembers an idempotency key, milliseconds.
    pub key_memory_ms: i64,
    /// For how long it holds what is authorized, unless it says so itself, milliseconds.
    pub authorization_ms: i64,
}
