//! How many queries of one tenant are asked at a time: what is more waits, and keeps nobody else waiting.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use tokio::sync::Semaphore;

use super::scoped::Scope;

/// So many tenants are remembered before those are forgotten that ask nothing.
const REMEMBERED_MAX: usize = 1_024;

/// The turns of each. Cheap to clone.
#[derive(Clone)]
pub(super) struct OwnTurns {
    each: usize,
    of: Arc<Mutex<HashMap<Scope, Weak<Semaphore>>>>,
}

impl OwnTurns {
    /// Each has so many.
    pub(super) fn new(each: usize) -> Self {
        Self { each, of: Arc::default() }
    }

    /// The turns of one; they are the same for as long as somebody holds them, or one of them.
    pub(super) fn of(&self, scope: &Scope) -> Arc<Semaphore> {
        let mut known = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turns) = known.get(scope).and_then(Weak::upgrade) {
            return turns;
        }
        if known.len() >= REMEMBERED_MAX {
            known.retain(|_, turns| turns.strong_count() > 0);
        }
        let turns = Arc::new(Semaphore::new(self.each));
        known.insert(scope.clone(), Arc::downgrade(&turns));
        turns
    }
}

#[cfg(test)]
mod tests {
    use quittance_avro::words::Mode;

    use super::*;

    fn scope(tenant: &str) -> Scope {
        Scope::of(Mode::Test, &tenant.parse().expect("a tenant"))
    }

    #[test]
    fn one_that_has_all_of_its_own_waits_and_others_do_not() {
        let turns = OwnTurns::new(2);
        let taken: Vec<_> = (0..2).map(|_| turns.of(&scope("a")).try_acquire_owned().expect("a turn")).collect();
        assert!(turns.of(&scope("a")).try_acquire_owned().is_err());
        assert!(turns.of(&scope("b")).try_acquire_owned().is_ok());
        drop(taken);
        assert!(turns.of(&scope("a")).try_acquire_owned().is_ok());
    }

    #[test]
    fn those_that_ask_nothing_are_forgotten() {
        let turns = OwnTurns::new(1);
        let held = turns.of(&scope("held")).try_acquire_owned().expect("a turn");
        for number in 0..=REMEMBERED_MAX {
            turns.of(&scope(&format!("t{number}")));
        }
        assert!(turns.of.lock().expect("the map").len() < REMEMBERED_MAX / 2);
        assert!(turns.of(&scope("held")).try_acquire_owned().is_err());
        drop(held);
    }
}
