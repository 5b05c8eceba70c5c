//! What a client asks of a payment.

use quittance_avro::{
    ids::CommandId,
    records::{
        ApprovePayment, CancelPayment, CapturePayment, ConfirmPayment, CreatePayment, Envelope, Fingerprint,
        RefundPayment, RejectPayment, ResolveReview, UpdatePayment,
    },
};

/// A command with the id that it is remembered by.
#[derive(Debug, Clone, PartialEq)]
pub struct Command {
    /// `cmd_…`, as it stands in the envelope.
    pub id: CommandId,
    /// What is asked for.
    pub request: Request,
}

macro_rules! requests {
    ($($(#[$doc:meta])* $name:ident($record:ident) = $operation:literal;)*) => {
        /// What is asked for.
        #[derive(Debug, Clone, PartialEq)]
        #[expect(clippy::large_enum_variant, reason = "one request is held at a time, by the step that decides it")]
        pub enum Request {
            $($(#[$doc])* $name($record),)*
        }

        impl Request {
            /// Name of the request in outcomes and remembered commands.
            pub fn operation(&self) -> &'static str {
                match self { $(Self::$name(_) => $operation,)* }
            }

            /// Who, what, when and why of its record.
            pub fn envelope(&self) -> &Envelope {
                match self { $(Self::$name(record) => &record.envelope,)* }
            }

            /// What the request said.
            pub fn fingerprint(&self) -> &Fingerprint {
                match self { $(Self::$name(record) => &record.fingerprint,)* }
            }
        }

        $(impl From<$record> for Request {
            fn from(record: $record) -> Self {
                Self::$name(record)
            }
        })*
    };
}

requests! {
    /// Take a payment.
    Create(CreatePayment) = "payments.create";
    /// Take what is authorized.
    Capture(CapturePayment) = "payments.capture";
    /// Give back what was taken.
    Refund(RefundPayment) = "payments.refund";
    /// Give it up.
    Cancel(CancelPayment) = "payments.cancel";
    /// The customer has acted.
    Confirm(ConfirmPayment) = "payments.confirm";
    /// Send what is on hold.
    Approve(ApprovePayment) = "payments.approve";
    /// Do not send what is on hold.
    Reject(RejectPayment) = "payments.reject";
    /// What a person found out.
    Resolve(ResolveReview) = "payments.resolve";
    /// Replace its text.
    Update(UpdatePayment) = "payments.update";
}
