//! Ids: a prefix that names what it is the id of, and a number that is counted from 1.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) struct $name(pub(crate) u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}{}", $prefix, self.0)
            }
        }

        impl FromStr for $name {
            type Err = &'static str;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let id = text.strip_prefix($prefix).and_then(|digits| digits.parse().ok()).map(Self);
                // One spelling for one id: no sign, no leading zero.
                id.filter(|id| id.to_string() == text).ok_or(concat!("must be ", $prefix, "<n>"))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    )*};
}

ids! {
    /// A charge's id.
    ChargeId = "ch_";
    /// The id by which Stripe's dialect knows a charge: its number is the charge's.
    IntentId = "pi_";
    /// A capture's id.
    CaptureId = "cap_";
    /// A void's id.
    VoidId = "void_";
    /// A refund's id.
    RefundId = "re_";
    /// A dispute's id.
    DisputeId = "dp_";
    /// A webhook's id.
    EventId = "evt_";
    /// The id of a card that was set up for later.
    SetupId = "seti_";
}

impl From<ChargeId> for IntentId {
    fn from(id: ChargeId) -> Self {
        Self(id.0)
    }
}

impl From<IntentId> for ChargeId {
    fn from(id: IntentId) -> Self {
        Self(id.0)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("ch_1", Some(1))]
    #[case("ch_01", None)]
    #[case("ch_+1", None)]
    #[case("ch_", None)]
    #[case("1", None)]
    fn charge_ids(#[case] text: &str, #[case] id: Option<u64>) {
        assert_eq!(text.parse::<ChargeId>().ok(), id.map(ChargeId));
    }
}
