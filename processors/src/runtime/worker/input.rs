//! One input: decoded, put to the rules, written into the window.

use std::panic::{AssertUnwindSafe, catch_unwind};

use quittance_log::{Log, ReadError, Record, catch_panic};

use super::{
    INPUTS_BEFORE_A_LOOK, Processor, Trouble, Worker,
    obstacle::Obstacle,
    write::{Failed, Made, Poison},
};
use crate::runtime::{
    processor::{Class, Trigger, apply},
    suspects::InHand,
    window::RECORDS_MAX,
};

/// What an input comes to.
enum Decided<S> {
    /// The rules gave this for the aggregate of that key.
    Made(String, Made<S>),
    /// It can never be processed.
    Poison(Poison),
    /// It is written by this schema, which has to be learned first.
    Lacks(u32),
    /// It was written by whoever knew this version of the first table, which has to be read first.
    Awaits(i64),
    /// It cannot be read now. It says nothing about the record.
    Later(String),
}

impl<P: Processor, L: Log> Worker<P, L> {
    /// Takes the next record in hand; with none, the window ends.
    pub(super) fn input(&mut self) -> Result<(), Trouble> {
        let Some((class, record)) = self.next_record() else { return self.commit() };
        if let Err(trouble) = self.open_window() {
            self.put_back(class, record);
            return Err(trouble);
        }
        let sent = match self.decide(&record)? {
            Decided::Made(key, made) => self.write(record.at.partition, key, made, "processed"),
            Decided::Poison(poison) => self.bury(&record, poison)?,
            Decided::Lacks(schema) => {
                self.put_back(class, record);
                return self.learn(schema);
            }
            Decided::Awaits(version) => {
                let obstacle = Obstacle::Record(record.at.clone(), record.offset);
                self.put_back(class, record);
                self.commit()?;
                self.tables.hurry(version);
                if self.tables.is_resting(self.now.uptime) {
                    self.rest(obstacle, "an input waits for a table that cannot be read".to_owned());
                }
                return Ok(());
            }
            Decided::Later(why) => {
                let obstacle = Obstacle::Record(record.at.clone(), record.offset);
                self.put_back(class, record);
                self.commit()?;
                self.rest(obstacle, why);
                return Ok(());
            }
        };
        self.obstacle.was_read(&record);
        self.inputs_since_look += 1;
        if let Some(window) = &mut self.window {
            window.read(&record, class);
        }
        match sent {
            Ok(()) => Ok(()),
            Err(error) => Err(self.give_up_window(&error)),
        }
    }

    /// Puts a record back that cannot be dealt with now. Whoever waits must go on hearing of the group, which waits for it.
    fn put_back(&mut self, class: Class, record: Record) {
        self.inbox.put_back(class, record);
        self.inputs_since_look = INPUTS_BEFORE_A_LOOK;
    }

    /// Lets the inputs be for a while. What is heard of the group goes on, and timers that wait for none of them.
    fn rest(&mut self, obstacle: Obstacle, why: String) {
        tracing::warn!(error = why, "inputs wait");
        self.settings.latch.unready(why.clone());
        self.obstacle.begin(obstacle, why, &mut self.rng);
    }

    /// Learns a schema. The registry may take its time: meanwhile no transaction is open, for which readers would wait, and
    /// no record is in hand, which could be taken for the cause of a death.
    fn learn(&mut self, schema: u32) -> Result<(), Trouble> {
        self.commit()?;
        match self.processor.learn(schema) {
            Ok(()) => {}
            Err(error) if error.is_transient() => {
                self.rest(Obstacle::Schema(schema), error.to_string());
                return Ok(());
            }
            Err(error) => self.unlearnable = Some((schema, error.to_string())),
        }
        self.obstacle.was_learned(schema);
        Ok(())
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

    /// If it is among those that a predecessor may have died of, that is noted meanwhile.
    fn decide(&mut self, record: &Record) -> Result<Decided<P::State>, Trouble> {
        let in_hand = InHand::Record(record.offset);
        if self.suspects.is_condemned(&record.at, &in_hand) {
            return Ok(Decided::Poison(Poison::of_the_process()));
        }
        let partition = self.partitions.get(&record.at.partition);
        let input = partition.and_then(|partition| partition.inputs.get(&record.at.topic));
        // What a predecessor died of was in its window, and what was committed since was not.
        if input.is_some_and(|input| input.committed >= RECORDS_MAX) {
            return self.read(record);
        }
        self.noted(&record.at, &in_hand, |worker| worker.read(record))?
    }

    fn read(&mut self, record: &Record) -> Result<Decided<P::State>, Trouble> {
        let processor = &mut self.processor;
        // A decoder keeps nothing of a record that it panics at.
        let (key, input) = match catch_panic(|| processor.decode(record)) {
            Ok(read) => read,
            Err(error) => return Ok(self.unread(error)),
        };
        let awaited = processor.awaits(&input);
        if self.tables.lacks(awaited) {
            return Ok(Decided::Awaits(awaited));
        }
        let trigger = Trigger::Input(&input, &record.headers);
        Ok(match self.process(record.at.partition, &key, &trigger, self.now.wall_ms)? {
            Ok(made) => Decided::Made(key, made),
            Err(failed) => Decided::Poison(failed.into()),
        })
    }

    fn unread(&mut self, error: ReadError) -> Decided<P::State> {
        let reason = error.reason();
        let detail = match error {
            ReadError::Lacking(schema) => match self.unlearnable.take() {
                Some((known, detail)) if known == schema => detail,
                Some(_) | None => return Decided::Lacks(schema),
            },
            error if error.is_transient() => return Decided::Later(error.to_string()),
            error => error.to_string(),
        };
        Decided::Poison(Poison { reason, detail })
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
        let state = made.unwrap_or(kept.as_deref());
        // The rules are pure and get references only, so a panic in them leaves nothing half-done.
        let run = AssertUnwindSafe(|| {
            let processed = apply(&self.processor, state, trigger, now_ms)?;
            Made::of(&self.processor, number, key, processed, self.settings.record_bytes_max)
        });
        Ok(catch_unwind(run).unwrap_or(Err(Failed::Panicked)))
    }
}
