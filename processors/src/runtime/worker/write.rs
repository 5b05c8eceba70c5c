//! What goes into the window's transaction.

use std::sync::Arc;

use quittance_avro::time::Timestamp;
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

impl<P: Processor, L: Log> Worker<P, L> {
    /// Writes a new state and what else the rules gave.
    pub(super) fn write(
        &mut self,
        number: i32,
        key: String,
        processed: Processed<P::State>,
        result: &'static str,
    ) -> Result<(), Write> {
        if let Some(window) = &mut self.window {
            window.touch(number);
        }
        if let Some(state) = processed.state {
            let value = self.processor.keep(&state).map_err(|error| Write::Fatal(error.into()))?;
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
    pub(super) fn bury(&mut self, record: &Record, reason: &'static str, detail: String) -> Result<(), Write> {
        tracing::error!(
            at = %record.at, offset = record.offset, reason, detail,
            "a record can never be processed and goes to the dead letters"
        );
        let now = Timestamp::from_ms(self.now.wall_ms);
        let letter = dead_letter(self.settings.part, record, reason, detail, now);
        let value = self.settings.dead_letter_encoder.encode(&letter).map_err(|error| Write::Fatal(error.into()))?;
        // Its topic takes larger records than any other.
        self.send_any(&NewRecord {
            topic: Arc::clone(&self.settings.dead_letters),
            partition: None,
            key: record.key.clone().unwrap_or_default(),
            value: Some(value),
            headers: Headers::default(),
        })?;
        if let Some(window) = &mut self.window {
            *window.results.entry("dead_letter").or_default() += 1;
            *window.buried.entry(reason).or_default() += 1;
        }
        Ok(())
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
