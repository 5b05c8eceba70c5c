//! Payments, their operations, and commands.

use quittance_avro::refusals::Refusal;
use warp::http::StatusCode;

use crate::{
    create::payment_shape,
    openapi::{
        description::{Answer, Description, Tag},
        parameters::{self, Parameter},
        problems::invalid,
    },
    operation::{Operation, shape},
    problem::Problem,
};

pub(super) fn create() -> Description {
    let about = "The answer waits until the payment has left `processing`, for 8 seconds unless `Prefer` says otherwise. A decline is no problem \
                 of the request: the payment is there, and its `failure` says why.";
    let refusals = [
        Refusal::AlreadyExists,
        Refusal::AmountInvalid,
        Refusal::NoToken,
        Refusal::NoRoute,
        Refusal::CurrencyNotAllowed,
        Refusal::AmountBelowMinimum,
        Refusal::AmountAboveMaximum,
        Refusal::PaymentArchived,
    ];
    Description::new("createPayment", Tag::Payments, "Take a payment", about)
        .body(payment_shape())
        .command(StatusCode::CREATED, "Payment", refusals)
        .fails([invalid("amount", "must be a positive integer of minor units, got -5")])
}

pub(super) fn list() -> Description {
    let about = "The tenant's payments in the mode of the credential, the newest first, in pages: those of which all that is asked for is true. A \
                 cursor belongs to the list with the filters that it came with.";
    Description::new("listPayments", Tag::Payments, "List payments", about)
        .takes(parameters::page())
        .takes(parameters::filters())
        .answers(Answer::ok("PaymentPage", "A page of payments."))
}

pub(super) fn read() -> Description {
    Description::new(
        "readPayment",
        Tag::Payments,
        "Read a payment",
        "What is known of it, as far as the read model has caught up.",
    )
    .takes([
        parameters::payment(),
        Parameter::Shared("After"),
        Parameter::Shared("Prefer"),
        Parameter::Shared("IfNoneMatch"),
    ])
    .answers(Answer { headers: &["ETag"], ..Answer::ok("Payment", "The payment.") })
    .answers(Answer::not_modified())
    .fails([Problem::Behind(3)])
}

pub(super) fn operate(operation: Operation) -> Description {
    let (id, summary, about) = words(operation);
    // Whatever is asked for.
    let always = [Refusal::TooManyOperations, Refusal::PaymentArchived];
    Description::new(id, Tag::Payments, summary, about).takes([parameters::payment()]).body(shape(operation)).command(
        operation.status(),
        "Payment",
        refusals(operation).iter().copied().chain(always),
    )
}

const fn words(operation: Operation) -> (&'static str, &'static str, &'static str) {
    match operation {
        Operation::Capture => (
            "capturePayment",
            "Capture",
            "Takes what is authorized, or a part of it. What is left is released, unless `final` says that more will be captured.",
        ),
        Operation::Refund => ("refundPayment", "Refund", "Gives back what was captured, or a part of it."),
        Operation::Cancel => (
            "cancelPayment",
            "Cancel",
            "Gives it up: by a void if it is authorized; while it is being authorized, what may yet succeed is voided.",
        ),
        Operation::Confirm => (
            "confirmPayment",
            "Confirm that the customer has acted",
            "Asks the gateway whether the customer has acted, without waiting for the next look.",
        ),
        Operation::Approve => ("approvePayment", "Approve", "Ends a hold: the payment is sent to a gateway."),
        Operation::Reject => ("rejectPayment", "Reject", "Ends a hold: the payment fails, and nothing was sent."),
        Operation::Resolve => (
            "resolveReview",
            "Resolve a review",
            "Says what a person found out about a payment that is under review. The payment and the ledger follow.",
        ),
        Operation::Update => (
            "updatePayment",
            "Change the text of a payment",
            "A JSON merge patch (RFC 7396) of its text: what is absent stays. Money and status are not changed this way. Of two \
             changes that are made of the same text one is refused, so that none is lost: ask again under another `Idempotency-Key`.",
        ),
    }
}

const fn refusals(operation: Operation) -> &'static [Refusal] {
    match operation {
        Operation::Capture => &[
            Refusal::NotCapturable,
            Refusal::CaptureExceedsAuthorized,
            Refusal::AmountInvalid,
            Refusal::NoRoute,
            Refusal::NotSupportedByGateway,
        ],
        Operation::Refund => &[
            Refusal::NotRefundable,
            Refusal::PaymentDisputed,
            Refusal::RefundExceedsCaptured,
            Refusal::AmountInvalid,
            Refusal::NoRoute,
            Refusal::NotSupportedByGateway,
        ],
        Operation::Cancel => {
            &[Refusal::NotCancelable, Refusal::OperationInProgress, Refusal::NoRoute, Refusal::NotSupportedByGateway]
        }
        Operation::Confirm => &[Refusal::NoActionRequired],
        Operation::Approve | Operation::Reject => &[Refusal::NotOnHold],
        Operation::Resolve => &[Refusal::NotUnderReview, Refusal::ResolutionInvalid],
        Operation::Update => &[Refusal::TextChanged],
    }
}

pub(super) fn read_refund() -> Description {
    Description::new("readRefund", Tag::Payments, "Read a refund", "The refund as its payment has it in `refunds`.")
        .takes([parameters::refund()])
        .answers(Answer::ok("Operation", "The refund."))
}

pub(super) fn read_command() -> Description {
    let about = "What became of a request that asked for something. What was done is remembered for as long as what it was done to; a refusal \
                 for seven days.";
    Description::new("readCommand", Tag::Commands, "Read what became of a command", about)
        .takes([parameters::command()])
        .answers(Answer::ok("Command", "The command."))
}
