//! Waiting for a server of ours that is down: the partitions are paused, nothing is buried, and the group is still
//! polled, so that its partitions stay with this member.

use std::time::{Duration, Instant};

use quittance_log::LogError;
use quittance_service::{backoff::Backoff, throttle::Throttle};

use super::{Store, StoreWorker};
use crate::store::{StoreError, StoreFatal};

/// Why a step did not come to its end.
pub(super) enum Trouble {
    /// It may, later.
    Wait {
        /// For the metrics.
        class: &'static str,
        /// For an operator.
        why: String,
        /// How long at least.
        least: Duration,
    },
    /// It never will.
    Fatal(StoreFatal),
}

impl Trouble {
    pub(super) fn wait(class: &'static str, why: String) -> Self {
        Self::Wait { class, why, least: Duration::ZERO }
    }
}

impl From<LogError> for Trouble {
    fn from(error: LogError) -> Self {
        if error.is_transient() { Self::wait("log", error.to_string()) } else { Self::Fatal(error.into()) }
    }
}

impl From<StoreFatal> for Trouble {
    fn from(error: StoreFatal) -> Self {
        Self::Fatal(error)
    }
}

/// The wait for a server.
#[derive(Debug)]
pub(super) struct Pause {
    until: Option<Instant>,
    /// Whether the consumer was told.
    is_told: bool,
    backoff: Backoff,
    log: Throttle,
}

/// Readers wait for what a store lacks, and one worker that knocks every two seconds is no burden to a server.
const BACKOFF: Backoff = match Backoff::new(Duration::from_millis(100), Duration::from_secs(2)) {
    Ok(backoff) => backoff,
    Err(_) => Backoff::DEFAULT,
};

impl Default for Pause {
    fn default() -> Self {
        Self { until: None, is_told: false, backoff: BACKOFF, log: Throttle::LOG }
    }
}

impl Pause {
    pub(super) fn is_on(&self) -> bool {
        self.until.is_some()
    }

    /// How long until the next try.
    pub(super) fn left(&self) -> Duration {
        self.until.map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()))
    }
}

impl<S: Store> StoreWorker<S> {
    /// What an error of the store calls for.
    pub(super) fn trouble(&mut self, error: StoreError) -> Trouble {
        let (class, why) = (error.class(), error.to_string());
        match error {
            StoreError::Unavailable(_) => Trouble::wait(class, why),
            // If our membership is the one that is over, we hear of it within a session's time, and claim nothing.
            StoreError::Fenced(_) => {
                self.claim_again();
                Trouble::Wait { class, why, least: self.settings.membership.session_timeout }
            }
            StoreError::Stale(_) => {
                self.claim_again();
                Trouble::wait(class, why)
            }
            StoreError::WrongInstallation { .. } | StoreError::Rejected(_) | StoreError::Fatal(_) => {
                Trouble::Fatal(StoreFatal::Store(error))
            }
        }
    }

    /// Pauses the partitions until it is time to try again.
    pub(super) fn wait(&mut self, class: &'static str, why: &str, least: Duration) -> Result<(), StoreFatal> {
        self.settings.metrics.errors.with_label_values(&[class]).inc();
        self.settings.latch.unready(why);
        if self.pause.log.is_due() {
            tracing::warn!(class, why, "waiting");
        }
        self.pause.until = Some(Instant::now() + self.pause.backoff.next_delay().max(least));
        if self.is_started && !self.pause.is_told {
            self.consumer.pause(&self.partitions())?;
            self.pause.is_told = true;
        }
        Ok(())
    }

    /// Ends the wait, if there is one: what failed has succeeded.
    pub(super) fn go_on(&mut self) -> Result<(), StoreFatal> {
        if self.pause.is_on() {
            self.unpause()?;
            self.pause.until = None;
            self.pause.backoff.reset();
            self.settings.latch.ready();
        }
        Ok(())
    }

    /// Lets the consumer read the partitions again.
    pub(super) fn unpause(&mut self) -> Result<(), LogError> {
        if std::mem::take(&mut self.pause.is_told) {
            self.consumer.resume(&self.partitions())?;
        }
        Ok(())
    }
}
