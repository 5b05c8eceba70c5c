//! Charges of a card that is stored: who makes them, in which series, and which one began it.

use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

const LENGTH_MAX: usize = 64;

/// Who charges, and what is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Credential {
    pub(crate) initiator: Initiator,
    pub(crate) used: Option<CredentialUse>,
    pub(crate) goes_back_to: Option<NetworkTransactionId>,
}

/// Who charges.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Initiator {
    /// The customer, who is there.
    #[default]
    Customer,
    /// The merchant, with a card that is stored.
    Merchant,
}

/// What a card that is stored is charged for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CredentialUse {
    /// It is stored with this charge.
    First,
    Recurring,
    Installment,
    Unscheduled,
}

/// The network's id of the charge that began a series: up to 64 letters and digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct NetworkTransactionId(Arc<str>);

impl TryFrom<String> for NetworkTransactionId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if is_plain && (1..=LENGTH_MAX).contains(&text.len()) {
            Ok(Self(text.into()))
        } else {
            Err("network_transaction_id must be 1 to 64 letters and digits")
        }
    }
}

impl Serialize for NetworkTransactionId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("000000000000001", true)]
    #[case("MCC1234567890", true)]
    #[case("", false)]
    #[case("a b", false)]
    fn network_transaction_ids(#[case] text: &str, #[case] accepted: bool) {
        assert_eq!(NetworkTransactionId::try_from(text.to_owned()).is_ok(), accepted);
        assert!(NetworkTransactionId::try_from("1".repeat(LENGTH_MAX + 1)).is_err());
    }
}
