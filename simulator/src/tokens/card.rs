//! The card behind each token, as far as a gateway tells it.

use serde::Serialize;

use super::{Decline, Token};

/// A card without its number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Card {
    pub(crate) brand: &'static str,
    pub(crate) funding: &'static str,
    pub(crate) country: &'static str,
    pub(crate) iin: &'static str,
    pub(crate) last4: &'static str,
    pub(crate) exp_month: u8,
    pub(crate) exp_year: u16,
    pub(crate) fingerprint: String,
}

impl Token {
    /// The card behind it.
    pub(crate) fn card(self) -> Card {
        let (brand, funding, iin, last4) = match self {
            Self::Decline(Decline::InsufficientFunds) => ("visa", "debit", "400000", "9995"),
            Self::Decline(Decline::StolenCard) => ("visa", "credit", "400000", "9979"),
            Self::Decline(_) => ("visa", "credit", "400000", "0002"),
            Self::Slow => ("mastercard", "credit", "555555", "4444"),
            Self::Error => ("visa", "credit", "400000", "0119"),
            Self::Flaky => ("mastercard", "debit", "520082", "8210"),
            Self::Busy | Self::Conflict | Self::TimeoutBefore | Self::TimeoutAfter => {
                ("mastercard", "debit", "520082", "8210")
            }
            Self::Action | Self::ActionShort => ("visa", "credit", "400000", "3220"),
            Self::Partial => ("mastercard", "prepaid", "510510", "5100"),
            Self::RefundFails => ("visa", "debit", "400000", "3123"),
            Self::RefundPending => ("visa", "debit", "400000", "7726"),
            Self::Approve
            | Self::Pending
            | Self::Short
            | Self::CaptureFails
            | Self::WebhookFirst
            | Self::WebhookContradicts => ("visa", "credit", "424242", "4242"),
        };
        let name = self.name();
        let fingerprint = format!("card_fp_{}", name.strip_prefix("tok_").unwrap_or(name));
        Card { brand, funding, country: "IE", iin, last4, exp_month: 12, exp_year: 2034, fingerprint }
    }
}
