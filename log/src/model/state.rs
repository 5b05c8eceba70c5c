//! All that the model knows, and its clock.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    Cleanup, Settings,
    consumer::{Consumer, ConsumerId},
    driver::ProcessId,
    group::Group,
    partition::Partition,
    random::Random,
    request::Request,
    transactional::{Phase, Target, Transactional},
};
use crate::{LogError, TopicPartition};

pub(super) struct State {
    pub(super) settings: Settings,
    pub(super) random: Random,
    pub(super) topics: BTreeMap<Arc<str>, Topic>,
    /// By transactional id.
    pub(super) ids: BTreeMap<String, Transactional>,
    pub(super) groups: BTreeMap<String, Group>,
    pub(super) consumers: BTreeMap<ConsumerId, Consumer>,
    pub(super) processes: BTreeMap<ProcessId, Process>,
    now_ms: i64,
    /// By when it is due, then in the order in which it was put down.
    agenda: BTreeMap<(i64, u64), Due>,
    last_number: u64,
}

pub(super) struct Topic {
    pub(super) partitions: Vec<Partition>,
    pub(super) cleanup: Cleanup,
}

#[derive(Debug, Default)]
pub(super) struct Process {
    pub(super) is_dead: bool,
    pub(super) is_paused: bool,
}

/// What happens by itself.
#[derive(Debug)]
pub(super) enum Due {
    /// The coordinator writes a marker.
    Marker { id: String, serial: u64, target: Target },
    /// A transaction has been open for too long.
    TimeOut { id: String, serial: u64 },
    /// A member's client hears of its group.
    Heartbeat(ConsumerId),
    /// A member has been silent for too long.
    Session { group: String, instance: String, silence: u64 },
    /// A request that was held up arrives.
    Arrival(Box<Request>),
}

impl State {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            random: Random::new(settings.seed),
            now_ms: settings.start_ms,
            settings,
            topics: BTreeMap::new(),
            ids: BTreeMap::new(),
            groups: BTreeMap::new(),
            consumers: BTreeMap::new(),
            processes: BTreeMap::new(),
            agenda: BTreeMap::new(),
            last_number: 0,
        }
    }

    pub(super) fn now_ms(&self) -> i64 {
        self.now_ms
    }

    /// A number that was not given before.
    pub(super) fn number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    pub(super) fn schedule(&mut self, after_ms: i64, due: Due) {
        let number = self.number();
        self.agenda.insert((self.now_ms + after_ms.max(0), number), due);
    }

    /// Does all that falls due until then, in order.
    pub(super) fn advance_to(&mut self, ms: i64) {
        while let Some(next) = self.agenda.first_entry().filter(|next| next.key().0 <= ms) {
            let ((due_ms, _), due) = next.remove_entry();
            self.now_ms = self.now_ms.max(due_ms);
            self.happen(due);
        }
        self.now_ms = self.now_ms.max(ms);
    }

    fn happen(&mut self, due: Due) {
        if !self.matters(&due) {
            return;
        }
        match due {
            Due::Marker { id, target, .. } => self.write_marker(&id, &target),
            Due::TimeOut { id, .. } => self.time_out(&id),
            Due::Heartbeat(consumer) => self.heartbeat(consumer),
            Due::Session { group, instance, .. } => self.expire(&group, &instance),
            // Nobody waits for the answer.
            Due::Arrival(request) => drop(self.handle(&request)),
        }
    }

    /// Whether it would still change anything.
    fn matters(&self, due: &Due) -> bool {
        match due {
            Due::Marker { id, serial, target } => self.ids.get(id).is_some_and(|id| {
                id.serial == *serial && matches!(&id.phase, Phase::Prepared { left, .. } if left.contains(target))
            }),
            Due::TimeOut { id, serial } => {
                self.ids.get(id).is_some_and(|id| id.serial == *serial && matches!(id.phase, Phase::Ongoing { .. }))
            }
            Due::Heartbeat(consumer) => self.is_listening(*consumer),
            Due::Session { group, instance, silence } => self
                .groups
                .get(group)
                .and_then(|group| group.members.get(instance))
                .is_some_and(|member| member.silence == Some(*silence) && !member.has_joined),
            Due::Arrival(_) => true,
        }
    }

    /// When the next thing happens by itself.
    pub(super) fn next_due_ms(&self) -> Option<i64> {
        self.agenda.iter().find(|(_, due)| self.matters(due)).map(|((due_ms, _), _)| *due_ms)
    }

    pub(super) fn partition(&self, at: &TopicPartition) -> Option<&Partition> {
        self.topics.get(&at.topic)?.partitions.get(usize::try_from(at.partition).ok()?)
    }

    pub(super) fn partition_mut(&mut self, at: &TopicPartition) -> Option<&mut Partition> {
        self.topics.get_mut(&at.topic)?.partitions.get_mut(usize::try_from(at.partition).ok()?)
    }

    /// How many partitions a topic has; none if it is not there.
    pub(super) fn partitions_of(&self, topic: &str) -> i32 {
        self.topics.get(topic).map_or(0, |topic| i32::try_from(topic.partitions.len()).unwrap_or(i32::MAX))
    }

    pub(super) fn group(&mut self, name: &str) -> &mut Group {
        self.groups.entry(name.to_owned()).or_insert_with(Group::new)
    }
}

pub(super) fn no_topic(topic: &str) -> LogError {
    LogError::NoTopic { topic: topic.to_owned() }
}

pub(super) fn lost_position(at: &TopicPartition, position: i64) -> LogError {
    let detail = format!("offset {position} is gone, or not there yet (OFFSET_OUT_OF_RANGE)");
    LogError::LostPosition { at: at.to_string(), detail }
}
