//! What is done from outside the processes: by whoever plays the cluster's operator, its clients, or the judge of a run.

use std::{collections::BTreeMap, rc::Rc, sync::Arc};

use super::{
    Cleanup, Driver, Model, ModelLog, ProcessId,
    partition::{Content, Entry, Partition},
    partitioner::partition_of,
    request::{Holder, Reply, Request, millis},
    state::{Process, Topic, no_topic},
    transactional::{Phase, Refusal, Target},
};
use crate::{Committed, Isolation, LogError, NewRecord, OffsetCommit, Record, TopicPartition};

/// A transaction that somebody outside the processes has open.
#[derive(Debug)]
pub struct OpenTransaction(Holder);

/// A transaction that is not over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelTransaction {
    /// Its transactional id.
    pub id: String,
    /// Since when it is open; nothing once it is decided and markers are still to be written.
    pub since_ms: Option<i64>,
    /// The partitions that are in it, or whose markers are still to be written.
    pub partitions: Vec<TopicPartition>,
    /// The groups, likewise.
    pub groups: Vec<String>,
}

/// A member as its group's coordinator knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelledMember {
    /// Its process.
    pub process: Option<ProcessId>,
    /// Its share in the current generation.
    pub assigned: Vec<TopicPartition>,
}

impl Model {
    /// Makes a topic.
    pub fn create_topic(&self, name: &str, partitions: i32, cleanup: Cleanup) {
        let partitions = (0..partitions).map(|_| Partition::default()).collect();
        self.state().topics.insert(Arc::from(name), Topic { partitions, cleanup });
    }

    /// Starts a process that the model's own driver drives.
    pub fn process(&self) -> ModelLog<'static> {
        self.process_driven_by(Rc::clone(&self.driver))
    }

    /// Starts a process that has a driver of its own.
    pub fn process_driven_by<'d>(&self, driver: Rc<dyn Driver + 'd>) -> ModelLog<'d> {
        let mut state = self.state();
        let process = ProcessId(u32::try_from(state.processes.len()).unwrap_or(u32::MAX) + 1);
        state.processes.insert(process, Process::default());
        ModelLog { model: self.clone(), process, driver }
    }

    /// Ends a process at once. None of its calls does anything any more; its members fall silent; what is open stays
    /// open; what it sent is on its way.
    pub fn kill(&self, process: ProcessId) {
        self.silence(process, |process| process.is_dead = true);
    }

    /// Stops a process in its tracks (SIGSTOP): its members fall silent. That it makes no calls is the driver's to see
    /// to; one that does is as if it were cut off from its group alone.
    pub fn pause(&self, process: ProcessId) {
        self.silence(process, |process| process.is_paused = true);
    }

    fn silence(&self, process: ProcessId, by: impl FnOnce(&mut Process)) {
        let mut state = self.state();
        let consumers = state.consumers_of(process);
        let listening: Vec<_> = consumers.into_iter().filter(|id| state.is_listening(*id)).collect();
        if let Some(process) = state.processes.get_mut(&process) {
            by(process);
        }
        listening.into_iter().for_each(|id| state.hush(id));
    }

    /// Lets a paused process go on (SIGCONT).
    pub fn unpause(&self, process: ProcessId) {
        let mut state = self.state();
        match state.processes.get_mut(&process) {
            Some(process) if process.is_paused => process.is_paused = false,
            _ => return,
        }
        state.consumers_of(process).into_iter().for_each(|id| state.wake(id));
    }

    /// Whether it has not been killed.
    pub fn is_alive(&self, process: ProcessId) -> bool {
        self.state().processes.get(&process).is_some_and(|process| !process.is_dead)
    }

    /// Appends a record, as a producer without transactions does. Says where it stands.
    pub fn append(&self, record: &NewRecord, timestamp_ms: i64) -> Result<(TopicPartition, i64), LogError> {
        let mut state = self.state();
        let partitions = state.partitions_of(&record.topic);
        let partition = record.partition.unwrap_or_else(|| partition_of(&record.key, partitions));
        let at = TopicPartition { topic: Arc::clone(&record.topic), partition };
        let found = state.partition_mut(&at).ok_or_else(|| no_topic(&record.topic))?;
        let offset = found.append(record, timestamp_ms);
        Ok((at, offset))
    }

    /// Appends a record in a transaction of its own, as a producer under this transactional id does that has nothing else
    /// to say, and leaves it open. Says where it stands.
    pub fn append_open(
        &self,
        id: &str,
        record: &NewRecord,
    ) -> Result<(OpenTransaction, TopicPartition, i64), LogError> {
        let mut state = self.state();
        let partitions = state.partitions_of(&record.topic);
        let partition = record.partition.unwrap_or_else(|| partition_of(&record.key, partitions));
        let at = TopicPartition { topic: Arc::clone(&record.topic), partition };
        let offset = state.partition(&at).ok_or_else(|| no_topic(&record.topic))?.end(Isolation::Uncommitted);
        let refused = |refusal| LogError::Client { what: format!("{id}: {refusal:?}"), cause: "refused".into() };
        let Ok(Reply::Holds(holder)) = state.handle(&Request::TakeOver { id: id.to_owned() }) else {
            return Err(refused(Refusal::Fenced));
        };
        let add = Request::Add { holder: holder.clone(), target: Target::Partition(at.clone()) };
        let Reply::Added(serial) = state.handle(&add).map_err(refused)? else { return Err(refused(Refusal::Fenced)) };
        let records = vec![record.clone()];
        let produce = Request::Produce { holder: holder.clone(), serial, at: at.clone(), records };
        state.handle(&produce).map_err(refused)?;
        Ok((OpenTransaction(holder), at, offset))
    }

    /// Ends a transaction that was left open, unless it is over.
    pub fn end_open(&self, open: OpenTransaction, is_commit: bool) {
        drop(self.state().handle(&Request::End { holder: open.0, is_commit }));
    }

    /// All records of a partition that are committed and stable, or all that stand there, aborted ones included.
    pub fn records(&self, at: &TopicPartition, isolation: Isolation) -> Vec<Record> {
        let state = self.state();
        let Some(partition) = state.partition(at) else { return Vec::new() };
        let visible = partition.visible(partition.start(), isolation);
        visible.map(|(entry, content)| content.to_record(at, entry)).collect()
    }

    /// How many partitions a topic has; none if it is not there.
    pub fn partitions(&self, topic: &str) -> i32 {
        self.state().partitions_of(topic)
    }

    /// The first offset of a partition, its last stable offset, and its high watermark.
    pub fn bounds(&self, at: &TopicPartition) -> Option<(i64, i64, i64)> {
        let state = self.state();
        let partition = state.partition(at)?;
        Some((partition.start(), partition.end(Isolation::Committed), partition.end(Isolation::Uncommitted)))
    }

    /// Lets the cleaner run over a topic that is to be compacted.
    pub fn compact(&self, topic: &str) {
        let mut state = self.state();
        let from_ms = state.now_ms().saturating_sub(millis(state.settings.tombstones_kept));
        if let Some(topic) = state.topics.get_mut(topic).filter(|topic| topic.cleanup == Cleanup::Compact) {
            topic.partitions.iter_mut().for_each(|partition| partition.compact(from_ms));
        }
    }

    /// Deletes what stands in front of an offset, as retention does.
    pub fn delete_before(&self, at: &TopicPartition, offset: i64) {
        if let Some(partition) = self.state().partition_mut(at) {
            partition.delete_before(offset);
        }
    }

    /// Commits a position without a transaction: a group's first.
    pub fn set_position(&self, group: &str, commit: &OffsetCommit) {
        self.state().group(group).offsets.set(commit);
    }

    /// What a group has committed, whatever is pending.
    pub fn committed(&self, group: &str) -> BTreeMap<TopicPartition, Committed> {
        self.state().group(group).offsets.all()
    }

    /// The generation of a group, and its members by instance.
    pub fn members(&self, group: &str) -> (i32, BTreeMap<String, ModelledMember>) {
        let mut state = self.state();
        let generation = state.group(group).generation;
        let Some(found) = state.groups.get(group) else { return (generation, BTreeMap::new()) };
        let member = |(instance, member): (&String, &super::group::GroupMember)| {
            let process = state.consumers.get(&member.consumer).map(|consumer| consumer.process);
            (instance.clone(), ModelledMember { process, assigned: member.assigned.clone() })
        };
        (generation, found.members.iter().map(member).collect())
    }

    /// The transactions that are not over.
    pub fn transactions(&self) -> Vec<ModelTransaction> {
        let state = self.state();
        let transaction = |name: &str| {
            let (since_ms, targets) = match &state.ids[name].phase {
                Phase::Ongoing { since_ms, targets } => (Some(*since_ms), targets),
                Phase::Prepared { left, .. } => (None, left),
                Phase::Empty | Phase::Complete { .. } => return None,
            };
            let partition = |target: &Target| match target {
                Target::Partition(at) => Some(at.clone()),
                Target::Group(_) => None,
            };
            let group = |target: &Target| match target {
                Target::Partition(_) => None,
                Target::Group(group) => Some(group.clone()),
            };
            Some(ModelTransaction {
                id: name.to_owned(),
                since_ms,
                partitions: targets.iter().filter_map(partition).collect(),
                groups: targets.iter().filter_map(group).collect(),
            })
        };
        state.ids.keys().filter_map(|name| transaction(name)).collect()
    }
}

impl Content {
    pub(super) fn to_record(&self, at: &TopicPartition, entry: &Entry) -> Record {
        Record {
            at: at.clone(),
            offset: entry.offset,
            timestamp_ms: Some(entry.timestamp_ms),
            key: Some(self.key.clone()),
            value: self.value.clone(),
            headers: self.headers.clone(),
        }
    }
}
