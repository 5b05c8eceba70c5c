//! Records of `schemas/payment_method/`.

mod command;
mod events;
mod gateway;
mod state;

pub use self::{
    command::{ConfirmPaymentMethod, CreatePaymentMethod, RemovePaymentMethod},
    events::{
        PaymentMethodActionRequired, PaymentMethodActivated, PaymentMethodConfirmed, PaymentMethodCreated,
        PaymentMethodFailed, PaymentMethodRemoved, PaymentMethodSetUp, PaymentMethodSetUpFailed,
    },
    gateway::{SetUpEffect, SetUpResult},
    state::{PaymentMethodChangelog, PaymentMethodState, SetUp},
};
