//! What happens at the simulator without our asking, and how it tells us.

use quittance_avro::{
    time::Timestamp,
    words::{CaptureMethod, FactStatus, OperationKind},
};
use quittance_gateways::{TOLERANCE_SECONDS, adapter, is_signed};
use serde_json::json;

use super::{
    payment::{BOTH, Payment, attempt, authorized, in_short},
    *,
};

/// Asks the simulator for something that only people can ask for. `{}` stands for the charge.
async fn administer(simulator: SocketAddr, payment: &Payment<'_>, path: &str, body: &str) -> Outcome {
    let reference = payment.reference.as_deref().ok_or("no payment")?;
    let charge = reference.replace("pi_", "ch_");
    let url = format!("http://{simulator}/admin/{}", path.replace("{}", &charge));
    let request = reqwest::Client::new().post(url).header("content-type", "application/json").body(body.to_owned());
    request.send().await?.error_for_status()?;
    Ok(())
}

#[tokio::test]
async fn an_authorization_expires() -> Outcome {
    let simulator = start_simulator(0).await?;
    let accounts = accounts(simulator)?;
    for kind in BOTH {
        let mut payment = Payment::new(&accounts, kind, "approve", CaptureMethod::Manual)?;
        payment.authorize().await?;
        administer(simulator, &payment, "charges/{}/expire", "").await?;
        let facts = payment.facts().await?;
        let expected = [authorized(kind), (OperationKind::Void, FactStatus::Succeeded, 1250, None)];
        assert_eq!(in_short(&facts), expected, "{kind}");
        assert_eq!(facts[1].reason.as_deref(), Some("expired"), "{kind}");
        let late = payment.ask(EffectKind::Capture, 2, 1250).await?;
        assert_eq!(late.outcome, ResultOutcome::Rejected, "{kind}: {late:?}");
    }
    Ok(())
}

#[rstest]
#[case::made_at_once(CaptureMethod::Automatic, 1)]
#[case::made_later(CaptureMethod::Manual, 2)]
#[tokio::test]
async fn a_capture_is_undone(#[case] capture: CaptureMethod, #[case] number: u8) -> Outcome {
    let simulator = start_simulator(0).await?;
    let accounts = accounts(simulator)?;
    for kind in BOTH {
        let mut payment = Payment::new(&accounts, kind, "approve", capture)?;
        payment.authorize().await?;
        if capture == CaptureMethod::Manual {
            payment.ask(EffectKind::Capture, number, 1250).await?;
        }
        let id = payment.capture_id(simulator).await?;
        administer(simulator, &payment, &format!("charges/{{}}/captures/{id}/fail"), "").await?;
        let facts = payment.facts().await?;
        let undone = (OperationKind::Capture, FactStatus::Failed, 1250, Some(attempt(kind, number)));
        assert_eq!(in_short(&facts), [authorized(kind), undone], "{kind}");
    }
    Ok(())
}

#[tokio::test]
async fn refunds_are_made_elsewhere_and_undone() -> Outcome {
    let simulator = start_simulator(0).await?;
    let accounts = accounts(simulator)?;
    for kind in BOTH {
        let mut payment = Payment::new(&accounts, kind, "approve", CaptureMethod::Automatic)?;
        payment.authorize().await?;
        administer(simulator, &payment, "charges/{}/refunds", r#"{"amount":50}"#).await?;
        let refunded = payment.ask(EffectKind::Refund, 2, 200).await?;
        let id = refunded.details.gateway_reference.ok_or("no reference")?;
        administer(simulator, &payment, &format!("refunds/{id}/fail"), "").await?;
        let facts = payment.facts().await?;
        let expected = [
            authorized(kind),
            (OperationKind::Capture, FactStatus::Succeeded, 1250, Some(attempt(kind, 1))),
            (OperationKind::Refund, FactStatus::Succeeded, 50, None),
            (OperationKind::Refund, FactStatus::Failed, 200, Some(attempt(kind, 2))),
        ];
        assert_eq!(in_short(&facts), expected, "{kind}");
        assert!(facts[3].failure.is_some(), "{kind}");
    }
    Ok(())
}

/// One request to a server that answers it with 200: its head and its body.
async fn receive(listener: &TcpListener) -> Outcome<(String, Vec<u8>)> {
    let (mut stream, _) = listener.accept().await?;
    let mut bytes = Vec::new();
    loop {
        let mut more = [0; 4096];
        let read = stream.read(&mut more).await?;
        bytes.extend_from_slice(&more[..read]);
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        let length = text.split_once("content-length: ").and_then(|(_, rest)| rest.split("\r\n").next()?.parse().ok());
        let Some((head, _)) = text.split_once("\r\n\r\n") else { continue };
        let body = bytes.get(head.len() + 4..).filter(|body| Some(body.len()) == length);
        if let Some(body) = body {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await?;
            return Ok((head.to_owned(), body.to_vec()));
        }
        if read == 0 {
            return Err("the connection ended too early".into());
        }
    }
}

#[tokio::test]
async fn a_webhook_is_signed_and_names_the_payment() -> Outcome {
    let simulator = start_simulator(0).await?;
    let accounts = accounts(simulator)?;
    for kind in BOTH {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/webhook", listener.local_addr()?);
        let settings = json!({ "url": url, "secret": "whsec_test", "dialect": kind.as_str() });
        let order = reqwest::Client::new().put(format!("http://{simulator}/admin/webhooks"));
        let order = order.header("content-type", "application/json").body(settings.to_string());
        order.send().await?.error_for_status()?;

        let mut payment = Payment::new(&accounts, kind, "approve", CaptureMethod::Automatic)?;
        payment.authorize().await?;
        let (head, body) = tokio::time::timeout(Duration::from_secs(10), receive(&listener)).await??;
        let header = format!("\r\n{}: ", adapter(kind).signature_header());
        let signature =
            head.split_once(&header).and_then(|(_, rest)| rest.split("\r\n").next()).ok_or("no signature")?;
        let signed = |secret: &str, body: &[u8]| -> Outcome<bool> {
            Ok(is_signed(signature, body, &secret.parse()?, Timestamp::now(), TOLERANCE_SECONDS).is_ok())
        };
        assert!(signed("whsec_test", &body)?, "{kind}");
        assert!(!signed("whsec_other", &body)? && !signed("whsec_test", b"{}")?, "{kind}");

        let notice = account(&accounts, kind)?.adapter.notice(&body)?;
        assert_eq!(Some(&notice.gateway_reference), payment.reference.as_ref(), "{kind}");
        let effect = payment.effect(EffectKind::Query, 1, 1250)?;
        assert_eq!(notice.payment_id.map(|id| id.to_string()), Some(effect.envelope.aggregate_id), "{kind}");
        assert_eq!(notice.attempt_id, Some(attempt(kind, 1)), "{kind}");
    }
    Ok(())
}
