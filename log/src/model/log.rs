//! The log as one process has it.

use std::{cell::RefMut, rc::Rc, sync::Arc, time::Duration};

use super::{
    Call, Driver, Fate, Model, ModelGeneration, ModelMember, ModelRange, ModelTransactions, ProcessId,
    request::{Reply, Request, millis},
    state::{Due, State},
    transactional::Refusal,
};
use crate::{Committed, Isolation, Log, LogError, Membership, Span, TopicPartition};

/// The log as one process has it. Once the process is dead, nothing that came from here does anything.
#[derive(Clone)]
pub struct ModelLog<'d> {
    pub(super) model: Model,
    pub(super) process: ProcessId,
    pub(super) driver: Rc<dyn Driver + 'd>,
}

/// What a client hears of a request.
pub(super) enum Outcome {
    Reply(Reply),
    Refused(Refusal),
    /// Nothing, because of this.
    Silence(Fate),
    /// There is no client any more.
    Dead,
}

impl<'d> ModelLog<'d> {
    /// Whose it is.
    pub fn id(&self) -> ProcessId {
        self.process
    }

    pub(super) fn living(&self) -> Result<RefMut<'_, State>, LogError> {
        let state = self.model.state();
        if state.processes.get(&self.process).is_some_and(|process| !process.is_dead) {
            return Ok(state);
        }
        Err(LogError::Client { what: format!("a call of {}", self.process), cause: "it is dead".into() })
    }

    /// Lets the driver decide. Whatever was known before may be out of date afterwards.
    pub(super) fn ask(&self, call: &Call) -> Result<Fate, LogError> {
        drop(self.living()?);
        let fate = self.driver.on_call(&self.model, self.process, call);
        drop(self.living()?);
        Ok(if call.is_local() { Fate::Happens } else { fate })
    }

    /// Asks something that changes nothing.
    fn question<T>(&self, call: &Call, answer: impl FnMut(&mut State) -> Result<T, LogError>) -> Result<T, LogError> {
        self.patient_question(call, Duration::ZERO, answer)
    }

    /// Asks something again and again as long as the answer is an error that is transient.
    pub(super) fn patient_question<T>(
        &self,
        call: &Call,
        patience: Duration,
        mut answer: impl FnMut(&mut State) -> Result<T, LogError>,
    ) -> Result<T, LogError> {
        if self.ask(call)? != Fate::Happens {
            return Err(unanswered(call));
        }
        let mut refused = None;
        let answered = self.wait(patience, |state| match answer(state) {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if error.is_transient() => {
                refused = Some(error);
                Ok(None)
            }
            Err(error) => Err(error),
        })?;
        answered.ok_or_else(|| refused.unwrap_or_else(|| unanswered(call)))
    }

    /// Makes a request as a client does.
    pub(super) fn request(&self, call: &Call, request: Request) -> Outcome {
        let Ok(fate) = self.ask(call) else { return Outcome::Dead };
        let Ok(mut state) = self.living() else { return Outcome::Dead };
        match fate {
            Fate::Happens => match state.handle_patiently(&request) {
                Ok(reply) => Outcome::Reply(reply),
                Err(refusal) => Outcome::Refused(refusal),
            },
            Fate::Lost => Outcome::Silence(fate),
            Fate::Unanswered => {
                // That is what is lost.
                drop(state.handle_patiently(&request));
                Outcome::Silence(fate)
            }
            Fate::Late(after) => {
                state.schedule(millis(after), Due::Arrival(Box::new(request)));
                Outcome::Silence(fate)
            }
            Fate::Refused => Outcome::Refused(Refusal::Abortable(format!("a broker refuses ({call})"))),
        }
    }

    /// Looks until something is there, at most so long.
    pub(super) fn wait<T>(
        &self,
        timeout: Duration,
        mut look: impl FnMut(&mut State) -> Result<Option<T>, LogError>,
    ) -> Result<Option<T>, LogError> {
        let until_ms = self.living()?.now_ms().saturating_add(millis(timeout));
        loop {
            let (found, looked_ms) = {
                let mut state = self.living()?;
                (look(&mut state)?, state.now_ms())
            };
            if found.is_some() || looked_ms >= until_ms {
                return Ok(found);
            }
            self.driver.wait(&self.model, self.process, until_ms);
            if self.living()?.now_ms() == looked_ms {
                return look(&mut *self.living()?);
            }
        }
    }
}

pub(super) fn unanswered(call: &Call) -> LogError {
    LogError::Unavailable { what: call.to_string(), cause: "no answer".into() }
}

impl<'d> Log for ModelLog<'d> {
    type Generation = ModelGeneration;
    type Member = ModelMember<'d>;
    type Transactions = ModelTransactions<'d>;
    type Range = ModelRange<'d>;

    fn join(&self, membership: &Membership, topics: &[Arc<str>]) -> Result<ModelMember<'d>, LogError> {
        ModelMember::join(self, membership, topics)
    }

    fn take_over(&self, transactional_id: &str) -> Result<ModelTransactions<'d>, LogError> {
        ModelTransactions::open(self, transactional_id)
    }

    fn end(&self, at: &TopicPartition, isolation: Isolation) -> Result<i64, LogError> {
        let call = Call::End { at: at.clone(), isolation };
        self.question(&call, |state| {
            let partition = state.partition(at).ok_or_else(|| unanswered(&call))?;
            Ok(partition.end(isolation))
        })
    }

    fn committed_so_far(
        &self,
        group: &str,
        partitions: &[TopicPartition],
    ) -> Result<Vec<(TopicPartition, Committed)>, LogError> {
        let call = Call::CommittedSoFar { group: group.to_owned(), partitions: partitions.to_vec() };
        self.question(&call, |state| {
            let offsets = &state.group(group).offsets;
            let found = partitions.iter().filter_map(|at| Some((at.clone(), offsets.get(at)?.clone())));
            Ok(found.collect())
        })
    }

    fn range(&self, topic: &Arc<str>, spans: &[Span]) -> Result<ModelRange<'d>, LogError> {
        ModelRange::open(self, topic, spans)
    }
}
