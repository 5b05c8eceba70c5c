//! Who the client is, when it may come through proxies.
//!
//! Anybody can claim anything in a header, so only what a proxy that we trust says counts, and it speaks for nobody but
//! the one that it was called by. A chain of them is therefore followed from our end, one hop at a time, until it comes to
//! an address that is no proxy of ours. What stands further left was written by strangers.

use std::net::{IpAddr, SocketAddr};

use hyper::header::{FORWARDED, HeaderMap, HeaderName};
use ipnet::IpNet;

/// The network address of a request's client, in the request's extensions. An IPv4 address is written as such, also where
/// the socket knows it as an IPv6 one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClientAddress(pub IpAddr);

/// The header in which proxies say whom they speak for. There is one, because a proxy passes on what it does not know:
/// whoever believes both believes the client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ForwardedHeader {
    /// `X-Forwarded-For`, what most proxies write.
    #[default]
    XForwardedFor,
    /// `Forwarded`, RFC 7239.
    Forwarded,
}

/// The proxies that are believed, and how they say whom they speak for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies {
    /// Where they are.
    pub trusted: Vec<IpNet>,
    /// Whether they begin each connection with a header of the PROXY protocol. Nobody else gets in then.
    pub proxy_protocol: bool,
    /// The header that they write.
    pub header: ForwardedHeader,
}

impl Proxies {
    /// Whether what comes from there is believed.
    pub(super) fn trust(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(&address))
    }

    /// The client of a request that `peer` sent.
    pub(super) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> ClientAddress {
        let mut client = peer.to_canonical();
        if !self.trust(client) {
            return ClientAddress(client);
        }
        let name = match self.header {
            ForwardedHeader::XForwardedFor => HeaderName::from_static("x-forwarded-for"),
            ForwardedHeader::Forwarded => FORWARDED,
        };
        // Several headers of a name are one list. It is cut at every comma: where one stands in quotes, which no address
        // needs, the pieces make no sense, and it ends there. Read from the left, an open quote of the client's would
        // swallow what our proxies wrote behind it.
        let lines: Vec<_> = headers.get_all(name).iter().collect();
        let entries = lines.into_iter().rev().flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
        for entry in entries {
            let entry = std::str::from_utf8(entry).ok().map(str::trim);
            let hop = entry.and_then(|entry| match self.header {
                ForwardedHeader::XForwardedFor => node(entry),
                ForwardedHeader::Forwarded => forwarded_for(entry),
            });
            // A proxy that does not say whom it speaks for speaks for itself.
            let Some(hop) = hop else { break };
            client = hop;
            if !self.trust(client) {
                break;
            }
        }
        ClientAddress(client)
    }
}

/// The address in an element of `Forwarded` (RFC 7239, section 4), such as `for="[2001:db8::1]:443";proto=https`.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let mut found = None;
    for pair in element.split(';') {
        let (name, value) = pair.trim().split_once('=')?;
        let quoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
        let value = quoted.unwrap_or(value);
        // Half of what stood in quotes.
        if value.contains(['"', '\\']) {
            return None;
        }
        if name.eq_ignore_ascii_case("for") && found.replace(value).is_some() {
            return None;
        }
    }
    node(found?)
}

/// An address as proxies write it: bare, in brackets, with a port or without.
fn node(text: &str) -> Option<IpAddr> {
    let in_brackets = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok().map(IpAddr::V6);
    let with_port = || text.parse().ok().map(|address: SocketAddr| address.ip());
    text.parse().ok().or_else(in_brackets).or_else(with_port).map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;
    use rstest::rstest;

    use super::*;

    const PROXY: &str = "10.0.0.1";

    fn client(header: ForwardedHeader, peer: &str, lines: &[&str]) -> String {
        let trusted = ["10.0.0.0/8", "fd00::/8"].map(|network| network.parse().expect("a network")).to_vec();
        let proxies = Proxies { trusted, proxy_protocol: false, header };
        let name = match header {
            ForwardedHeader::XForwardedFor => "x-forwarded-for",
            ForwardedHeader::Forwarded => "forwarded",
        };
        let mut headers = HeaderMap::new();
        // The other header is the client's own: nobody reads it.
        headers.insert("forwarded", HeaderValue::from_static("for=6.6.6.6"));
        headers.insert("x-forwarded-for", HeaderValue::from_static("6.6.6.6"));
        headers.remove(name);
        for line in lines {
            headers.append(name, HeaderValue::from_bytes(line.as_bytes()).expect("a value"));
        }
        proxies.client(peer.parse().expect("an address"), &headers).0.to_string()
    }

    #[rstest]
    #[case::nobody_between("192.0.2.7", &[], "192.0.2.7")]
    #[case::a_stranger_claims("192.0.2.7", &["198.51.100.1"], "192.0.2.7")]
    #[case::a_stranger_claims_to_be_a_proxy("192.0.2.7", &["10.0.0.1"], "192.0.2.7")]
    #[case::a_proxy_that_says_nothing(PROXY, &[], PROXY)]
    #[case::one_proxy(PROXY, &["192.0.2.7"], "192.0.2.7")]
    #[case::spoofed_left(PROXY, &["198.51.100.1, 192.0.2.7"], "192.0.2.7")]
    #[case::spoofed_as_a_proxy(PROXY, &["198.51.100.1, 10.9.9.9, 192.0.2.7"], "192.0.2.7")]
    #[case::two_proxies(PROXY, &["192.0.2.7, 10.0.0.2"], "192.0.2.7")]
    #[case::two_proxies_and_spoofed(PROXY, &["198.51.100.1,192.0.2.7 ,10.0.0.2"], "192.0.2.7")]
    #[case::several_headers(PROXY, &["198.51.100.1", "192.0.2.7", "10.0.0.2"], "192.0.2.7")]
    #[case::a_list_over_two_headers(PROXY, &["198.51.100.1, 192.0.2.7", "10.0.0.3, 10.0.0.2"], "192.0.2.7")]
    #[case::only_proxies(PROXY, &["10.0.0.3, 10.0.0.2"], "10.0.0.3")]
    #[case::ipv6(PROXY, &["2001:db8::7"], "2001:db8::7")]
    #[case::ipv6_in_brackets(PROXY, &["[2001:db8::7]"], "2001:db8::7")]
    #[case::ipv6_and_port(PROXY, &["[2001:db8::7]:4711"], "2001:db8::7")]
    #[case::ipv4_and_port(PROXY, &["192.0.2.7:4711"], "192.0.2.7")]
    #[case::mapped_entry(PROXY, &["::ffff:192.0.2.7"], "192.0.2.7")]
    #[case::mapped_entry_of_a_proxy(PROXY, &["192.0.2.7, ::ffff:10.0.0.2"], "192.0.2.7")]
    #[case::mapped_peer("::ffff:10.0.0.1", &["192.0.2.7"], "192.0.2.7")]
    #[case::mapped_stranger("::ffff:192.0.2.7", &["198.51.100.1"], "192.0.2.7")]
    #[case::proxy_on_ipv6("fd00::1", &["2001:db8::7, fd00::2"], "2001:db8::7")]
    #[case::garbage(PROXY, &["192.0.2.7, what?"], PROXY)]
    #[case::garbage_behind_a_proxy(PROXY, &["192.0.2.7, unknown, 10.0.0.2"], "10.0.0.2")]
    #[case::garbage_left_of_the_client(PROXY, &["\", [, 192.0.2.7"], "192.0.2.7")]
    #[case::no_text(PROXY, &["192.0.2.7, \u{e9}"], PROXY)]
    #[case::empty_entry(PROXY, &["192.0.2.7,"], PROXY)]
    #[case::empty_header(PROXY, &[""], PROXY)]
    #[case::a_name(PROXY, &["client.example"], PROXY)]
    #[case::a_leading_zero(PROXY, &["192.0.02.7"], PROXY)]
    #[case::a_port_that_is_none(PROXY, &["192.0.2.7:99999"], PROXY)]
    #[case::a_bracket_too_few(PROXY, &["[2001:db8::7"], PROXY)]
    #[case::the_other_headers_syntax(PROXY, &["for=192.0.2.7"], PROXY)]
    fn x_forwarded_for(#[case] peer: &str, #[case] lines: &[&str], #[case] expected: &str) {
        assert_eq!(client(ForwardedHeader::XForwardedFor, peer, lines), expected);
    }

    #[rstest]
    #[case::a_stranger_claims("192.0.2.7", &["for=198.51.100.1"], "192.0.2.7")]
    #[case::one_proxy(PROXY, &["for=192.0.2.7"], "192.0.2.7")]
    #[case::case_and_others(PROXY, &["proto=https;By=203.0.113.43; FOR=192.0.2.7"], "192.0.2.7")]
    #[case::quoted(PROXY, &["for=\"192.0.2.7:4711\""], "192.0.2.7")]
    #[case::ipv6(PROXY, &["For=\"[2001:db8::7]\""], "2001:db8::7")]
    #[case::ipv6_and_port(PROXY, &["for=\"[2001:db8::7]:4711\""], "2001:db8::7")]
    #[case::chain(PROXY, &["for=198.51.100.1, for=192.0.2.7;by=10.0.0.2", "for=10.0.0.2"], "192.0.2.7")]
    #[case::open_quote_of_the_client(PROXY, &["for=\", for=192.0.2.7"], "192.0.2.7")]
    #[case::quoted_comma_of_the_client(PROXY, &["for=192.0.2.7;host=\"x,for=6.6.6.6\""], PROXY)]
    #[case::and_one_pair_more(PROXY, &["for=192.0.2.7;host=\"x,for=6.6.6.6;y=\""], PROXY)]
    #[case::with_escaped_quotes(PROXY, &["for=192.0.2.7;host=\"x,for=6.6.6.6;y=\\\"\""], PROXY)]
    #[case::hidden(PROXY, &["for=192.0.2.7, for=_hidden"], PROXY)]
    #[case::unknown(PROXY, &["for=unknown"], PROXY)]
    #[case::twice(PROXY, &["for=192.0.2.7;for=198.51.100.1"], PROXY)]
    #[case::without(PROXY, &["proto=https"], PROXY)]
    #[case::the_other_headers_syntax(PROXY, &["192.0.2.7"], PROXY)]
    #[case::garbage(PROXY, &[";;;=\"\"\"", "]"], PROXY)]
    fn forwarded(#[case] peer: &str, #[case] lines: &[&str], #[case] expected: &str) {
        assert_eq!(client(ForwardedHeader::Forwarded, peer, lines), expected);
    }
}
