//! What comes before the first request: whom a proxy speaks for, the TLS handshake, and which protocol it is.

use std::io;
use std::net::IpAddr;

use tokio_rustls::server::TlsStream;
use tokio_util::either::Either;

use super::activity::Protocol;
use super::certificates::Certificates;
use super::client::Proxies;
use super::proxy_protocol::{self, ProxyHeaderError};
use super::rewound::Rewound;
use super::stall::StallGuard;

type Clear = Rewound<StallGuard>;

/// A connection that a request may come on.
pub(super) struct Opened {
    pub(super) stream: Either<Clear, TlsStream<Clear>>,
    pub(super) protocol: Protocol,
    /// Who called: the peer, or the one that it forwards bytes for.
    pub(super) caller: IpAddr,
}

/// Why a connection came to nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum OpeningError {
    #[error("{0} is no trusted proxy, and nobody else may connect")]
    NoProxy(IpAddr),
    #[error("proxy {0}")]
    ProxyHeader(#[from] ProxyHeaderError),
    #[error("TLS: {0}")]
    Handshake(#[source] io::Error),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Opens a connection from `peer`. It has no bound of time of its own.
pub(super) async fn open(
    stream: StallGuard,
    peer: IpAddr,
    proxies: &Proxies,
    certificates: Option<&Certificates>,
) -> Result<Opened, OpeningError> {
    let (mut stream, mut caller) = (Rewound::new(stream), peer.to_canonical());
    if proxies.proxy_protocol {
        if !proxies.trust(caller) {
            return Err(OpeningError::NoProxy(caller));
        }
        caller = proxy_protocol::read(&mut stream).await?.map_or(caller, |source| source.to_canonical());
    }
    match certificates {
        Some(certificates) => {
            let stream = certificates.acceptor().accept(stream).await.map_err(OpeningError::Handshake)?;
            let protocol = match stream.get_ref().1.alpn_protocol() {
                Some(b"h2") => Protocol::Http2,
                _ => Protocol::Http1,
            };
            Ok(Opened { stream: Either::Right(stream), protocol, caller })
        }
        None => {
            let protocol = recognize(&mut stream).await?;
            Ok(Opened { stream: Either::Left(stream), protocol, caller })
        }
    }
}

/// How a client that knows that we speak HTTP/2 begins (RFC 9113, section 3.4); no request of HTTP/1 does.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Looks no further than to the first byte that tells them apart.
async fn recognize(stream: &mut Clear) -> io::Result<Protocol> {
    loop {
        let seen = stream.unread();
        if seen.len() >= PREFACE.len() && seen.starts_with(PREFACE) {
            return Ok(Protocol::Http2);
        }
        if !seen.is_empty() && !PREFACE.starts_with(&seen[..seen.len().min(PREFACE.len())]) {
            return Ok(Protocol::Http1);
        }
        stream.look().await?;
    }
}
