//! Stripe's errors as they are read.

use quittance_avro::records::{Failure, GatewayDetails};
use serde::Deserialize;

use super::{codes, intent::Intent};
use crate::{texts::fact, verdict};

/// Codes of a payment that was attempted and failed before the issuer was asked to charge it. Stripe has them under the same type as
/// wrong requests.
const ATTEMPT_FAILED: [&str; 3] = [
    "payment_intent_authentication_failure",
    "payment_intent_payment_attempt_expired",
    "payment_intent_payment_attempt_failed",
];

/// An error, of a request or of the last attempt to pay.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Error {
    #[serde(rename = "type", default)]
    kind: String,
    code: Option<String>,
    decline_code: Option<String>,
    advice_code: Option<String>,
    network_decline_code: Option<String>,
    /// Of requests about one: how it stands after them.
    pub(super) payment_intent: Option<Box<Intent>>,
}

/// What kind of error it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The card or its issuer said no, or the customer did.
    Card,
    /// The request is wrong, or comes at the wrong time.
    InvalidRequest,
    /// Of Stripe itself, of a key that came with another body, or none that we know.
    Other,
}

impl Error {
    /// The error that a body tells of; one of no kind if it tells of none.
    pub(super) fn read(body: &[u8]) -> Self {
        #[derive(Deserialize)]
        struct Body {
            error: Error,
        }
        serde_json::from_slice::<Body>(body).map(|body| body.error).unwrap_or_default()
    }

    pub(super) fn kind(&self) -> Kind {
        match self.kind.as_str() {
            "card_error" => Kind::Card,
            "invalid_request_error" if ATTEMPT_FAILED.iter().any(|code| self.is(code)) => Kind::Card,
            "invalid_request_error" => Kind::InvalidRequest,
            _ => Kind::Other,
        }
    }

    pub(super) fn is(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }

    /// Stripe's own code, the issuer's before that of the error.
    pub(super) fn raw_code(&self) -> Option<String> {
        self.decline_code.clone().or_else(|| self.code.clone()).and_then(fact)
    }

    /// Our code for why the request was turned down.
    pub(super) fn refusal(&self) -> Option<&'static str> {
        self.code.as_deref().and_then(codes::refusal)
    }

    /// A decline in our words.
    pub(super) fn declined(&self, message: &str) -> Failure {
        let raw = [&self.decline_code, &self.code].into_iter().flatten();
        let (decline_code, by_table) = raw.filter_map(|raw| codes::declined(raw)).next().unzip();
        let advice = match &self.advice_code {
            Some(raw) => codes::advice(raw),
            None => by_table.flatten(),
        };
        Failure {
            decline_code: decline_code.map(str::to_owned),
            network_code: self.network_decline_code.clone().and_then(fact),
            advice: advice.map(str::to_owned),
            ..verdict::failure("declined", message)
        }
    }

    /// The same details with what the error says.
    pub(super) fn noted(&self, details: GatewayDetails) -> GatewayDetails {
        GatewayDetails { raw_code: self.raw_code(), raw_advice: self.advice_code.clone().and_then(fact), ..details }
    }
}
