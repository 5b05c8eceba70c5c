//! Facts about a payment.

use quittance_avro::{
    records::{
        Envelope, PaymentActionRequired, PaymentApproved, PaymentAttemptStarted, PaymentAuthorized,
        PaymentCancelRequested, PaymentCanceled, PaymentCaptured, PaymentConfirmed, PaymentCreated, PaymentDeclined,
        PaymentDisputeClosed, PaymentDisputeOpened, PaymentExpired, PaymentFailed, PaymentHeld,
        PaymentOperationCorrected, PaymentOperationFailed, PaymentOperationRequested, PaymentRefunded, PaymentRejected,
        PaymentReviewOpened, PaymentReviewResolved, PaymentUnwantedSuccess, PaymentUpdated, PaymentVoided, Record as _,
        Standing,
    },
    registry::{Registry, RegistryError},
    topics::Topic,
    wire::{EncodeError, Encoder},
};

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident($record:ident) as $field:ident;)*) => {
        /// A fact about a payment.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Event {
            $($(#[$doc])* $name($record),)*
        }

        impl Event {
            /// Full names of the records of all events.
            pub const RECORDS: &'static [&'static str] = &[$($record::NAME,)*];

            /// Who, what, when and why of its record.
            pub fn envelope(&self) -> &Envelope {
                match self { $(Self::$name(event) => &event.envelope,)* }
            }

            /// Where the payment stands after it.
            pub fn standing(&self) -> Option<&Standing> {
                match self { $(Self::$name(event) => event.standing.as_ref(),)* }
            }

            /// The last part of its type: `created` of `payment.created`.
            pub fn name(&self) -> &'static str {
                match self { $(Self::$name(_) => stringify!($field),)* }
            }
        }

        /// Encoders of events.
        #[derive(Clone)]
        pub(super) struct EventEncoders {
            $($field: Encoder<$record>,)*
        }

        impl EventEncoders {
            /// Looks the ids of this build's schemas up.
            pub(super) async fn look_up(registry: &Registry) -> Result<Self, RegistryError> {
                Ok(Self { $($field: registry.encoder(Topic::PaymentEvents).await?,)* })
            }

            /// Numbers this build's schemas by itself, for a log that no registry stands beside.
            pub(super) fn of_this_build() -> Self {
                Self { $($field: Encoder::of_this_build(),)* }
            }

            /// The record's bytes.
            pub(super) fn encode(&self, event: &Event) -> Result<Vec<u8>, EncodeError> {
                match event { $(Event::$name(event) => self.$field.encode(event),)* }
            }
        }
    };
}

events! {
    /// `payment.created`
    Created(PaymentCreated) as created;
    /// `payment.authorized`
    Authorized(PaymentAuthorized) as authorized;
    /// `payment.captured`
    Captured(PaymentCaptured) as captured;
    /// `payment.declined`
    Declined(PaymentDeclined) as declined;
    /// `payment.failed`
    Failed(PaymentFailed) as failed;
    /// `payment.review_opened`
    ReviewOpened(PaymentReviewOpened) as review_opened;
    /// `payment.operation_requested`
    OperationRequested(PaymentOperationRequested) as operation_requested;
    /// `payment.operation_failed`
    OperationFailed(PaymentOperationFailed) as operation_failed;
    /// `payment.operation_corrected`
    OperationCorrected(PaymentOperationCorrected) as operation_corrected;
    /// `payment.refunded`
    Refunded(PaymentRefunded) as refunded;
    /// `payment.voided`
    Voided(PaymentVoided) as voided;
    /// `payment.action_required`
    ActionRequired(PaymentActionRequired) as action_required;
    /// `payment.confirmed`
    Confirmed(PaymentConfirmed) as confirmed;
    /// `payment.cancel_requested`
    CancelRequested(PaymentCancelRequested) as cancel_requested;
    /// `payment.canceled`
    Canceled(PaymentCanceled) as canceled;
    /// `payment.expired`
    Expired(PaymentExpired) as expired;
    /// `payment.held`
    Held(PaymentHeld) as held;
    /// `payment.approved`
    Approved(PaymentApproved) as approved;
    /// `payment.rejected`
    Rejected(PaymentRejected) as rejected;
    /// `payment.review_resolved`
    ReviewResolved(PaymentReviewResolved) as review_resolved;
    /// `payment.attempt_started`
    AttemptStarted(PaymentAttemptStarted) as attempt_started;
    /// `payment.unwanted_success`
    UnwantedSuccess(PaymentUnwantedSuccess) as unwanted_success;
    /// `payment.updated`
    Updated(PaymentUpdated) as updated;
    /// `payment.dispute_opened`
    DisputeOpened(PaymentDisputeOpened) as dispute_opened;
    /// `payment.dispute_closed`
    DisputeClosed(PaymentDisputeClosed) as dispute_closed;
}
