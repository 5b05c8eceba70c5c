//! Saved payment methods.

use quittance_avro::refusals::Refusal;
use warp::http::StatusCode;

use crate::{
    create::payment_method_shape,
    method::{MethodChange, nothing_shape},
    openapi::{
        description::{Answer, Description, Tag},
        parameters::{self, Parameter},
    },
    problem::Problem,
};

pub(super) fn create() -> Description {
    let about = "Where a gateway wants to set a method up before it is charged without the customer, it is asked to, and what it gives back is the \
                 token from then on. No money is moved.";
    Description::new("createPaymentMethod", Tag::PaymentMethods, "Save a payment method", about)
        .body(payment_method_shape())
        .command(StatusCode::CREATED, "PaymentMethod", [Refusal::AlreadyExists, Refusal::GatewayAccountUnknown])
}

pub(super) fn read() -> Description {
    Description::new(
        "readPaymentMethod",
        Tag::PaymentMethods,
        "Read a payment method",
        "What is known of it, and where it stands.",
    )
    .takes([parameters::method(), Parameter::Shared("After"), Parameter::Shared("Prefer")])
    .answers(Answer::ok("PaymentMethod", "The payment method."))
    .fails([Problem::Behind(3)])
}

pub(super) fn change(change: MethodChange) -> Description {
    let (id, summary, about, refusals): (_, _, _, &[Refusal]) = match change {
        MethodChange::Confirm => (
            "confirmPaymentMethod",
            "Confirm that the customer has acted",
            "Asks the gateways whether the customer has acted, without waiting for the next look.",
            &[Refusal::NoActionRequired, Refusal::TooManyCommands],
        ),
        MethodChange::Remove => (
            "removePaymentMethod",
            "Remove a payment method",
            "It cannot be used any more, and its tokens are forgotten. It can still be read.",
            &[Refusal::PaymentMethodRemoved],
        ),
    };
    Description::new(id, Tag::PaymentMethods, summary, about)
        .takes([parameters::method()])
        .body(nothing_shape())
        .command(StatusCode::OK, "PaymentMethod", refusals.iter().copied())
}
