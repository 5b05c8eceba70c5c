//! Typed ids: a prefix that names what it is the id of, and a UUID.
//!
//! Ids are parsed at the edge and never passed as bare strings. They can be guessed (version 5 ids are derived from
//! the request), so they are never a capability: every use compares the tenant too.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, Schema},
};
use uuid::Uuid;

use crate::openapi;

/// Why a text is not an id of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be `{prefix}` followed by 32 lower-case hexadecimal digits")]
pub struct IdError {
    /// The prefix that was expected, underscore included.
    pub prefix: &'static str,
}

macro_rules! ids {
    ($($(#[doc = $doc:literal])* $name:ident = $prefix:literal;)*) => {$(
        $(#[doc = $doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// The prefix of its text form, underscore included.
            pub const PREFIX: &'static str = $prefix;

            /// Wraps a UUID.
            pub const fn new(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID inside.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                openapi::id(concat!($($doc),*), $prefix)
            }
        }

        impl ToSchema for $name {}

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}{}", $prefix, self.0.as_simple())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                parse(text, $prefix).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut text = [0; $prefix.len() + 32];
                text[..$prefix.len()].copy_from_slice($prefix.as_bytes());
                self.0.as_simple().encode_lower(&mut text[$prefix.len()..]);
                serializer.serialize_str(std::str::from_utf8(&text).map_err(serde::ser::Error::custom)?)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }
    )*};
}

fn parse(text: &str, prefix: &'static str) -> Result<Uuid, IdError> {
    let hex = text
        .strip_prefix(prefix)
        .filter(|hex| hex.len() == 32 && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)));
    hex.and_then(|hex| Uuid::try_parse(hex).ok()).ok_or(IdError { prefix })
}

ids! {
    /// Id of a payment.
    PaymentId = "pay_";
    /// Id of a client's command.
    CommandId = "cmd_";
    /// Id of an event.
    EventId = "evt_";
    /// Id of an effect: one try, or one query.
    EffectId = "eff_";
    /// Id of the result of an effect.
    ResultId = "res_";
    /// Id of an outcome record.
    OutcomeId = "out_";
    /// Id of a state record.
    StateId = "sta_";
    /// Id of an authorization.
    AuthorizationId = "aut_";
    /// Id of a capture.
    CaptureId = "cap_";
    /// Id of a void.
    VoidId = "voi_";
    /// Id of a refund.
    RefundId = "ref_";
    /// Id of a dispute.
    DisputeId = "dsp_";
    /// Id of an attempt; the idempotency key at the gateway.
    AttemptId = "att_";
    /// Id of a transfer of the ledger.
    TransferId = "trf_";
    /// Id of an account of the ledger.
    AccountId = "acc_";
    /// Id of a tenant's account at a gateway.
    GatewayAccountId = "gwa_";
    /// Id of a tenant's routing rules.
    RoutingRulesId = "rou_";
    /// Id of a tenant's limits.
    PaymentLimitsId = "lim_";
    /// Id of a tenant's fees.
    FeeRulesId = "fee_";
    /// Id of a tenant's API key, which is not the key.
    ApiKeyId = "apk_";
    /// Id of a gateway's notice.
    NoticeId = "ntc_";
    /// Id of a tenant's data key.
    KeyId = "key_";
    /// Id of an installation: one set of topics.
    InstallationId = "ins_";
    /// Id of a saved payment method. A gateway's own tokens, which may begin with the same letters, are no ids of ours.
    PaymentMethodId = "pm_";
}

/// Id of an aggregate that clients know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AggregateId {
    /// A payment.
    Payment(PaymentId),
    /// A saved payment method.
    Method(PaymentMethodId),
}

impl fmt::Display for AggregateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Payment(id) => id.fmt(f),
            Self::Method(id) => id.fmt(f),
        }
    }
}

impl FromStr for AggregateId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        if text.starts_with(PaymentMethodId::PREFIX) {
            text.parse().map(Self::Method)
        } else {
            text.parse().map(Self::Payment)
        }
    }
}

impl From<PaymentId> for AggregateId {
    fn from(id: PaymentId) -> Self {
        Self::Payment(id)
    }
}

impl From<PaymentMethodId> for AggregateId {
    fn from(id: PaymentMethodId) -> Self {
        Self::Method(id)
    }
}

/// Namespace of every id that is derived and not drawn.
const NAMESPACE: Uuid = Uuid::from_u128(0x6f1c_2f0e_6a4b_4d55_9d0a_51c9_7a3e_b0d1);

/// A UUIDv5 (RFC 9562) over parts that are each preceded by their length, so that no two lists of parts collide.
pub fn derive(parts: &[&str]) -> Uuid {
    let mut bytes = Vec::with_capacity(parts.iter().map(|part| part.len() + 4).sum());
    for part in parts {
        let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    Uuid::new_v5(&NAMESPACE, &bytes)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn text_form_goes_round() {
        let id = PaymentId::new(derive(&["a"]));
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(serde_json::to_value(id).ok(), Some(serde_json::Value::String(id.to_string())));
    }

    #[rstest]
    #[case("")]
    #[case("pay_")]
    #[case("cmd_00000000000000000000000000000000")]
    #[case("pay_0000000000000000000000000000000")]
    #[case("pay_0000000000000000000000000000000G")]
    #[case("pay_ABCDEF00000000000000000000000000")]
    #[case("pay_00000000-0000-0000-0000-000000000000")]
    fn other_texts_are_refused(#[case] text: &str) {
        assert_eq!(text.parse::<PaymentId>(), Err(IdError { prefix: "pay_" }));
    }

    #[rstest]
    #[case("pay_00000000000000000000000000000001", true)]
    #[case("pm_00000000000000000000000000000001", true)]
    #[case("pm_card_visa", false)]
    #[case("att_00000000000000000000000000000001", false)]
    fn aggregates_are_told_apart_by_their_prefix(#[case] text: &str, #[case] is_one: bool) {
        let id = text.parse::<AggregateId>();
        assert_eq!(id.ok().map(|id| id.to_string()).as_deref(), is_one.then_some(text));
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(derive(&["ab", "c"]), derive(&["a", "bc"]));
        assert_ne!(derive(&["", "a"]), derive(&["a", ""]));
    }
}
