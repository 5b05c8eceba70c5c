//! A shutdown answers what is under way and ends in bounded time.

use std::time::Duration;

use quittance_simulator::Config;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::harness::{Answer, Outcome, Simulator, body};

const SOON: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a_late_answer_is_still_given() -> Outcome {
    let simulator = Simulator::start(Config { slow_ms: 500, ..Config::default() }).await?;
    let slow = tokio::spawn(simulator.charge_request("att_1", &body("tok_slow", 1250)).send());
    while simulator.get("/admin/totals").await?.body["charges"] != 1 {
        assert!(!slow.is_finished(), "the charge ended before it was seen");
    }
    simulator.stop(SOON).await?;
    assert_eq!(Answer::read(slow.await??).await?.status, 201);
    Ok(())
}

#[tokio::test]
async fn a_half_sent_request_does_not_hold_it_up() -> Outcome {
    let simulator = Simulator::start(Config { slow_ms: 0, ..Config::default() }).await?;
    let mut half = TcpStream::connect(&simulator.address).await?;
    half.write_all(b"POST /v1/charges HTTP/1.1\r\nHost:").await?;
    // A whole exchange on another connection: the half one has been accepted before it.
    simulator.get("/admin/totals").await?;
    simulator.stop(SOON).await
}
