//! A merchant's server that comes over TLS and HTTP/2 to an ingest that has no proxy before it.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::{Context, Result, ensure};
use http_body_util::{BodyExt, Full};
use hyper::{Request, Version, client::conn::http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use quittance_tests::{Installation, Options, Part, metric, payment, until};
use reqwest::StatusCode;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, RootCertStore, pki_types::ServerName},
};
use uuid::Uuid;

const CERTIFICATE: &str = "certificate.pem";
const KEY: &str = "key.pem";

/// Certificate and key of a server that says that it is `localhost`, and one who believes it.
fn certificate(folder: &Path) -> Result<TlsConnector> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    std::fs::write(folder.join(CERTIFICATE), made.cert.pem())?;
    std::fs::write(folder.join(KEY), made.signing_key.serialize_pem())?;
    quittance_service::tls::install_provider();
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone())?;
    let mut config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(Arc::new(config).into())
}

/// A connection that speaks HTTP/2.
struct Merchant {
    requests: http2::SendRequest<Full<bytes::Bytes>>,
    token: String,
}

impl Merchant {
    async fn connect(connector: &TlsConnector, port: u16, token: String) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        let stream = connector.connect(ServerName::try_from("localhost")?, stream).await?;
        ensure!(stream.get_ref().1.alpn_protocol() == Some(b"h2"), "HTTP/2 was not agreed on");
        let (requests, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { requests, token })
    }

    /// The status of an answer to `HEAD`, whether it says how long a body would be, and how many bytes come all the same.
    async fn head(&mut self, path: &str) -> Result<(StatusCode, bool, usize)> {
        let request = Request::head(format!("https://localhost{path}"))
            .header("Authorization", format!("Bearer {}", self.token))
            .body(Full::default())?;
        let answer = self.requests.send_request(request).await?;
        let says_length = answer.headers().contains_key("content-length");
        Ok((answer.status(), says_length, answer.into_body().collect().await?.to_bytes().len()))
    }

    /// Asks for a payment; the answer can be waited for beside others.
    fn pay(&mut self, body: &Value) -> Result<impl Future<Output = Result<(StatusCode, Value)>> + Send + use<>> {
        let request = Request::post("https://localhost/v1/payments")
            .header("Authorization", format!("Bearer {}", self.token))
            .header("Idempotency-Key", Uuid::new_v4().to_string())
            .header("Content-Type", "application/json")
            .body(Full::from(body.to_string()))?;
        let answer = self.requests.send_request(request);
        Ok(async move {
            let answer = answer.await?;
            ensure!(answer.version() == Version::HTTP_2, "it is {:?}", answer.version());
            let status = answer.status();
            let body = answer.into_body().collect().await?.to_bytes();
            Ok((status, serde_json::from_slice(&body)?))
        })
    }
}

#[tokio::test]
async fn payments_are_taken_over_tls_and_http2_until_the_last_one_is_answered() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let connector = certificate(folder.path())?;
    let file = |name| folder.path().join(name).display().to_string();
    let variables = vec![
        ("QUITTANCE_TLS_CERTIFICATE_FILE", file(CERTIFICATE)),
        ("QUITTANCE_TLS_KEY_FILE", file(KEY)),
        ("QUITTANCE_SIMULATOR_SLOW_MS", "1500".to_owned()),
    ];
    let mut installation = Installation::start("edge", Options { variables }).await?;
    let token = installation.token("acme", &["merchant"])?;
    let port = installation.process(Part::Ingest).port;
    let mut merchant = Merchant::connect(&connector, port, token).await?;

    let answers: Vec<_> = (1..=5).map(|n| merchant.pay(&payment(n, "tok_approve"))).collect::<Result<_>>()?;
    for answer in futures::future::try_join_all(answers).await? {
        ensure!(answer.0 == StatusCode::CREATED && answer.1["status"] == "succeeded", "{answer:?}");
    }
    let metrics = installation.metrics(Part::Ingest).await?;
    ensure!(metric(&metrics, "quittance_http_requests_total", "status=\"201\"") == 5.0, "{metrics}");

    let head = merchant.head("/v1/payments").await?;
    ensure!(head == (StatusCode::OK, true, 0), "what has no body has none on HTTP/2 either: {head:?}");

    let slow = tokio::spawn(merchant.pay(&payment(100, "tok_slow"))?);
    let simulator = installation.simulator()?;
    until("the gateway is asked", Duration::from_secs(10), || async {
        simulator.keys().await.is_ok_and(|keys| keys.len() == 6)
    })
    .await?;
    installation.process(Part::Ingest).signal("TERM")?;
    let answer = slow.await?.context("told to stop, it still answers")?;
    ensure!(answer.0 == StatusCode::CREATED && answer.1["status"] == "succeeded", "{answer:?}");
    let ingest = installation.process(Part::Ingest);
    let status = ingest.ended(Duration::from_secs(10)).await?;
    ensure!(status.success(), "it ended with {status}: {}", ingest.log());
    Ok(())
}
