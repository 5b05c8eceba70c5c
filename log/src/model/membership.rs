//! Members and their groups, in both directions: what clients ask for, and what they hear.

use std::sync::Arc;

use super::{
    consumer::{self, Consumer, ConsumerId},
    driver::ProcessId,
    generation::ModelGeneration,
    group::{self, GroupMember, Joined, Standing},
    request::millis,
    state::{Due, State, no_topic},
};
use crate::Membership;

/// How long it may take a new member's client to find its group.
const JOINING_MAX_MS: i64 = 100;

impl State {
    pub(super) fn open_consumer(
        &mut self,
        process: ProcessId,
        membership: &Membership,
        topics: &[Arc<str>],
    ) -> ConsumerId {
        let id = ConsumerId(self.number());
        let (found, missing): (Vec<_>, Vec<_>) =
            topics.iter().cloned().partition(|topic| self.topics.contains_key(topic));
        let consumer = Consumer {
            process,
            topics: found,
            session_ms: millis(membership.session_timeout),
            me: ModelGeneration {
                group: membership.group.clone(),
                generation: -1,
                member_id: String::new(),
                instance: membership.instance.clone(),
            },
            asked_as: String::new(),
            phase: consumer::Phase::Joining,
            assigned: Vec::new(),
            told: missing.iter().map(|topic| Err(no_topic(topic))).collect(),
            positions: std::collections::BTreeMap::new(),
            paused: std::collections::BTreeSet::new(),
            is_closed: false,
        };
        // The client asks the group in the background, if there is anything to be had.
        if !consumer.topics.is_empty() {
            let after_ms = 1 + self.random.up_to(JOINING_MAX_MS);
            self.schedule(after_ms, Due::Heartbeat(id));
        }
        self.consumers.insert(id, consumer);
        id
    }

    /// Whether a member's client hears of its group, and the group of it.
    pub(super) fn is_listening(&self, id: ConsumerId) -> bool {
        let Some(consumer) = self.consumers.get(&id) else { return false };
        let process = self.processes.get(&consumer.process);
        !consumer.is_closed
            && consumer.phase != consumer::Phase::Fenced
            && process.is_some_and(|process| !process.is_dead && !process.is_paused)
    }

    /// Asks to be in the group's next generation.
    pub(super) fn join(&mut self, id: ConsumerId) {
        let Some(consumer) = self.consumers.get_mut(&id) else { return };
        consumer.phase = consumer::Phase::Joining;
        let (topics, session_ms, mut me) = (consumer.topics.clone(), consumer.session_ms, consumer.me.clone());
        let mut joined = Joined::Refused(Standing::Unknown);
        if !me.member_id.is_empty() {
            joined = self.group(&me.group).rejoin(&me.instance, &me.member_id);
        }
        if joined == Joined::Refused(Standing::Unknown) {
            me.member_id = format!("{}-{}", me.instance, self.number());
            let member = GroupMember {
                id: me.member_id.clone(),
                consumer: id,
                topics,
                session_ms,
                has_joined: false,
                assigned: Vec::new(),
                silence: None,
            };
            joined = self.group(&me.group).join(&me.instance, member);
        }
        if let Some(consumer) = self.consumers.get_mut(&id) {
            consumer.asked_as.clone_from(&me.member_id);
        }
        match joined {
            Joined::Resumes => self.answer(id),
            Joined::Refused(_) => self.fence(id),
            Joined::Waits => {}
        }
        self.notify(&me.group);
        self.go_on(&me.group);
    }

    /// Begins the next generation if all are there, and answers them.
    fn go_on(&mut self, name: &str) {
        let counts: std::collections::BTreeMap<Arc<str>, i32> =
            self.topics.keys().map(|topic| (Arc::clone(topic), self.partitions_of(topic))).collect();
        let group = self.group(name);
        if !group.is_complete() {
            return;
        }
        group.complete(|topic| counts.get(topic).copied().unwrap_or_default());
        let consumers: Vec<ConsumerId> = group.members.values().map(|member| member.consumer).collect();
        for id in consumers {
            if self.is_listening(id) {
                self.answer(id);
            } else {
                // It was not missed while it waited; from now on it is.
                self.hush(id);
            }
        }
    }

    /// Tells a member what it has in the group's generation.
    fn answer(&mut self, id: ConsumerId) {
        let Some(consumer) = self.consumers.get_mut(&id) else { return };
        let Some(group) = self.groups.get(&consumer.me.group) else { return };
        if let Some(member) = group.members.get(&consumer.me.instance) {
            consumer.assign(&member.id, group.generation, &member.assigned);
        }
    }

    fn fence(&mut self, id: ConsumerId) {
        if let Some(consumer) = self.consumers.get_mut(&id) {
            consumer.fence();
        }
    }

    /// Members hear what goes on in their group with their next heartbeats, and at the latest when a beat has passed.
    fn notify(&mut self, name: &str) {
        let of_group = |consumer: &Consumer| consumer.me.group == name && !consumer.is_closed;
        let ids: Vec<ConsumerId> =
            self.consumers.iter().filter(|(_, consumer)| of_group(consumer)).map(|(id, _)| *id).collect();
        ids.into_iter().for_each(|id| self.beat_soon(id));
    }

    pub(super) fn beat_soon(&mut self, id: ConsumerId) {
        let Some(consumer) = self.consumers.get(&id) else { return };
        let lag_max_ms = consumer.session_ms / 4;
        let lag_ms = self.random.up_to(lag_max_ms);
        self.schedule(lag_ms, Due::Heartbeat(id));
    }

    /// A member hears from its group.
    pub(super) fn heartbeat(&mut self, id: ConsumerId) {
        use consumer::Phase::{Assigning, Fenced, Joining, Revoking, Steady};
        let Some(consumer) = self.consumers.get_mut(&id) else { return };
        if consumer.phase == Joining && consumer.asked_as.is_empty() {
            return self.join(id);
        }
        let Some(group) = self.groups.get(&consumer.me.group) else { return };
        let me = &consumer.me;
        // The id of a new member comes with the group's answer; until then the client does not know it.
        let member_id = if consumer.phase == Joining { &consumer.asked_as } else { &me.member_id };
        let has_joined = group.members.get(&me.instance).is_some_and(|member| member.has_joined);
        match (group.standing(&me.instance, member_id), consumer.phase) {
            (_, Fenced) => {}
            (Standing::Fenced, _) => consumer.fence(),
            (Standing::Unknown, Joining) => self.join(id),
            (Standing::Unknown, Assigning | Steady | Revoking) => consumer.lose(),
            (Standing::Member, Joining) if has_joined => {}
            (Standing::Member, Joining) if group.phase == group::Phase::Stable => self.answer(id),
            (Standing::Member, Joining) => self.join(id),
            (Standing::Member, Steady) if group.phase == group::Phase::Preparing => consumer.revoke(),
            (Standing::Member, Assigning | Steady | Revoking) => {}
        }
    }

    /// A member's client falls silent: its session ends some time after its last heartbeat, which was a while ago.
    pub(super) fn hush(&mut self, id: ConsumerId) {
        let Some(consumer) = self.consumers.get(&id) else { return };
        let (me, silence) = (consumer.me.clone(), self.number());
        let Some(group) = self.groups.get_mut(&me.group) else { return };
        let Some(member) = group.members.get_mut(&me.instance).filter(|member| member.consumer == id) else { return };
        member.silence = Some(silence);
        let session_ms = member.session_ms;
        let since_ms = self.random.up_to(session_ms / 4);
        self.schedule(session_ms - since_ms, Due::Session { group: me.group, instance: me.instance, silence });
    }

    /// A member's client goes on after a silence.
    pub(super) fn wake(&mut self, id: ConsumerId) {
        let Some(consumer) = self.consumers.get(&id) else { return };
        let me = consumer.me.clone();
        let member = self.group(&me.group).members.get_mut(&me.instance);
        if let Some(member) = member.filter(|member| member.consumer == id) {
            member.silence = None;
        }
        self.beat_soon(id);
    }

    pub(super) fn expire(&mut self, group: &str, instance: &str) {
        self.group(group).expire(instance);
        self.notify(group);
        self.go_on(group);
    }

    pub(super) fn consumers_of(&self, process: ProcessId) -> Vec<ConsumerId> {
        let of_process = |consumer: &Consumer| consumer.process == process && !consumer.is_closed;
        self.consumers.iter().filter(|(_, consumer)| of_process(consumer)).map(|(id, _)| *id).collect()
    }
}
