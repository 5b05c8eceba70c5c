//! What can be asked of a payment that is there, parsed. Pure.

mod parse;
mod shape;

use quittance_avro::{
    money::MinorUnits,
    records::{
        ApprovePayment, CancelPayment, CapturePayment, ConfirmPayment, Envelope, Fingerprint, RefundPayment,
        RejectPayment, ResolveReview, UpdatePayment,
    },
    words::Resolution,
};
use warp::http::StatusCode;

pub(crate) use self::{parse::parse, shape::shape};
use crate::{metadata, problem::FieldError, publish::Command, search::SealedText, view::Text};

/// What is asked for, by the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Capture,
    Refund,
    Cancel,
    Confirm,
    Approve,
    Reject,
    Resolve,
    Update,
}

/// What is asked for, with what it takes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Asked {
    Capture {
        amount: Option<MinorUnits>,
        is_final: bool,
        reason: Option<String>,
    },
    Refund {
        amount: Option<MinorUnits>,
        reason: Option<String>,
    },
    Cancel {
        reason: Option<String>,
    },
    Confirm,
    Approve {
        reason: Option<String>,
    },
    Reject {
        reason: Option<String>,
    },
    Resolve {
        operation_id: Option<String>,
        resolution: Resolution,
        gateway_reference: Option<String>,
        note: Option<String>,
    },
    /// The members that are to be replaced.
    Update(TextChange),
}

/// A change of a payment's text (RFC 7396): what is absent stays.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct TextChange {
    pub(crate) reference: Option<Option<String>>,
    pub(crate) description: Option<Option<String>>,
    /// By key: the new value, or `None` to remove it.
    pub(crate) metadata: Vec<(String, Option<String>)>,
}

impl Operation {
    /// Name of the request: part of what its id is derived from.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Capture => "payments.capture",
            Self::Refund => "payments.refund",
            Self::Cancel => "payments.cancel",
            Self::Confirm => "payments.confirm",
            Self::Approve => "payments.approve",
            Self::Reject => "payments.reject",
            Self::Resolve => "payments.resolve",
            Self::Update => "payments.update",
        }
    }

    /// The status of an answer that shows what came of it.
    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::Capture | Self::Refund => StatusCode::CREATED,
            Self::Cancel | Self::Confirm | Self::Approve | Self::Reject | Self::Resolve | Self::Update => {
                StatusCode::OK
            }
        }
    }
}

impl Asked {
    /// The command, with what it has of text.
    pub(crate) fn command(self, envelope: Envelope, fingerprint: Fingerprint, text: SealedText) -> Command {
        let SealedText { sealed, search_tokens, made_of: text_sequence } = text;
        match self {
            Self::Capture { amount, is_final, reason } => {
                Command::Capture(CapturePayment { envelope, fingerprint, amount, is_final, reason })
            }
            Self::Refund { amount, reason } => Command::Refund(RefundPayment { envelope, fingerprint, amount, reason }),
            Self::Cancel { reason } => Command::Cancel(CancelPayment { envelope, fingerprint, reason }),
            Self::Confirm => Command::Confirm(ConfirmPayment { envelope, fingerprint }),
            Self::Approve { reason } => Command::Approve(ApprovePayment { envelope, fingerprint, reason }),
            Self::Reject { reason } => Command::Reject(RejectPayment { envelope, fingerprint, reason }),
            Self::Resolve { operation_id, resolution, gateway_reference, note: _ } => Command::Resolve(ResolveReview {
                envelope,
                fingerprint,
                operation_id,
                resolution,
                gateway_reference,
                sealed,
            }),
            Self::Update(_) => {
                Command::Update(UpdatePayment { envelope, fingerprint, sealed, search_tokens, text_sequence })
            }
        }
    }
}

impl TextChange {
    /// The text after the change, unless there would be too much of it.
    pub(crate) fn applied(self, mut text: Text) -> Result<Text, FieldError> {
        if let Some(reference) = self.reference {
            text.reference = reference;
        }
        if let Some(description) = self.description {
            text.description = description;
        }
        for (key, value) in self.metadata {
            match value {
                Some(value) => drop(text.metadata.insert(key, value.into())),
                None => drop(text.metadata.remove(&key)),
            }
        }
        // Keys and values were held to their bounds when each of them came in.
        metadata::fits(text.metadata.len()).map(|()| text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_leaves_no_more_keys_than_there_may_be() {
        let text = || Text {
            metadata: (0..metadata::KEYS_MAX).map(|index| (format!("k{index}"), "v".into())).collect(),
            ..Text::default()
        };
        let change = |metadata: &[(&str, Option<&str>)]| TextChange {
            metadata: metadata.iter().map(|(key, value)| ((*key).to_owned(), value.map(str::to_owned))).collect(),
            ..TextChange::default()
        };
        let keys = |change: TextChange| change.applied(text()).map(|text| text.metadata.len());
        assert_eq!(keys(change(&[("k0", Some("w"))])), Ok(50));
        assert_eq!(keys(change(&[("k0", None), ("more", Some("w"))])), Ok(50));
        assert_eq!(keys(change(&[("k0", None), ("absent", None)])), Ok(49));
        let refused = keys(change(&[("more", Some("w"))])).map_err(|error| (error.field, error.message));
        assert_eq!(refused, Err(("metadata".to_owned(), "must have at most 50 keys, got 51".to_owned())));
    }
}
