//! A store that fails now and then.

use std::borrow::Cow;

use quittance_processors::runtime::{Batch, Store, StoreError};

use crate::chance::Chance;

/// A store that fails when it is written to, one time in so many, having written none of it.
pub(crate) struct Unreliable<T> {
    store: T,
    partition: i32,
    chance: Chance,
    fails: u32,
}

impl<T> Unreliable<T> {
    pub(crate) fn new(store: T, partition: i32, chance: Chance, fails: u32) -> Self {
        Self { store, partition, chance, fails }
    }
}

impl<S: Clone, T: Store<S>> Store<S> for Unreliable<T> {
    fn get(&self, key: &str) -> Result<Option<Cow<'_, S>>, StoreError> {
        self.store.get(key)
    }

    fn apply(&mut self, batch: Batch<S>) -> Result<(), StoreError> {
        if self.chance.one_in(self.fails) {
            return Err(StoreError { partition: self.partition, cause: "no space left on the device".into() });
        }
        self.store.apply(batch)
    }

    fn len(&self) -> usize {
        self.store.len()
    }
}
