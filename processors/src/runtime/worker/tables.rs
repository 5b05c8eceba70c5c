//! Keeping the shared tables up to date. It is done between two windows only, so that everything in a window is decided by the
//! same version of them.

use std::{sync::Arc, time::Duration};

use quittance_log::{Isolation, Log, Range, Ranged, ReadError, Record, Span, TopicPartition, catch_panic};

use super::{Fatal, Processor, Trouble, Worker};
use crate::runtime::rest::Rest;

/// How often it is looked whether a table has grown.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How long the next record of a table is waited for where inputs wait for it.
const PATIENCE: Duration = Duration::from_millis(5);
/// How many records are taken in at a time, so that the group is polled in between.
const RECORDS_PER_STEP: usize = 1_000;

/// The tables of a worker, by the order in which its processor names them.
pub(super) struct Tables<R> {
    tables: Vec<Table<R>>,
    /// The version of the first table that an input waits for, and the one that was found not to be there.
    awaited: i64,
    missing: i64,
}

struct Table<R> {
    at: TopicPartition,
    /// The next offset to read.
    position: i64,
    /// What is being read, and its end.
    reading: Option<(R, i64)>,
    /// When it was last looked how far it goes.
    looked_at: Option<Duration>,
    /// Whether all that was there at first has been read.
    is_read: bool,
    /// From what kept it from being read.
    rest: Rest,
}

impl<R> Tables<R> {
    pub(super) fn new(topics: &[Arc<str>]) -> Self {
        let table = |topic: &Arc<str>| Table {
            at: TopicPartition { topic: Arc::clone(topic), partition: 0 },
            position: 0,
            reading: None,
            looked_at: None,
            is_read: false,
            rest: Rest::default(),
        };
        Self { tables: topics.iter().map(table).collect(), awaited: 0, missing: 0 }
    }

    /// Whether each has been read once.
    pub(super) fn are_read(&self) -> bool {
        self.tables.iter().all(|table| table.is_read)
    }

    /// Whether the first table may have this version, and it has not been read yet.
    pub(super) fn lacks(&self, version: i64) -> bool {
        self.missing < version && self.tables.first().is_some_and(|table| table.position < version)
    }

    /// Somebody waits for this version of the first table: it is looked for at once.
    pub(super) fn hurry(&mut self, version: i64) {
        self.awaited = self.awaited.max(version);
        if let Some(table) = self.tables.first_mut() {
            table.looked_at = None;
        }
    }

    /// Whether the first table is left alone for now, since it cannot be read.
    pub(super) fn is_resting(&mut self, uptime: Duration) -> bool {
        self.tables.first_mut().is_some_and(|table| table.rest.is_on(uptime))
    }

    fn is_awaited(&self) -> bool {
        !self.are_read() || self.lacks(self.awaited)
    }
}

impl<P: Processor, L: Log> Worker<P, L> {
    /// Reads what has been added to the tables, if it is time to look. What cannot be read now is left alone for a while; meanwhile
    /// the tables hold as they are. The worker is not ready before each has been read once.
    pub(super) fn refresh_tables(&mut self) -> Result<(), Trouble> {
        let were_read = self.tables.are_read();
        for index in 0..self.tables.tables.len() {
            if self.tables.tables[index].rest.is_on(self.now.uptime) {
                continue;
            }
            let why = match self.refresh_table(index) {
                Ok(()) => continue,
                Err(Trouble::Later(why)) => why,
                Err(error @ (Trouble::Again | Trouble::Fatal(_))) => return Err(error),
            };
            let table = &mut self.tables.tables[index];
            tracing::warn!(topic = %table.at.topic, error = why, "a table cannot be read on");
            table.reading = None;
            table.rest.begin(&mut self.rng);
            if !table.is_read {
                self.settings.latch.unready(why);
            }
        }
        if !were_read && self.tables.are_read() {
            self.went_well();
        }
        Ok(())
    }

    fn refresh_table(&mut self, index: usize) -> Result<(), Trouble> {
        self.look_at_table(index)?;
        let patience = if self.tables.is_awaited() { PATIENCE } else { Duration::ZERO };
        for _ in 0..RECORDS_PER_STEP {
            let table = &mut self.tables.tables[index];
            let Some((range, end)) = &mut table.reading else { return Ok(()) };
            match range.poll(patience)? {
                Ranged::Record(record) => {
                    self.take_in(&record)?;
                    self.tables.tables[index].position = record.offset + 1;
                }
                Ranged::End => {
                    table.position = *end;
                    (table.reading, table.is_read) = (None, true);
                    table.rest.end();
                }
                Ranged::Idle => return Ok(()),
            }
        }
        Ok(())
    }

    /// Finds out how far a table goes, and begins to read up to there.
    fn look_at_table(&mut self, index: usize) -> Result<(), Trouble> {
        let (now, awaited) = (self.now.uptime, self.tables.awaited);
        let table = &mut self.tables.tables[index];
        let is_due = table.looked_at.is_none_or(|looked_at| now.saturating_sub(looked_at) >= LOOK_EVERY);
        if table.reading.is_some() || !is_due {
            return Ok(());
        }
        table.looked_at = Some(now);
        let end = self.log.end(&table.at, Isolation::Committed)?;
        if end < table.position {
            // It is another log: what was read of the old one must not be mixed with it.
            let (at, offset) = (table.at.clone(), table.position);
            return Err(Trouble::Fatal(Fatal::Table { at, offset, end }));
        }
        if end > table.position {
            let span = Span { partition: 0, from: (table.position > 0).then_some(table.position), to: end };
            table.reading = Some((self.log.range(&table.at.topic, &[span])?, end));
        } else {
            table.is_read = true;
            table.rest.end();
        }
        if index == 0 && end < awaited {
            // Whoever names it has seen another log. What there is has to do.
            self.tables.missing = self.tables.missing.max(awaited);
        }
        Ok(())
    }

    /// One that can never be read is passed over: what was there before it holds.
    fn take_in(&mut self, record: &Record) -> Result<(), Trouble> {
        let processor = &mut self.processor;
        let mut read = catch_panic(|| processor.take_in(record));
        if let Err(ReadError::Lacking(schema)) = read {
            read = processor.learn(schema).and_then(|()| catch_panic(|| processor.take_in(record)));
        }
        match read {
            Ok(()) => Ok(()),
            Err(error) if error.is_transient() => Err(Trouble::Later(error.to_string())),
            Err(error) => {
                tracing::error!(%error, at = %record.at, offset = record.offset, "a record of a table cannot be read");
                Ok(())
            }
        }
    }
}
