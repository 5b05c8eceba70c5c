//! One condition of readiness.

use std::sync::{Arc, Mutex};

use super::lock;

/// One condition of readiness, owned by whoever knows whether it holds. Dropping it makes it unready for good.
#[derive(Debug)]
pub struct Latch {
    state: Arc<State>,
}

/// What a latch and its [`Health`](super::Health) share.
#[derive(Debug)]
pub(super) struct State {
    name: String,
    condition: Mutex<Condition>,
}

#[derive(Debug, PartialEq, Eq)]
enum Condition {
    Ready,
    Unready(String),
    Stopped,
}

impl Latch {
    pub(super) fn new(state: Arc<State>) -> Self {
        Self { state }
    }

    /// The condition holds.
    pub fn ready(&self) {
        self.turn(Condition::Ready);
    }

    /// The condition does not hold, because of `why`. The text is shown to operators: no secrets.
    pub fn unready(&self, why: impl Into<String>) {
        self.turn(Condition::Unready(why.into()));
    }

    /// Logs the turns only: a worker may say `ready` on each round.
    fn turn(&self, new: Condition) {
        let mut condition = lock(&self.state.condition);
        match (&*condition, &new) {
            (Condition::Ready, Condition::Ready) => {}
            (_, Condition::Ready) => tracing::info!(name = self.state.name, "ready"),
            (Condition::Ready, Condition::Unready(why)) => tracing::warn!(name = self.state.name, why, "unready"),
            (Condition::Unready(_) | Condition::Stopped, _) | (Condition::Ready, Condition::Stopped) => {}
        }
        *condition = new;
    }
}

impl Drop for Latch {
    fn drop(&mut self) {
        self.turn(Condition::Stopped);
    }
}

impl State {
    pub(super) fn new(name: String) -> Self {
        Self { name, condition: Mutex::new(Condition::Unready("starting".to_owned())) }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn is_stopped(&self) -> bool {
        *lock(&self.condition) == Condition::Stopped
    }

    pub(super) fn unready_because(&self) -> Option<(String, String)> {
        let why = match &*lock(&self.condition) {
            Condition::Ready => return None,
            Condition::Unready(why) => why.clone(),
            Condition::Stopped => "stopped".to_owned(),
        };
        Some((self.name.clone(), why))
    }
}
