//! Payment gateways as pure mappings: what to ask them, what their answers mean, what they can do. No I/O, no clock.
//!
//! Each gateway is a folder with an [`Adapter`] in it. What holds of all of them:
//!
//! - *An attempt asks for one thing.* Every try of it has the same key and the same bytes.
//! - *What is not certain is unknown.* A verdict says that something was processed, or that it was not, only where the gateway's
//!   own table says so. All else is `unknown`: an answer of a proxy, a body that is cut off, one that contradicts itself or
//!   the question.
//! - *What is told is bounded.* Texts of a gateway are short or left out, and numbers of a card are only as long as they may be.
//!   Messages for people are our own words.
//! - *A secret is shown to the request's HTTP client alone.*

#![forbid(unsafe_code)]

mod adapter;
mod answer;
mod capabilities;
mod credentials;
#[cfg(test)]
mod docs;
mod exchange;
mod notice;
mod report;
#[cfg(any(test, feature = "samples"))]
pub mod samples;
mod signature;
mod simulator;
pub mod stripe;
mod texts;
mod verdict;

use quittance_avro::words::GatewayKind;

pub use self::{
    adapter::Adapter,
    capabilities::Capabilities,
    credentials::Credentials,
    exchange::{BODY_BYTES_MAX, Broken, Exchange, Method, Request},
    notice::{NOTICE_BYTES_MAX, Notice, NoticeError},
    signature::{SignatureError, TOLERANCE_SECONDS, is_signed},
    verdict::Verdict,
};

/// The adapter for that gateway.
pub fn adapter(kind: GatewayKind) -> &'static dyn Adapter {
    match kind {
        GatewayKind::Simulator => &simulator::Simulator,
        GatewayKind::Stripe => &stripe::Stripe,
    }
}

/// What that gateway can do.
pub fn capabilities(kind: GatewayKind) -> &'static Capabilities {
    adapter(kind).capabilities()
}
