//! Waiting until it is known what became of a command.
//!
//! The waiter subscribed before the command was published, so no change is missed. It looks at the cache whenever a
//! notice comes, and now and then without one: then it asks Postgres for what the cache does not have, since the cache
//! may be down, or late.

use std::time::Duration;

use quittance_avro::{
    ids::{AggregateId, CommandId},
    records::{Fingerprint, Outcome, PaymentMethodState, PaymentState},
    refusals::{REFUSALS_KEPT_MS, Refusal},
    time::Timestamp,
    words::{OperationStatus, OutcomeStatus, PaymentMethodStatus, PaymentStatus},
};
use quittance_service::causes::with_causes;
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
/// How long the last look may take beyond the deadline, so that a client that does not wait is told what is known.
const LAST_LOOK: Duration = Duration::from_millis(500);

/// A command and what it is expected to lead to.
pub(crate) struct Awaited<'a> {
    pub(crate) caller: &'a Caller,
    pub(crate) command_id: CommandId,
    pub(crate) resource: AggregateId,
    pub(crate) fingerprint: &'a Fingerprint,
    /// When it was decided, once that is known.
    pub(crate) decided_at: Option<Timestamp>,
}

/// What is known of a command before it is published.
pub(crate) enum Before {
    /// It was applied: there is nothing to publish.
    Applied,
    /// Nothing. How long to wait for a notice before it is looked for.
    Nothing(Duration),
}

/// What is known when the wait is over.
pub(crate) enum Known {
    /// What it was asked of, as it is now.
    Resource(Resource),
    /// Not even the outcome.
    Nothing,
}

/// What commands are for.
pub(crate) enum Resource {
    Payment(Box<PaymentState>),
    Method(Box<PaymentMethodState>),
}

/// What one look showed.
enum Look {
    Settled(Resource),
    Processing(Resource),
    Nothing { cache_down: bool },
}

impl Reads {
    /// Waits until the payment, or payment method, shows what came of the command, or the deadline, whatever the stores do meanwhile. The first
    /// look is after `pause`, or a notice.
    pub(crate) async fn settled(
        &self,
        awaited: &mut Awaited<'_>,
        waiter: &mut Waiter,
        mut pause: Duration,
        deadline: Instant,
    ) -> Result<Known, Problem> {
        let mut latest = Known::Nothing;
        loop {
            let was_told = waiter.changed(pause, deadline).await;
            let is_last = Instant::now() >= deadline;
            let look = self.look(awaited, is_last || !was_told);
            let Ok(look) = timeout_at(deadline.max(Instant::now() + LAST_LOOK), look).await else { return Ok(latest) };
            pause = match look? {
                Look::Settled(resource) => return Ok(Known::Resource(resource)),
                Look::Processing(resource) => {
                    latest = Known::Resource(resource);
                    awaited.pause()
                }
                Look::Nothing { cache_down: true } => ASK_POSTGRES,
                Look::Nothing { cache_down: false } => awaited.pause(),
            };
            if is_last {
                return Ok(latest);
            }
        }
    }

    /// Tells again what was refused before, and that a key was used for another request, as far as the cache knows, or Postgres while that
    /// is down. Neither is to be published: what no payment remembers would be carried out, while its client is told the first outcome.
    pub(crate) async fn before(&self, awaited: &mut Awaited<'_>) -> Result<Before, Problem> {
        let deadline = Instant::now() + LAST_LOOK;
        let outcome = self.cached_outcome(awaited.caller, awaited.command_id);
        let (outcome, pause) = match timeout_at(deadline, outcome).await {
            Ok(Cached::Hit(outcome)) => (Some(outcome), Duration::ZERO),
            Ok(Cached::Miss) => (None, LOOK_AGAIN),
            Ok(Cached::Down) | Err(_) => {
                let stored = self.stored_outcome(awaited.caller, awaited.command_id);
                (timeout_at(deadline, stored).await.ok().and_then(ask), ASK_POSTGRES)
            }
        };
        match outcome.filter(|outcome| !is_forgotten(outcome, Timestamp::now())) {
            Some(outcome) => awaited.judge(&outcome).map(|_| Before::Applied),
            None => Ok(Before::Nothing(pause)),
        }
    }

    /// `thoroughly`: Postgres, too, is asked for an outcome that the cache does not have.
    async fn look(&self, awaited: &mut Awaited<'_>, thoroughly: bool) -> Result<Look, Problem> {
        let Awaited { caller, command_id, resource, .. } = *awaited;
        let (outcome, cache_down) = match self.cached_outcome(caller, command_id).await {
            Cached::Hit(outcome) => (Some(outcome), false),
            Cached::Miss if thoroughly => (ask(self.stored_outcome(caller, command_id).await), false),
            Cached::Miss => (None, false),
            Cached::Down => (ask(self.stored_outcome(caller, command_id).await), true),
        };
        let Some(outcome) = outcome.filter(|outcome| !is_forgotten(outcome, Timestamp::now())) else {
            return Ok(Look::Nothing { cache_down });
        };
        let sequence = awaited.judge(&outcome)?;
        let operation_id = outcome.operation_id.as_deref();
        let found = match resource {
            AggregateId::Payment(id) if cache_down => ask(self.stored_payment(caller, id).await).map(Resource::payment),
            AggregateId::Payment(id) => ask(self.payment(caller, id).await).map(Resource::payment),
            AggregateId::Method(id) => ask(self.method(caller, id).await).map(Resource::method),
        };
        Ok(match found.filter(|resource| resource.sequence() >= Some(sequence)) {
            Some(resource) if resource.is_under_way(operation_id) => Look::Processing(resource),
            Some(resource) => Look::Settled(resource),
            None => Look::Nothing { cache_down },
        })
    }
}

impl Awaited<'_> {
    /// The sequence that the command led to, if it is ours and was applied.
    fn judge(&mut self, outcome: &Outcome) -> Result<i64, Problem> {
        if outcome.fingerprint != *self.fingerprint {
            return Err(Problem::KeyReused);
        }
        self.decided_at = Some(outcome.envelope.occurred_at);
        match outcome.status {
            OutcomeStatus::Applied => Ok(outcome.sequence.unwrap_or(1)),
            OutcomeStatus::Refused if outcome.code.as_deref() == Some(Refusal::NotFound.code()) => {
                Err(Problem::NotFound)
            }
            OutcomeStatus::Refused => Err(Problem::Refused {
                code: outcome.code.clone().unwrap_or_default(),
                reason: outcome.reason.clone().unwrap_or_default(),
            }),
        }
    }

    /// How long to wait for a notice before it is looked again. Of payment methods only outcomes are noticed: their states are
    /// Postgres's alone.
    fn pause(&self) -> Duration {
        match self.resource {
            AggregateId::Payment(_) => LOOK_AGAIN,
            AggregateId::Method(_) => ASK_POSTGRES,
        }
    }
}

impl Resource {
    fn payment(state: PaymentState) -> Self {
        Self::Payment(Box::new(state))
    }

    fn method(state: PaymentMethodState) -> Self {
        Self::Method(Box::new(state))
    }

    fn sequence(&self) -> Option<i64> {
        match self {
            Self::Payment(state) => state.envelope.sequence,
            Self::Method(state) => state.envelope.sequence,
        }
    }

    fn is_under_way(&self, operation_id: Option<&str>) -> bool {
        match self {
            Self::Payment(state) => is_under_way(state, operation_id),
            Self::Method(state) => state.status == PaymentMethodStatus::Pending,
        }
    }
}

/// Whether it was refused so long ago that the same request is being decided anew: Postgres keeps the former outcome until then.
pub(crate) fn is_forgotten(outcome: &Outcome, now: Timestamp) -> bool {
    outcome.status == OutcomeStatus::Refused && outcome.envelope.occurred_at.plus_ms(REFUSALS_KEPT_MS) <= now
}

/// Whether more is to be awaited: for the end of the operation that the command began or, if it began none, for the payment
/// to leave `processing`. What waits for a person is not awaited.
fn is_under_way(state: &PaymentState, operation_id: Option<&str>) -> bool {
    let operation = operation_id.and_then(|id| state.operations.iter().find(|operation| operation.id == id));
    let is_open = match operation {
        Some(operation) => operation.status == OperationStatus::Pending,
        None => state.status == PaymentStatus::Processing,
    };
    is_open && state.review.is_none()
}

/// A store that is down is looked at again; it is no answer.
fn ask<T>(answer: Result<Option<T>, StoreError>) -> Option<T> {
    answer.unwrap_or_else(|error| {
        tracing::debug!(error = with_causes(&error), "a store cannot be asked");
        None
    })
}
