//! What a processor gives the runtime.

use std::sync::Arc;

use quittance_avro::wire::EncodeError;
use quittance_log::{Headers, ReadError, Record};

use super::time::Due;

/// A kind of aggregate: how its inputs are read, its state kept, and its rules applied.
///
/// The rules behind [`Processor::process`] are pure: the same state, trigger and time give the same result. They may be
/// run more than once for one input, and a run may come to nothing.
pub trait Processor {
    /// The private state of one aggregate.
    type State: Clone;
    /// An input, decoded.
    type Input;

    /// The topics it reads, all with the same number of partitions.
    fn inputs(&self) -> &[Source];

    /// Name of the topic that its states are kept on.
    fn changelog(&self) -> &Arc<str>;

    /// Reads a record: the key of the aggregate it is for, and what it says. Asks nobody: a schema that it does not know
    /// is [`ReadError::Lacking`], and is learned by the next call.
    fn decode(&mut self, record: &Record) -> Result<(String, Self::Input), ReadError>;

    /// Learns a schema that [`Processor::decode`] lacked. May block.
    fn learn(&mut self, schema: u32) -> Result<(), ReadError>;

    /// Reads a state back from the changelog.
    fn restore(&mut self, value: &[u8]) -> Result<Self::State, ReadError>;

    /// Writes a state for the changelog.
    fn keep(&self, state: &Self::State) -> Result<Vec<u8>, EncodeError>;

    /// The shared tables that it decides by: small compacted topics of one partition, which every worker holds whole. They
    /// change between windows only.
    fn tables(&self) -> &[Arc<str>] {
        &[]
    }

    /// Takes in the next record of one of them.
    fn take_in(&mut self, record: &Record) -> Result<(), ReadError> {
        let _ = record;
        Ok(())
    }

    /// The version of the first table, the offset behind its latest record, that an input must not be decided without.
    fn awaits(&self, input: &Self::Input) -> i64 {
        let _ = input;
        0
    }

    /// When the state's timer is due.
    fn due(&self, state: &Self::State) -> Option<Due>;

    /// The name of the test clock that this state is, and where it stands, milliseconds since the epoch.
    fn test_clock(&self, state: &Self::State) -> Option<(Arc<str>, i64)> {
        let _ = state;
        None
    }

    /// Whether an input comes from the tenant and mode that the state belongs to. Asked before the rules are.
    fn is_of_owner(&self, state: &Self::State, input: &Self::Input) -> bool;

    /// What becomes of an input of somebody else's, who is not to learn that there is anything.
    fn of_stranger(
        &self,
        input: &Self::Input,
        headers: &Headers,
        now_ms: i64,
    ) -> Result<Processed<Self::State>, EncodeError>;

    /// Applies the rules.
    fn process(
        &self,
        state: Option<&Self::State>,
        trigger: &Trigger<'_, Self::Input>,
        now_ms: i64,
    ) -> Result<Processed<Self::State>, EncodeError>;
}

/// Puts a trigger to the rules of whoever owns the state: nobody else gets that far.
pub(crate) fn apply<P: Processor>(
    processor: &P,
    state: Option<&P::State>,
    trigger: &Trigger<'_, P::Input>,
    now_ms: i64,
) -> Result<Processed<P::State>, EncodeError> {
    match (state, trigger) {
        (Some(state), Trigger::Input(input, headers)) if !processor.is_of_owner(state, input) => {
            processor.of_stranger(input, headers, now_ms)
        }
        (_, trigger) => processor.process(state, trigger, now_ms),
    }
}

/// A topic that a processor reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its name.
    pub topic: Arc<str>,
    /// When its records have their turn.
    pub class: Class,
}

/// Which records come first when there are more than can be worked off at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Results of effects: a late one may leave an outcome unknown.
    Results,
    /// What somebody waits for.
    Commands,
    /// What nobody waits for. Read last, and a little at a time.
    Bulk,
}

/// What sets the rules going.
pub enum Trigger<'a, I> {
    /// An input, with the headers it came with.
    Input(&'a I, &'a Headers),
    /// The state's timer.
    Timer,
}

/// What becomes of an aggregate's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StateChange<S> {
    /// It stays as it is, or there is still none.
    Unchanged,
    /// It is this from now on.
    Put(S),
    /// There is none any more: its key is deleted from the changelog, too.
    Removed,
}

/// What the rules gave.
pub struct Processed<S> {
    /// What becomes of the state.
    pub state: StateChange<S>,
    /// What is to be written, in order.
    pub outputs: Vec<Output>,
    /// Set if the input makes no sense to the rules: it is buried, with this detail.
    pub invalid: Option<String>,
}

impl<S> Processed<S> {
    /// Nothing came of it.
    pub fn nothing() -> Self {
        Self { state: StateChange::Unchanged, outputs: Vec::new(), invalid: None }
    }

    /// The input makes no sense.
    pub fn invalid(detail: &str) -> Self {
        Self { invalid: Some(detail.to_owned()), ..Self::nothing() }
    }
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
