//! Collects what this thread logs, for tests that hold the log to its promises.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;

use super::JsonLine;

/// The JSON lines that this thread has logged since [`Captured::start`].
#[derive(Clone, Default)]
pub(crate) struct Captured {
    bytes: Arc<Mutex<Vec<u8>>>,
}

impl Captured {
    pub(crate) fn start(process: &str) -> (Self, DefaultGuard) {
        let captured = Self::default();
        let layer = tracing_subscriber::fmt::layer().json().event_format(JsonLine::new(process));
        let subscriber = tracing_subscriber::registry().with(layer.with_writer(captured.clone()));
        let guard = tracing::subscriber::set_default(subscriber);
        (captured, guard)
    }

    pub(crate) fn lines(&self) -> Vec<serde_json::Value> {
        let bytes = self.bytes.lock().expect("a lock");
        let text = std::str::from_utf8(&bytes).expect("UTF-8");
        text.lines().map(|line| serde_json::from_str(line).expect("one JSON object a line")).collect()
    }
}

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.lock().expect("a lock").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Captured {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
