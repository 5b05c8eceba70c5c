//! What is masked, what is not, and that each way into the log goes through the mask.

use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use rstest::rstest;
use tracing_subscriber::layer::SubscriberExt;

use super::*;
use crate::telemetry::JsonLine;

const KEY: &str = "sk_live_51H8xYzAbCdEfGhIjKl";
const NUMBER: &str = "4242424242424242";

#[rstest]
#[case::key("key=sk_live_51H8xYzAbCdEfGhIjKl.", "key=[masked].")]
#[case::ours("qk_test_0123456789abcdefABCD was used", "[masked] was used")]
#[case::webhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw==", "[masked]")]
#[case::bearer("Authorization: Bearer abcdef123456.-_~", "Authorization: Bearer [masked]")]
#[case::basic("authorization: Basic dXNlcjpwYXNzd29yZA==", "authorization: Basic [masked]")]
#[case::jwt("got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl!", "got [masked]!")]
#[case::url("postgres://quittance:hunter2@db:5432/x", "postgres://quittance:[masked]@db:5432/x")]
#[case::json(r#"{"password":"hunter2","a":1}"#, r#"{"password":"[masked]","a":1}"#)]
#[case::json_in_json(r#"{"m":"{\"token\":\"hunter2\"}"}"#, r#"{"m":"{\"token\":\"[masked]\"}"}"#)]
#[case::debug_field(r#"a=1 webhook_secret="hunter2 x" b=2"#, r#"a=1 webhook_secret="[masked]" b=2"#)]
#[case::display_field("a=1 access_token=hunter2 b=2", "a=1 access_token=[masked] b=2")]
#[case::colors("\x1b[3mtoken\x1b[0m\x1b[2m=\x1b[0mhunter2\x1b[0m", "\x1b[3mtoken\x1b[0m\x1b[2m=\x1b[0m[masked]\x1b[0m")]
#[case::number("card 4242424242424242.", "card [masked].")]
#[case::number_of_json(r#"{"n":4242424242424242}"#, r#"{"n":0}"#)]
#[case::number_in_groups("4242 4242-4242 4242 12/29", "[masked] 12/29")]
#[case::amex("3782 822463 10005", "[masked]")]
#[case::behind_a_line_break(r"a\n4242424242424242\n", r"a\n[masked]\n")]
#[case::behind_a_color("\x1b[0m4242424242424242\x1b[0m", "\x1b[0m[masked]\x1b[0m")]
#[case::glued_to_a_word("card4242424242424242", "card[masked]")]
#[case::two("4242424242424242 5555555555554444", "[masked] [masked]")]
fn masks(#[case] line: &str, #[case] expected: &str) {
    assert_eq!(masked(line), expected);
}

#[rstest]
#[case::time_ms("at_ms=1764268469000")]
#[case::time_us("at_us=1764268469000123")]
#[case::time_ns("at_ns=1764268469000123456")]
#[case::rfc3339("2026-11-27T18:34:29.424242Z")]
#[case::offset("topic@3:42424242424")]
#[case::bad_check_digit("4242424242424241")]
#[case::other_prefix("1234567812345670")]
#[case::payment("pay_42424242424242420000000000000001")]
#[case::hex_behind("a4242424242424242")]
#[case::hex_before("4242424242424242f")]
#[case::uuid("550e8400-e29b-41d4-a716-424242424242")]
#[case::uuid_of_digits("42424242-4242-4242-8242-424242424242")]
#[case::trace("00-4242424242424242a848eb211c80319c-4242424242424242-01")]
#[case::seconds("took 0.4242424242424242 s")]
#[case::address("http://localhost:9092/a@b")]
#[case::prose("A valid bearer token is required")]
#[case::no_value(r#"{"token":null,"secret":""}"#)]
#[case::named("token: expected value at line 1")]
fn leaves(#[case] line: &str) {
    assert_eq!(masked(line), line);
}

/// What one thread logs, masked.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("a lock").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is written when `log` logs, in each format.
fn written(log: impl Fn()) -> [String; 3] {
    let text = |ansi| {
        let lines = Lines::default();
        let writer = lines.clone();
        let layer = tracing_subscriber::fmt::layer().with_ansi(ansi).with_writer(Masking(move || writer.clone()));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), &log);
        String::from_utf8(lines.0.lock().expect("a lock").clone()).expect("UTF-8")
    };
    let json = {
        let lines = Lines::default();
        let writer = lines.clone();
        let layer = tracing_subscriber::fmt::layer().json().event_format(JsonLine::new("test"));
        let layer = layer.with_writer(Masking(move || writer.clone()));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), &log);
        String::from_utf8(lines.0.lock().expect("a lock").clone()).expect("UTF-8")
    };
    let line: serde_json::Value = serde_json::from_str(&json).expect("the line is JSON still");
    assert_eq!(line["process"], "test");
    [text(false), text(true), json]
}

#[derive(Debug, thiserror::Error)]
#[error("the gateway refused {0}")]
struct Outer(&'static str, #[source] Inner);

#[derive(Debug, thiserror::Error)]
#[error("the header was Authorization: Bearer {KEY}")]
struct Inner;

#[test]
fn every_part_of_an_event_is_masked() {
    let written = written(|| {
        let error = Outer(NUMBER, Inner);
        let causes = crate::causes::with_causes(&error);
        tracing::info_span!("request", key = KEY, number = 4_242_424_242_424_242_u64).in_scope(|| {
            tracing::error!(causes, ?error, password = "hunter2", secret = %"hunter2", "line\n{NUMBER} {KEY}");
        });
    });
    for line in written {
        for secret in [KEY, NUMBER, "hunter2", "51H8"] {
            assert!(!line.contains(secret), "{secret}: {line}");
        }
        assert!(line.contains("the gateway refused"), "{line}");
    }
}

proptest! {
    #[test]
    fn a_key_never_gets_through(before in ".{0,20}", after in ".{0,20}") {
        let line = format!("{before}{KEY}{after}");
        prop_assert!(!masked(&line).contains(KEY));
    }

    #[test]
    fn what_was_masked_stays_as_it_is(line in "[ -~]{0,80}") {
        let once = masked(&line).into_owned();
        prop_assert_eq!(masked(&once), once.as_str());
    }
}
