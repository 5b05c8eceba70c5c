//! Two thousand clients that are slow on purpose, and one that is not.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use quittance_tests::{Installation, Options, Part, payment, resident_bytes};
use reqwest::StatusCode;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

const HALF_HEADERS: usize = 700;
const TRICKLED_BODIES: usize = 700;
const DEAF_READERS: usize = 600;
/// What so many connections and streams may cost at most, bytes: 64 KiB each.
const MEMORY_MAX: u64 = 2_000 * 64 * 1024;
const PAYMENTS: usize = 50;

/// Sends a header and never its end. Gives what it was told before the server closed the connection.
async fn half_header(port: u16) -> Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.write_all(b"POST /v1/payments HTTP/1.1\r\nHost: ingest\r\nX-Pa").await?;
    until_closed(&mut stream).await
}

/// Sends a body byte by byte, slower than it may. Gives what it was told before the server closed the connection.
async fn trickled_body(port: u16, token: String) -> Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let head = format!(
        "POST /v1/payments HTTP/1.1\r\nHost: ingest\r\nAuthorization: Bearer {token}\r\nIdempotency-Key: slow\r\n\
         Content-Type: application/json\r\nContent-Length: 60000\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    let (mut from, mut to) = stream.into_split();
    let trickle = async {
        let mut pace = tokio::time::interval(Duration::from_secs(1));
        loop {
            pace.tick().await;
            if to.write_all(b" ").await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    };
    tokio::select! {
        ended = until_closed(&mut from) => ended,
        () = trickle => unreachable!("it goes on for ever"),
    }
}

/// That the server closes a connection on which something still comes in is an error to whoever sends it.
async fn until_closed(stream: &mut (impl AsyncReadExt + Unpin)) -> Result<String> {
    let mut told = Vec::new();
    let _ended = stream.read_to_end(&mut told).await;
    Ok(String::from_utf8(told)?)
}

/// Opens a stream of events and never reads.
async fn deaf_reader(port: u16, token: &str) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let head = format!(
        "GET /v1/events?cursor=now HTTP/1.1\r\nHost: ingest\r\nAuthorization: Bearer {token}\r\nAccept: text/event-stream\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    Ok(stream)
}

/// The time to each of some payments, in order of their lengths.
async fn pay(client: &quittance_tests::Client) -> Result<Vec<Duration>> {
    let mut times = Vec::with_capacity(PAYMENTS);
    for _ in 0..PAYMENTS {
        let began = Instant::now();
        let paid = client.pay(&payment(100, "tok_approve")).await?;
        times.push(began.elapsed());
        ensure!(paid.status == StatusCode::CREATED, "{}", paid.body);
    }
    times.sort();
    Ok(times)
}

fn told(what: &str, times: &[Duration]) {
    let at = |part: usize| times[(times.len() - 1) * part / 100].as_secs_f64() * 1e3;
    println!("{what}: p50 {:.1} ms, p90 {:.1} ms, longest {:.1} ms", at(50), at(90), at(100));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_clients_are_let_go_and_cost_little() -> Result<()> {
    let mut installation = Installation::start("slow", Options::default()).await?;
    let ingest = installation.process(Part::Ingest);
    let (port, pid) = (ingest.port, ingest.pid().context("it runs")?);
    let client = installation.client("quick")?;
    let token = installation.token("slow", &["merchant"])?;
    pay(&client).await?;
    let before = pay(&client).await?;
    let memory_before = resident_bytes(pid)?;

    let (mut half, mut trickled) = (JoinSet::new(), JoinSet::new());
    for _ in 0..HALF_HEADERS {
        half.spawn(half_header(port));
    }
    for _ in 0..TRICKLED_BODIES {
        trickled.spawn(trickled_body(port, token.clone()));
    }
    let mut deaf = Vec::new();
    for _ in 0..DEAF_READERS {
        deaf.push(deaf_reader(port, &token).await?);
    }
    let meanwhile = pay(&client).await?;
    let memory = resident_bytes(pid)?.saturating_sub(memory_before);
    told("alone", &before);
    told("beside 2,000 slow ones", &meanwhile);
    println!("they cost {} KiB each", memory / 2_000 / 1_024);
    ensure!(memory < MEMORY_MAX, "they cost {memory} bytes");

    // None of them is served for ever, and none of the trickled bodies is taken for a payment.
    let ended = async { (half.join_all().await, trickled.join_all().await) };
    let (half, trickled) = tokio::time::timeout(Duration::from_secs(60), ended).await.context("all of them end")?;
    for told in half {
        let told = told?;
        ensure!(told.is_empty(), "half a header is answered with {told}");
    }
    for told in trickled {
        let told = told?;
        ensure!(told.starts_with("HTTP/1.1 408 "), "a body that trickles is answered with {told:?}");
    }
    drop(deaf);
    let paid = client.pay(&payment(100, "tok_approve")).await?;
    ensure!(paid.status == StatusCode::CREATED, "{}", paid.body);
    Ok(())
}
