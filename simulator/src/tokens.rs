//! The test tokens: what each stands for and does.
//!
//! | Token | Does |
//! |---|---|
//! | `tok_approve` | approves |
//! | `tok_decline` | declines for insufficient funds (soft: try again later) |
//! | `tok_decline_hard` | declines as stolen (hard: never try again) |
//! | `tok_slow` | approves at once and answers late: a client that gives up has been charged |
//! | `tok_error` | 500 every time, and nothing is processed |
//! | `tok_flaky` | 500 at the first request of a key and nothing is processed, then approves |

use serde::Serialize;

/// A token that the gateway knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token {
    Approve,
    Decline,
    DeclineHard,
    Slow,
    Error,
    Flaky,
}

/// What the issuer says about another attempt with the same card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Advice {
    TryAgainLater,
    DoNotTryAgain,
}

/// Why a card is declined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decline {
    pub(crate) code: &'static str,
    pub(crate) advice: Advice,
}

/// The card behind a token, as far as a gateway tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Card {
    brand: &'static str,
    funding: &'static str,
    country: &'static str,
    iin: &'static str,
    last4: &'static str,
    exp_month: u8,
    exp_year: u16,
    fingerprint: &'static str,
}

impl Token {
    pub(crate) const ALL: [Self; 6] =
        [Self::Approve, Self::Decline, Self::DeclineHard, Self::Slow, Self::Error, Self::Flaky];

    /// The token of that name, if there is one.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|token| token.name() == name)
    }

    /// Its name in the dialect.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Approve => "tok_approve",
            Self::Decline => "tok_decline",
            Self::DeclineHard => "tok_decline_hard",
            Self::Slow => "tok_slow",
            Self::Error => "tok_error",
            Self::Flaky => "tok_flaky",
        }
    }

    /// Why its card is declined, if it is.
    pub(crate) fn decline(self) -> Option<Decline> {
        match self {
            Self::Decline => Some(Decline { code: "insufficient_funds", advice: Advice::TryAgainLater }),
            Self::DeclineHard => Some(Decline { code: "stolen_card", advice: Advice::DoNotTryAgain }),
            Self::Approve | Self::Slow | Self::Error | Self::Flaky => None,
        }
    }

    /// The card behind it.
    pub(crate) fn card(self) -> Card {
        let (brand, funding, iin, last4, fingerprint) = match self {
            Self::Approve => ("visa", "credit", "424242", "4242", "card_fp_approve"),
            Self::Decline => ("visa", "debit", "400000", "9995", "card_fp_decline"),
            Self::DeclineHard => ("visa", "credit", "400000", "9979", "card_fp_decline_hard"),
            Self::Slow => ("mastercard", "credit", "555555", "4444", "card_fp_slow"),
            Self::Error => ("visa", "credit", "400000", "0119", "card_fp_error"),
            Self::Flaky => ("mastercard", "debit", "520082", "8210", "card_fp_flaky"),
        };
        Card { brand, funding, country: "IE", iin, last4, exp_month: 12, exp_year: 2034, fingerprint }
    }
}
