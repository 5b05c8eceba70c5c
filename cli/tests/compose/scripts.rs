//! The scripts in `docker/`, run.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::{Shutdown, TcpListener},
    os::unix::fs::PermissionsExt,
    process::Command,
    thread,
};

use rstest::rstest;

use super::file::{path, variables};

/// What `docker/new-env` prints.
pub(crate) fn new_env() -> BTreeMap<String, String> {
    let output = Command::new(path("docker/new-env")).arg("-").output().expect("docker/new-env runs");
    assert!(output.status.success());
    variables(&String::from_utf8(output.stdout).expect("text"))
}

#[test]
fn secrets_are_new_each_time_and_long_enough() {
    let (first, second) = (new_env(), new_env());
    for (name, secret) in &first {
        assert!(secret.len() >= 44 && second[name] != *secret, "{name}");
        // Passwords go into URLs.
        assert!(!name.contains("PASSWORD") || secret.bytes().all(|b| b.is_ascii_hexdigit()), "{name}");
    }
}

#[test]
fn secrets_are_for_their_owner_alone_and_are_never_written_over() {
    let folder = std::env::temp_dir().join(format!("new-env-{}", std::process::id()));
    std::fs::create_dir(&folder).expect("a new folder");
    let file = folder.join("env");
    let make = || Command::new(path("docker/new-env")).arg(&file).output().expect("docker/new-env runs");
    assert!(make().status.success());
    let (made, mode) = (std::fs::read(&file).expect("the file"), file.metadata().expect("it").permissions().mode());
    assert_eq!(mode & 0o777, 0o600);
    assert!(!make().status.success());
    assert_eq!(std::fs::read(&file).expect("the file"), made);
    std::fs::remove_dir_all(&folder).expect("the folder is ours");
}

/// A server that answers one connection with these bytes; its port.
fn server(answer: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept()?;
        stream.write_all(answer)?;
        stream.shutdown(Shutdown::Write)?;
        // To close before all was read would take the answer back.
        stream.read_to_end(&mut Vec::new())
    });
    port
}

fn succeeds(script: &str, args: &[&str]) -> bool {
    Command::new("bash").arg(path(script)).args(args).status().expect("bash runs").success()
}

#[rstest]
#[case::ready(b"HTTP/1.1 200 OK\r\n\r\nok", true)]
#[case::ready_in_the_old_way(b"HTTP/1.0 200 OK\r\n\r\n", true)]
#[case::unready(b"HTTP/1.1 503 Service Unavailable\r\n\r\n", false)]
#[case::not_found(b"HTTP/1.1 404 Not Found\r\nX: 200 OK\r\n\r\n", false)]
#[case::silent(b"", false)]
fn health_over_http(#[case] answer: &'static [u8], #[case] healthy: bool) {
    assert_eq!(succeeds("docker/healthy-http", &[&server(answer).to_string(), "/readyz"]), healthy);
}

#[rstest]
#[case::admitted(b"\0\0\0\x25\0\0\0\x01\0\0\0\x01\0\0\0\x01", true)]
#[case::not_admitted(b"\0\0\0\x11\0\0\0\x01\0\0\0\0\0\0\0\0", false)]
#[case::cut_off(b"\0\0\0\x25\0\0", false)]
#[case::not_kafka(b"HTTP/1.1 400 Bad Request\r\n\r\n", false)]
#[case::silent(b"", false)]
fn health_of_kafka(#[case] answer: &'static [u8], #[case] healthy: bool) {
    assert_eq!(succeeds("docker/healthy-kafka", &[&server(answer).to_string()]), healthy);
}

#[rstest]
#[case("docker/healthy-http")]
#[case("docker/healthy-kafka")]
fn nobody_there_is_unhealthy(#[case] script: &str) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    drop(listener);
    assert!(!succeeds(script, &[&port.to_string(), "/readyz"]));
}
