//! A small stateful stream runtime that is exactly-once over the log.
//!
//! A [`Worker`] owns partitions: for each, the input topics' positions, a store of states, and their timers. It reads
//! inputs in windows. All that a window does (new positions, changelog, outputs) is one transaction, or none of it is;
//! the store moves only after the transaction is known to be committed.
//!
//! What a crash leaves, step by step: before the commit, an open transaction, which the next holder of the
//! transactional id aborts, so the inputs are read again; after it, nothing, since positions, changelog and outputs
//! became visible together. A commit whose end is unknown is resolved by the window id in the committed positions.
//!
//! Time and the log are inputs: there is no clock, no thread and no chance in here but that of a seed.

mod inbox;
mod metrics;
mod partition;
mod processor;
mod rest;
mod store;
mod suspects;
mod time;
mod timers;
mod window;
mod worker;

#[cfg(test)]
pub(crate) use self::processor::apply;
pub use self::{
    metrics::RuntimeMetrics,
    processor::{Class, Output, Processed, Processor, Source, StateChange, Trigger},
    store::{Batch, MemoryStore, Store, StoreError},
    suspects::{FileNotepad, InHand, NoNotepad, Notepad, Suspect},
    time::{Clock, Due, Next, Now},
    worker::{Fatal, Settings, Stores, Worker},
};
