//! What goes into the window's transaction.

use std::sync::Arc;

use quittance_avro::{records::DeadLetter, time::Timestamp, wire::EncodeError};
use quittance_log::{Headers, Log, NewRecord, Record, SendError, Transactions, dead_letter};

use super::{Fatal, Processor, Worker};
use crate::runtime::processor::Processed;

/// Why something was not written into the window.
pub(super) enum Write {
    /// The transaction cannot go on.
    Send(SendError),
    /// The process cannot.
    Fatal(Fatal),
}

impl From<SendError> for Write {
    fn from(error: SendError) -> Self {
        Self::Send(error)
    }
}

/// What the rules gave, and the state as the changelog has it.
pub(super) struct Made<S> {
    pub(super) processed: Processed<S>,
    kept: Option<Vec<u8>>,
}

impl<S> Made<S> {
    /// All that is ever asked of a new state is asked here once: what fails is poison, as long as it is not committed.
    pub(super) fn of<P: Processor<State = S>>(processor: &P, processed: Processed<S>) -> Result<Self, EncodeError> {
        let kept = processed.state.as_ref().map(|state| {
            // Whoever takes the state over asks for these outside of any window.
            let _ = (processor.due(state), processor.test_clock(state));
            processor.keep(state)
        });
        Ok(Self { kept: kept.transpose()?, processed })
    }
}

/// Why a record can never be processed.
pub(super) struct Poison {
    pub(super) reason: &'static str,
    /// For an operator, with nothing of its content.
    pub(super) detail: String,
}

impl<P: Processor, L: Log> Worker<P, L> {
    /// Writes a new state and what else the rules gave.
    pub(super) fn write(
        &mut self,
        number: i32,
        key: String,
        made: Made<P::State>,
        result: &'static str,
    ) -> Result<(), Write> {
        if let Some(window) = &mut self.window {
            window.touch(number);
        }
        let Made { processed, kept } = made;
        if let (Some(state), Some(value)) = (processed.state, kept) {
            self.send(&NewRecord {
                topic: Arc::clone(self.processor.changelog()),
                partition: Some(number),
                key: key.clone().into_bytes(),
                value: Some(value),
                headers: Headers::default(),
            })?;
            if let Some(window) = &mut self.window {
                window.put(number, key, state);
            }
        }
        for output in processed.outputs {
            self.send(&NewRecord {
                topic: output.topic,
                partition: Some(number),
                key: output.key.into_bytes(),
                value: Some(output.value),
                headers: output.headers,
            })?;
        }
        if let Some(window) = &mut self.window {
            *window.results.entry(result).or_default() += 1;
        }
        Ok(())
    }

    /// Writes a record that can never be processed to the dead letters, in the same transaction as its position.
    pub(super) fn bury(&mut self, record: &Record, poison: Poison) -> Result<(), Write> {
        let Poison { reason, detail } = poison;
        tracing::error!(
            at = %record.at, offset = record.offset, reason, detail,
            "a record can never be processed and goes to the dead letters"
        );
        let now = Timestamp::from_ms(self.now.wall_ms);
        let mut letter = dead_letter(self.settings.part, record, reason, detail, now);
        // Its topic takes larger records than any other, as long as nobody has changed that.
        match self.post(&letter) {
            Err(Write::Send(SendError::TooLarge { .. })) => {
                letter.detail += "; it is too large to be copied, and is to be found where it stood";
                (letter.key, letter.value, letter.headers) = (None, None, Vec::new());
                self.post(&letter)?;
            }
            posted => posted?,
        }
        if let Some(window) = &mut self.window {
            *window.results.entry("dead_letter").or_default() += 1;
            *window.buried.entry(reason).or_default() += 1;
        }
        Ok(())
    }

    fn post(&mut self, letter: &DeadLetter) -> Result<(), Write> {
        let value = self.settings.dead_letter_encoder.encode(letter).map_err(|error| Write::Fatal(error.into()))?;
        self.send_any(&NewRecord {
            topic: Arc::clone(&self.settings.dead_letters),
            partition: None,
            key: letter.key.as_ref().map(|key| key.0.clone()).unwrap_or_default(),
            value: Some(value),
            headers: Headers::default(),
        })
    }

    fn send(&mut self, record: &NewRecord) -> Result<(), Write> {
        // The broker would refuse it with the whole window, and not say which record it was.
        if record.bytes() > self.settings.record_bytes_max {
            return Err(SendError::too_large(record).into());
        }
        self.send_any(record)
    }

    fn send_any(&mut self, record: &NewRecord) -> Result<(), Write> {
        let turn = self.turn;
        let writers = self.writers().map_err(|error| Write::Fatal(error.into()))?;
        Ok(writers[turn].send(record)?)
    }
}
