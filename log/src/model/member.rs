//! A member of a group, as its process holds it.

use std::{sync::Arc, time::Duration};

use super::{
    Call, Fate, ModelGeneration, ModelLog,
    consumer::{ConsumerId, Phase},
    state::{State, lost_position, no_topic},
};
use crate::{Committed, Event, Isolation, LogError, Member, Membership, TopicPartition};

/// How long a client goes on asking for committed positions while they are not stable.
const COMMITTED_MAX: Duration = Duration::from_secs(1);

/// A member of a group. Dropped, it falls silent: a static member does not leave.
pub struct ModelMember<'d> {
    log: ModelLog<'d>,
    group: String,
    instance: String,
    consumer: ConsumerId,
}

impl<'d> ModelMember<'d> {
    pub(super) fn join(log: &ModelLog<'d>, membership: &Membership, topics: &[Arc<str>]) -> Result<Self, LogError> {
        let (group, instance) = (membership.group.clone(), membership.instance.clone());
        log.ask(&Call::Join { group: group.clone(), instance: instance.clone() })?;
        let consumer = log.living()?.open_consumer(log.process, membership, topics);
        Ok(Self { log: log.clone(), group, instance, consumer })
    }

    /// Something that concerns the client alone.
    fn local<T>(&self, call: &Call, act: impl FnOnce(&mut State, ConsumerId) -> T) -> Result<T, LogError> {
        self.log.ask(call)?;
        let mut state = self.log.living()?;
        Ok(act(&mut state, self.consumer))
    }

    fn instance(&self) -> String {
        self.instance.clone()
    }
}

impl Member for ModelMember<'_> {
    type Generation = ModelGeneration;

    fn poll(&mut self, timeout: Duration) -> Result<Event, LogError> {
        if self.log.ask(&Call::Poll { instance: self.instance(), timeout })? != Fate::Happens {
            // The client goes on by itself, and says nothing.
            return Ok(Event::Idle);
        }
        let event = self.log.wait(timeout, |state| state.poll(self.consumer))?;
        Ok(event.unwrap_or(Event::Idle))
    }

    fn start(&mut self, positions: &[(TopicPartition, i64)]) -> Result<(), LogError> {
        let call = Call::Start { instance: self.instance(), positions: positions.to_vec() };
        self.local(&call, |state, id| {
            if let Some(consumer) = state.consumers.get_mut(&id) {
                consumer.positions = positions.iter().cloned().collect();
                if consumer.phase == Phase::Assigning {
                    consumer.phase = Phase::Steady;
                    // What the group did meanwhile is heard now.
                    state.beat_soon(id);
                }
            }
        })
    }

    fn release(&mut self) -> Result<(), LogError> {
        self.local(&Call::Release { instance: self.instance() }, |state, id| {
            if let Some(consumer) = state.consumers.get_mut(&id) {
                consumer.positions.clear();
                // What nobody asked for the group does not hear of.
                if consumer.phase == Phase::Revoking {
                    state.join(id);
                }
            }
        })
    }

    fn pause(&mut self, partitions: &[TopicPartition]) -> Result<(), LogError> {
        let call = Call::Pause { instance: self.instance(), partitions: partitions.to_vec() };
        self.local(&call, |state, id| {
            if let Some(consumer) = state.consumers.get_mut(&id) {
                consumer.paused.extend(partitions.iter().cloned());
            }
        })
    }

    fn resume(&mut self, partitions: &[TopicPartition]) -> Result<(), LogError> {
        let call = Call::Resume { instance: self.instance(), partitions: partitions.to_vec() };
        self.local(&call, |state, id| {
            if let Some(consumer) = state.consumers.get_mut(&id) {
                consumer.paused.retain(|at| !partitions.contains(at));
            }
        })
    }

    fn committed(&self, partitions: &[TopicPartition]) -> Result<Vec<(TopicPartition, Committed)>, LogError> {
        let call = Call::Committed { group: self.group.clone(), partitions: partitions.to_vec() };
        self.log.patient_question(&call, COMMITTED_MAX, |state| {
            let offsets = &state.group(&self.group).offsets;
            let unstable = partitions.iter().find(|at| !offsets.is_stable(at));
            if let Some(at) = unstable {
                let cause = format!("a transaction that would change it is open on {at} (UNSTABLE_OFFSET_COMMIT)");
                return Err(LogError::Unavailable { what: call.to_string(), cause: cause.into() });
            }
            let position = |at: &TopicPartition| match offsets.get(at) {
                Some(found) => Ok((at.clone(), found.clone())),
                None => {
                    Err(LogError::LostPosition { at: at.to_string(), detail: "nothing was ever committed".to_owned() })
                }
            };
            partitions.iter().map(position).collect()
        })
    }

    fn generation(&self) -> Option<ModelGeneration> {
        let me = self.local(&Call::Generation { instance: self.instance() }, |state, id| {
            state.consumers.get(&id).map(|consumer| consumer.me.clone())
        });
        me.ok().flatten()
    }
}

impl Drop for ModelMember<'_> {
    fn drop(&mut self) {
        let Ok(mut state) = self.log.living() else { return };
        let was_listening = state.is_listening(self.consumer);
        if let Some(consumer) = state.consumers.get_mut(&self.consumer) {
            consumer.is_closed = true;
        }
        if was_listening {
            state.hush(self.consumer);
        }
    }
}

impl State {
    /// The next thing that a member is told, if there is one.
    fn poll(&mut self, id: ConsumerId) -> Result<Option<Event>, LogError> {
        let Some(consumer) = self.consumers.get_mut(&id) else { return Ok(None) };
        if let Some(told) = consumer.told.pop_front() {
            return told.map(Some);
        }
        let consumer = &self.consumers[&id];
        if consumer.phase != Phase::Steady {
            return Ok(None);
        }
        let (mut ready, mut lost) = (Vec::new(), None);
        for (at, position) in consumer.positions.iter().filter(|(at, _)| !consumer.paused.contains(at)) {
            let partition = self.partition(at).ok_or_else(|| no_topic(&at.topic))?;
            if !partition.holds(*position) {
                lost = Some((at.clone(), *position));
                break;
            }
            if partition.read(*position, Isolation::Committed).is_some() {
                ready.push((at, *position));
            }
        }
        if let Some((at, position)) = lost {
            // That is told once; the partition is read no more, and others are.
            if let Some(consumer) = self.consumers.get_mut(&id) {
                consumer.positions.remove(&at);
            }
            return Err(lost_position(&at, position));
        }
        let Some((at, position)) = self.random.choose(&ready) else { return Ok(None) };
        let at = at.clone();
        let Some(record) = self.read(&at, position, Isolation::Committed) else { return Ok(None) };
        if let Some(consumer) = self.consumers.get_mut(&id) {
            consumer.positions.insert(at, record.offset + 1);
        }
        Ok(Some(Event::Record(record)))
    }
}
