//! What can only be seen from outside a process: signals, exit codes and running out of descriptors.
//!
//! Each scenario starts this test binary again, told by a variable to play a process, and watches it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use clap::Parser;
use quittance_service::health::Health;
use quittance_service::metrics::Metrics;
use quittance_service::shutdown::{IMPATIENT_EXIT_CODE, Shutdown};
use quittance_service::telemetry::{self, TelemetryArgs};
use rstest::rstest;

const ROLE: &str = "QUITTANCE_TEST_ROLE";
const DEADLINE: Duration = Duration::from_secs(20);

#[rstest]
#[case::terminate("TERM")]
#[case::interrupt("INT")]
fn one_signal_asks_for_an_orderly_end(#[case] signal: &str) {
    let mut process = Process::start("orderly", "true");
    process.wait_for("waiting for a signal");
    process.signal(signal);
    process.wait_for("drained");
    assert_eq!(process.exit().code(), Some(0));
}

#[test]
fn a_second_signal_ends_the_process_at_once() {
    let mut process = Process::start("stuck", "true");
    process.wait_for("waiting for a signal");
    process.signal("TERM");
    process.wait_for("shutting down");
    process.signal("INT");
    assert_eq!(process.exit().code(), Some(IMPATIENT_EXIT_CODE));
}

#[test]
fn a_server_out_of_descriptors_recovers_without_spinning() {
    let mut process = Process::start("server", "ulimit -n 40");
    let listening = process.wait_for("listening address=");
    let (_, address) = listening.split_once("address=").expect("an address");
    let address = address.split_whitespace().next().expect("an address");
    let address: SocketAddr = address.parse().expect("an address");
    let crowd: Vec<TcpStream> = (0..60).map(|_| TcpStream::connect(address).expect("a place in the queue")).collect();
    process.wait_for("cannot accept connections");
    drop(crowd);
    let mut client = TcpStream::connect(address).expect("a connection");
    client.set_read_timeout(Some(DEADLINE)).expect("a timeout");
    client.write_all(b"GET /livez HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").expect("a write");
    let mut answer = String::new();
    client.read_to_string(&mut answer).expect("an answer");
    assert!(answer.ends_with("ok"), "{answer}");
    process.signal("TERM");
    process.wait_for("drained");
    assert_eq!(process.exit().code(), Some(0));
    let complaints = process.seen.iter().filter(|line| line.contains("cannot accept connections")).count();
    assert_eq!(complaints, 1, "the failure is logged once: {:?}", process.seen);
}

#[rstest]
#[case::as_others("info", "panicked: the key is [masked]")]
#[case::of_one_part("quittance_service::http=info", "the key is [masked]")]
fn what_a_panic_says_is_masked(#[case] directives: &str, #[case] told: &str) {
    let mut process = Process::start("panicking", &format!("export QUITTANCE_LOG={directives}"));
    process.wait_for(told);
    assert_eq!(process.exit().code(), Some(0));
    assert!(!process.seen.iter().any(|line| line.contains("51H8xYzAbCdEfGhIjKl")), "{:?}", process.seen);
}

/// Not a test of its own: the other side of those above. Without a role there is nothing to play.
#[test]
fn play_a_role() {
    let Ok(role) = std::env::var(ROLE) else { return };
    telemetry::init(&Options::parse_from(["test"]).telemetry, &role);
    let shutdown = Shutdown::on_signals().expect("signal handlers");
    match role.as_str() {
        "orderly" => wait_on_a_thread_without_a_runtime(&shutdown),
        "stuck" => {
            wait_on_a_thread_without_a_runtime(&shutdown);
            std::thread::park_timeout(DEADLINE);
        }
        "server" => serve_until(shutdown),
        "panicking" => {
            let panicking = std::thread::spawn(|| panic!("the key is sk_live_51H8xYzAbCdEfGhIjKl"));
            assert!(panicking.join().is_err(), "it panicked");
        }
        other => panic!("no role {other}"),
    }
    std::process::exit(0);
}

#[derive(Parser)]
struct Options {
    #[command(flatten)]
    telemetry: TelemetryArgs,
}

fn wait_on_a_thread_without_a_runtime(shutdown: &Shutdown) {
    eprintln!("waiting for a signal");
    while !shutdown.is_requested() {
        std::thread::sleep(Duration::from_millis(5));
    }
    eprintln!("drained");
}

#[tokio::main(flavor = "current_thread")]
async fn serve_until(shutdown: Shutdown) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let served = quittance_service::admin::serve(listener, Health::default(), Metrics::new("test"), shutdown).await;
    served.expect("the server");
}

/// This binary in a role, its stderr read line by line.
struct Process {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl Process {
    /// Starts `role` after `setup` in a shell, which limits what the process may use.
    fn start(role: &str, setup: &str) -> Self {
        let this_binary = std::env::current_exe().expect("this binary");
        let mut child = Command::new("sh")
            .args(["-c", &format!("{setup} && exec \"$0\" --exact play_a_role --nocapture")])
            .arg(this_binary)
            .env(ROLE, role)
            .env("QUITTANCE_LOG", "info")
            .env("QUITTANCE_LOG_FORMAT", "human")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a shell");
        let (sender, lines) = channel();
        let stderr = BufReader::new(child.stderr.take().expect("a pipe"));
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        Self { child, lines, seen: Vec::new() }
    }

    fn wait_for(&mut self, part: &str) -> String {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left);
            let line = line.unwrap_or_else(|_| panic!("no line with {part:?}, only {:?}", self.seen));
            self.seen.push(line.clone());
            if line.contains(part) {
                return line;
            }
        }
    }

    fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().expect("a shell").success(), "{kill}");
    }

    /// The exit status; whatever was still logged is in `seen` then.
    fn exit(&mut self) -> ExitStatus {
        let deadline = Instant::now() + DEADLINE;
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                self.seen.extend(self.lines.iter());
                return status;
            }
            assert!(Instant::now() < deadline, "still running; it logged {:?}", self.seen);
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
