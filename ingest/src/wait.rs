//! Waiting until it is known what became of a command.
//!
//! The waiter subscribed before the command was published, so no change is missed. It looks at the cache whenever a
//! notice comes, and now and then without one. While the cache is down it asks Postgres instead, at a bounded rate.

use std::time::Duration;

use quittance_avro::{
    ids::{CommandId, PaymentId},
    records::{Fingerprint, Outcome, PaymentState},
    words::{OutcomeStatus, PaymentStatus},
};
use tokio::time::{Instant, timeout_at};

use crate::{
    auth::Caller,
    notices::Waiter,
    problem::Problem,
    reads::{Cached, Reads, StoreError},
};

/// How often to look without having been told to.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// How often to ask Postgres while Redis is down.
const ASK_POSTGRES: Duration = Duration::from_millis(250);

/// A command and what it is expected to lead to.
pub(crate) struct Awaited<'a> {
    pub(crate) caller: &'a Caller,
    pub(crate) command_id: CommandId,
    pub(crate) payment_id: PaymentId,
    pub(crate) fingerprint: &'a Fingerprint,
}

/// What is known when the wait is over.
pub(crate) enum Known {
    /// The payment as it is now.
    Payment(Box<PaymentState>),
    /// Not even the outcome.
    Nothing,
}

/// What one look showed.
enum Look {
    Settled(Box<PaymentState>),
    Processing(Box<PaymentState>),
    Nothing { cache_down: bool },
}

impl Reads {
    /// Waits until the payment has left `processing`, or the deadline.
    pub(crate) async fn settled(
        &self,
        awaited: &Awaited<'_>,
        waiter: &Waiter,
        deadline: Instant,
    ) -> Result<Known, Problem> {
        let mut latest = Known::Nothing;
        loop {
            let pause = match self.look(awaited).await? {
                Look::Settled(state) => return Ok(Known::Payment(state)),
                Look::Processing(state) => {
                    latest = Known::Payment(state);
                    LOOK_AGAIN
                }
                Look::Nothing { cache_down: true } => ASK_POSTGRES,
                Look::Nothing { cache_down: false } => LOOK_AGAIN,
            };
            if Instant::now() >= deadline {
                return Ok(latest);
            }
            // A time-out is as good as a notice: it is time to look again.
            let _ = timeout_at(deadline.min(Instant::now() + pause), waiter.changed()).await;
        }
    }

    async fn look(&self, awaited: &Awaited<'_>) -> Result<Look, Problem> {
        let (outcome, cache_down) = match self.cached_outcome(awaited.caller, awaited.command_id).await {
            Cached::Hit(outcome) => (Some(outcome), false),
            Cached::Miss => (None, false),
            Cached::Down => (ask(self.stored_outcome(awaited.caller, awaited.command_id).await), true),
        };
        let Some(outcome) = outcome else { return Ok(Look::Nothing { cache_down }) };
        let sequence = judge(&outcome, awaited.fingerprint)?;
        let state = ask(self.payment(awaited.caller, awaited.payment_id).await);
        Ok(match state.filter(|state| state.envelope.sequence >= Some(sequence)) {
            Some(state) if state.status == PaymentStatus::Processing && state.review.is_none() => {
                Look::Processing(Box::new(state))
            }
            Some(state) => Look::Settled(Box::new(state)),
            None => Look::Nothing { cache_down },
        })
    }
}

/// A store that is down is looked at again; it is no answer.
fn ask<T>(answer: Result<Option<T>, StoreError>) -> Option<T> {
    answer.unwrap_or_else(|error| {
        tracing::debug!(%error, "a store cannot be asked");
        None
    })
}

/// The sequence that the command led to, if it is ours and was applied.
fn judge(outcome: &Outcome, fingerprint: &Fingerprint) -> Result<i64, Problem> {
    if outcome.fingerprint != *fingerprint {
        return Err(Problem::KeyReused);
    }
    match outcome.status {
        OutcomeStatus::Applied => Ok(outcome.sequence.unwrap_or(1)),
        OutcomeStatus::Refused => Err(Problem::Refused {
            code: outcome.code.clone().unwrap_or_default(),
            reason: outcome.reason.clone().unwrap_or_default(),
        }),
    }
}
