//! Structured logs on stderr: one line an event, for a person or for a machine.
//!
//! Whatever is written through the `log` crate (librdkafka's own log lines come that way) ends in the same stream.
//! Logs go to stderr because the stdout of some subcommands is their answer.
//!
//! Nothing is written before [`masked`] has seen it, a panic's message included.

use std::io::IsTerminal;

use tracing::{Event, Subscriber};
use tracing_subscriber::filter::{EnvFilter, ParseError};
use tracing_subscriber::fmt::format::{Format, Json, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

#[cfg(test)]
pub(crate) mod capture;
mod masking;
mod panics;

use self::masking::Masking;
pub use self::masking::masked;

/// The options of every process's log.
#[derive(clap::Args, Debug, Clone)]
pub struct TelemetryArgs {
    /// How log lines are written to stderr
    #[arg(long, env = "QUITTANCE_LOG_FORMAT", value_enum, default_value_t = LogFormat::Human, global = true)]
    pub log_format: LogFormat,

    /// What is logged: a level, or a list such as "info,quittance_log=debug"
    #[arg(long, env = "QUITTANCE_LOG", value_parser = valid_directives, default_value = "info", value_name = "DIRECTIVES", global = true)]
    pub log: String,
}

/// How a log line looks.
#[derive(clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line
    Json,
    /// Text, in color on a terminal
    Human,
}

/// Checked when the options are parsed, so that a bad filter stops the start instead of silencing the log.
fn valid_directives(text: &str) -> Result<String, String> {
    filter(text).map(|_| text.to_owned()).map_err(|error| {
        format!("{error}; expected a level (error, warn, info, debug, trace, off) or a list such as info,quittance_log=debug")
    })
}

fn filter(directives: &str) -> Result<EnvFilter, BadDirectives> {
    // The library reads blank text as "errors only": a variable set to nothing would silence the log.
    if directives.trim().is_empty() {
        return Err(BadDirectives::Empty);
    }
    Ok(EnvFilter::builder().parse(directives)?)
}

#[derive(Debug, thiserror::Error)]
enum BadDirectives {
    #[error("must not be empty")]
    Empty,
    #[error(transparent)]
    Syntax(#[from] ParseError),
}

/// Sends the logs of this process to stderr from now on, what a panic says included. `process` names it in each JSON line.
///
/// Comes before the first Kafka client: librdkafka is told once, when a client is configured, which levels are wanted.
///
/// # Panics
/// When called twice, or with directives that did not come through the options' parser.
pub fn init(args: &TelemetryArgs, process: &str) {
    let filter = filter(&args.log).expect("the directives were checked when the options were parsed");
    let layer = tracing_subscriber::fmt::layer().with_writer(Masking(std::io::stderr));
    let registry = tracing_subscriber::registry().with(filter);
    match args.log_format {
        LogFormat::Human => registry.with(layer.with_ansi(std::io::stderr().is_terminal())).init(),
        LogFormat::Json => {
            registry.with(layer.json().event_format(JsonLine::new(process))).init();
        }
    }
    panics::log();
}

/// tracing-subscriber's JSON line with the process's name in front, for which it has no setting of its own.
struct JsonLine {
    head: String,
    line: Format<Json>,
}

impl JsonLine {
    fn new(process: &str) -> Self {
        let line = tracing_subscriber::fmt::format().json().flatten_event(true).with_span_list(false);
        Self { head: format!("{{\"process\":{},", serde_json::Value::from(process)), line }
    }
}

impl<S, N> FormatEvent<S, N> for JsonLine
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> std::fmt::Result {
        let mut line = String::new();
        self.line.format_event(context, Writer::new(&mut line), event)?;
        // The line is an object that is never empty: it has a timestamp at least.
        let members = line.strip_prefix('{').ok_or(std::fmt::Error)?;
        writer.write_str(&self.head)?;
        writer.write_str(members)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use rstest::rstest;

    use super::capture::Captured;
    use super::*;

    #[derive(Parser, Debug)]
    struct Options {
        #[command(flatten)]
        telemetry: TelemetryArgs,
    }

    #[rstest]
    #[case::level("warn")]
    #[case::list("info,quittance_log=debug,librdkafka=off")]
    #[case::span("quittance_ingest[request{route=\"/v1\"}]=trace")]
    fn accepts_directives(#[case] directives: &str) {
        let options = Options::try_parse_from(["quittance", "--log", directives]).expect("good directives");
        assert_eq!(options.telemetry.log, directives);
        assert_eq!(options.telemetry.log_format, LogFormat::Human);
    }

    #[rstest]
    #[case::empty("--log", "")]
    #[case::blank("--log", "  ")]
    #[case::no_such_level("--log", "quittance=loud")]
    #[case::two_signs("--log", "a=b=c")]
    #[case::no_such_format("--log-format", "xml")]
    fn refuses(#[case] option: &str, #[case] value: &str) {
        let error = Options::try_parse_from(["quittance", option, value]).expect_err("a bad value").to_string();
        assert!(error.contains(option), "{error}");
    }

    #[test]
    fn a_json_line_is_flat_and_names_the_process() {
        let (captured, _guard) = Captured::start("sink \"postgres\"");
        tracing::info_span!("batch", partition = 3).in_scope(|| {
            tracing::warn!(topic = "payments", offset = 42, "slow\nbatch");
        });
        let lines = captured.lines();
        let [line] = lines.as_slice() else { panic!("one event, one line: {lines:?}") };
        let timestamp = line["timestamp"].as_str().expect("a timestamp");
        assert!(timestamp.ends_with('Z') && timestamp.as_bytes()[10] == b'T', "{timestamp} is not RFC 3339 in UTC");
        for (pointer, expected) in [
            ("/process", "sink \"postgres\"".into()),
            ("/level", "WARN".into()),
            ("/target", "quittance_service::telemetry::tests".into()),
            ("/message", "slow\nbatch".into()),
            ("/topic", "payments".into()),
            ("/offset", serde_json::Value::from(42)),
            ("/span/name", "batch".into()),
            ("/span/partition", 3.into()),
        ] {
            assert_eq!(line.pointer(pointer), Some(&expected), "{pointer} of {line}");
        }
    }
}
