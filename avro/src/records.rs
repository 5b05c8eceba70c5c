//! Rust types of the Avro records. Names and order of fields are those of the schemas; the tests hold them together.
//!
//! The same types are what the stores keep as JSON: there, bytes are base64.

mod bytes;
mod common;
mod payment;
mod runtime;

pub use self::{
    bytes::Bytes,
    common::{Actor, Envelope, Fingerprint, Sealed},
    payment::{
        Attempt, CreatePayment, Failure, GatewayDetails, GatewayEffect, GatewayResult, GatewayToken, Operation,
        Outcome, PaymentAuthorized, PaymentCaptured, PaymentChangelog, PaymentCreated, PaymentDeclined, PaymentFailed,
        PaymentMethod, PaymentReviewOpened, PaymentState, RememberedCommand, Review, ThreeDSecure, Timer,
    },
    runtime::{DeadLetter, Header, Installation, TenantKey},
};

/// A record of the contract.
pub trait Record: serde::Serialize + serde::de::DeserializeOwned {
    /// Full name of its schema.
    const NAME: &'static str;
}

macro_rules! records {
    ($($name:ident in $namespace:literal;)*) => {
        $(impl Record for $name {
            const NAME: &'static str = concat!($namespace, ".", stringify!($name));
        })*
    };
}

records! {
    CreatePayment in "quittance.payment";
    PaymentCreated in "quittance.payment";
    PaymentAuthorized in "quittance.payment";
    PaymentCaptured in "quittance.payment";
    PaymentDeclined in "quittance.payment";
    PaymentFailed in "quittance.payment";
    PaymentReviewOpened in "quittance.payment";
    PaymentState in "quittance.payment";
    PaymentChangelog in "quittance.payment";
    GatewayEffect in "quittance.payment";
    GatewayResult in "quittance.payment";
    Outcome in "quittance.payment";
    DeadLetter in "quittance.runtime";
    TenantKey in "quittance.runtime";
    Installation in "quittance.runtime";
}
