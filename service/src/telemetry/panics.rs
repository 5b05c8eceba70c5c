//! What a panic says, in the log: the standard library would write it to stderr past the log's format, and past its mask.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::{self, PanicHookInfo};

use super::masked;

/// Has the log told of each panic from now on.
pub(super) fn log() {
    panic::set_hook(Box::new(tell));
}

fn tell(panic: &PanicHookInfo<'_>) {
    let (message, thread) = (panic.payload_as_str().unwrap_or("(no message)"), std::thread::current());
    let (thread, at) = (thread.name(), panic.location().map(tracing::field::display));
    // There is one if RUST_BACKTRACE says so.
    let backtrace = Backtrace::capture();
    let backtrace = (backtrace.status() == BacktraceStatus::Captured).then(|| tracing::field::display(&backtrace));
    if tracing::enabled!(tracing::Level::ERROR) {
        tracing::error!(thread, at, backtrace, "panicked: {message}");
    } else {
        // Whoever wants one part's lines only wants to know of this all the same.
        eprintln!("{}", masked(&panic.to_string()));
    }
}
