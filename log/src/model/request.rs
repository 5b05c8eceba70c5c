//! The requests of producers, as brokers take them: at once, or late.

use super::{
    generation::ModelGeneration,
    state::{Due, State},
    transactional::{Phase, Refusal, Target, Transactional},
};
use crate::{NewRecord, OffsetCommit, TopicPartition};

/// Who holds a transactional id, in which epoch.
#[derive(Debug, Clone)]
pub(super) struct Holder {
    pub(super) id: String,
    pub(super) producer_id: i64,
    pub(super) epoch: i16,
}

#[derive(Debug, Clone)]
pub(super) enum Request {
    TakeOver { id: String },
    Add { holder: Holder, target: Target },
    Produce { holder: Holder, serial: u64, at: TopicPartition, records: Vec<NewRecord> },
    CommitOffsets { holder: Holder, of: ModelGeneration, positions: Vec<OffsetCommit> },
    End { holder: Holder, is_commit: bool },
}

#[derive(Debug)]
pub(super) enum Reply {
    Done,
    /// The id is held.
    Holds(Holder),
    /// Added to the transaction of this number.
    Added(u64),
}

impl State {
    /// Does it, unless it is refused.
    pub(super) fn handle(&mut self, request: &Request) -> Result<Reply, Refusal> {
        match request {
            Request::TakeOver { id } => Ok(Reply::Holds(self.hand_over(id))),
            Request::Add { holder, target } => self.add(holder, target).map(Reply::Added),
            Request::Produce { holder, serial, at, records } => {
                self.produce(holder, *serial, at, records)?;
                Ok(Reply::Done)
            }
            Request::CommitOffsets { holder, of, positions } => {
                self.commit_offsets(holder, of, positions)?;
                Ok(Reply::Done)
            }
            Request::End { holder, is_commit } => {
                self.id_of(holder)?.end(holder.epoch, *is_commit)?;
                self.schedule_markers(&holder.id);
                Ok(Reply::Done)
            }
        }
    }

    /// Does it as a client does that asks again while markers are being written: they are written first.
    pub(super) fn handle_patiently(&mut self, request: &Request) -> Result<Reply, Refusal> {
        match (self.handle(request), request) {
            (Err(Refusal::Concurrent), Request::Add { holder, .. } | Request::End { holder, .. }) => {
                self.write_markers(&holder.id);
                self.handle(request)
            }
            (result, _) => result,
        }
    }

    fn id_of(&mut self, holder: &Holder) -> Result<&mut Transactional, Refusal> {
        let id = self.ids.get_mut(&holder.id).filter(|id| id.producer_id == holder.producer_id);
        id.ok_or(Refusal::Fenced)
    }

    /// Aborts what the last holder left open, lets what it decided take its course, and fences it.
    fn hand_over(&mut self, name: &str) -> Holder {
        if !self.ids.contains_key(name) {
            let producer_id = i64::try_from(self.ids.len()).unwrap_or(i64::MAX);
            self.ids.insert(name.to_owned(), Transactional::new(producer_id));
        }
        if let Some(id) = self.ids.get_mut(name).filter(|id| matches!(id.phase, Phase::Ongoing { .. })) {
            id.fence();
        }
        self.write_markers(name);
        let id = self.ids.get_mut(name).expect("it was put there");
        id.hand_over();
        Holder { id: name.to_owned(), producer_id: id.producer_id, epoch: id.epoch }
    }

    fn add(&mut self, holder: &Holder, target: &Target) -> Result<u64, Refusal> {
        let now_ms = self.now_ms();
        let id = self.id_of(holder)?;
        let is_first = id.add(holder.epoch, target.clone(), now_ms)?;
        let serial = id.serial;
        if is_first {
            let sweep_ms = self.random.up_to(millis(self.settings.sweep_max));
            let after_ms = millis(self.settings.transaction_timeout) + sweep_ms;
            self.schedule(after_ms, Due::TimeOut { id: holder.id.clone(), serial });
        }
        Ok(serial)
    }

    /// The leader takes what belongs to the transaction that it has open for the producer, and asks the coordinator about
    /// the first batch of one (KIP-890, first part). Sequence numbers keep a batch of an earlier transaction out.
    fn produce(
        &mut self,
        holder: &Holder,
        serial: u64,
        at: &TopicPartition,
        records: &[NewRecord],
    ) -> Result<(), Refusal> {
        let bytes_max = self.settings.topic_bytes_max;
        let partition = self.partition(at).ok_or(Refusal::NotThere)?;
        if partition.is_fenced(holder.producer_id, holder.epoch) {
            return Err(Refusal::Fenced);
        }
        let is_open = partition.is_open(holder.producer_id);
        let id = self.id_of(holder)?;
        if id.serial != serial {
            return Err(if id.epoch == holder.epoch { Refusal::InvalidState } else { Refusal::Fenced });
        }
        if !is_open {
            id.verify(holder.epoch, &Target::Partition(at.clone()))?;
        }
        if let Some(record) = records.iter().find(|record| record.bytes() > bytes_max) {
            return Err(Refusal::Abortable(format!("a record of {} bytes is too large for {at}", record.bytes())));
        }
        let now_ms = self.now_ms();
        let partition = self.partition_mut(at).ok_or(Refusal::NotThere)?;
        for record in records {
            partition.append_open(record, now_ms, holder.producer_id, holder.epoch);
        }
        Ok(())
    }

    /// The group's coordinator looks at the generation now, and never again: what has passed is committed by the end of
    /// the transaction, however long that takes.
    fn commit_offsets(
        &mut self,
        holder: &Holder,
        of: &ModelGeneration,
        positions: &[OffsetCommit],
    ) -> Result<(), Refusal> {
        self.id_of(holder)?.verify(holder.epoch, &Target::Group(of.group.clone()))?;
        let group = self.group(&of.group);
        group.validate(of)?;
        group.offsets.prepare(holder.producer_id, positions);
        Ok(())
    }

    /// The coordinator gives up an open transaction, in an epoch that its holder does not have.
    pub(super) fn time_out(&mut self, id: &str) {
        if let Some(found) = self.ids.get_mut(id) {
            found.fence();
            self.schedule_markers(id);
        }
    }

    /// Markers are written after the end was answered, each in its own time.
    fn schedule_markers(&mut self, id: &str) {
        let Some(found) = self.ids.get(id) else { return };
        let serial = found.serial;
        for target in found.markers() {
            let delay_ms = self.random.up_to(millis(self.settings.marker_delay_max));
            self.schedule(delay_ms, Due::Marker { id: id.to_owned(), serial, target });
        }
    }

    fn write_markers(&mut self, id: &str) {
        for target in self.ids.get(id).map(Transactional::markers).unwrap_or_default() {
            self.write_marker(id, &target);
        }
    }

    pub(super) fn write_marker(&mut self, id: &str, target: &Target) {
        let now_ms = self.now_ms();
        let Some(found) = self.ids.get_mut(id) else { return };
        let Some(is_commit) = found.take_marker(target) else { return };
        let (producer_id, epoch) = (found.producer_id, found.epoch);
        match target {
            Target::Partition(at) => {
                if let Some(partition) = self.partition_mut(at) {
                    partition.mark(producer_id, epoch, is_commit, now_ms);
                }
            }
            Target::Group(group) => self.group(group).offsets.mark(producer_id, is_commit),
        }
    }
}

pub(super) fn millis(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        Headers, Isolation,
        model::{Cleanup, Model, Prompt, Settings},
    };

    fn at() -> TopicPartition {
        TopicPartition { topic: Arc::from("t"), partition: 0 }
    }

    fn record() -> NewRecord {
        NewRecord { topic: at().topic, partition: Some(0), key: vec![], value: None, headers: Headers::default() }
    }

    /// A holder with the partition in its transaction.
    fn open() -> (Model, Holder, u64) {
        let model = Model::new(Settings::default(), Prompt);
        model.create_topic("t", 1, Cleanup::Delete);
        let held = model.state().handle(&Request::TakeOver { id: "id".to_owned() });
        let Ok(Reply::Holds(holder)) = held else { panic!("not held: {held:?}") };
        let serial = begin(&model, &holder);
        (model, holder, serial)
    }

    fn begin(model: &Model, holder: &Holder) -> u64 {
        let add = Request::Add { holder: holder.clone(), target: Target::Partition(at()) };
        match model.state().handle_patiently(&add) {
            Ok(Reply::Added(serial)) => serial,
            other => panic!("not added: {other:?}"),
        }
    }

    fn produce(model: &Model, holder: &Holder, serial: u64) -> Result<(), Refusal> {
        let request = Request::Produce { holder: holder.clone(), serial, at: at(), records: vec![record()] };
        model.state().handle(&request).map(drop)
    }

    fn end(model: &Model, holder: &Holder) -> Result<(), Refusal> {
        model.state().handle(&Request::End { holder: holder.clone(), is_commit: true }).map(drop)
    }

    #[test]
    fn a_batch_that_comes_after_its_transaction_is_in_no_later_one() {
        let (model, holder, serial) = open();
        assert_eq!(end(&model, &holder), Ok(()));
        model.advance(Settings::default().marker_delay_max);
        assert_eq!(produce(&model, &holder, serial), Err(Refusal::InvalidState), "none is open");
        let next = begin(&model, &holder);
        assert_eq!(produce(&model, &holder, serial), Err(Refusal::InvalidState));
        assert_eq!(produce(&model, &holder, next), Ok(()));
        assert_eq!(produce(&model, &holder, serial), Err(Refusal::InvalidState));
        assert_eq!(model.records(&at(), Isolation::Uncommitted).len(), 1);
    }

    #[test]
    fn a_batch_of_a_fenced_holder_is_refused_before_and_after_the_marker() {
        let (model, holder, serial) = open();
        assert_eq!(produce(&model, &holder, serial), Ok(()));
        model.state().time_out("id");
        assert_eq!(end(&model, &holder), Err(Refusal::Fenced));
        // The leader has not yet heard of it: what it takes, the marker aborts.
        assert_eq!(produce(&model, &holder, serial), Ok(()));
        model.advance(Settings::default().marker_delay_max);
        assert_eq!(produce(&model, &holder, serial), Err(Refusal::Fenced));
        assert_eq!(model.records(&at(), Isolation::Uncommitted).len(), 2);
        assert_eq!(model.records(&at(), Isolation::Committed), []);
    }

    #[test]
    fn a_transaction_times_out_once_and_not_the_next_one_early() {
        let (model, holder, _) = open();
        model.advance(Settings::default().transaction_timeout / 2);
        assert_eq!(end(&model, &holder), Ok(()));
        let serial = begin(&model, &holder);
        model.advance(Settings::default().transaction_timeout * 3 / 4);
        assert_eq!(produce(&model, &holder, serial), Ok(()), "the first one's time is up, not this one's");
        model.advance(Settings::default().transaction_timeout + Settings::default().sweep_max);
        assert_eq!(end(&model, &holder), Err(Refusal::Fenced));
        assert_eq!(model.transactions(), []);
    }
}
