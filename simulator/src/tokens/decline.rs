//! Why a card is declined, and what the issuer says about another attempt with it.
//!
//! | Code | Token | Advice | Code of the network |
//! |---|---|---|---|
//! | `insufficient_funds` | `tok_decline` | try again later | 51 |
//! | `stolen_card` | `tok_decline_hard` | do not try again | 43 |
//! | `lost_card` | `tok_decline_lost_card` | do not try again | 41 |
//! | `fraudulent` | `tok_decline_fraudulent` | do not try again | 59 |
//! | `card_velocity_exceeded` | `tok_decline_card_velocity_exceeded` | try again later | 65 |
//! | `processing_error` | `tok_decline_processing_error` | try again later | 96 |
//! | `do_not_honor` | `tok_decline_do_not_honor` | none | 05 |
//! | `generic_decline` | `tok_decline_generic_decline` | none | 05 |
//! | `expired_card` | `tok_decline_expired_card` | none | 54 |
//! | `incorrect_cvc` | `tok_decline_incorrect_cvc` | none | N7 |
//! | `authentication_required` | `tok_decline_authentication_required` | none | 1A |
//! | `authentication_failed` | `tok_decline_authentication_failed`, and a customer who fails to act | none | none |
//! | `action_expired` | `tok_decline_action_expired`, and a customer who does not act in time | none | none |

use serde::Serialize;

/// What the issuer says about another attempt with the same card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Advice {
    TryAgainLater,
    DoNotTryAgain,
}

impl Advice {
    /// Its word in both dialects.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::TryAgainLater => "try_again_later",
            Self::DoNotTryAgain => "do_not_try_again",
        }
    }
}

/// Why a card is declined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decline {
    InsufficientFunds,
    StolenCard,
    LostCard,
    Fraudulent,
    CardVelocityExceeded,
    ProcessingError,
    DoNotHonor,
    Generic,
    ExpiredCard,
    IncorrectCvc,
    AuthenticationRequired,
    AuthenticationFailed,
    ActionExpired,
}

impl Decline {
    pub(super) const ALL: [Self; 13] = [
        Self::InsufficientFunds,
        Self::StolenCard,
        Self::LostCard,
        Self::Fraudulent,
        Self::CardVelocityExceeded,
        Self::ProcessingError,
        Self::DoNotHonor,
        Self::Generic,
        Self::ExpiredCard,
        Self::IncorrectCvc,
        Self::AuthenticationRequired,
        Self::AuthenticationFailed,
        Self::ActionExpired,
    ];

    /// Its code in both dialects.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::InsufficientFunds => "insufficient_funds",
            Self::StolenCard => "stolen_card",
            Self::LostCard => "lost_card",
            Self::Fraudulent => "fraudulent",
            Self::CardVelocityExceeded => "card_velocity_exceeded",
            Self::ProcessingError => "processing_error",
            Self::DoNotHonor => "do_not_honor",
            Self::Generic => "generic_decline",
            Self::ExpiredCard => "expired_card",
            Self::IncorrectCvc => "incorrect_cvc",
            Self::AuthenticationRequired => "authentication_required",
            Self::AuthenticationFailed => "authentication_failed",
            Self::ActionExpired => "action_expired",
        }
    }

    pub(super) fn token_name(self) -> &'static str {
        match self {
            Self::InsufficientFunds => "tok_decline",
            Self::StolenCard => "tok_decline_hard",
            Self::LostCard => "tok_decline_lost_card",
            Self::Fraudulent => "tok_decline_fraudulent",
            Self::CardVelocityExceeded => "tok_decline_card_velocity_exceeded",
            Self::ProcessingError => "tok_decline_processing_error",
            Self::DoNotHonor => "tok_decline_do_not_honor",
            Self::Generic => "tok_decline_generic_decline",
            Self::ExpiredCard => "tok_decline_expired_card",
            Self::IncorrectCvc => "tok_decline_incorrect_cvc",
            Self::AuthenticationRequired => "tok_decline_authentication_required",
            Self::AuthenticationFailed => "tok_decline_authentication_failed",
            Self::ActionExpired => "tok_decline_action_expired",
        }
    }

    /// What the issuer advises, if it does.
    pub(crate) fn advice(self) -> Option<Advice> {
        match self {
            Self::InsufficientFunds | Self::CardVelocityExceeded | Self::ProcessingError => Some(Advice::TryAgainLater),
            Self::StolenCard | Self::LostCard | Self::Fraudulent => Some(Advice::DoNotTryAgain),
            Self::DoNotHonor
            | Self::Generic
            | Self::ExpiredCard
            | Self::IncorrectCvc
            | Self::AuthenticationRequired
            | Self::AuthenticationFailed
            | Self::ActionExpired => None,
        }
    }

    /// The network's code, which is none if the issuer was never asked.
    pub(crate) fn network_code(self) -> Option<&'static str> {
        match self {
            Self::InsufficientFunds => Some("51"),
            Self::StolenCard => Some("43"),
            Self::LostCard => Some("41"),
            Self::Fraudulent => Some("59"),
            Self::CardVelocityExceeded => Some("65"),
            Self::ProcessingError => Some("96"),
            Self::DoNotHonor | Self::Generic => Some("05"),
            Self::ExpiredCard => Some("54"),
            Self::IncorrectCvc => Some("N7"),
            Self::AuthenticationRequired => Some("1A"),
            Self::AuthenticationFailed | Self::ActionExpired => None,
        }
    }
}
