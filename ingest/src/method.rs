//! Saved payment methods: what can be asked of one that is there. Pure.

use quittance_avro::records::{ConfirmPaymentMethod, Envelope, Fingerprint, RemovePaymentMethod};
use serde_json::{Value, json};

use crate::{
    fields::whole,
    problem::FieldError,
    publish::Command,
    shape::{Body, object},
};

/// What is asked of a saved payment method, by path and method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MethodChange {
    /// The customer has acted.
    Confirm,
    /// It is to be used no more.
    Remove,
}

impl MethodChange {
    /// Name of the request: part of what its id is derived from.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Confirm => "payment_methods.confirm",
            Self::Remove => "payment_methods.remove",
        }
    }

    /// The command.
    pub(crate) fn command(self, envelope: Envelope, fingerprint: Fingerprint) -> Command {
        match self {
            Self::Confirm => Command::ConfirmMethod(ConfirmPaymentMethod { envelope, fingerprint }),
            Self::Remove => Command::RemoveMethod(RemovePaymentMethod { envelope, fingerprint }),
        }
    }
}

/// The body of such a request has nothing to say.
pub(crate) fn parse_nothing(body: Value) -> Result<(), Vec<FieldError>> {
    whole(body, |_| Some(()))
}

/// That body, for the description of the API.
pub(crate) fn nothing_shape() -> Body {
    Body::optional(object([]), [("nothing", json!({}))])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::tests::is_what_is_parsed;

    #[test]
    fn the_body_is_what_is_parsed() {
        is_what_is_parsed(&nothing_shape(), |body| parse_nothing(body).err().unwrap_or_default());
    }

    #[test]
    fn a_change_says_nothing_but_itself() {
        assert_eq!(parse_nothing(json!({})), Ok(()));
        for (body, field) in [(json!({"reason": "x"}), "reason"), (json!([]), "body")] {
            let errors = parse_nothing(body).err().unwrap_or_default();
            assert_eq!(errors.iter().map(|error| &*error.field).collect::<Vec<_>>(), [field]);
        }
    }
}
