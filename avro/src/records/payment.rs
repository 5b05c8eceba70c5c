//! Records of `schemas/payment/`.

mod command;
mod events;
mod gateway;
mod method;
mod state;

pub use self::{
    command::{CreatePayment, Outcome},
    events::{PaymentAuthorized, PaymentCaptured, PaymentCreated, PaymentDeclined, PaymentFailed, PaymentReviewOpened},
    gateway::{Failure, GatewayDetails, GatewayEffect, GatewayResult},
    method::{GatewayToken, PaymentMethod, ThreeDSecure},
    state::{Attempt, Operation, PaymentChangelog, PaymentState, RememberedCommand, Review, Timer},
};
