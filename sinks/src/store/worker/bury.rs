//! Dead letters of a store.

use std::sync::Arc;

use quittance_avro::{records::DeadLetter, time::Timestamp};
use quittance_log::{Headers, NewRecord, ProduceError, ReadError, Record, dead_letter};

use super::{Store, StoreWorker, Trouble};
use crate::store::StoreFatal;

/// Why a record can never be processed.
pub(super) struct Verdict {
    pub(super) reason: &'static str,
    pub(super) detail: String,
}

impl From<ReadError> for Verdict {
    fn from(error: ReadError) -> Self {
        Self { reason: error.reason(), detail: error.to_string() }
    }
}

impl<S: Store> StoreWorker<S> {
    /// Writes a record that can never be processed to the dead letters.
    ///
    /// It is there before the store's progress moves past the record. A crash in between buries the record once more
    /// when it is read again, and so does a store that is rebuilt: dead letters are at least once, and each says where
    /// its record stood.
    pub(super) fn bury(&mut self, record: &Record, verdict: Verdict) -> Result<(), Trouble> {
        let place = (record.at.clone(), record.offset);
        if self.buried.contains(&place) {
            return Ok(());
        }
        let Verdict { reason, detail } = verdict;
        tracing::error!(
            at = %record.at, offset = record.offset, reason, detail,
            "a record can never be processed and goes to the dead letters"
        );
        let letter = dead_letter(self.settings.part.name(), record, reason, detail, Timestamp::now());
        match self.post(&letter)? {
            Ok(()) => {}
            Err(ProduceError::TooLarge { .. }) => self.post(&without_content(letter))?.map_err(trouble)?,
            Err(error) => return Err(trouble(error)),
        }
        self.settings.metrics.records.with_label_values(&[&*record.at.topic, "dead_letter"]).inc();
        self.buried.insert(place);
        Ok(())
    }

    fn post(&self, letter: &DeadLetter) -> Result<Result<(), ProduceError>, Trouble> {
        let value = self.settings.dead_letter_encoder.encode(letter).map_err(StoreFatal::from)?;
        let record = NewRecord {
            topic: Arc::clone(&self.dead_letters),
            partition: None,
            key: letter.key.clone().map(|key| key.0).unwrap_or_default(),
            value: Some(value),
            headers: Headers::default(),
        };
        Ok(self.settings.handle.block_on(self.producer.produce(&record)).map(drop))
    }
}

/// The letter as far as it fits: the record itself can be had from its topic, as long as that keeps it.
fn without_content(letter: DeadLetter) -> DeadLetter {
    let detail = format!("{} (its content is left out: the letter would be too large)", letter.detail);
    DeadLetter { detail, key: None, value: None, headers: Vec::new(), ..letter }
}

fn trouble(error: ProduceError) -> Trouble {
    match error {
        ProduceError::Unacknowledged { .. } => Trouble::wait("dead_letter", error.to_string()),
        ProduceError::TooLarge { .. } | ProduceError::Dead { .. } => Trouble::Fatal(error.into()),
    }
}
