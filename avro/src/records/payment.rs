//! Records of `schemas/payment/`.

mod command;
mod events;
mod gateway;
mod history;
mod method;
mod report;
mod request;
mod standing;
mod state;

pub use self::{
    command::{CreatePayment, Outcome},
    events::{PaymentAuthorized, PaymentCaptured, PaymentCreated, PaymentDeclined, PaymentFailed, PaymentReviewOpened},
    gateway::{Failure, GatewayDetails, GatewayEffect, GatewayResult},
    history::{
        PaymentActionRequired, PaymentApproved, PaymentAttemptStarted, PaymentCancelRequested, PaymentCanceled,
        PaymentConfirmed, PaymentDisputeClosed, PaymentDisputeOpened, PaymentExpired, PaymentHeld,
        PaymentOperationCorrected, PaymentOperationFailed, PaymentOperationRequested, PaymentRefunded, PaymentRejected,
        PaymentReviewResolved, PaymentUnwantedSuccess, PaymentUpdated, PaymentVoided,
    },
    method::{GatewayToken, MetadataPair, PaymentMethod, ThreeDSecure},
    report::{GatewayFact, GatewayReport},
    request::{
        ApprovePayment, CancelPayment, CapturePayment, ConfirmPayment, RefundPayment, RejectPayment, ResolveReview,
        UpdatePayment,
    },
    standing::{Hold, NextAction, Routing, Standing},
    state::{
        Attempt, Operation, PaymentChangelog, PaymentState, PaymentStub, RefusedCreation, RememberedCommand,
        RememberedRefusal, Review, Timer,
    },
};
