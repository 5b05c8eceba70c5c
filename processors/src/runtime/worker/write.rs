//! What goes into the window's transaction.

use std::sync::Arc;

use quittance_avro::{records::DeadLetter, time::Timestamp, wire::EncodeError};
use quittance_log::{Headers, Log, NewRecord, Record, SendError, Transactions, dead_letter};

use super::{Fatal, Processor, Worker};
use crate::runtime::processor::{Processed, StateChange};

/// What the rules gave, ready to be written.
pub(super) struct Made<S> {
    pub(super) state: StateChange<S>,
    records: Vec<NewRecord>,
}

/// Why the rules gave nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failed {
    #[error("it makes the rules panic; the log of the process says where")]
    Panicked,
    #[error("what the rules gave does not fit its schema: {0}")]
    Encode(#[from] EncodeError),
    #[error("what the rules gave, of {bytes} bytes, is larger than {topic} takes")]
    TooLarge { topic: Arc<str>, bytes: usize },
    #[error("{0}")]
    Invalid(String),
}

/// Why a record can never be processed.
pub(super) struct Poison {
    pub(super) reason: &'static str,
    /// For an operator, with nothing of its content.
    pub(super) detail: String,
}

impl Poison {
    pub(super) fn of_the_process() -> Self {
        let detail = "processes died again and again with it in hand".to_owned();
        Self { reason: "process_died", detail }
    }
}

impl From<Failed> for Poison {
    fn from(failed: Failed) -> Self {
        let reason = match failed {
            Failed::Panicked => "panicked",
            Failed::Encode(_) | Failed::Invalid(_) => "invalid",
            Failed::TooLarge { .. } => "output_too_large",
        };
        Self { reason, detail: failed.to_string() }
    }
}

impl<S> Made<S> {
    /// Everything that can fail for good does so here, before any of it is written.
    pub(super) fn of<P: Processor<State = S>>(
        processor: &P,
        number: i32,
        key: &str,
        processed: Processed<S>,
        bytes_max: usize,
    ) -> Result<Self, Failed> {
        let Processed { state, outputs, invalid } = processed;
        if let Some(detail) = invalid {
            return Err(Failed::Invalid(detail));
        }
        let mut records = Vec::with_capacity(outputs.len() + 1);
        let kept = |value| NewRecord {
            topic: Arc::clone(processor.changelog()),
            partition: Some(number),
            key: key.as_bytes().to_vec(),
            value,
            headers: Headers::default(),
        };
        match &state {
            StateChange::Unchanged => {}
            StateChange::Put(state) => {
                // Whoever takes the state over asks for these outside of any window.
                let _ = (processor.due(state), processor.test_clock(state));
                records.push(kept(Some(processor.keep(state)?)));
            }
            StateChange::Removed => records.push(kept(None)),
        }
        records.extend(outputs.into_iter().map(|output| NewRecord {
            topic: output.topic,
            partition: Some(number),
            key: output.key.into_bytes(),
            value: Some(output.value),
            headers: output.headers,
        }));
        // The broker would refuse it with the whole window, and not say which record it was.
        match records.iter().find(|record| record.bytes() > bytes_max) {
            Some(record) => Err(Failed::TooLarge { topic: Arc::clone(&record.topic), bytes: record.bytes() }),
            None => Ok(Self { state, records }),
        }
    }
}

impl<P: Processor, L: Log> Worker<P, L> {
    /// Writes a new state and what else the rules gave.
    pub(super) fn write(
        &mut self,
        number: i32,
        key: String,
        made: Made<P::State>,
        result: &'static str,
    ) -> Result<(), SendError> {
        for record in &made.records {
            self.send(record)?;
        }
        let Some(window) = &mut self.window else { return Ok(()) };
        window.touch(number);
        match made.state {
            StateChange::Unchanged => {}
            StateChange::Put(state) => window.put(number, key, Some(state)),
            StateChange::Removed => window.put(number, key, None),
        }
        *window.results.entry(result).or_default() += 1;
        Ok(())
    }

    /// Writes a record that can never be processed to the dead letters, in the same transaction as its position.
    pub(super) fn bury(&mut self, record: &Record, poison: Poison) -> Result<Result<(), SendError>, Fatal> {
        let Poison { reason, detail } = poison;
        tracing::error!(
            at = %record.at, offset = record.offset, reason, detail,
            "a record can never be processed and goes to the dead letters with its window"
        );
        let now = Timestamp::from_ms(self.now.wall_ms);
        let mut letter = dead_letter(self.settings.part, record, reason, detail, now);
        let mut posted = self.letter(&letter)?;
        if posted.bytes() > self.settings.dead_letter_bytes_max {
            letter.detail += "; it is too large to be copied, and is to be found where it stood";
            (letter.key, letter.value, letter.headers) = (None, None, Vec::new());
            posted = self.letter(&letter)?;
        }
        let sent = self.send(&posted);
        if let Some(window) = &mut self.window {
            *window.results.entry("dead_letter").or_default() += 1;
            *window.buried.entry(reason).or_default() += 1;
        }
        Ok(sent)
    }

    fn letter(&self, letter: &DeadLetter) -> Result<NewRecord, EncodeError> {
        Ok(NewRecord {
            topic: Arc::clone(&self.settings.dead_letters),
            partition: None,
            key: letter.key.as_ref().map(|key| key.0.clone()).unwrap_or_default(),
            value: Some(self.settings.dead_letter_encoder.encode(letter)?),
            headers: Headers::default(),
        })
    }

    fn send(&mut self, record: &NewRecord) -> Result<(), SendError> {
        let turn = self.turn;
        match &mut self.writers {
            Some(writers) => writers[turn].send(record),
            None => Err(SendError::Failed { topic: record.topic.to_string(), cause: "nobody holds the ids".into() }),
        }
    }
}
