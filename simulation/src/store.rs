//! A store that is slow or fails now and then.

use std::{borrow::Cow, cell::Cell, rc::Rc};

use quittance_processors::runtime::{Batch, Store, StoreError};

use crate::{chance::Chance, plan::Faults};

/// What goes wrong with the stores of a process.
#[derive(Clone)]
pub(crate) struct Wear {
    pub(crate) chance: Chance,
    /// As they are now.
    pub(crate) faults: Rc<Cell<Faults>>,
    /// How long the stores have kept their process, milliseconds; it has to stand still for that before its next call.
    pub(crate) kept_ms: Rc<Cell<i64>>,
}

/// The longest that a store keeps its process, milliseconds: longer than its group waits.
const SLOW_MAX_MS: i64 = 15_000;

/// A store over another, which wears.
pub(crate) struct Worn<T> {
    store: T,
    partition: i32,
    wear: Wear,
}

impl<T> Worn<T> {
    pub(crate) fn new(store: T, partition: i32, wear: Wear) -> Self {
        Self { store, partition, wear }
    }

    fn call(&self) -> Result<(), StoreError> {
        let Wear { chance, faults, kept_ms } = &self.wear;
        if chance.one_in(faults.get().slow_store) {
            kept_ms.set(kept_ms.get() + chance.between(1, SLOW_MAX_MS));
        }
        if chance.one_in(faults.get().store) {
            return Err(StoreError { partition: self.partition, cause: "no space left on the device".into() });
        }
        Ok(())
    }
}

impl<S: Clone, T: Store<S>> Store<S> for Worn<T> {
    fn get(&self, key: &str) -> Result<Option<Cow<'_, S>>, StoreError> {
        self.call()?;
        self.store.get(key)
    }

    fn apply(&mut self, batch: Batch<S>) -> Result<(), StoreError> {
        self.call()?;
        self.store.apply(batch)
    }

    fn count(&self) -> usize {
        self.store.count()
    }
}
