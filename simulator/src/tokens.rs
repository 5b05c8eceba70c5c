//! The test tokens: what each stands for and does.
//!
//! | Token | Does |
//! |---|---|
//! | `tok_approve` | approves |
//! | `tok_decline` | declines for insufficient funds (soft: try again later) |
//! | `tok_decline_hard` | declines as stolen (hard: never try again) |
//! | `tok_decline_<code>` | declines with that code; the codes are in `tokens/decline.rs` |
//! | `tok_slow` | approves at once and answers late: a client that gives up has been charged |
//! | `tok_error` | 500 every time, and nothing is processed |
//! | `tok_flaky` | 500 at the first request of a key and nothing is processed, then approves |
//! | `tok_busy` | 429 at the first request of a key and nothing is processed, then approves |
//! | `tok_conflict` | 409 `in_progress` at the first request of a key and nothing is processed, then approves |
//! | `tok_timeout_before` | the first request of a key is not answered and nothing is processed, then approves |
//! | `tok_timeout_after` | approves, and the first request of a key is not answered |
//! | `tok_action` | the customer has to act, within an hour |
//! | `tok_action_short` | the customer has to act, within 2 s |
//! | `tok_partial` | approves 60 % of the amount |
//! | `tok_pending` | `processing`, and approves later |
//! | `tok_short` | approves, and what is not captured expires 2 s later (all others: 7 days later) |
//! | `tok_capture_fails` | approves; each capture fails later, and what it took can be captured again |
//! | `tok_refund_fails` | approves; each refund succeeds and fails later |
//! | `tok_refund_pending` | approves; each refund is `pending` and succeeds later |
//! | `tok_webhook_first` | approves, and answers only when the webhook has been answered or given up |
//! | `tok_webhook_contradicts` | approves, and the webhook claims that it declined |
//!
//! *Late* and *later* are after [`Config::slow_ms`](crate::Config::slow_ms). A request that is *not answered* is held for a
//! minute, and then its connection is closed. What a token does to requests it does to the one that charges it: the
//! others of its charge are answered at once.

mod card;
mod decline;

pub(crate) use card::Card;
pub(crate) use decline::{Advice, Decline};

use crate::values::Amount;

const SHORT_MS: u64 = 2_000;
const ACTION_MS: u64 = 3_600_000;
const AUTHORIZATION_MS: u64 = 7 * 86_400_000;

/// A token that the gateway knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token {
    Approve,
    Decline(Decline),
    Slow,
    Error,
    Flaky,
    Busy,
    Conflict,
    TimeoutBefore,
    TimeoutAfter,
    Action,
    ActionShort,
    Partial,
    Pending,
    Short,
    CaptureFails,
    RefundFails,
    RefundPending,
    WebhookFirst,
    WebhookContradicts,
}

impl Token {
    const OTHERS: [Self; 18] = [
        Self::Approve,
        Self::Slow,
        Self::Error,
        Self::Flaky,
        Self::Busy,
        Self::Conflict,
        Self::TimeoutBefore,
        Self::TimeoutAfter,
        Self::Action,
        Self::ActionShort,
        Self::Partial,
        Self::Pending,
        Self::Short,
        Self::CaptureFails,
        Self::RefundFails,
        Self::RefundPending,
        Self::WebhookFirst,
        Self::WebhookContradicts,
    ];

    /// Every token.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        Self::OTHERS.into_iter().chain(Decline::ALL.into_iter().map(Self::Decline))
    }

    /// The token of that name, if there is one.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::all().find(|token| token.name() == name)
    }

    /// Its name in the dialect.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Approve => "tok_approve",
            Self::Decline(decline) => decline.token_name(),
            Self::Slow => "tok_slow",
            Self::Error => "tok_error",
            Self::Flaky => "tok_flaky",
            Self::Busy => "tok_busy",
            Self::Conflict => "tok_conflict",
            Self::TimeoutBefore => "tok_timeout_before",
            Self::TimeoutAfter => "tok_timeout_after",
            Self::Action => "tok_action",
            Self::ActionShort => "tok_action_short",
            Self::Partial => "tok_partial",
            Self::Pending => "tok_pending",
            Self::Short => "tok_short",
            Self::CaptureFails => "tok_capture_fails",
            Self::RefundFails => "tok_refund_fails",
            Self::RefundPending => "tok_refund_pending",
            Self::WebhookFirst => "tok_webhook_first",
            Self::WebhookContradicts => "tok_webhook_contradicts",
        }
    }

    /// How much of the amount it approves, in minor units. The part is rounded down, but never to nothing.
    pub(crate) fn approves(self, requested: Amount) -> u64 {
        match self {
            Self::Partial => (requested.minor_units() * 6 / 10).max(1),
            _ => requested.minor_units(),
        }
    }

    /// How long the customer may take to act.
    pub(crate) fn action_ms(self) -> u64 {
        if self == Self::ActionShort { SHORT_MS } else { ACTION_MS }
    }

    /// How long the money is held.
    pub(crate) fn authorization_ms(self) -> u64 {
        if self == Self::Short { SHORT_MS } else { AUTHORIZATION_MS }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rstest::rstest;

    use super::*;

    #[test]
    fn every_token_has_a_name_of_its_own() {
        let names = Token::all().map(Token::name).collect::<BTreeSet<_>>();
        assert_eq!(names.len(), Token::all().count());
        assert!(Token::all().all(|token| Token::parse(token.name()) == Some(token)));
        assert_eq!(Token::parse("tok_nonsense"), None);
    }

    #[rstest]
    #[case(1000, 600)]
    #[case(1001, 600)]
    #[case(1, 1)]
    fn a_partial_approval(#[case] requested: i64, #[case] approved: u64) -> Result<(), String> {
        assert_eq!(Token::Partial.approves(requested.try_into()?), approved);
        Ok(())
    }
}
