//! Exchanges that do not come to their end.

use super::*;

/// A server that reads what comes, answers the same bytes to everybody, and closes. It counts nothing and knows no HTTP.
async fn start_server(answer: impl Into<Vec<u8>>) -> Outcome<SocketAddr> {
    let answer = answer.into();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(&answer).await;
        }
    });
    Ok(address)
}

#[tokio::test]
async fn a_late_answer_is_unknown_until_a_query_tells() -> Outcome {
    let simulator = start_simulator(60_000).await?;
    let (exchange, late) = call(simulator, EffectKind::Authorize, "tok_slow").await?;
    assert_eq!((exchange, late.outcome), (Exchange::Unanswered(Broken::TimedOut), ResultOutcome::Unknown));

    let (_, twin) = call(simulator, EffectKind::Authorize, "tok_slow").await?;
    assert_eq!((twin.outcome, twin.details.raw_code.as_deref()), (ResultOutcome::Unknown, Some("in_progress")));

    let (_, query) = call(simulator, EffectKind::Query, "tok_slow").await?;
    let facts = query.report.ok_or("no report")?.facts;
    assert_eq!(facts.iter().map(|fact| fact.amount.get()).collect::<Vec<_>>(), [1250, 1250]);
    Ok(())
}

#[rstest]
#[tokio::test]
async fn nobody_there_is_not_processed(
    #[values(EffectKind::Authorize, EffectKind::Query)] kind: EffectKind,
) -> Outcome {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    drop(listener);
    let (exchange, verdict) = call(address, kind, "tok_approve").await?;
    assert!(matches!(exchange, Exchange::NotSent(_)), "{exchange:?}");
    assert_eq!(verdict.outcome, ResultOutcome::NotProcessed);
    Ok(())
}

#[rstest]
#[case::hangs_up("", "no answer: ")]
#[case::no_http("what?\r\n\r\n", "no answer: ")]
#[case::cut_off("HTTP/1.1 201 Created\r\ncontent-length: 500\r\n\r\n{\"id\":", "status 201, but ")]
#[case::no_json("HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\nok", "status 201")]
#[case::failed("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n", "status 502")]
#[tokio::test]
async fn a_broken_answer_is_unknown(#[case] answer: &str, #[case] told: &str) -> Outcome {
    let server = start_server(answer).await?;
    let (exchange, verdict) = call(server, EffectKind::Authorize, "tok_secret").await?;
    let text = exchange.to_string();
    assert!(text.starts_with(told), "{text}");
    assert!(!text.contains("tok_secret") && !text.contains("127.0.0.1"), "{text}");
    assert_eq!(verdict.outcome, ResultOutcome::Unknown);
    Ok(())
}

#[rstest]
#[case::by_its_length(format!("content-length: {}\r\n\r\n", BODY_BYTES_MAX + 1))]
#[case::without_a_length("\r\n".to_owned())]
#[tokio::test]
async fn an_oversized_body_is_not_read_to_its_end(#[case] header: String) -> Outcome {
    let body = "x".repeat(BODY_BYTES_MAX + 1);
    let server = start_server(format!("HTTP/1.1 201 Created\r\n{header}{body}")).await?;
    let (exchange, verdict) = call(server, EffectKind::Authorize, "tok_approve").await?;
    let too_large = Err(Broken::TooLarge(BODY_BYTES_MAX));
    assert_eq!(
        (exchange, verdict.outcome),
        (Exchange::Answered { status: 201, body: too_large }, ResultOutcome::Unknown)
    );
    Ok(())
}

#[tokio::test]
async fn a_redirect_is_not_followed() -> Outcome {
    let simulator = start_simulator(0).await?;
    let location = format!("location: http://{simulator}/v1/charges\r\n");
    let server =
        start_server(format!("HTTP/1.1 307 Temporary Redirect\r\n{location}content-length: 0\r\n\r\n")).await?;
    let (exchange, verdict) = call(server, EffectKind::Authorize, "tok_approve").await?;
    assert_eq!(
        (exchange, verdict.outcome),
        (Exchange::Answered { status: 307, body: Ok(vec![]) }, ResultOutcome::Unknown)
    );
    let (_, query) = call(simulator, EffectKind::Query, "tok_approve").await?;
    assert_eq!(query.outcome, ResultOutcome::Absent, "the charge went on to the address of the redirect");
    Ok(())
}

/// What builds on an answer is not asked for when there is none.
#[tokio::test]
async fn a_query_of_several_exchanges_ends_with_the_first_that_fails() -> Outcome {
    let server = start_server("HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n").await?;
    let accounts = accounts(server)?;
    let mut effect = effect(EffectKind::Query, "pm_card_visa");
    effect.gateway_reference = Some("pi_1".to_owned());
    let (exchanges, verdict) = carry_out(account(&accounts, GatewayKind::Stripe)?, &effect).await?;
    assert_eq!((exchanges.len(), verdict.outcome), (1, ResultOutcome::Unknown));
    Ok(())
}

#[tokio::test]
async fn a_wrong_key_is_rejected() -> Outcome {
    let simulator = start_simulator(0).await?;
    let listed = format!("stripe=stripe+http://{simulator}/stripe").parse()?;
    let accounts = Accounts::new(&listed, &"stripe=sk_live_1".parse()?)?;
    let effect = effect(EffectKind::Authorize, "pm_card_visa");
    let (_, verdict) = carry_out(account(&accounts, GatewayKind::Stripe)?, &effect).await?;
    let code = verdict.failure.and_then(|failure| failure.decline_code);
    assert_eq!((verdict.outcome, code.as_deref()), (ResultOutcome::Rejected, Some("invalid_credentials")));
    Ok(())
}
