//! The one loop that tries again: forever, because a server that is down comes back, and a process that gives up would
//! only be started again to do the same.

use std::fmt::Display;

use tokio::time::Instant;

use super::Backoff;
use crate::shutdown::Shutdown;
use crate::throttle::Throttle;

/// Why [`retry`] gave up.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RetryError<E> {
    /// The attempt failed in a way that another attempt would not mend.
    // The alternate form makes an `anyhow::Error` print its whole chain.
    #[error("{0:#}")]
    Permanent(E),
    /// The process is to stop; the last failure stands in the log.
    #[error("stopped while waiting to try again")]
    Shutdown,
}

/// Runs `op` until it succeeds, fails for good (`is_transient` says no) or shutdown is requested.
///
/// `what` names the work in the log, as in "connect to Postgres". The first failure is logged at once, then at most one
/// each 10 s, and the recovery once. A failure for good is returned, not logged.
///
/// An attempt that is under way is never cut short, and one is made even if shutdown was requested before: whoever
/// drains may still flush. So `op` needs a time limit of its own.
///
/// `op` is `async || …` over shared borrows, or any closure that makes a future. It is not an `AsyncFnMut` because the
/// compiler cannot yet prove a future `Send` that calls one with borrows, so that none could be spawned. Where attempts
/// change what they borrow, write the loop around an [`Attempts`].
///
/// # Errors
/// [`RetryError::Permanent`] with the failure, or [`RetryError::Shutdown`].
pub async fn retry<T, E: Display, F: Future<Output = Result<T, E>>>(
    what: &str,
    shutdown: &Shutdown,
    is_transient: impl Fn(&E) -> bool,
    mut op: impl FnMut() -> F,
) -> Result<T, RetryError<E>> {
    let mut attempts = Attempts::new(what, shutdown);
    loop {
        match op().await {
            Ok(value) => {
                attempts.succeeded();
                return Ok(value);
            }
            Err(error) if is_transient(&error) => {
                if !attempts.wait_after(&error).await {
                    return Err(RetryError::Shutdown);
                }
            }
            Err(error) => return Err(RetryError::Permanent(error)),
        }
    }
}

/// The memory of a loop that tries again: how long to wait and what to log. May be kept for many pieces of work in turn.
#[derive(Debug)]
pub struct Attempts<'a> {
    what: &'a str,
    shutdown: &'a Shutdown,
    backoff: Backoff,
    log: Throttle,
    failing: Option<Failing>,
}

#[derive(Debug)]
struct Failing {
    since: Instant,
    failures: u64,
    is_reported: bool,
}

impl<'a> Attempts<'a> {
    /// Nothing has failed yet. `what` names the work in the log.
    pub fn new(what: &'a str, shutdown: &'a Shutdown) -> Self {
        Self { what, shutdown, backoff: Backoff::DEFAULT, log: Throttle::LOG, failing: None }
    }

    /// After a failure: logs it if it is time to, and waits. False means that shutdown was requested: do not try again.
    pub async fn wait_after(&mut self, error: &impl Display) -> bool {
        let new = || Failing { since: Instant::now(), failures: 0, is_reported: false };
        let failing = self.failing.get_or_insert_with(new);
        failing.failures += 1;
        if self.log.is_due() {
            failing.is_reported = true;
            let (what, failures) = (self.what, failing.failures);
            tracing::warn!(what, failures, error = format_args!("{error:#}"), "failed, trying again");
        }
        let delay = tokio::time::sleep(self.backoff.next_delay());
        self.shutdown.run_until_requested(delay).await.is_some()
    }

    /// After a success: logs the recovery of what was logged as failing, and starts afresh. What fails every other time
    /// is still logged once each 10 s only.
    pub fn succeeded(&mut self) {
        self.backoff.reset();
        if let Some(Failing { since, failures, is_reported: true }) = self.failing.take() {
            tracing::info!(what = self.what, failures, after = ?since.elapsed(), "recovered");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::time::Duration;

    use super::*;
    use crate::telemetry::capture::Captured;

    fn is_down(error: &&str) -> bool {
        *error == "down"
    }

    #[tokio::test(start_paused = true)]
    async fn tries_until_it_succeeds_and_says_so_at_the_first_failure_each_ten_seconds_and_at_the_end() {
        let (captured, _guard) = Captured::start("test");
        let began = Instant::now();
        let minute = Duration::from_secs(60);
        let op = async || if began.elapsed() < minute { Err("down") } else { Ok(7) };
        assert_eq!(retry("connect", &Shutdown::new(), is_down, op).await, Ok(7));

        let lines = captured.lines();
        let (last, warnings) = lines.split_last().expect("lines");
        assert_eq!((&last["level"], &last["message"]), (&"INFO".into(), &"recovered".into()), "{last}");
        assert!(warnings.iter().all(|line| line["level"] == "WARN" && line["error"] == "down"), "{warnings:?}");
        assert_eq!(warnings[0]["failures"], 1);
        // Ten seconds between lines, each late by one longest delay (another ten) at most.
        assert!((3..=6).contains(&warnings.len()), "{} warnings in a minute", warnings.len());
    }

    #[tokio::test(start_paused = true)]
    async fn a_success_at_once_is_silent() {
        let (captured, _guard) = Captured::start("test");
        let answer = retry("connect", &Shutdown::new(), is_down, async || Ok::<_, &str>(7)).await;
        assert_eq!((answer, captured.lines().len()), (Ok(7), 0));
    }

    #[tokio::test(start_paused = true)]
    async fn what_fails_every_other_time_does_not_flood_the_log() {
        let (captured, _guard) = Captured::start("test");
        let shutdown = Shutdown::new();
        let mut attempts = Attempts::new("write", &shutdown);
        for _ in 0..20 {
            assert!(attempts.wait_after(&"down").await);
            attempts.succeeded();
        }
        let messages: Vec<_> = captured.lines().into_iter().map(|line| line["message"].clone()).collect();
        assert_eq!(messages, ["failed, trying again", "recovered"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_for_good_ends_it() {
        let mut failures = ["down", "down", "bad password"].into_iter();
        let op = || {
            let failure = failures.next().expect("no attempt after the last");
            async move { Err::<(), _>(failure) }
        };
        let error = retry("connect", &Shutdown::new(), is_down, op).await;
        assert_eq!(error, Err(RetryError::Permanent("bad password")));
    }

    #[tokio::test(start_paused = true)]
    async fn shutdown_ends_the_wait_but_not_the_attempt() {
        let shutdown = Shutdown::new();
        let finished = Cell::new(0);
        let op = async || {
            shutdown.request();
            tokio::time::sleep(Duration::from_secs(1)).await;
            finished.set(finished.get() + 1);
            Err::<(), _>("down")
        };
        assert_eq!(retry("connect", &shutdown, is_down, op).await, Err(RetryError::Shutdown));
        assert_eq!(finished.get(), 1);
        let flush = retry("flush", &shutdown, is_down, async || Ok::<_, &str>("flushed")).await;
        assert_eq!(flush, Ok("flushed"));
    }

    /// Compiles: a task may retry what borrows from it, and write the loop itself where attempts need `&mut`.
    #[tokio::test]
    async fn may_run_in_a_spawned_task() {
        let (text, shutdown) = (String::from("borrowed"), Shutdown::new());
        let task = tokio::spawn(async move {
            let length = retry("measure", &shutdown, is_down, async || {
                tokio::task::yield_now().await;
                Ok::<_, &str>(text.len())
            });
            let length = length.await.expect("a length");
            let mut attempts = Attempts::new("measure", &shutdown);
            let mut lengths = vec![length];
            while lengths.len() < 2 {
                lengths.push(length);
                assert!(attempts.wait_after(&"down").await);
            }
            attempts.succeeded();
            lengths
        });
        assert_eq!(task.await.expect("the task"), [8, 8]);
    }
}
