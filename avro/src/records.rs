//! Rust types of the Avro records. Names and order of fields are those of the schemas; the tests hold them together.
//!
//! The same types are what the stores keep as JSON: there, bytes are base64.

mod access;
mod bytes;
mod common;
mod configuration;
mod gateway;
mod ledger;
mod payment;
mod payment_method;
mod runtime;

pub use self::{
    access::{ApiKey, ApiKeyUse},
    bytes::Bytes,
    common::{Actor, Envelope, Fingerprint, Sealed},
    configuration::{
        CurrencyLimit, FeeRule, FeeRules, GatewayAccount, MetadataCondition, PaymentLimits, RoutingConditions,
        RoutingRule, RoutingRules, WeightedAccount,
    },
    gateway::{GatewayAnomaly, GatewayHealth, GatewayNotice},
    ledger::{Posting, Transfer},
    payment::{
        ApprovePayment, Attempt, CancelPayment, CapturePayment, ConfirmPayment, CreatePayment, Failure, GatewayDetails,
        GatewayEffect, GatewayFact, GatewayReport, GatewayResult, GatewayToken, Hold, MetadataPair, NextAction,
        Operation, Outcome, PaymentActionRequired, PaymentApproved, PaymentAttemptStarted, PaymentAuthorized,
        PaymentCancelRequested, PaymentCanceled, PaymentCaptured, PaymentChangelog, PaymentConfirmed, PaymentCreated,
        PaymentDeclined, PaymentDisputeClosed, PaymentDisputeOpened, PaymentExpired, PaymentFailed, PaymentHeld,
        PaymentMethod, PaymentOperationCorrected, PaymentOperationFailed, PaymentOperationRequested, PaymentRefunded,
        PaymentRejected, PaymentReviewOpened, PaymentReviewResolved, PaymentState, PaymentStub, PaymentUnwantedSuccess,
        PaymentUpdated, PaymentVoided, RefundPayment, RefusedCreation, RejectPayment, RememberedCommand,
        RememberedRefusal, ResolveReview, Review, Routing, Standing, ThreeDSecure, Timer, UpdatePayment,
    },
    payment_method::{
        ConfirmPaymentMethod, CreatePaymentMethod, PaymentMethodActionRequired, PaymentMethodActivated,
        PaymentMethodChangelog, PaymentMethodConfirmed, PaymentMethodCreated, PaymentMethodFailed,
        PaymentMethodRemoved, PaymentMethodSetUp, PaymentMethodSetUpFailed, PaymentMethodState, RemovePaymentMethod,
        SetUp, SetUpEffect, SetUpResult,
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
    CapturePayment in "quittance.payment";
    RefundPayment in "quittance.payment";
    CancelPayment in "quittance.payment";
    ConfirmPayment in "quittance.payment";
    ApprovePayment in "quittance.payment";
    RejectPayment in "quittance.payment";
    ResolveReview in "quittance.payment";
    UpdatePayment in "quittance.payment";
    PaymentCreated in "quittance.payment";
    PaymentAuthorized in "quittance.payment";
    PaymentCaptured in "quittance.payment";
    PaymentDeclined in "quittance.payment";
    PaymentFailed in "quittance.payment";
    PaymentReviewOpened in "quittance.payment";
    PaymentOperationRequested in "quittance.payment";
    PaymentOperationFailed in "quittance.payment";
    PaymentOperationCorrected in "quittance.payment";
    PaymentRefunded in "quittance.payment";
    PaymentVoided in "quittance.payment";
    PaymentActionRequired in "quittance.payment";
    PaymentConfirmed in "quittance.payment";
    PaymentCancelRequested in "quittance.payment";
    PaymentCanceled in "quittance.payment";
    PaymentExpired in "quittance.payment";
    PaymentHeld in "quittance.payment";
    PaymentApproved in "quittance.payment";
    PaymentRejected in "quittance.payment";
    PaymentReviewResolved in "quittance.payment";
    PaymentAttemptStarted in "quittance.payment";
    PaymentUnwantedSuccess in "quittance.payment";
    PaymentUpdated in "quittance.payment";
    PaymentDisputeOpened in "quittance.payment";
    PaymentDisputeClosed in "quittance.payment";
    PaymentState in "quittance.payment";
    PaymentChangelog in "quittance.payment";
    RefusedCreation in "quittance.payment";
    PaymentStub in "quittance.payment";
    GatewayEffect in "quittance.payment";
    GatewayResult in "quittance.payment";
    Outcome in "quittance.payment";
    Transfer in "quittance.ledger";
    GatewayAccount in "quittance.configuration";
    RoutingRules in "quittance.configuration";
    PaymentLimits in "quittance.configuration";
    FeeRules in "quittance.configuration";
    ApiKey in "quittance.access";
    ApiKeyUse in "quittance.access";
    GatewayHealth in "quittance.gateway";
    GatewayNotice in "quittance.gateway";
    GatewayAnomaly in "quittance.gateway";
    DeadLetter in "quittance.runtime";
    TenantKey in "quittance.runtime";
    Installation in "quittance.runtime";
    CreatePaymentMethod in "quittance.payment_method";
    ConfirmPaymentMethod in "quittance.payment_method";
    RemovePaymentMethod in "quittance.payment_method";
    SetUpEffect in "quittance.payment_method";
    SetUpResult in "quittance.payment_method";
    PaymentMethodCreated in "quittance.payment_method";
    PaymentMethodActionRequired in "quittance.payment_method";
    PaymentMethodConfirmed in "quittance.payment_method";
    PaymentMethodSetUp in "quittance.payment_method";
    PaymentMethodSetUpFailed in "quittance.payment_method";
    PaymentMethodActivated in "quittance.payment_method";
    PaymentMethodFailed in "quittance.payment_method";
    PaymentMethodRemoved in "quittance.payment_method";
    PaymentMethodState in "quittance.payment_method";
    PaymentMethodChangelog in "quittance.payment_method";
}
