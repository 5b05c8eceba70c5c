//! What holds over TLS.

use std::path::Path;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rstest::rstest;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::harness::Http2Client;
use super::*;

/// An authority, and what a server of it needs.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    folder: TempDir,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate").der().clone();
        let folder = tempfile::tempdir().expect("a folder");
        Self { issuer: Issuer::new(params, key), certificate, folder }
    }

    fn files(&self) -> CertificateFiles {
        let path = |name| self.folder.path().join(name);
        CertificateFiles { certificate: path("certificate.pem"), key: path("key.pem") }
    }

    /// Puts a new certificate in place, and gives it.
    fn issue(&self) -> CertificateDer<'static> {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(["localhost".to_owned()]).expect("a name");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        put(&self.files().certificate, &certificate.pem());
        put(&self.files().key, &key.serialize_pem());
        certificate.der().clone()
    }

    /// Looks at its files so often that nobody has to wait.
    fn settings(&self, limits: HttpLimits) -> HttpSettings {
        let certificates = Certificates::read(self.files(), Duration::from_millis(10)).expect("good files");
        HttpSettings { limits, certificates: Some(certificates), ..HttpSettings::default() }
    }

    async fn connect(&self, server: &Running, protocols: &[&str]) -> TlsStream<TcpStream> {
        self.connect_over(server.stream().await, protocols).await
    }

    async fn connect_over(&self, stream: TcpStream, protocols: &[&str]) -> TlsStream<TcpStream> {
        within(self.connector(protocols).connect(localhost(), stream)).await.expect("a handshake")
    }

    fn connector(&self, protocols: &[&str]) -> TlsConnector {
        crate::tls::install_provider();
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).expect("an authority");
        let mut config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        Arc::new(config).into()
    }
}

fn localhost() -> ServerName<'static> {
    ServerName::try_from("localhost").expect("a name")
}

/// As a careful tool does it: there is never half a file.
fn put(path: &Path, text: &str) {
    let new = path.with_extension("new");
    std::fs::write(&new, text).expect("a file");
    std::fs::rename(&new, path).expect("a file");
}

#[rstest]
#[case::none(&[], None)]
#[case::http1(&["http/1.1"], Some("http/1.1"))]
#[case::both(&["http/1.1", "h2"], Some("h2"))]
#[tokio::test]
async fn the_protocol_is_agreed_on(#[case] offered: &[&str], #[case] agreed: Option<&str>) {
    let authority = Authority::new();
    authority.issue();
    let server = Running::start_with(answer("done"), authority.settings(HttpLimits::default())).await;
    let stream = authority.connect(&server, offered).await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), agreed.map(str::as_bytes));
    if agreed == Some("h2") {
        assert_eq!(Http2Client::over(stream).await.get("/").await.expect("an answer"), "200: done");
    } else {
        let mut client = Client::over(stream);
        for _ in 0..2 {
            client.send(GET).await;
            assert_eq!(client.response().await, "HTTP/1.1 200 OK: done");
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_offers_other_protocols_only_is_refused() {
    let authority = Authority::new();
    authority.issue();
    let server = Running::start_with(answer("done"), authority.settings(HttpLimits::default())).await;
    let handshake = authority.connector(&["imap"]).connect(localhost(), server.stream().await);
    within(handshake).await.expect_err("there is nothing to talk about");
    server.stop().await;
}

/// The first 16 bytes of a client's greeting, which announces more.
const HALF_A_GREETING: &[u8] = &[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, 0, 0, 0, 0, 0];

#[rstest]
#[case::nothing(&[])]
#[case::half_a_greeting(HALF_A_GREETING)]
#[tokio::test]
async fn a_handshake_that_never_ends_is_closed_after_the_header_timeout(#[case] beginning: &[u8]) {
    let authority = Authority::new();
    authority.issue();
    let limits = HttpLimits { header_timeout: SHORT, connections_max: 1, ..HttpLimits::default() };
    let server = Running::start_with(answer("done"), authority.settings(limits)).await;
    let mut client = server.connect().await;
    let began = Instant::now();
    client.send_bytes(beginning).await;
    assert_eq!(client.read_to_end().await, "");
    assert!(began.elapsed() >= SHORT, "closed after only {:?}", began.elapsed());
    // Its slot is free again.
    authority.connect(&server, &[]).await;
    server.stop().await;
}

#[tokio::test]
async fn a_header_that_trickles_is_closed_after_the_timeout() {
    let authority = Authority::new();
    authority.issue();
    let limits = HttpLimits { header_timeout: SHORT, ..HttpLimits::default() };
    let server = Running::start_with(answer("done"), authority.settings(limits)).await;
    let mut client = Client::over(authority.connect(&server, &[]).await);
    client.send("GET / HTTP/1.1\r\nHost: ").await;
    within(client.trickle_until_closed("t")).await;
    server.stop().await;
}

#[tokio::test]
async fn what_is_no_tls_gets_no_answer() {
    let authority = Authority::new();
    authority.issue();
    let server = Running::start_with(answer("done"), authority.settings(HttpLimits::default())).await;
    let mut client = server.connect().await;
    client.send(GET).await;
    let said = client.read_to_end().await;
    assert!(!said.contains("HTTP"), "{said}");
    server.stop().await;
}

#[tokio::test]
async fn a_new_certificate_is_shown_without_a_new_start_and_a_bad_one_is_not() {
    let authority = Authority::new();
    let first = authority.issue();
    let server = Running::start_with(answer("done"), authority.settings(HttpLimits::default())).await;
    let shown = async || {
        let stream = authority.connect(&server, &[]).await;
        stream.get_ref().1.peer_certificates().expect("a certificate")[0].clone()
    };
    assert_eq!(shown().await, first);
    let mut old = Client::over(authority.connect(&server, &[]).await);

    put(&authority.files().certificate, "no certificate");
    for _ in 0..20 {
        assert_eq!(shown().await, first, "what cannot be used was taken");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let second = authority.issue();
    within(async { while shown().await != second {} }).await;

    old.send(GET).await;
    assert_eq!(old.response().await, "HTTP/1.1 200 OK: done", "who was there before stays");
    server.stop().await;
}

#[tokio::test]
async fn the_proxy_protocol_comes_before_tls() {
    let authority = Authority::new();
    authority.issue();
    let trusted = vec!["127.0.0.0/8".parse().expect("a network")];
    let proxies = Proxies { trusted, proxy_protocol: true, ..Proxies::default() };
    let settings = HttpSettings { proxies, ..authority.settings(HttpLimits::default()) };
    let server = Running::start_with(super::proxies::who_asks(), settings).await;
    let mut client = server.connect().await;
    client.send("PROXY TCP4 192.0.2.7 10.0.0.1 4711 443\r\n").await;
    let stream = authority.connect_over(client.into_stream(), &["h2"]).await;
    assert_eq!(Http2Client::over(stream).await.get("/").await.expect("an answer"), "200: 192.0.2.7");
    server.stop().await;
}
