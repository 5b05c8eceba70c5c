//! Payment methods that are set up at the simulator in Stripe's dialect.

use quittance_avro::{records::SetUpEffect, words::SetUpKind};
use quittance_gateways::Credentials;

use super::*;

fn set_up(kind: SetUpKind, token: &str) -> SetUpEffect {
    SetUpEffect { token: token.to_owned(), ..samples::set_up(kind) }
}

async fn carry_out_set_up(account: &Account, effect: &SetUpEffect, credentials: &Credentials) -> Outcome<Verdict> {
    let requests = account.adapter.set_up_requests(effect, credentials).map_err(|_| "nothing is sent")?;
    let exchanges = Http::new(TIMEOUT, 4)?.exchanges(&account.base, requests).await;
    let verdict = account.adapter.judge_set_up(effect, &exchanges);
    samples::check_set_up(&verdict, effect.kind);
    Ok(verdict)
}

#[rstest]
#[case::saved("cus_1/pm_card_visa", ResultOutcome::Approved, Some("cus_1/pm_approve"))]
#[case::declined("cus_1/pm_decline_lost_card", ResultOutcome::Declined, None)]
#[case::no_such_method("cus_1/pm_nonsense", ResultOutcome::Rejected, None)]
#[tokio::test]
async fn a_payment_method_is_set_up(
    #[case] token: &str,
    #[case] outcome: ResultOutcome,
    #[case] saved: Option<&str>,
) -> Outcome {
    let accounts = accounts(start_simulator(0).await?)?;
    let stripe = account(&accounts, GatewayKind::Stripe)?;
    let effect = set_up(SetUpKind::SetUp, token);
    let verdict = carry_out_set_up(stripe, &effect, &stripe.credentials).await?;
    assert_eq!((verdict.outcome, verdict.token.as_deref()), (outcome, saved), "{verdict:?}");
    assert_eq!(carry_out_set_up(stripe, &effect, &stripe.credentials).await?, verdict, "the same under the same key");
    if verdict.details.gateway_reference.is_some() {
        let query = set_up(SetUpKind::Query, token);
        assert_eq!(carry_out_set_up(stripe, &query, &stripe.credentials).await?, verdict);
    }
    let unsigned = carry_out_set_up(stripe, &effect, &Credentials::Open).await?;
    assert_eq!(unsigned.outcome, ResultOutcome::Rejected);
    Ok(())
}

#[rstest]
#[case::approves("approve", ResultOutcome::Approved, None)]
#[case::fails("fail", ResultOutcome::Declined, Some("authentication_failed"))]
#[tokio::test]
async fn a_customer_acts(#[case] act: &str, #[case] outcome: ResultOutcome, #[case] why: Option<&str>) -> Outcome {
    let accounts = accounts(start_simulator(0).await?)?;
    let stripe = account(&accounts, GatewayKind::Stripe)?;
    let asked = set_up(SetUpKind::SetUp, "cus_1/pm_card_threeDSecure2Required");
    let verdict = carry_out_set_up(stripe, &asked, &stripe.credentials).await?;
    let url = verdict.next_action.ok_or("nothing to do")?.url;
    let query = set_up(SetUpKind::Query, "cus_1/pm_card_threeDSecure2Required");
    let waiting = carry_out_set_up(stripe, &query, &stripe.credentials).await?;
    assert_eq!(waiting.outcome, ResultOutcome::ActionRequired);
    reqwest::Client::new().post(format!("{url}/{act}")).send().await?.error_for_status()?;
    let acted = carry_out_set_up(stripe, &query, &stripe.credentials).await?;
    assert_eq!(acted.outcome, outcome, "{acted:?}");
    assert_eq!(acted.failure.and_then(|failure| failure.decline_code).as_deref(), why);
    Ok(())
}
