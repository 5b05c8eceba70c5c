//! Facts about a saved payment method.

use quittance_avro::{
    records::{
        Envelope, PaymentMethodActionRequired, PaymentMethodActivated, PaymentMethodConfirmed, PaymentMethodCreated,
        PaymentMethodFailed, PaymentMethodRemoved, PaymentMethodSetUp, PaymentMethodSetUpFailed, Record as _,
    },
    registry::{Registry, RegistryError},
    topics::Topic,
    wire::{EncodeError, Encoder},
    words::PaymentMethodStatus,
};

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident($record:ident) as $field:ident;)*) => {
        /// A fact about a saved payment method.
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

            /// Where the method stands after it.
            pub fn status(&self) -> PaymentMethodStatus {
                match self { $(Self::$name(event) => event.status,)* }
            }
        }

        /// Encoders of events.
        #[derive(Clone)]
        pub(crate) struct EventEncoders {
            $($field: Encoder<$record>,)*
        }

        impl EventEncoders {
            /// Looks the ids of this build's schemas up.
            pub(crate) async fn look_up(registry: &Registry) -> Result<Self, RegistryError> {
                Ok(Self { $($field: registry.encoder(Topic::PaymentMethodEvents).await?,)* })
            }

            /// Numbers this build's schemas by itself, for a log that no registry stands beside.
            pub(crate) fn of_this_build() -> Self {
                Self { $($field: Encoder::of_this_build(),)* }
            }

            /// The event's record, encoded.
            pub(crate) fn encode(&self, event: &Event) -> Result<Vec<u8>, EncodeError> {
                match event { $(Event::$name(record) => self.$field.encode(record),)* }
            }
        }
    };
}

events! {
    /// `payment_method.created`
    Created(PaymentMethodCreated) as created;
    /// `payment_method.action_required`
    ActionRequired(PaymentMethodActionRequired) as action_required;
    /// `payment_method.confirmed`
    Confirmed(PaymentMethodConfirmed) as confirmed;
    /// `payment_method.set_up`
    SetUp(PaymentMethodSetUp) as set_up;
    /// `payment_method.set_up_failed`
    SetUpFailed(PaymentMethodSetUpFailed) as set_up_failed;
    /// `payment_method.activated`
    Activated(PaymentMethodActivated) as activated;
    /// `payment_method.failed`
    Failed(PaymentMethodFailed) as failed;
    /// `payment_method.removed`
    Removed(PaymentMethodRemoved) as removed;
}
