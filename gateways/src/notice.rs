//! What a gateway tells us of its own accord.

use quittance_avro::ids::{AttemptId, PaymentId};

/// The longest body of a webhook that is looked at, in bytes.
pub const NOTICE_BYTES_MAX: usize = 256 * 1024;

/// Something happened to a payment at a gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The gateway's id of the notice, the same however often it is sent.
    pub id: String,
    /// What happened, in the gateway's word.
    pub kind: String,
    /// The gateway's id of the payment.
    pub gateway_reference: String,
    /// Our payment, as the gateway kept it.
    pub payment_id: Option<PaymentId>,
    /// The attempt of ours that it is about, as the gateway kept it.
    pub attempt_id: Option<AttemptId>,
}

/// Why a webhook's body is no notice.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoticeError {
    /// It is larger than any.
    #[error("the body is larger than {NOTICE_BYTES_MAX} bytes")]
    TooLarge,
    /// It is not of the gateway's dialect.
    #[error("the body is none of this gateway's webhooks")]
    Malformed,
    /// It is about something other than a payment. That is no mistake: the gateway tells more than we asked for.
    #[error("the webhook is about no payment")]
    NoPayment,
}
