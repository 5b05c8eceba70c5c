//! What the process says about itself: *ready* (send me work) and *alive* (do not restart me).
//!
//! **Readiness** is a set of [`Latch`]es, one for each thing that must hold before work is useful: a connection, a
//! restored state. Whoever knows the fact owns its latch. All must be ready.
//!
//! **Liveness** is a set of [`Heartbeat`]s, one for each worker loop. It asks no dependency: a database that is down is
//! no reason to restart its clients, but a loop that no longer turns is.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use crate::shutdown::Shutdown;

mod heartbeat;
mod latch;

use heartbeat::Pulse;
use latch::State;

pub use heartbeat::Heartbeat;
pub use latch::Latch;

/// The process's health. Clones share it.
#[derive(Clone, Default, Debug)]
pub struct Health {
    shared: Arc<Shared>,
}

#[derive(Default, Debug)]
struct Shared {
    latches: Mutex<Vec<Arc<State>>>,
    pulses: Mutex<Vec<Arc<Pulse>>>,
    shutdown: OnceLock<Shutdown>,
}

impl Health {
    /// Adds a condition of readiness; it starts unready ("starting").
    ///
    /// Several may share a name (one for each instance of a worker). A latch that was dropped stays in the answer as
    /// "stopped" until another takes its name, so a worker that is started again replaces its predecessor.
    pub fn latch(&self, name: impl Into<String>) -> Latch {
        let state = Arc::new(State::new(name.into()));
        let mut latches = lock(&self.shared.latches);
        latches.retain(|old| !(old.is_stopped() && old.name() == state.name()));
        latches.push(Arc::clone(&state));
        Latch::new(state)
    }

    /// Adds a worker loop that must [`beat`](Heartbeat::beat) at least once in `max_age`, from now on.
    ///
    /// Dropping the heartbeat takes it out again (the worker is done), unless it is dropped by a panic: a worker that
    /// died that way makes the process dead.
    pub fn heartbeat(&self, name: impl Into<String>, max_age: Duration) -> Heartbeat {
        let pulse = Arc::new(Pulse::new(name.into(), max_age));
        let mut pulses = lock(&self.shared.pulses);
        pulses.retain(|old| !old.is_finished());
        pulses.push(Arc::clone(&pulse));
        Heartbeat::new(pulse)
    }

    /// Makes readiness end when `shutdown` is requested, whatever the latches say, so that a load balancer turns away
    /// while the last requests are answered. Only the first call counts.
    pub fn unready_after(&self, shutdown: &Shutdown) {
        let _ = self.shared.shutdown.set(shutdown.clone());
    }

    /// Whether work is welcome; otherwise the names of the conditions that do not hold, each with its reason.
    /// A process without latches is ready, so create them before the first question can come.
    ///
    /// # Errors
    /// Every `(name, why)` that is not ready.
    pub fn readiness(&self) -> Result<(), Vec<(String, String)>> {
        let mut reasons = Vec::new();
        if self.shared.shutdown.get().is_some_and(Shutdown::is_requested) {
            reasons.push(("shutdown".to_owned(), "requested".to_owned()));
        }
        reasons.extend(lock(&self.shared.latches).iter().filter_map(|latch| latch.unready_because()));
        if reasons.is_empty() { Ok(()) } else { Err(reasons) }
    }

    /// Whether every worker loop still turns; otherwise the names of those that do not, each with its reason.
    ///
    /// # Errors
    /// Every `(name, why)` that is overdue or died.
    pub fn liveness(&self) -> Result<(), Vec<(String, String)>> {
        let reasons: Vec<_> = lock(&self.shared.pulses).iter().filter_map(|pulse| pulse.dead_because()).collect();
        if reasons.is_empty() { Ok(()) } else { Err(reasons) }
    }
}

/// No code here panics while it holds a lock, and what a lock guards is always whole: poison carries no news.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is wrong, as `name: why`.
    fn wrong(answer: Result<(), Vec<(String, String)>>) -> Vec<String> {
        answer.err().into_iter().flatten().map(|(name, why)| format!("{name}: {why}")).collect()
    }

    #[test]
    fn is_ready_when_every_latch_is() {
        let health = Health::default();
        let same_health = health.clone();
        assert!(health.readiness().is_ok());
        let kafka = health.latch("kafka");
        let postgres = health.latch("postgres");
        assert_eq!(wrong(health.readiness()), ["kafka: starting", "postgres: starting"]);
        kafka.ready();
        postgres.ready();
        assert!(same_health.readiness().is_ok());
        postgres.unready("connection lost");
        assert_eq!(wrong(health.readiness()), ["postgres: connection lost"]);
        postgres.ready();
        drop(kafka);
        assert_eq!(wrong(health.readiness()), ["kafka: stopped"]);
    }

    #[test]
    fn instances_share_a_name_and_a_successor_replaces_the_stopped() {
        let health = Health::default();
        let (first, second) = (health.latch("worker"), health.latch("worker"));
        first.ready();
        assert_eq!(wrong(health.readiness()), ["worker: starting"]);
        second.ready();
        assert!(health.readiness().is_ok());
        drop(first);
        assert_eq!(wrong(health.readiness()), ["worker: stopped"]);
        health.latch("another").ready();
        assert_eq!(wrong(health.readiness()), ["worker: stopped", "another: stopped"]);
        let successor = health.latch("worker");
        assert_eq!(wrong(health.readiness()), ["another: stopped", "worker: starting"]);
        successor.ready();
        assert_eq!(wrong(health.readiness()), ["another: stopped"]);
    }

    #[test]
    fn is_unready_once_shutdown_is_requested() {
        let (health, shutdown) = (Health::default(), Shutdown::new());
        health.unready_after(&shutdown);
        assert!(health.readiness().is_ok());
        shutdown.request();
        assert_eq!(wrong(health.readiness()), ["shutdown: requested"]);
        assert!(health.liveness().is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn is_alive_while_every_worker_beats() {
        let health = Health::default();
        let worker = health.heartbeat("worker", Duration::from_secs(5));
        tokio::time::advance(Duration::from_secs(5)).await;
        assert!(health.liveness().is_ok());
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(wrong(health.liveness()), ["worker: last beat 6s ago, allowed are 5s"]);
        worker.beat();
        assert!(health.liveness().is_ok());
        tokio::time::advance(Duration::from_secs(6)).await;
        drop(worker);
        assert!(health.liveness().is_ok(), "a worker that is done owes no beat");
    }

    #[test]
    fn a_worker_that_panicked_makes_the_process_dead() {
        let health = Health::default();
        let worker = health.heartbeat("worker", Duration::from_secs(3600));
        let thread = std::thread::spawn(move || {
            worker.beat();
            panic!("as this test wants");
        });
        assert!(thread.join().is_err());
        assert_eq!(wrong(health.liveness()), ["worker: panicked"]);
    }
}
