//! The PROXY protocol, versions 1 and 2: a balancer that forwards bytes says first whose they are.
//! <https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt>

use std::io;
use std::net::IpAddr;

use ppp::{PartialResult as _, v1, v2};
use tokio::io::AsyncRead;

use super::rewound::Rewound;

/// The longest header of version 1, by its specification.
const V1_BYTES_MAX: usize = 107;
/// The longest one of version 2 that is read: enough for what balancers say about TLS, far below the 64 KiB that fit.
const V2_BYTES_MAX: usize = 2048;

/// A header that makes no sense, or none at all.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProxyHeaderError {
    #[error("the connection does not begin with a header of the PROXY protocol")]
    Missing,
    #[error("the header of the PROXY protocol is longer than {0} bytes")]
    TooLong(usize),
    #[error(transparent)]
    Text(#[from] v1::ParseError),
    #[error(transparent)]
    Binary(#[from] v2::ParseError),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// A whole header.
#[derive(Debug, PartialEq, Eq)]
struct ProxyHeader {
    bytes: usize,
    /// Whom the balancer speaks for; `None` if for itself (it checks our health) or for somebody without an address.
    source: Option<IpAddr>,
}

/// Reads the header, and nothing behind it, and says whom the balancer speaks for.
pub(super) async fn read<S>(stream: &mut Rewound<S>) -> Result<Option<IpAddr>, ProxyHeaderError>
where
    S: AsyncRead + Unpin,
{
    loop {
        stream.look().await?;
        if let Some(header) = parse(stream.unread())? {
            stream.forget(header.bytes);
            return Ok(header.source);
        }
    }
}

/// The header that stands at the beginning; `None` if more bytes are needed.
fn parse(bytes: &[u8]) -> Result<Option<ProxyHeader>, ProxyHeaderError> {
    let begins = |prefix: &[u8]| bytes.iter().zip(prefix).all(|(byte, expected)| byte == expected);
    if begins(v2::PROTOCOL_PREFIX) {
        binary(bytes)
    } else if begins(b"PROXY ") {
        text(bytes)
    } else {
        Err(ProxyHeaderError::Missing)
    }
}

fn text(bytes: &[u8]) -> Result<Option<ProxyHeader>, ProxyHeaderError> {
    let Some(end) = bytes.iter().take(V1_BYTES_MAX).position(|byte| *byte == b'\n') else {
        return if bytes.len() < V1_BYTES_MAX { Ok(None) } else { Err(ProxyHeaderError::TooLong(V1_BYTES_MAX)) };
    };
    let line = std::str::from_utf8(&bytes[..=end]).map_err(|_| ProxyHeaderError::Missing)?;
    let header = v1::Header::try_from(line)?;
    let source = match header.addresses {
        v1::Addresses::Unknown => None,
        v1::Addresses::Tcp4(addresses) => Some(addresses.source_address.into()),
        v1::Addresses::Tcp6(addresses) => Some(addresses.source_address.into()),
    };
    Ok(Some(ProxyHeader { bytes: end + 1, source }))
}

fn binary(bytes: &[u8]) -> Result<Option<ProxyHeader>, ProxyHeaderError> {
    let header = match v2::Header::try_from(bytes) {
        Ok(header) if header.len() <= V2_BYTES_MAX => header,
        Err(error) if error.is_incomplete() && bytes.len() < V2_BYTES_MAX => return Ok(None),
        Err(error) if !error.is_incomplete() => return Err(error.into()),
        Ok(_) | Err(_) => return Err(ProxyHeaderError::TooLong(V2_BYTES_MAX)),
    };
    let source = match (header.command, header.addresses) {
        (v2::Command::Proxy, v2::Addresses::IPv4(addresses)) => Some(addresses.source_address.into()),
        (v2::Command::Proxy, v2::Addresses::IPv6(addresses)) => Some(addresses.source_address.into()),
        (v2::Command::Local, _) | (_, v2::Addresses::Unspecified | v2::Addresses::Unix(_)) => None,
    };
    Ok(Some(ProxyHeader { bytes: header.len(), source }))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const V2: &[u8] = v2::PROTOCOL_PREFIX;
    const FOUR: &[u8] = &[0x21, 0x11, 0, 12, 192, 0, 2, 7, 10, 0, 0, 1, 1, 2, 0, 80];
    const FOUR_AND_MORE: &[u8] = &[0x21, 0x11, 0, 16, 192, 0, 2, 7, 10, 0, 0, 1, 1, 2, 0, 80, 4, 0, 1, 42];
    const LOCAL: &[u8] = &[0x20, 0, 0, 0];

    #[rstest]
    #[case::four(b"PROXY TCP4 192.0.2.7 10.0.0.1 4711 443\r\n", Some("192.0.2.7"))]
    #[case::six(b"PROXY TCP6 2001:db8::7 fd00::1 4711 443\r\n", Some("2001:db8::7"))]
    #[case::unknown(b"PROXY UNKNOWN\r\n", None)]
    #[case::unknown_and_more(b"PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n", None)]
    fn texts(#[case] header: &[u8], #[case] source: Option<&str>) {
        reads_in_any_pieces(header, source);
    }

    #[rstest]
    #[case::four(FOUR, Some("192.0.2.7"))]
    #[case::four_and_more(FOUR_AND_MORE, Some("192.0.2.7"))]
    #[case::local(LOCAL, None)]
    #[case::unix(&[&[0x21, 0x31, 0, 216][..], &[0; 216]].concat(), None)]
    fn binaries(#[case] header: &[u8], #[case] source: Option<&str>) {
        reads_in_any_pieces(&[V2, header].concat(), source);
    }

    /// The header is there when its last byte is, and what follows is none of it.
    fn reads_in_any_pieces(header: &[u8], source: Option<&str>) {
        for count in 1..header.len() {
            assert_eq!(parse(&header[..count]).expect("no error yet"), None, "{count} bytes");
        }
        let source = source.map(|source| source.parse().expect("an address"));
        let whole = ProxyHeader { bytes: header.len(), source };
        for rest in [&b""[..], b"GET / HTTP/1.1\r\n\r\n", b"\xff\xff"] {
            assert_eq!(parse(&[header, rest].concat()).expect("a header").as_ref(), Some(&whole));
        }
    }

    #[rstest]
    #[case::http(b"GET / HTTP/1.1\r\n", "does not begin with")]
    #[case::http2(b"PRI * HTTP/2.0\r\n", "does not begin with")]
    #[case::tls(&[0x16, 3, 1], "does not begin with")]
    #[case::no_protocol(b"PROXY UDP4 192.0.2.7 10.0.0.1 4711 443\r\n", "protocol")]
    #[case::no_address(b"PROXY TCP4 192.0.2 10.0.0.1 4711 443\r\n", "source")]
    #[case::endless(&b"PROXY ".repeat(18), "longer than 107 bytes")]
    fn is_refused(#[case] bytes: &[u8], #[case] reason: &str) {
        let error = parse(bytes).expect_err("it is refused").to_string();
        assert!(error.contains(reason), "{error}");
    }

    #[rstest]
    #[case::version(&[0x31, 0x11, 0, 12], "version")]
    #[case::no_room_for_the_addresses(&[0x21, 0x21, 0, 12], "cannot store")]
    fn binary_is_refused(#[case] rest: &[u8], #[case] reason: &str) {
        let error = parse(&[V2, rest].concat()).expect_err("it is refused").to_string();
        assert!(error.contains(reason), "{error}");
    }

    #[test]
    fn binary_is_read_up_to_a_bound() {
        let longest = [V2, &[0x20, 0, 0x07, 0xf0], &[0; 2032]].concat();
        assert_eq!(longest.len(), V2_BYTES_MAX);
        assert!(parse(&longest).expect("it fits").is_some());
        let longer = [V2, &[0x20, 0, 0x07, 0xf1], &[0; 2033]].concat();
        for count in [V2_BYTES_MAX, V2_BYTES_MAX + 1] {
            let error = parse(&longer[..count]).expect_err("it is refused").to_string();
            assert!(error.contains("longer than 2048 bytes"), "{error}");
        }
    }
}
