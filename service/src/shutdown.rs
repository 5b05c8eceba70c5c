//! Shutdown as one value: everything that loops or waits holds a clone and ends when it is requested.
//!
//! The first SIGTERM or SIGINT asks for an orderly end. A second one means that somebody has lost patience: the process
//! exits on the spot with code 130, which is safe because every effect here survives a crash.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// The exit code of a process that was told twice to stop: 128 + SIGINT, as shells report it.
pub const IMPATIENT_EXIT_CODE: i32 = 130;

/// The wish to stop. Clones share it; once requested it stays requested.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    token: CancellationToken,
}

impl Shutdown {
    /// A shutdown that only [`Shutdown::request`] asks for.
    pub fn new() -> Self {
        Self::default()
    }

    /// A shutdown that SIGTERM and SIGINT ask for. The handlers are in place when this returns; call it once.
    ///
    /// Signals are awaited on a thread of their own, so that a second one still ends a process whose runtime is stuck
    /// or already gone.
    ///
    /// # Errors
    /// When the handlers cannot be installed or the thread cannot be started.
    pub fn on_signals() -> io::Result<Self> {
        let shutdown = Self::new();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let context = runtime.enter();
        let signals =
            Signals { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? };
        drop(context);
        let watch = signals.watch(shutdown.clone());
        std::thread::Builder::new().name("signals".to_owned()).spawn(move || runtime.block_on(watch))?;
        Ok(shutdown)
    }

    /// Asks everything that holds a clone to stop.
    pub fn request(&self) {
        self.token.cancel();
    }

    /// Whether the end was asked for. Cheap; meant for loops on OS threads.
    pub fn is_requested(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Waits until the end is asked for; returns at once when it already was.
    pub async fn requested(&self) {
        self.token.cancelled().await;
    }

    /// Runs `work` until it is done or the end is asked for, in which case `work` is dropped and the answer is `None`.
    pub async fn run_until_requested<F: Future>(&self, work: F) -> Option<F::Output> {
        self.token.run_until_cancelled(work).await
    }
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    async fn watch(mut self, shutdown: Shutdown) {
        let name = self.next().await;
        tracing::info!(signal = name, "shutting down; a second signal exits at once");
        shutdown.request();
        let name = self.next().await;
        tracing::warn!(signal = name, "second signal, exiting at once");
        std::process::exit(IMPATIENT_EXIT_CODE);
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_request_reaches_every_clone() {
        let shutdown = Shutdown::new();
        let clone = shutdown.clone();
        assert!(!clone.is_requested());
        shutdown.request();
        assert!(clone.is_requested());
        clone.requested().await;
    }

    #[tokio::test]
    async fn work_is_dropped_when_the_end_is_requested() {
        let shutdown = Shutdown::new();
        assert_eq!(shutdown.run_until_requested(async { 7 }).await, Some(7));
        let stopper = shutdown.clone();
        let (endless, ()) = tokio::join!(shutdown.run_until_requested(std::future::pending::<()>()), async {
            stopper.request();
        });
        assert_eq!(endless, None);
    }
}
