//! A change in the making: the state so far and what it gives rise to.

use quittance_avro::{
    ids::{AttemptId, EventId, OutcomeId, StateId, derive},
    money::MinorUnits,
    records::{
        Actor, Attempt, Envelope, GatewayDetails, GatewayEffect, Operation, Outcome, PaymentChangelog,
        PaymentReviewOpened, PaymentState, Review, Standing, Timer, Transfer,
    },
    time::Timestamp,
    words::{ActorKind, OperationKind, OperationStatus, PaymentStatus, ReviewReason, TimerKind, TransferKind},
};

use super::{
    closing::conclude,
    fee,
    standing::{self, AUTHORIZATION, is_open},
};
use crate::{
    ledger::{Movement, transfer},
    payment::{
        decision::{Change, Context, Decision},
        event::Event,
    },
};

/// Where an attempt stands in a payment: operations and attempts are added at the end and never go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Index of the operation.
    pub(super) operation: usize,
    /// Index of the attempt in it.
    pub(super) attempt: usize,
}

/// A change in the making.
pub(super) struct Draft<'a> {
    pub(super) state: PaymentChangelog,
    pub(super) cx: Context<'a>,
    actor: Actor,
    events: Vec<Event>,
    pub(super) effects: Vec<GatewayEffect>,
    transfers: Vec<Transfer>,
    pub(super) outcome: Option<Outcome>,
    /// Whether the payment was not at an end without money, before this change or within it, and no end was announced since.
    pub(super) was_open: bool,
    /// How much more was moved than there was to move, when that was looked at last.
    pub(super) excess: MinorUnits,
    /// Index of the operation that moved money last within this change.
    pub(super) moved: Option<usize>,
}

/// The actor of what our own rules and timers do.
pub(super) fn system() -> Actor {
    Actor { kind: ActorKind::System, subject: "processor-payments".to_owned(), credential_id: None, sealed: None }
}

fn is_end_without_money(status: PaymentStatus) -> bool {
    matches!(status, PaymentStatus::Canceled | PaymentStatus::Expired | PaymentStatus::Failed)
}

impl<'a> Draft<'a> {
    /// Starts from a state, on behalf of `actor`.
    pub(super) fn new(state: PaymentChangelog, actor: Actor, cx: Context<'a>) -> Self {
        let (events, effects, transfers) = (Vec::new(), Vec::new(), Vec::new());
        let was_open = !is_end_without_money(state.state.status);
        let excess = standing::excess(&state.state);
        Self { state, cx, actor, events, effects, transfers, outcome: None, was_open, excess, moved: None }
    }

    pub(super) fn payment(&self) -> &PaymentState {
        &self.state.state
    }

    pub(super) fn operation(&self, operation: usize) -> &Operation {
        &self.state.state.operations[operation]
    }

    pub(super) fn operation_mut(&mut self, operation: usize) -> &mut Operation {
        &mut self.state.state.operations[operation]
    }

    pub(super) fn attempt(&self, place: Place) -> &Attempt {
        &self.operation(place.operation).attempts[place.attempt]
    }

    pub(super) fn attempt_mut(&mut self, place: Place) -> &mut Attempt {
        &mut self.operation_mut(place.operation).attempts[place.attempt]
    }

    /// Where all attempts stand.
    pub(super) fn places(&self) -> impl Iterator<Item = Place> + use<'_, 'a> {
        let operations = self.payment().operations.iter().enumerate();
        operations
            .flat_map(|(operation, found)| (0..found.attempts.len()).map(move |attempt| Place { operation, attempt }))
    }

    /// The latest attempt of an operation; none while it is on hold, or where it came with the authorization.
    pub(super) fn latest(&self, operation: usize) -> Option<Place> {
        let attempt = self.operation(operation).attempts.len().checked_sub(1)?;
        Some(Place { operation, attempt })
    }

    /// Where the attempt of that id stands. A success that nobody wants has an operation of its own with the same attempt,
    /// which is behind the one that failed; there the attempt goes on.
    pub(super) fn find(&self, id: AttemptId) -> Option<Place> {
        let operations = self.payment().operations.iter().enumerate().rev();
        operations
            .filter_map(|(operation, found)| {
                let attempt = found.attempts.iter().position(|attempt| attempt.id == id)?;
                Some(Place { operation, attempt })
            })
            .next()
    }

    /// The authorization that an operation acts on; an authorization stands for itself.
    pub(super) fn parent(&self, operation: usize) -> usize {
        let parent = self.operation(operation).parent_id.as_ref();
        let found = parent.and_then(|id| self.payment().operations.iter().position(|found| found.id == *id));
        match self.operation(operation).kind {
            OperationKind::Authorize => operation,
            OperationKind::Capture | OperationKind::Void | OperationKind::Refund | OperationKind::Dispute => {
                found.unwrap_or(AUTHORIZATION)
            }
        }
    }

    /// Adds an event, brings what the payment says of itself up to date, and moves the sequence on by one.
    pub(super) fn event(&mut self, make: impl FnOnce(Envelope, Option<Standing>) -> Event) {
        let standing = standing::of(&self.state.state);
        standing::put(&mut self.state.state, &standing);
        let now = self.cx.now;
        let state = &mut self.state.state;
        let sequence = state.envelope.sequence.unwrap_or(0) + 1;
        let payment_id = &state.envelope.aggregate_id;
        let id = EventId::new(derive(&["event", payment_id, &sequence.to_string()]));
        let state_id = StateId::new(derive(&["state", payment_id, &sequence.to_string()]));
        let envelope = Envelope {
            id: id.to_string(),
            sequence: Some(sequence),
            occurred_at: now,
            actor: self.actor.clone(),
            ..state.envelope.clone()
        };
        self.was_open |= !is_end_without_money(standing.status);
        self.events.push(make(envelope, Some(standing)));
        state.envelope.id = state_id.to_string();
        state.envelope.sequence = Some(sequence);
        state.envelope.occurred_at = now;
        state.envelope.actor = self.actor.clone();
        state.updated_at = now;
    }

    /// The envelope of something that our rules ask or tell, under that id.
    pub(super) fn envelope(&self, id: String) -> Envelope {
        let of_payment = &self.payment().envelope;
        Envelope { id, sequence: None, occurred_at: self.cx.now, actor: system(), ..of_payment.clone() }
    }

    /// Id of the outcome of the command that this goes back to.
    pub(super) fn outcome_id(command: &str) -> String {
        OutcomeId::new(derive(&["outcome", command])).to_string()
    }

    /// Sets a timer of an attempt or, without one, of the payment. One of each kind is enough for each.
    pub(super) fn set_timer(&mut self, kind: TimerKind, attempt_id: Option<AttemptId>, due_at: Timestamp) {
        match attempt_id {
            Some(id) => self.clear_timers(id),
            None => self.state.timers.retain(|timer| timer.kind != kind),
        }
        self.state.timers.push(Timer { kind, due_at, clock: "real".to_owned(), attempt_id });
    }

    /// The attempt waits for nothing any more.
    pub(super) fn clear_timers(&mut self, attempt_id: AttemptId) {
        self.state.timers.retain(|timer| timer.attempt_id != Some(attempt_id));
    }

    /// What the attempt waits for.
    pub(super) fn timer_of(&self, attempt_id: AttemptId) -> Option<&Timer> {
        self.state.timers.iter().find(|timer| timer.attempt_id == Some(attempt_id))
    }

    /// Whether an attempt waits for something: for an answer, or until it is asked about next.
    pub(super) fn is_waiting(&self, place: Place) -> bool {
        self.timer_of(self.attempt(place).id).is_some()
    }

    /// Whether a try or query of an attempt is under way.
    pub(super) fn is_asked(&self, place: Place) -> bool {
        self.timer_of(self.attempt(place).id).is_some_and(|timer| timer.kind == TimerKind::TryLost)
    }

    /// Settles an attempt and its operation, by what the gateway said as of a time.
    pub(super) fn settle(&mut self, place: Place, status: OperationStatus, details: &GatewayDetails, as_of: Timestamp) {
        let now = self.cx.now;
        let attempt = self.attempt_mut(place);
        let known = attempt.details.take().and_then(|details| details.gateway_reference);
        let reference = details.gateway_reference.clone().or(known);
        attempt.status = status;
        attempt.updated_at = now;
        attempt.as_of = attempt.as_of.max(as_of);
        (attempt.verifications, attempt.contradicted) = (0, false);
        attempt.details = Some(GatewayDetails { gateway_reference: reference.clone(), ..details.clone() });
        if status == OperationStatus::Succeeded {
            attempt.failure = None;
        }
        let id = attempt.id;
        let operation = self.operation_mut(place.operation);
        operation.status = status;
        operation.updated_at = now;
        operation.gateway_reference = reference;
        self.clear_timers(id);
    }

    /// The customer has nothing to do, or not any more.
    pub(super) fn end_action(&mut self) {
        (self.state.state.next_action, self.state.state.action_expires_at) = (None, None);
        self.state.timers.retain(|timer| timer.kind != TimerKind::ActionExpiry);
    }

    /// Hands the payment to a person, unless one looks into just that already. What it says of the money stays as it
    /// is; an attempt that is not settled counts as unknown, and its operation with it.
    pub(super) fn review(&mut self, reason: ReviewReason, place: Place, details: &GatewayDetails) {
        let now = self.cx.now;
        let is_new = !self.is_reviewed_for(reason);
        if self.attempt(place).status == OperationStatus::Pending {
            self.leave_unknown(place);
        } else if !is_new {
            return;
        }
        if is_new {
            self.state.state.review = Some(Review { reason, opened_at: now });
        }
        let (operation_id, attempt) = (self.operation(place.operation).id.clone(), self.attempt(place).clone());
        let details = details.clone();
        self.event(|envelope, standing| {
            Event::ReviewOpened(PaymentReviewOpened {
                envelope,
                operation_id,
                attempt_id: attempt.id,
                gateway_account: attempt.gateway_account,
                reason,
                details,
                standing,
            })
        });
    }

    /// Nobody knows what became of an attempt, and by the rules nobody finds out.
    fn leave_unknown(&mut self, place: Place) {
        let now = self.cx.now;
        let attempt = self.attempt_mut(place);
        (attempt.status, attempt.updated_at) = (OperationStatus::Unknown, now);
        let id = attempt.id;
        let operation = self.operation_mut(place.operation);
        (operation.status, operation.updated_at) = (OperationStatus::Unknown, now);
        self.clear_timers(id);
        if place.operation == AUTHORIZATION {
            self.end_action();
        }
    }

    /// Whether a person looks into the payment for this reason, or for a graver one.
    pub(super) fn is_reviewed_for(&self, reason: ReviewReason) -> bool {
        self.payment().review.as_ref().is_some_and(|review| review.reason >= reason)
    }

    /// Posts what an operation moved, if it moved money; `is_reversed` if it turned out that it did not.
    pub(super) fn post(&mut self, operation: usize, effective_at: Timestamp, is_reversed: bool) {
        self.moved = Some(operation);
        let (parent, found) = (self.parent(operation), self.operation(operation));
        let kind = match (found.kind, found.unwanted) {
            (OperationKind::Capture, false) => TransferKind::Capture,
            (OperationKind::Capture, true) => TransferKind::Suspense,
            (OperationKind::Refund, false) => TransferKind::Refund,
            (OperationKind::Dispute, false) => TransferKind::Dispute,
            (OperationKind::Refund | OperationKind::Dispute, true) => TransferKind::SuspenseReturn,
            (OperationKind::Authorize | OperationKind::Void, _) => return,
        };
        let account = self.operation(parent).attempts.iter().rev();
        let account = account.map(|attempt| attempt.gateway_account.clone()).next();
        let mut movement = Movement {
            kind,
            operation_id: found.id.clone(),
            amount: found.amount,
            currency: self.payment().currency,
            gateway_account: account.unwrap_or_else(|| self.payment().gateway_account.clone()),
            effective_at,
            // How often the operation has been turned over so far tells one transfer of it from the next.
            number: self.transfers_of(&found.id),
            is_reversed,
        };
        let envelope = Envelope {
            sequence: self.payment().envelope.sequence,
            occurred_at: self.cx.now,
            actor: self.actor.clone(),
            ..self.payment().envelope.clone()
        };
        self.transfers.push(transfer(&movement, envelope.clone()));
        if let Some((kind, amount)) = fee::of(self, operation, is_reversed) {
            (movement.kind, movement.amount) = (kind, amount);
            self.transfers.push(transfer(&movement, envelope));
        }
        self.operation_mut(operation).transfers += 1;
    }

    fn transfers_of(&self, operation_id: &str) -> i32 {
        let found = self.payment().operations.iter().find(|operation| operation.id == operation_id);
        found.map_or(0, |operation| operation.transfers)
    }

    /// What was captured and is not given back, or under way to be, and not disputed either.
    pub(super) fn refundable(&self) -> MinorUnits {
        let operations = &self.payment().operations;
        let wanted = |kind| operations.iter().filter(move |found| found.kind == kind && !found.unwanted);
        let captured = wanted(OperationKind::Capture).filter(|found| found.status == OperationStatus::Succeeded);
        let not_failed = |found: &&Operation| found.status != OperationStatus::Failed;
        let gone = wanted(OperationKind::Refund).chain(wanted(OperationKind::Dispute)).filter(not_failed);
        standing::sum(captured).saturating_sub(standing::sum(gone))
    }

    /// The finished change, with all that follows from it.
    pub(super) fn finish(mut self) -> Decision {
        conclude(&mut self);
        let standing = standing::of(&self.state.state);
        standing::put(&mut self.state.state, &standing);
        self.tidy_timers();
        Decision::Applied(Box::new(Change {
            state: self.state,
            events: self.events,
            effects: self.effects,
            transfers: self.transfers,
            outcome: self.outcome,
        }))
    }

    /// What is held and can be captured expires; what is for nothing any more goes. While nobody knows what became of a
    /// capture, a person looks, and time changes nothing.
    fn tidy_timers(&mut self) {
        let payment = &self.state.state;
        let authorization = &payment.operations[AUTHORIZATION];
        let of_status = |status| standing::takes_or_releases(payment).any(|found| found.status == status);
        let may_expire = authorization.status == OperationStatus::Succeeded
            && payment.closing.is_none()
            && !of_status(OperationStatus::Unknown)
            && (payment.capturable_amount > MinorUnits::ZERO || of_status(OperationStatus::Pending));
        let may_act = is_open(authorization) && payment.closing.is_none();
        let expires_at = payment.authorization_expires_at.filter(|_| may_expire);
        self.state.timers.retain(|timer| match timer.kind {
            TimerKind::Retry | TimerKind::TryLost => true,
            TimerKind::AuthorizationExpiry => may_expire,
            TimerKind::ActionExpiry => may_act,
        });
        let is_set = self.state.timers.iter().any(|timer| timer.kind == TimerKind::AuthorizationExpiry);
        if let Some(expires_at) = expires_at.filter(|_| !is_set) {
            self.set_timer(TimerKind::AuthorizationExpiry, None, expires_at.max(self.cx.now));
        }
    }
}
