//! Chance, which is a seed.

use std::{cell::RefCell, rc::Rc};

use rand::{RngExt, SeedableRng, rngs::SmallRng};

/// A generator that everybody in a run shares, in the order in which they run.
#[derive(Clone)]
pub(crate) struct Chance(Rc<RefCell<SmallRng>>);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Rc::new(RefCell::new(SmallRng::seed_from_u64(seed))))
    }

    /// True one time in `times`, never if that is zero.
    pub(crate) fn one_in(&self, times: u32) -> bool {
        times > 0 && self.0.borrow_mut().random_ratio(1, times)
    }

    /// True so many times in a hundred.
    pub(crate) fn percent(&self, percent: u32) -> bool {
        self.0.borrow_mut().random_ratio(percent.min(100), 100)
    }

    /// From `least` to `most`, both included.
    pub(crate) fn between(&self, least: i64, most: i64) -> i64 {
        self.0.borrow_mut().random_range(least..=most)
    }

    pub(crate) fn pick<'a, T>(&self, from: &'a [T]) -> &'a T {
        let index = self.0.borrow_mut().random_range(0..from.len());
        &from[index]
    }

    pub(crate) fn number(&self) -> u64 {
        self.0.borrow_mut().random()
    }
}
