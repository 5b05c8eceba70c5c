//! A small stateful stream runtime that is exactly-once over the log.
//!
//! A [`Worker`] owns partitions: for each, the input topics' positions, a store of states, and their timers. It reads
//! inputs in windows. All that a window does (new positions, changelog, outputs) is one Kafka transaction, or none of
//! it is; the store moves only after the transaction is known to be committed.
//!
//! What a crash leaves, step by step: before the commit, an open transaction, which the next holder of the
//! transactional id aborts, so the inputs are read again; after it, nothing, since positions, changelog and outputs
//! became visible together. A commit whose end is unknown is resolved by the window id in the committed positions.

mod metrics;
mod partition;
mod processor;
mod window;
mod worker;

pub use self::{
    metrics::RuntimeMetrics,
    processor::{Output, Processed, Processor, Trigger},
    worker::{Fatal, Settings, Worker},
};
