//! A consumer group as its coordinator keeps it: the classic protocol, eager, with static members (KIP-345).
//!
//! Members that are away are waited for until their session ends; then the rest share out what is there.

use std::{collections::BTreeMap, sync::Arc};

use super::{consumer::ConsumerId, generation::ModelGeneration, offsets::Offsets, transactional::Refusal};
use crate::TopicPartition;

#[derive(Debug)]
pub(super) struct Group {
    pub(super) phase: Phase,
    pub(super) generation: i32,
    /// By instance, which is the order in which partitions are shared out.
    pub(super) members: BTreeMap<String, GroupMember>,
    pub(super) offsets: Offsets,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Empty,
    /// Waits for all members to join again.
    Preparing,
    Stable,
}

#[derive(Debug)]
pub(super) struct GroupMember {
    pub(super) id: String,
    pub(super) consumer: ConsumerId,
    pub(super) topics: Vec<Arc<str>>,
    pub(super) session_ms: i64,
    /// Has asked to be in the next generation, and is answered when that begins.
    pub(super) has_joined: bool,
    pub(super) assigned: Vec<TopicPartition>,
    /// Which of its silences lasts.
    pub(super) silence: Option<u64>,
}

/// What the coordinator says to a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Member,
    /// `UNKNOWN_MEMBER_ID`: expired, or never joined.
    Unknown,
    /// `FENCED_INSTANCE_ID`: another has the slot.
    Fenced,
}

/// How a request to join was taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Joined {
    /// Answered when all have joined.
    Waits,
    /// Answered at once, with the generation that there is.
    Resumes,
    Refused(Standing),
}

impl Group {
    pub(super) fn new() -> Self {
        Self { phase: Phase::Empty, generation: 0, members: BTreeMap::new(), offsets: Offsets::default() }
    }

    pub(super) fn standing(&self, instance: &str, member_id: &str) -> Standing {
        match self.members.get(instance) {
            None => Standing::Unknown,
            Some(member) if member.id == member_id => Standing::Member,
            Some(_) => Standing::Fenced,
        }
    }

    /// Whether positions may be committed in the name of a generation (KIP-447). Also while the group waits for its
    /// members to join again: the one that commits has not yet given its partitions back.
    ///
    /// As Kafka has it, who was never in a generation may commit as long as the group is empty.
    pub(super) fn validate(&self, of: &ModelGeneration) -> Result<(), Refusal> {
        if of.generation < 0 && self.phase == Phase::Empty {
            return Ok(());
        }
        match self.standing(&of.instance, &of.member_id) {
            Standing::Unknown => Err(Refusal::Abortable("the member is not known (UNKNOWN_MEMBER_ID)".to_owned())),
            Standing::Fenced => Err(Refusal::PlaceTaken),
            Standing::Member if of.generation != self.generation => Err(Refusal::Abortable(format!(
                "generation {} is not the current one, {} (ILLEGAL_GENERATION)",
                of.generation, self.generation
            ))),
            Standing::Member => Ok(()),
        }
    }

    /// A known member joins again, which it does only when the group waits for it.
    pub(super) fn rejoin(&mut self, instance: &str, member_id: &str) -> Joined {
        let standing = self.standing(instance, member_id);
        if standing != Standing::Member {
            return Joined::Refused(standing);
        }
        self.prepare();
        self.awaits(instance)
    }

    /// A member joins under an instance that may be taken: then it replaces that one, with all that was assigned to it
    /// and without troubling the others.
    pub(super) fn join(&mut self, instance: &str, mut member: GroupMember) -> Joined {
        if let Some(replaced) = self.members.remove(instance) {
            member.assigned = replaced.assigned;
            self.members.insert(instance.to_owned(), member);
            return if self.phase == Phase::Stable { Joined::Resumes } else { self.awaits(instance) };
        }
        self.members.insert(instance.to_owned(), member);
        self.prepare();
        self.awaits(instance)
    }

    fn awaits(&mut self, instance: &str) -> Joined {
        if let Some(member) = self.members.get_mut(instance) {
            member.has_joined = true;
        }
        Joined::Waits
    }

    /// Makes all members join again, unless they are about to.
    fn prepare(&mut self) {
        if self.phase != Phase::Preparing {
            self.phase = Phase::Preparing;
            self.members.values_mut().for_each(|member| member.has_joined = false);
        }
    }

    /// Removes a member whose session is over.
    pub(super) fn expire(&mut self, instance: &str) {
        self.members.remove(instance);
        self.prepare();
    }

    /// Whether the next generation can begin.
    pub(super) fn is_complete(&self) -> bool {
        self.phase == Phase::Preparing && self.members.values().all(|member| member.has_joined)
    }

    /// Begins the next generation. Shares out each topic in ranges, as librdkafka's `range` assignor does.
    pub(super) fn complete(&mut self, partitions_of: impl Fn(&str) -> i32) {
        self.generation += 1;
        self.phase = if self.members.is_empty() { Phase::Empty } else { Phase::Stable };
        let mut interested: BTreeMap<Arc<str>, Vec<String>> = BTreeMap::new();
        for (instance, member) in &mut self.members {
            member.has_joined = false;
            member.assigned.clear();
            for topic in &member.topics {
                interested.entry(Arc::clone(topic)).or_default().push(instance.clone());
            }
        }
        for (topic, instances) in interested {
            let ranges = ranges(partitions_of(&topic), instances.len());
            for (instance, partitions) in instances.iter().zip(ranges) {
                let at = |partition| TopicPartition { topic: Arc::clone(&topic), partition };
                if let Some(member) = self.members.get_mut(instance) {
                    member.assigned.extend(partitions.map(at));
                }
            }
        }
        self.members.values_mut().for_each(|member| member.assigned.sort());
    }
}

/// Partitions shared among so many: the first few get one more each.
fn ranges(partitions: i32, members: usize) -> Vec<std::ops::Range<i32>> {
    let members = i32::try_from(members).unwrap_or(i32::MAX).max(1);
    let (each, more) = (partitions / members, partitions % members);
    let mut from = 0;
    let range = |index| {
        let to = from + each + i32::from(index < more);
        std::mem::replace(&mut from, to)..to
    };
    (0..members).map(range).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(id: &str) -> GroupMember {
        GroupMember {
            id: id.to_owned(),
            consumer: ConsumerId(0),
            topics: vec![Arc::from("t")],
            session_ms: 1000,
            has_joined: false,
            assigned: Vec::new(),
            silence: None,
        }
    }

    fn shares(group: &Group) -> Vec<Vec<i32>> {
        let partitions = |member: &GroupMember| member.assigned.iter().map(|at| at.partition).collect();
        group.members.values().map(partitions).collect()
    }

    fn of(generation: i32, member_id: &str, instance: &str) -> ModelGeneration {
        ModelGeneration {
            group: "g".to_owned(),
            generation,
            member_id: member_id.to_owned(),
            instance: instance.to_owned(),
        }
    }

    fn group_of_two() -> Group {
        let mut group = Group::new();
        group.join("a", member("a-1"));
        assert!(group.is_complete());
        group.complete(|_| 5);
        assert_eq!(group.join("b", member("b-1")), Joined::Waits);
        assert!(!group.is_complete(), "a is waited for");
        assert_eq!(group.rejoin("a", "a-1"), Joined::Waits);
        assert!(group.is_complete());
        group.complete(|_| 5);
        group
    }

    #[test]
    fn partitions_are_shared_out_in_ranges() {
        assert_eq!(ranges(5, 2), [0..3, 3..5]);
        assert_eq!(ranges(2, 3), [0..1, 1..2, 2..2]);
        assert_eq!(shares(&group_of_two()), [vec![0, 1, 2], vec![3, 4]]);
    }

    #[test]
    fn an_instance_that_comes_back_takes_its_place_and_troubles_nobody() {
        let mut group = group_of_two();
        assert_eq!(group.join("b", member("b-2")), Joined::Resumes);
        assert_eq!((group.generation, group.phase), (2, Phase::Stable));
        assert_eq!(shares(&group), [vec![0, 1, 2], vec![3, 4]]);
        assert_eq!(group.standing("b", "b-1"), Standing::Fenced);
        assert_eq!(group.validate(&of(2, "b-1", "b")), Err(Refusal::PlaceTaken));
        assert_eq!(group.validate(&of(2, "b-2", "b")), Ok(()));
    }

    #[test]
    fn an_expired_member_is_unknown_and_the_rest_share_out() {
        let mut group = group_of_two();
        group.expire("a");
        assert_eq!(group.standing("a", "a-1"), Standing::Unknown);
        assert_eq!(group.validate(&of(2, "b-1", "b")), Ok(()), "b has not yet given anything back");
        assert_eq!(group.rejoin("b", "b-1"), Joined::Waits);
        group.complete(|_| 5);
        assert_eq!(shares(&group), [vec![0, 1, 2, 3, 4]]);
        assert!(group.validate(&of(2, "b-1", "b")).is_err(), "an older generation");
    }

    #[test]
    fn whoever_was_never_a_member_may_commit_while_the_group_is_empty() {
        let mut group = Group::new();
        assert_eq!(group.validate(&of(-1, "", "a")), Ok(()));
        group.join("b", member("b-1"));
        assert!(group.validate(&of(-1, "", "a")).is_err());
    }
}
