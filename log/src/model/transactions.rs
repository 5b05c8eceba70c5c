//! The holder of a transactional id, as its client keeps it.
//!
//! The steps are those of the real one: positions first, then the records that are still with the client, then the end.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Call, Fate, ModelGeneration, ModelLog,
    log::{Outcome, unanswered},
    partitioner::partition_of,
    request::{Holder, Reply, Request, millis},
    transactional::{Refusal, Target},
};
use crate::{Ended, LogError, NewRecord, OffsetCommit, SendError, TopicPartition, Transactions};

/// The holder of a transactional id. Dropped, it leaves what is open open.
pub struct ModelTransactions<'d> {
    log: ModelLog<'d>,
    holder: Holder,
    phase: Phase,
    /// Records that are still with the client.
    buffer: BTreeMap<TopicPartition, Vec<NewRecord>>,
    /// What the coordinator knows to be in the transaction.
    added: BTreeSet<Target>,
    /// Whether the coordinator may know of the transaction.
    is_known: bool,
    /// The transaction, as the coordinator counts.
    serial: u64,
    /// When a batch arrives that was held up.
    held_up_until_ms: i64,
}

#[derive(Debug, Clone)]
enum Phase {
    Ready,
    Open,
    /// It can only be aborted.
    Failed(String),
    Fenced(String),
    /// Nobody knows how the last one ended.
    Unknown(String),
}

/// Why a step of a transaction cannot be taken.
enum Stop {
    Fenced(String),
    /// Another member has the place of its owner in the group.
    PlaceTaken(String),
    Abort(String),
    Unknown(String),
    Silence(Fate, String),
}

impl<'d> ModelTransactions<'d> {
    pub(super) fn open(log: &ModelLog<'d>, id: &str) -> Result<Self, LogError> {
        let call = Call::TakeOver { id: id.to_owned() };
        match log.request(&call, Request::TakeOver { id: id.to_owned() }) {
            Outcome::Reply(Reply::Holds(holder)) => Ok(Self {
                log: log.clone(),
                holder,
                phase: Phase::Ready,
                buffer: BTreeMap::new(),
                added: BTreeSet::new(),
                is_known: false,
                serial: 0,
                held_up_until_ms: i64::MIN,
            }),
            Outcome::Dead => Err(log.living().err().unwrap_or_else(|| unanswered(&call))),
            Outcome::Reply(_) | Outcome::Refused(_) | Outcome::Silence(_) => Err(unanswered(&call)),
        }
    }

    fn id(&self) -> String {
        self.holder.id.clone()
    }

    fn request(&self, call: &Call, request: Request) -> Result<Reply, Stop> {
        match self.log.request(call, request) {
            Outcome::Reply(reply) => Ok(reply),
            Outcome::Refused(Refusal::Fenced) => Err(Stop::Fenced(format!("{call}: PRODUCER_FENCED"))),
            Outcome::Refused(Refusal::PlaceTaken) => Err(Stop::PlaceTaken(format!("{call}: FENCED_INSTANCE_ID"))),
            Outcome::Refused(Refusal::Abortable(cause)) => Err(Stop::Abort(cause)),
            Outcome::Refused(Refusal::InvalidState | Refusal::Concurrent) => {
                Err(Stop::Unknown(format!("{call}: INVALID_TXN_STATE")))
            }
            Outcome::Refused(Refusal::NotThere) => Err(Stop::Unknown(format!("no such partition ({call})"))),
            Outcome::Silence(fate) => Err(Stop::Silence(fate, format!("no answer ({call})"))),
            Outcome::Dead => Err(Stop::Unknown("the process is dead".to_owned())),
        }
    }

    fn add(&mut self, call: &Call, target: Target) -> Result<(), Stop> {
        let request = Request::Add { holder: self.holder.clone(), target: target.clone() };
        let added = self.request(call, request);
        // Without an answer it may be in the transaction all the same.
        self.is_known |= matches!(added, Ok(_) | Err(Stop::Silence(..)));
        if let Reply::Added(serial) = added? {
            self.serial = serial;
        }
        self.added.insert(target);
        Ok(())
    }

    fn send_positions(&mut self, positions: &[OffsetCommit], of: &ModelGeneration) -> Result<(), Stop> {
        let target = Target::Group(of.group.clone());
        if !self.added.contains(&target) {
            self.add(&Call::AddOffsets { id: self.id(), group: of.group.clone() }, target)?;
        }
        let (group, positions) = (of.group.clone(), positions.to_vec());
        let call = Call::CommitOffsets { id: self.id(), group, positions: positions.clone() };
        self.request(&call, Request::CommitOffsets { holder: self.holder.clone(), of: of.clone(), positions })?;
        Ok(())
    }

    /// Sends what is buffered, a batch for each partition.
    fn drain(&mut self) -> Result<(), Stop> {
        while let Some((at, records)) = self.buffer.first_key_value() {
            let (at, records) = (at.clone(), records.clone());
            let target = Target::Partition(at.clone());
            if !self.added.contains(&target) {
                self.add(&Call::AddPartition { id: self.id(), at: at.clone() }, target)?;
            }
            let call = Call::Produce { id: self.id(), at: at.clone(), records: records.len() };
            let (holder, serial) = (self.holder.clone(), self.serial);
            let produced = self.request(&call, Request::Produce { holder, serial, at: at.clone(), records });
            if !matches!(produced, Err(Stop::Silence(Fate::Lost, _))) {
                self.buffer.remove(&at);
            }
            produced?;
        }
        Ok(())
    }

    /// Sends early what is buffered. What got no answer the client repeats, and brokers take it once.
    fn drain_early(&mut self) -> Result<(), Phase> {
        match self.drain() {
            Ok(()) => Ok(()),
            Err(Stop::Silence(Fate::Late(after), _)) => {
                let now_ms = self.log.living().map_or(i64::MAX, |state| state.now_ms());
                self.held_up_until_ms = now_ms.saturating_add(millis(after));
                Ok(())
            }
            Err(Stop::Silence(..)) => Ok(()),
            Err(Stop::Fenced(cause)) => Err(Phase::Fenced(cause)),
            Err(Stop::Abort(cause) | Stop::PlaceTaken(cause)) => Err(Phase::Failed(cause)),
            Err(Stop::Unknown(cause)) => Err(Phase::Unknown(cause)),
        }
    }

    fn is_held_up(&self) -> bool {
        self.log.living().is_ok_and(|state| state.now_ms() < self.held_up_until_ms)
    }

    fn end(&mut self, is_commit: bool, cause: &str) -> Ended {
        // The client waits for what is on its way, until its patience is over.
        if self.is_held_up() {
            return self.unknown("a batch did not arrive in time".to_owned());
        }
        let call = Call::EndTransaction { id: self.id(), is_commit };
        // What no broker was told of is over when the client says so.
        let ended = match self.is_known {
            true => self.request(&call, Request::End { holder: self.holder.clone(), is_commit }).map(drop),
            false => Ok(()),
        };
        match ended {
            Ok(()) => {
                self.clear(Phase::Ready);
                if is_commit { Ended::Committed } else { Ended::Aborted(cause.to_owned()) }
            }
            Err(Stop::Abort(cause)) if is_commit => self.end(false, &cause),
            Err(Stop::Fenced(cause)) => self.fenced(cause),
            Err(Stop::Abort(cause) | Stop::PlaceTaken(cause) | Stop::Unknown(cause) | Stop::Silence(_, cause)) => {
                self.unknown(cause)
            }
        }
    }

    fn fenced(&mut self, cause: String) -> Ended {
        self.clear(Phase::Fenced(cause.clone()));
        Ended::Fenced(cause)
    }

    fn unknown(&mut self, cause: String) -> Ended {
        self.clear(Phase::Unknown(cause.clone()));
        Ended::Unknown(cause)
    }

    fn clear(&mut self, phase: Phase) {
        self.phase = phase;
        self.buffer.clear();
        self.added.clear();
        self.is_known = false;
        self.held_up_until_ms = i64::MIN;
    }

    fn place(&self, record: &NewRecord) -> Result<TopicPartition, LogError> {
        let partitions = self.log.living()?.partitions_of(&record.topic);
        let partition = record.partition.unwrap_or_else(|| partition_of(&record.key, partitions));
        Ok(TopicPartition { topic: std::sync::Arc::clone(&record.topic), partition })
    }

    fn try_send(&mut self, record: &NewRecord) -> Result<(), SendError> {
        let failed = |cause: crate::Cause| SendError::Failed { topic: record.topic.to_string(), cause };
        let at = self.place(record).map_err(|error| failed(error.into()))?;
        self.log.ask(&Call::Send { id: self.id(), at: at.clone() }).map_err(|error| failed(error.into()))?;
        match &self.phase {
            Phase::Open => {}
            Phase::Ready => return Err(failed("no transaction is open".into())),
            Phase::Failed(cause) | Phase::Fenced(cause) | Phase::Unknown(cause) => {
                return Err(failed(cause.clone().into()));
            }
        }
        let is_early = {
            let mut state = self.log.living().map_err(|error| failed(error.into()))?;
            if record.bytes() > state.settings.client_bytes_max {
                return Err(SendError::too_large(record));
            }
            let once_in = state.settings.early_once_in;
            state.random.once_in(once_in)
        };
        self.buffer.entry(at).or_default().push(record.clone());
        if is_early
            && !self.is_held_up()
            && let Err(phase) = self.drain_early()
        {
            self.phase = phase;
        }
        Ok(())
    }
}

impl Transactions for ModelTransactions<'_> {
    type Generation = ModelGeneration;

    fn begin(&mut self) -> Result<(), LogError> {
        self.log.ask(&Call::Begin { id: self.id() })?;
        match &self.phase {
            Phase::Ready => {
                self.phase = Phase::Open;
                Ok(())
            }
            Phase::Fenced(cause) => Err(LogError::Fenced { cause: cause.clone() }),
            other => Err(LogError::Client {
                what: format!("beginning a transaction of {}", self.holder.id),
                cause: format!("{other:?}").into(),
            }),
        }
    }

    fn send(&mut self, record: &NewRecord) -> Result<(), SendError> {
        self.try_send(record)
    }

    fn commit(&mut self, positions: &[OffsetCommit], generation: &ModelGeneration) -> Ended {
        match &self.phase {
            Phase::Open => {}
            Phase::Failed(cause) => {
                let cause = cause.clone();
                return self.abort(&cause);
            }
            Phase::Fenced(cause) => return Ended::Fenced(cause.clone()),
            Phase::Unknown(cause) => return Ended::Unknown(cause.clone()),
            Phase::Ready => return self.unknown("no transaction is open".to_owned()),
        }
        if !positions.is_empty() {
            match self.send_positions(positions, generation) {
                Ok(()) => {}
                Err(Stop::Fenced(cause)) => return self.fenced(cause),
                Err(Stop::PlaceTaken(cause)) => {
                    drop(self.end(false, &cause));
                    return Ended::Fenced(cause);
                }
                Err(Stop::Abort(cause) | Stop::Silence(_, cause)) => return self.end(false, &cause),
                Err(Stop::Unknown(cause)) => return self.unknown(cause),
            }
        }
        if self.is_held_up() {
            return self.unknown("a batch did not arrive in time".to_owned());
        }
        match self.drain() {
            Ok(()) => self.end(true, ""),
            Err(Stop::Fenced(cause)) => self.fenced(cause),
            Err(Stop::Abort(cause) | Stop::PlaceTaken(cause)) => self.end(false, &cause),
            Err(Stop::Unknown(cause) | Stop::Silence(_, cause)) => self.unknown(cause),
        }
    }

    fn abort(&mut self, cause: &str) -> Ended {
        match &self.phase {
            Phase::Open | Phase::Failed(_) => self.end(false, cause),
            Phase::Fenced(cause) => Ended::Fenced(cause.clone()),
            Phase::Unknown(cause) => Ended::Unknown(cause.clone()),
            Phase::Ready => self.unknown("no transaction is open".to_owned()),
        }
    }
}
