//! What the load balancer forwards, and where to.

use std::net::SocketAddr;

use super::file::{Compose, text};

/// The words of each line.
fn lines(config: &str) -> Vec<Vec<&str>> {
    config.lines().map(|line| line.split_whitespace().collect()).collect()
}

#[test]
fn requests_go_from_the_published_port_to_every_ready_ingest() {
    let (compose, config) = (Compose::read(), text("docker/haproxy.cfg"));
    let lines = lines(&config);
    let one = |first: &str| {
        let found: Vec<_> = lines.iter().filter(|line| line.first() == Some(&first)).collect();
        let [line] = found[..] else { panic!("{first} stands {} times", found.len()) };
        line[1..].to_vec()
    };
    let published = compose.service("load-balancer").ports[0].rsplit(':').next().expect("a port");
    assert_eq!(one("bind"), [format!(":{published}")]);
    let listen: SocketAddr = compose.service("ingest").environment["QUITTANCE_LISTEN"].parse().expect("an address");
    let server = one("server-template");
    assert_eq!(server[2], format!("ingest:{}", listen.port()));
    assert!(server.contains(&"check") && !listen.ip().is_loopback());
    assert_eq!(one("balance"), ["leastconn"]);
    // It is believed whom it speaks for, so it must not pass on what clients say about themselves.
    assert!(compose.service("ingest").environment.contains_key("QUITTANCE_TRUSTED_PROXIES"));
    assert!(config.contains("\n    http-request set-header X-Forwarded-For %[src]\n"));
    assert!(config.contains("http-check send meth GET uri /readyz"));
    let instances: u32 = server[1].parse().expect("a number");
    assert!(compose.service("ingest").deploy.as_ref().is_some_and(|deploy| deploy.replicas <= instances));
}

#[test]
fn only_the_api_is_forwarded() {
    let config = text("docker/haproxy.cfg");
    let others = config.lines().map(str::trim).find(|line| line.starts_with("http-request return status 404"));
    assert!(others.is_some_and(|line| line.ends_with("unless { path_beg /v1/ }")), "{others:?}");
    assert!(config.contains("monitor-uri /readyz"), "readiness is its own, not an ingest's");
}
