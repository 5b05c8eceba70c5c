//! Where an effect is sent, or why it is not. Pure.

use std::sync::Arc;

use quittance_avro::{time::Timestamp, words::ResultOutcome};
use quittance_gateways::Verdict;

use super::{
    accounts::{Account, NoAccount},
    asked::Asked,
};

/// Why an effect is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unsent {
    /// It is past its `not_after`.
    Expired,
    /// There is no gateway account of that name.
    UnknownAccount,
    /// It cannot be told now whether there is one, or it cannot be called.
    UnreadyAccount,
}

/// The gateway account that an effect goes to, of what was found of it. The time is looked at last: finding it may have taken some.
pub(super) fn destination(
    asked: &Asked,
    found: Result<Arc<Account>, NoAccount>,
    now: Timestamp,
) -> Result<Arc<Account>, Unsent> {
    if now > asked.not_after() {
        return Err(Unsent::Expired);
    }
    found.map_err(|error| match error {
        NoAccount::Unknown => Unsent::UnknownAccount,
        NoAccount::Unready => Unsent::UnreadyAccount,
    })
}

impl Unsent {
    /// The reason in one word, for metrics and logs.
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::UnknownAccount => "unknown_account",
            Self::UnreadyAccount => "unready_account",
        }
    }

    /// What is told of the effect.
    pub(super) fn verdict(self, asked: &Asked) -> Verdict {
        match self {
            Self::Expired => Verdict::failed(ResultOutcome::Expired, "it was too late to send it, and it was not sent"),
            Self::UnreadyAccount => {
                Verdict::not_processed("the gateway account cannot be called now, and nothing was sent")
            }
            Self::UnknownAccount => {
                // That nobody could be asked says nothing of what an earlier try did.
                let outcome = if asked.is_query() { ResultOutcome::NotProcessed } else { ResultOutcome::Rejected };
                let account = asked.gateway_account();
                Verdict::failed(outcome, format!("there is no gateway account {account}, and nothing was sent"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use quittance_avro::words::{EffectKind, SetUpKind};
    use quittance_gateways::samples;
    use rstest::rstest;

    use super::*;
    use crate::gateway::accounts::{Accounts, GatewaySecrets};

    #[rstest]
    #[case::in_time("simulator", 0, Ok(()))]
    #[case::at_the_last_moment("simulator", 3_600_000, Ok(()))]
    #[case::late("simulator", 3_600_001, Err(Unsent::Expired))]
    #[case::other_account("acme", 0, Err(Unsent::UnknownAccount))]
    #[case::late_and_other_account("acme", 3_600_001, Err(Unsent::Expired))]
    #[tokio::test]
    async fn is_sent_in_time_to_a_known_account(
        #[case] account: &str,
        #[case] age_ms: i64,
        #[case] sent: Result<(), Unsent>,
    ) {
        let listed = "simulator=https://gateway.example".parse().expect("accounts");
        let accounts = Accounts::new(&listed, &GatewaySecrets::default()).expect("accounts that need no secret");
        let mut effect = samples::effect(EffectKind::Authorize);
        account.clone_into(&mut effect.gateway_account);
        let now = effect.not_after.plus_ms(age_ms - 3_600_000);
        let found = accounts.of(&effect.envelope, account).await;
        assert_eq!(destination(&Asked::Payment(Box::new(effect)), found, now).map(drop), sent);
    }

    #[rstest]
    #[case(Unsent::Expired, ResultOutcome::Expired, ResultOutcome::Expired)]
    #[case(Unsent::UnknownAccount, ResultOutcome::Rejected, ResultOutcome::NotProcessed)]
    fn says_why(#[case] unsent: Unsent, #[case] of_a_try: ResultOutcome, #[case] of_a_query: ResultOutcome) {
        let payments = EffectKind::ALL.iter().map(|kind| Asked::Payment(Box::new(samples::effect(*kind))));
        let set_ups = SetUpKind::ALL.iter().map(|kind| Asked::SetUp(Box::new(samples::set_up(*kind))));
        for asked in payments.chain(set_ups) {
            let verdict = unsent.verdict(&asked);
            let outcome = if asked.is_query() { of_a_query } else { of_a_try };
            assert_eq!(verdict.outcome, outcome, "{}", asked.kind());
            assert!(verdict.failure.is_some());
        }
    }
}
