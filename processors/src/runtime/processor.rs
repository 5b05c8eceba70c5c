//! What a processor gives the runtime.

use std::sync::Arc;

use quittance_avro::wire::EncodeError;
use quittance_log::{Headers, ReadError, Record};

/// A kind of aggregate: how its inputs are read, its state kept, and its rules applied.
///
/// The rules behind [`Processor::process`] are pure: the same state, trigger and time give the same result. They may be
/// run more than once for one input, and a run may come to nothing.
pub trait Processor {
    /// The private state of one aggregate.
    type State: Clone;
    /// An input, decoded.
    type Input;

    /// Names of the topics it reads, all with the same number of partitions.
    fn inputs(&self) -> &[Arc<str>];

    /// Name of the topic that its states are kept on.
    fn changelog(&self) -> &Arc<str>;

    /// Reads a record: the key of the aggregate it is for, and what it says.
    fn decode(&mut self, record: &Record) -> Result<(String, Self::Input), ReadError>;

    /// Reads a state back from the changelog.
    fn restore(&mut self, value: &[u8]) -> Result<Self::State, ReadError>;

    /// Writes a state for the changelog.
    fn keep(&self, state: &Self::State) -> Result<Vec<u8>, EncodeError>;

    /// When the state's timer is due, milliseconds since the epoch.
    fn due_ms(&self, state: &Self::State) -> Option<i64>;

    /// Applies the rules.
    fn process(
        &self,
        state: Option<&Self::State>,
        trigger: &Trigger<'_, Self::Input>,
        now_ms: i64,
    ) -> Result<Processed<Self::State>, EncodeError>;
}

/// What sets the rules going.
pub enum Trigger<'a, I> {
    /// An input, with the headers it came with.
    Input(&'a I, &'a Headers),
    /// The state's timer.
    Timer,
}

/// What the rules gave.
pub struct Processed<S> {
    /// The new state, if it changed.
    pub state: Option<S>,
    /// What is to be written, in order.
    pub outputs: Vec<Output>,
    /// Set if the input makes no sense to the rules: it is buried, with this detail.
    pub invalid: Option<String>,
}

/// A record to be written to the partition that the input came from; all topics have the same number of partitions.
pub struct Output {
    /// Where to.
    pub topic: Arc<str>,
    /// The aggregate's id.
    pub key: String,
    /// The encoded record.
    pub value: Vec<u8>,
    /// Its headers.
    pub headers: Headers,
}
