//! One input: decoded, put to the rules, written into the window.

use std::panic::{AssertUnwindSafe, catch_unwind};

use quittance_avro::wire::EncodeError;
use quittance_log::{Log, Record, SendError};

use super::{
    Fatal, INPUTS_BEFORE_A_LOOK, Processor, Trouble, Worker,
    write::{Made, Poison, Write},
};
use crate::runtime::{
    processor::{Class, Processed, Trigger, apply},
    window::RECORDS_MAX,
};

/// Offsets behind the position at which a partition was taken over within which the record must be that a predecessor
/// died of: those of a full window, each with the mark of a transaction of its own.
const SUSPECT_OFFSETS: i64 = 2 * RECORDS_MAX as i64;

impl<P: Processor, L: Log> Worker<P, L> {
    /// Takes the next record in hand; with none, the window ends.
    pub(super) fn input(&mut self) -> Result<(), Trouble> {
        let Some((class, record)) = self.next_record() else {
            self.commit()?;
            return self.probe();
        };
        let read = match self.noted(&record, |worker| worker.read(&record))? {
            Ok(read) => read,
            Err(why) => {
                // It says nothing about the record. The group is polled before it is tried again.
                self.put_back(class, record);
                self.commit()?;
                return Err(Trouble::Later(why));
            }
        };
        if let Err(trouble) = self.open_window() {
            self.put_back(class, record);
            return Err(trouble);
        }
        self.inputs_since_look += 1;
        let done = self.deal_with(&record, read)?;
        if let Some(window) = &mut self.window {
            window.read(&record, class);
        }
        match done {
            Ok(()) => Ok(()),
            Err(Write::Fatal(error)) => Err(Trouble::Fatal(error)),
            Err(Write::Send(error)) => {
                if matches!(error, SendError::TooLarge { .. }) {
                    self.condemned.insert((record.at.clone(), record.offset), error.to_string());
                }
                Err(self.give_up_window(&error))
            }
        }
    }

    /// Puts a record back that cannot be dealt with now. Whoever waits must go on hearing of the group, which waits for it.
    fn put_back(&mut self, class: Class, record: Record) {
        self.inbox.put_back(class, record);
        self.inputs_since_look = INPUTS_BEFORE_A_LOOK;
    }

    /// The next record that has not been read yet, of a partition of ours. What was fetched before the partition was
    /// given back is its owner's to read, and what stands before the position has been processed.
    fn next_record(&mut self) -> Option<(Class, Record)> {
        while let Some((class, record)) = self.inbox.pop() {
            let partition = self.partitions.get(&record.at.partition);
            let input = partition.and_then(|partition| partition.inputs.get(&record.at.topic));
            let read = self.window.as_ref().and_then(|window| window.position(&record.at));
            if input.is_some_and(|input| record.offset >= read.unwrap_or(input.position)) {
                return Some((class, record));
            }
        }
        None
    }

    /// What a record says, or why it can never be processed. The error tells why nobody can say so now.
    fn read(&mut self, record: &Record) -> Result<Result<(String, P::Input), Poison>, String> {
        if let Some(detail) = self.condemned.get(&(record.at.clone(), record.offset)) {
            return Ok(Err(Poison { reason: "output_too_large", detail: detail.clone() }));
        }
        if self.suspects.is_condemned(&record.at, record.offset) {
            let detail = "processes died again and again with it in hand".to_owned();
            return Ok(Err(Poison { reason: "process_died", detail }));
        }
        let processor = &mut self.processor;
        // A decoder that panics has added to what it knows of schemas, or has not.
        Ok(match catch_unwind(AssertUnwindSafe(|| processor.decode(record))) {
            Ok(Ok(decoded)) => Ok(decoded),
            Ok(Err(error)) if error.is_transient() => return Err(error.to_string()),
            Ok(Err(error)) => Err(Poison { reason: "undecodable", detail: error.to_string() }),
            Err(_) => Err(Failed::Panicked.into()),
        })
    }

    fn deal_with(
        &mut self,
        record: &Record,
        read: Result<(String, P::Input), Poison>,
    ) -> Result<Result<(), Write>, Trouble> {
        let (number, now_ms) = (record.at.partition, self.now.wall_ms);
        let made = match read {
            Ok((key, input)) => {
                let trigger = Trigger::Input(&input, &record.headers);
                let made = self.noted(record, |worker| worker.process(number, &key, &trigger, now_ms))??;
                made.map_err(Poison::from).map(|made| (key, made))
            }
            Err(poison) => Err(poison),
        };
        Ok(match made {
            Ok((_, Made { processed: Processed { invalid: Some(detail), .. }, .. })) => {
                self.bury(record, Poison { reason: "invalid", detail })
            }
            Ok((key, made)) => self.write(number, key, made, "processed"),
            Err(poison) => self.bury(record, poison),
        })
    }

    /// Does something with a record that may be the end of the process. If it is among those that a predecessor may have
    /// died of, that is noted meanwhile.
    fn noted<T>(&mut self, record: &Record, work: impl FnOnce(&mut Self) -> T) -> Result<T, Trouble> {
        let partition = self.partitions.get(&record.at.partition);
        let input = partition.and_then(|partition| partition.inputs.get(&record.at.topic));
        let is_suspicious = input.is_some_and(|input| record.offset < input.taken_over_at + SUSPECT_OFFSETS);
        if !is_suspicious {
            return Ok(work(self));
        }
        self.suspects.take_in_hand(&record.at, record.offset).map_err(notepad)?;
        let done = work(self);
        self.suspects.put_down().map_err(notepad)?;
        Ok(done)
    }

    /// Applies the rules to the state as the window sees it. The inner error tells that they cannot be applied to it, now
    /// or ever.
    pub(super) fn process(
        &self,
        number: i32,
        key: &str,
        trigger: &Trigger<'_, P::Input>,
        now_ms: i64,
    ) -> Result<Result<Made<P::State>, Failed>, Trouble> {
        let made = self.window.as_ref().and_then(|window| window.state(number, key));
        let kept = match (made, self.partitions.get(&number)) {
            (None, Some(partition)) => partition.state(key)?,
            (Some(_), _) | (None, None) => None,
        };
        let state = made.or(kept.as_deref());
        // The rules are pure and get references only, so a panic in them leaves nothing half-done.
        let run = AssertUnwindSafe(|| {
            let processed = apply(&self.processor, state, trigger, now_ms)?;
            Made::of(&self.processor, processed)
        });
        Ok(match catch_unwind(run) {
            Ok(made) => made.map_err(Failed::Encode),
            Err(_) => Err(Failed::Panicked),
        })
    }
}

fn notepad(error: std::io::Error) -> Trouble {
    Trouble::Fatal(Fatal::Notepad(error))
}

/// Why the rules gave nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failed {
    #[error("the rules panicked; the log of the process says where")]
    Panicked,
    #[error("what they gave does not fit its schema: {0}")]
    Encode(EncodeError),
}

impl From<Failed> for Poison {
    fn from(failed: Failed) -> Self {
        let reason = match failed {
            Failed::Panicked => "panicked",
            Failed::Encode(_) => "invalid",
        };
        Self { reason, detail: failed.to_string() }
    }
}
