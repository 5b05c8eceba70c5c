//! A member of a group as its client knows it: what librdkafka's own thread does between the calls of the process.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use super::{driver::ProcessId, generation::ModelGeneration};
use crate::{Event, LogError, TopicPartition};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ConsumerId(pub(super) u64);

#[derive(Debug)]
pub(super) struct Consumer {
    pub(super) process: ProcessId,
    pub(super) topics: Vec<Arc<str>>,
    pub(super) session_ms: i64,
    /// Who it believes to be.
    pub(super) me: ModelGeneration,
    /// The id under which it asked to join.
    pub(super) asked_as: String,
    pub(super) phase: Phase,
    /// What the group gave it.
    pub(super) assigned: Vec<TopicPartition>,
    /// What the process has not yet been told.
    pub(super) told: VecDeque<Result<Event, LogError>>,
    /// Where it goes on reading.
    pub(super) positions: BTreeMap<TopicPartition, i64>,
    pub(super) paused: BTreeSet<TopicPartition>,
    pub(super) is_closed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Waits for the group's answer.
    Joining,
    /// Waits for the process to start reading. What the group does meanwhile is looked at afterwards.
    Assigning,
    Steady,
    /// Waits for the process to give its partitions back. Nothing is read meanwhile.
    Revoking,
    /// Another has its place, for good.
    Fenced,
}

impl Consumer {
    /// The group has answered: we are in.
    pub(super) fn assign(&mut self, member_id: &str, generation: i32, assigned: &[TopicPartition]) {
        self.me.member_id = member_id.to_owned();
        self.me.generation = generation;
        self.assigned = assigned.to_vec();
        self.phase = Phase::Assigning;
        self.told.push_back(Ok(Event::Assigned(assigned.to_vec())));
    }

    /// The group shares out anew.
    pub(super) fn revoke(&mut self) {
        self.phase = Phase::Revoking;
        self.told.push_back(Ok(Event::Revoked(self.assigned.clone())));
    }

    /// The group has given us up. While the process is about to answer to something else, it is told only afterwards.
    pub(super) fn lose(&mut self) {
        self.me.member_id.clear();
        if self.phase == Phase::Steady {
            self.phase = Phase::Revoking;
            self.told.push_back(Ok(Event::Lost(self.assigned.clone())));
        }
    }

    /// Another has our place. The client reads nothing more, and says so once; what it was assigned it does not mention.
    pub(super) fn fence(&mut self) {
        self.phase = Phase::Fenced;
        self.positions.clear();
        let cause = "another member has the instance's place (FENCED_INSTANCE_ID)".to_owned();
        self.told.push_back(Err(LogError::Fenced { cause }));
    }
}
