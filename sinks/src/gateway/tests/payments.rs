//! Whole payments at the simulator, in both of its dialects, as the rules would ask for them.

use quittance_avro::words::{CaptureMethod, FactStatus, OperationKind};

use super::{
    payment::{BOTH, Payment, attempt, authorized, in_short},
    *,
};

#[tokio::test]
async fn captured_at_once_and_given_back_in_parts() -> Outcome {
    let accounts = accounts(start_simulator(0).await?)?;
    for kind in BOTH {
        let mut payment = Payment::new(&accounts, kind, "approve", CaptureMethod::Automatic)?;
        let approved = payment.authorize().await?;
        assert_eq!(approved.outcome, ResultOutcome::Approved, "{kind}: {approved:?}");
        assert_eq!((approved.authorized_amount.get(), approved.captured_amount.get()), (1250, 1250));
        assert_eq!(approved.card.and_then(|card| card.last4).as_deref(), Some("4242"));

        for (number, amount) in [(2, 250), (3, 1000)] {
            let refunded = payment.ask(EffectKind::Refund, number, amount).await?;
            assert_eq!((refunded.outcome, refunded.amount.get()), (ResultOutcome::Approved, amount), "{kind}");
        }
        let too_much = payment.ask(EffectKind::Refund, 4, 1).await?;
        assert_eq!(too_much.outcome, ResultOutcome::Rejected, "{kind}: {too_much:?}");

        let expected = [
            authorized(kind),
            (OperationKind::Capture, FactStatus::Succeeded, 1250, Some(attempt(kind, 1))),
            (OperationKind::Refund, FactStatus::Succeeded, 250, Some(attempt(kind, 2))),
            (OperationKind::Refund, FactStatus::Succeeded, 1000, Some(attempt(kind, 3))),
        ];
        assert_eq!(in_short(&payment.facts().await?), expected, "{kind}");
    }
    Ok(())
}

#[tokio::test]
async fn held_and_captured_in_part() -> Outcome {
    let accounts = accounts(start_simulator(0).await?)?;
    for kind in BOTH {
        let mut payment = Payment::new(&accounts, kind, "approve", CaptureMethod::Manual)?;
        let held = payment.authorize().await?;
        assert_eq!((held.authorized_amount.get(), held.captured_amount.get()), (1250, 0), "{kind}: {held:?}");
        assert!(held.authorization_expires_at.is_some(), "{kind}");

        let too_much = payment.ask(EffectKind::Capture, 2, 1251).await?;
        assert_eq!(too_much.outcome, ResultOutcome::Rejected, "{kind}: {too_much:?}");
        let captured = payment.ask(EffectKind::Capture, 3, 700).await?;
        assert_eq!((captured.outcome, captured.amount.get()), (ResultOutcome::Approved, 700), "{kind}: {captured:?}");
        let void = payment.ask(EffectKind::Void, 4, 550).await?;
        assert_eq!(void.outcome, ResultOutcome::Rejected, "{kind}: a capture that is final releases the rest");

        let expected = [authorized(kind), (OperationKind::Capture, FactStatus::Succeeded, 700, Some(attempt(kind, 3)))];
        assert_eq!(in_short(&payment.facts().await?), expected, "{kind}");
    }
    Ok(())
}

#[tokio::test]
async fn captured_several_times_where_that_can_be_had() -> Outcome {
    let accounts = accounts(start_simulator(0).await?)?;
    let kind = GatewayKind::Simulator;
    let mut payment = Payment::new(&accounts, kind, "approve", CaptureMethod::Manual)?;
    payment.authorize().await?;
    let mut part = payment.effect(EffectKind::Capture, 2, 500)?;
    part.is_final = false;
    assert_eq!(carry_out(payment.account, &part).await?.1.amount.get(), 500);
    let void = payment.ask(EffectKind::Void, 3, 750).await?;
    assert_eq!((void.outcome, void.amount.get()), (ResultOutcome::Approved, 750));

    let expected = [
        authorized(kind),
        (OperationKind::Capture, FactStatus::Succeeded, 500, Some(attempt(kind, 2))),
        (OperationKind::Void, FactStatus::Succeeded, 750, Some(attempt(kind, 3))),
    ];
    assert_eq!(in_short(&payment.facts().await?), expected);
    Ok(())
}

#[tokio::test]
async fn held_and_given_up() -> Outcome {
    let accounts = accounts(start_simulator(0).await?)?;
    for kind in BOTH {
        let mut payment = Payment::new(&accounts, kind, "approve", CaptureMethod::Manual)?;
        payment.authorize().await?;
        let void = payment.ask(EffectKind::Void, 2, 1250).await?;
        assert_eq!((void.outcome, void.amount.get()), (ResultOutcome::Approved, 1250), "{kind}: {void:?}");
        let late = payment.ask(EffectKind::Capture, 3, 1250).await?;
        assert_eq!(late.outcome, ResultOutcome::Rejected, "{kind}: {late:?}");

        // A void has no place for our mark at Stripe.
        let of = (kind == GatewayKind::Simulator).then(|| attempt(kind, 2));
        let expected = [authorized(kind), (OperationKind::Void, FactStatus::Succeeded, 1250, of)];
        assert_eq!(in_short(&payment.facts().await?), expected, "{kind}");
    }
    Ok(())
}

#[rstest]
#[case("decline", Some("insufficient_funds"))]
#[case("decline_expired_card", Some("expired_card"))]
#[case("decline_lost_card", Some("lost_card"))]
#[case("decline_authentication_required", Some("authentication_required"))]
#[tokio::test]
async fn declined(#[case] token: &str, #[case] code: Option<&str>) -> Outcome {
    let accounts = accounts(start_simulator(0).await?)?;
    for kind in BOTH {
        let mut payment = Payment::new(&accounts, kind, token, CaptureMethod::Automatic)?;
        let verdict = payment.authorize().await?;
        assert_eq!(verdict.outcome, ResultOutcome::Declined, "{kind}: {verdict:?}");
        assert_eq!(verdict.failure.and_then(|failure| failure.decline_code).as_deref(), code, "{kind}");
        let facts = payment.facts().await?;
        assert_eq!(
            in_short(&facts),
            [(OperationKind::Authorize, FactStatus::Failed, 1250, Some(attempt(kind, 1)))],
            "{kind}"
        );
        let told = facts[0].failure.as_ref().and_then(|failure| failure.decline_code.as_deref());
        assert_eq!(told, code, "{kind}");
    }
    Ok(())
}

#[rstest]
#[case::the_customer_does("approve", FactStatus::Succeeded)]
#[case::the_customer_fails("fail", FactStatus::Failed)]
#[tokio::test]
async fn the_customer_has_to_act(#[case] act: &str, #[case] status: FactStatus) -> Outcome {
    let simulator = start_simulator(0).await?;
    let accounts = accounts(simulator)?;
    for kind in BOTH {
        let mut payment = Payment::new(&accounts, kind, "action", CaptureMethod::Automatic)?;
        payment.return_url = Some("https://shop.example/back".to_owned());
        let verdict = payment.authorize().await?;
        assert_eq!(verdict.outcome, ResultOutcome::ActionRequired, "{kind}: {verdict:?}");
        let action = verdict.next_action.ok_or("no action")?;
        let waits = payment.facts().await?;
        assert_eq!(waits[0].next_action.as_ref().map(|action| &action.url), Some(&action.url), "{kind}");

        // The simulator knows itself by another address than the test does.
        let path = action.url.split_once("/actions/").ok_or("not the simulator's")?.1;
        reqwest::Client::new().post(format!("http://{simulator}/actions/{path}/{act}")).send().await?;
        let facts = payment.facts().await?;
        assert_eq!(facts[0].status, status, "{kind}");
        assert_eq!(facts.len(), if status == FactStatus::Succeeded { 2 } else { 1 }, "{kind}");
        let code = facts[0].failure.as_ref().and_then(|failure| failure.decline_code.as_deref());
        assert_eq!(code, (status == FactStatus::Failed).then_some("authentication_failed"), "{kind}");
    }
    Ok(())
}

#[tokio::test]
async fn given_up_before_the_customer_acted() -> Outcome {
    let accounts = accounts(start_simulator(0).await?)?;
    for kind in BOTH {
        let mut payment = Payment::new(&accounts, kind, "action", CaptureMethod::Manual)?;
        payment.return_url = Some("https://shop.example/back".to_owned());
        payment.authorize().await?;
        let void = payment.ask(EffectKind::Void, 2, 1250).await?;
        assert_eq!((void.outcome, void.amount.get()), (ResultOutcome::Approved, 1250), "{kind}: {void:?}");
        let facts = payment.facts().await?;
        let told: Vec<_> = facts.iter().map(|fact| (fact.kind, fact.status, fact.amount.get())).collect();
        assert_eq!(told, [(OperationKind::Void, FactStatus::Succeeded, 1250)], "{kind}");
    }
    Ok(())
}

#[tokio::test]
async fn approved_in_part() -> Outcome {
    let accounts = accounts(start_simulator(0).await?)?;
    for kind in BOTH {
        let mut payment = Payment::new(&accounts, kind, "partial", CaptureMethod::Manual)?;
        let held = payment.authorize().await?;
        assert_eq!((held.outcome, held.authorized_amount.get()), (ResultOutcome::Approved, 750), "{kind}: {held:?}");
        let void = payment.ask(EffectKind::Void, 2, 750).await?;
        assert_eq!((void.outcome, void.amount.get()), (ResultOutcome::Approved, 750), "{kind}: {void:?}");
        let facts = payment.facts().await?;
        assert_eq!(facts.iter().map(|fact| fact.amount.get()).collect::<Vec<_>>(), [750, 750], "{kind}");
    }
    Ok(())
}

#[rstest]
#[case::error("error", ResultOutcome::Unknown)]
#[case::no_such_token("nonsense", ResultOutcome::Rejected)]
#[case::too_many("busy", ResultOutcome::NotProcessed)]
#[case::twin_in_progress("conflict", ResultOutcome::Unknown)]
#[tokio::test]
async fn nothing_was_processed(#[case] token: &str, #[case] outcome: ResultOutcome) -> Outcome {
    let accounts = accounts(start_simulator(0).await?)?;
    for kind in BOTH {
        let payment = Payment::new(&accounts, kind, token, CaptureMethod::Automatic)?;
        let (_, created) = carry_out(payment.account, &payment.effect(EffectKind::Authorize, 1, 1250)?).await?;
        let mut payment = payment;
        payment.reference.clone_from(&created.details.gateway_reference);
        let verdict = if created.outcome == ResultOutcome::Created {
            carry_out(payment.account, &payment.effect(EffectKind::Confirm, 1, 1250)?).await?.1
        } else {
            created
        };
        assert_eq!(verdict.outcome, outcome, "{kind}: {verdict:?}");
        let (_, query) = carry_out(payment.account, &payment.effect(EffectKind::Query, 1, 1250)?).await?;
        let facts = query.report.map(|report| report.facts);
        assert!(query.outcome == ResultOutcome::Absent || facts.is_some_and(|facts| facts.is_empty()), "{kind}");
    }
    Ok(())
}
