//! The adapters and the HTTP part against the real simulator, in both of its dialects, and against servers that misbehave.

mod broken;
mod payment;
mod payments;
mod set_ups;
mod surprises;

use std::{net::SocketAddr, time::Duration};

use quittance_avro::{
    records::GatewayEffect,
    words::{EffectKind, GatewayKind, ResultOutcome},
};
use quittance_gateways::{BODY_BYTES_MAX, Broken, Exchange, Verdict, samples};
use quittance_simulator::Config;
use rstest::rstest;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::{
    accounts::{Account, Accounts},
    http::Http,
};

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

const TIMEOUT: Duration = Duration::from_millis(500);

/// The accounts `simulator` and `stripe`, both at that address.
fn accounts(address: SocketAddr) -> Outcome<Accounts> {
    let listed = format!("simulator=http://{address},stripe=stripe+http://{address}/stripe").parse()?;
    Ok(Accounts::new(&listed, &"stripe=sk_test_1".parse()?)?)
}

/// The account at a gateway of that kind.
fn account(accounts: &Accounts, kind: GatewayKind) -> Outcome<&Account> {
    accounts.get(kind.as_str()).ok_or_else(|| "no account".into())
}

/// The effect of the samples, with that payment method.
fn effect(kind: EffectKind, token: &str) -> GatewayEffect {
    GatewayEffect { token: token.to_owned(), ..samples::effect(kind) }
}

/// All exchanges of an effect. They are empty if nothing is sent.
async fn carry_out(account: &Account, effect: &GatewayEffect) -> Outcome<(Vec<Exchange>, Verdict)> {
    let requests = match account.adapter.requests(effect, &account.credentials) {
        Ok(requests) => requests,
        Err(verdict) => return Ok((Vec::new(), *verdict)),
    };
    let exchanges = Http::new(TIMEOUT, 4)?.exchanges(&account.base, requests).await;
    let verdict = account.adapter.judge(effect, &exchanges);
    Ok((exchanges, verdict))
}

/// The one exchange of an effect of the samples with the simulator at `address`.
async fn call(address: SocketAddr, kind: EffectKind, token: &str) -> Outcome<(Exchange, Verdict)> {
    let accounts = accounts(address)?;
    let (mut exchanges, verdict) = carry_out(account(&accounts, GatewayKind::Simulator)?, &effect(kind, token)).await?;
    Ok((exchanges.pop().ok_or("nothing was sent")?, verdict))
}

/// A simulator that serves until the test's runtime ends.
async fn start_simulator(slow_ms: u64) -> Outcome<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let config = Config { slow_ms, ..Config::default() };
    tokio::spawn(quittance_simulator::serve(listener, config, std::future::pending()));
    Ok(address)
}
