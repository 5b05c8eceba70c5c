//! A change in the making: the state so far and what it gives rise to.

use quittance_avro::{
    ids::{EffectId, EventId, StateId, derive},
    records::{
        Actor, Attempt, Envelope, Failure, GatewayDetails, GatewayEffect, Operation, Outcome, PaymentChangelog,
        PaymentReviewOpened, Review, Timer,
    },
    time::Timestamp,
    words::{ActorKind, EffectKind, OperationKind, OperationStatus, ReviewReason, TimerKind},
};

use crate::payment::{
    decision::{Change, Decision, Event},
    policy::{KEY_AGE_MAX_MS, Policy},
};

/// Nothing else makes states, so one without is a mistake that must not pass for a decision.
const FROM_CREATION_ON: &str = "a payment has an authorization with an attempt from its creation on";

/// A change in the making.
pub(super) struct Draft {
    pub(super) state: PaymentChangelog,
    pub(super) now: Timestamp,
    actor: Actor,
    events: Vec<Event>,
    effect: Option<GatewayEffect>,
    outcome: Option<Outcome>,
}

/// The actor of what our own rules and timers do.
pub(super) fn system() -> Actor {
    Actor { kind: ActorKind::System, subject: "processor-payments".to_owned(), credential_id: None, sealed: None }
}

impl Draft {
    /// Starts from a state, on behalf of `actor`.
    pub(super) fn new(state: PaymentChangelog, actor: Actor, now: Timestamp) -> Self {
        Self { state, now, actor, events: Vec::new(), effect: None, outcome: None }
    }

    /// The authorization, which every operation of today's rules hangs on.
    pub(super) fn authorization(&mut self) -> &mut Operation {
        let mut operations = self.state.state.operations.iter_mut();
        operations.find(|operation| operation.kind == OperationKind::Authorize).expect(FROM_CREATION_ON)
    }

    /// The latest attempt of the authorization.
    pub(super) fn attempt(&mut self) -> &mut Attempt {
        self.authorization().attempts.last_mut().expect(FROM_CREATION_ON)
    }

    /// Id of the authorization and a copy of its latest attempt, for an event to name.
    pub(super) fn latest(&mut self) -> (String, Attempt) {
        (self.authorization().id.clone(), self.attempt().clone())
    }

    /// Adds an event and moves the sequence on by one.
    pub(super) fn event(&mut self, make: impl FnOnce(Envelope) -> Event) {
        let sequence = self.state.state.envelope.sequence.unwrap_or(0) + 1;
        let payment_id = &self.state.state.envelope.aggregate_id;
        let id = EventId::new(derive(&["event", payment_id, &sequence.to_string()]));
        let envelope = Envelope {
            id: id.to_string(),
            sequence: Some(sequence),
            occurred_at: self.now,
            actor: self.actor.clone(),
            ..self.state.state.envelope.clone()
        };
        self.events.push(make(envelope));
        let state = &mut self.state.state;
        let id = StateId::new(derive(&["state", &state.envelope.aggregate_id, &sequence.to_string()]));
        state.envelope.id = id.to_string();
        state.envelope.sequence = Some(sequence);
        state.envelope.occurred_at = self.now;
        state.envelope.actor = self.actor.clone();
        state.updated_at = self.now;
    }

    /// Tells the client what its command led to.
    pub(super) fn outcome(&mut self, outcome: Outcome) {
        self.outcome = Some(outcome);
    }

    /// Asks the gateway for the next try or query of the attempt, and sets the timer that notices a lost result.
    pub(super) fn ask(&mut self, kind: EffectKind, policy: &Policy) {
        let now = self.now;
        let mut not_after = now.plus_ms(policy.try_not_after_ms);
        let (operation_id, _) = self.latest();
        let attempt = self.attempt();
        let try_number = match kind {
            EffectKind::Authorize => {
                not_after = not_after.min(attempt.started_at.plus_ms(KEY_AGE_MAX_MS));
                attempt.last_not_after = attempt.last_not_after.max(not_after);
                attempt.tries += 1;
                attempt.tries
            }
            EffectKind::Query => {
                attempt.queries += 1;
                attempt.queries
            }
        };
        let id = EffectId::new(derive(&["effect", &attempt.id.to_string(), kind.as_str(), &try_number.to_string()]));
        attempt.last_effect_id = Some(id);
        attempt.updated_at = now;
        let attempt = attempt.clone();
        let state = &self.state.state;
        let token = state.payment_method.tokens.iter().find(|token| token.gateway_account == attempt.gateway_account);
        self.effect = Some(GatewayEffect {
            envelope: Envelope {
                id: id.to_string(),
                sequence: None,
                occurred_at: now,
                actor: system(),
                ..state.envelope.clone()
            },
            kind,
            operation_id,
            attempt_id: attempt.id,
            try_number,
            amount: state.amount,
            currency: state.currency,
            capture: state.capture,
            gateway_account: attempt.gateway_account,
            token: token.expect("a payment is refused without a token for its gateway account").token.clone(),
            gateway_reference: attempt.details.and_then(|details| details.gateway_reference),
            initiator: state.initiator,
            stored_credential: state.stored_credential.clone(),
            network_transaction_id: None,
            not_after,
        });
        self.set_timer(TimerKind::TryLost, not_after.plus_ms(policy.try_lost_ms));
    }

    /// Sets the payment's one timer.
    pub(super) fn set_timer(&mut self, kind: TimerKind, due_at: Timestamp) {
        self.state.timer = Some(Timer { kind, due_at, clock: "real".to_owned() });
    }

    /// Settles the authorization and its attempt.
    pub(super) fn settle(&mut self, status: OperationStatus, details: &GatewayDetails, failure: Option<Failure>) {
        let now = self.now;
        self.state.timer = None;
        let attempt = self.attempt();
        let known = attempt.details.take().and_then(|details| details.gateway_reference);
        let reference = details.gateway_reference.clone().or(known);
        attempt.status = status;
        attempt.updated_at = now;
        attempt.details = Some(GatewayDetails { gateway_reference: reference.clone(), ..details.clone() });
        attempt.failure = failure;
        let operation = self.authorization();
        operation.status = status;
        operation.updated_at = now;
        operation.gateway_reference = reference;
    }

    /// Hands the payment to a person, unless one looks into just that already. What it says of the money stays as it
    /// is; an authorization that is not settled counts as unknown.
    pub(super) fn review(&mut self, reason: ReviewReason, details: &GatewayDetails) {
        self.state.timer = None;
        if self.is_under_review(reason) {
            return;
        }
        let now = self.now;
        self.state.state.review = Some(Review { reason, opened_at: now });
        if self.authorization().status == OperationStatus::Pending {
            let operation = self.authorization();
            operation.status = OperationStatus::Unknown;
            operation.updated_at = now;
            let attempt = self.attempt();
            attempt.status = OperationStatus::Unknown;
            attempt.updated_at = now;
        }
        let (operation_id, attempt) = self.latest();
        let details = details.clone();
        self.event(|envelope| {
            Event::ReviewOpened(PaymentReviewOpened {
                envelope,
                operation_id,
                attempt_id: attempt.id,
                gateway_account: attempt.gateway_account,
                reason,
                details,
            })
        });
    }

    /// Whether a person looks into the payment for this reason.
    pub(super) fn is_under_review(&self, reason: ReviewReason) -> bool {
        self.state.state.review.as_ref().is_some_and(|review| review.reason == reason)
    }

    /// The finished change.
    pub(super) fn finish(self) -> Decision {
        Decision::Applied(Box::new(Change {
            state: self.state,
            events: self.events,
            effect: self.effect,
            outcome: self.outcome,
        }))
    }
}
