//! What decides about the course of things: when calls take effect, and which go wrong.

use std::{fmt, time::Duration};

use super::{Call, Model};

/// A process that uses the log. One that is started again is another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProcessId(pub(super) u32);

impl fmt::Display for ProcessId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {}", self.0)
    }
}

/// Decides about every call of a process. The model holds nothing while it asks: a driver may let other processes run,
/// move the clock, pause or kill, this process included, and only then answer.
pub trait Driver {
    /// A call is about to take effect.
    fn on_call(&self, model: &Model, process: ProcessId, call: &Call) -> Fate;

    /// A call found nothing, and would wait until then for something to come. It looks again after each return, and
    /// goes on waiting as long as the clock was moved and has not come so far.
    fn wait(&self, model: &Model, process: ProcessId, until_ms: i64);
}

/// What becomes of a request. Calls that are purely local happen, whatever a driver says.
///
/// A client finds out that something was lost only when its patience is over: to be faithful, a driver moves the clock by
/// that long before it says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It takes effect, and the caller gets the answer.
    Happens,
    /// It never arrives.
    Lost,
    /// It takes effect, and its answer is lost.
    Unanswered,
    /// It takes effect only after so long, if the broker still takes it then; the caller gets no answer. Questions are
    /// lost.
    Late(Duration),
    /// The broker answers with an error that leaves a transaction to be aborted; to anything else, with one that is
    /// transient.
    Refused,
}

/// A driver by which everything goes well, and waiting moves the clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct Prompt;

impl Driver for Prompt {
    fn on_call(&self, _: &Model, _: ProcessId, _: &Call) -> Fate {
        Fate::Happens
    }

    fn wait(&self, model: &Model, _: ProcessId, until_ms: i64) {
        let due = model.next_due_ms().unwrap_or(until_ms);
        model.advance_to(due.min(until_ms));
    }
}
