//! A log in memory that has what matters about Kafka, and fails when it is told to.
//!
//! A [`Model`] is the brokers; a [`ModelLog`] is the log as one process has it. All of it runs on one thread and on a
//! clock of its own: nothing happens while the clock stands, and the same calls with the same seed have the same
//! outcome. What a real cluster leaves to chance, a seed decides here: which partition delivers next, when markers are
//! written, when members hear of their group. What can go wrong is decided by a [`Driver`], which is asked about every
//! call and every request that a client makes inside of one.
//!
//! What is modelled, and after what, stands with each piece: `partition` and `transactional` (KIP-98, KIP-890),
//! `offsets` (KIP-447), `group` (the classic protocol, KIP-345), `consumer` and `transactions` (what librdkafka does by
//! itself). The contract tests hold the model against a real broker.

mod call;
mod consumer;
mod driver;
mod generation;
mod group;
mod log;
mod member;
mod membership;
mod offsets;
mod outside;
mod partition;
mod partitioner;
mod random;
mod range;
mod request;
mod settings;
mod state;
mod transactional;
mod transactions;

#[cfg(test)]
mod tests;

use std::{
    cell::{RefCell, RefMut},
    rc::Rc,
    time::Duration,
};

use self::state::State;
pub use self::{
    call::Call,
    driver::{Driver, Fate, ProcessId, Prompt},
    generation::ModelGeneration,
    log::ModelLog,
    member::ModelMember,
    outside::{ModelTransaction, ModelledMember, OpenTransaction},
    range::ModelRange,
    settings::{Cleanup, Settings},
    transactions::ModelTransactions,
};

/// The brokers, and what they know. Cheap to clone: all clones are the same.
#[derive(Clone)]
pub struct Model {
    state: Rc<RefCell<State>>,
    driver: Rc<dyn Driver>,
}

impl Model {
    /// Brokers that know nothing yet.
    pub fn new(settings: Settings, driver: impl Driver + 'static) -> Self {
        Self { state: Rc::new(RefCell::new(State::new(settings))), driver: Rc::new(driver) }
    }

    /// Everything, as it is now.
    fn state(&self) -> RefMut<'_, State> {
        let mut state = self.state.borrow_mut();
        let now_ms = state.now_ms();
        state.advance_to(now_ms);
        state
    }

    /// What the clock says, milliseconds since the epoch.
    pub fn now_ms(&self) -> i64 {
        self.state.borrow().now_ms()
    }

    /// Moves the clock. All that falls due until then happens, in order.
    pub fn advance_to(&self, ms: i64) {
        self.state.borrow_mut().advance_to(ms);
    }

    /// Moves the clock by so much.
    pub fn advance(&self, by: Duration) {
        self.advance_to(self.now_ms().saturating_add(request::millis(by)));
    }

    /// When the next thing happens by itself, if the clock is moved so far.
    pub fn next_due_ms(&self) -> Option<i64> {
        self.state.borrow().next_due_ms()
    }
}
