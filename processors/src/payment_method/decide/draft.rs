//! A change in the making: the state so far and what it gives rise to.

use quittance_avro::{
    ids::{AttemptId, EventId, StateId, derive},
    records::{
        Actor, Envelope, Failure, Outcome, PaymentMethodActivated, PaymentMethodChangelog, PaymentMethodFailed,
        PaymentMethodState, SetUp, SetUpEffect, Timer,
    },
    time::Timestamp,
    words::{ActorKind, PaymentMethodStatus, SetUpStatus, TimerKind},
};

use crate::{
    payment::Context,
    payment_method::{
        decision::{Change, Decision},
        event::Event,
    },
};

/// A change in the making.
pub(super) struct Draft<'a> {
    pub(super) state: PaymentMethodChangelog,
    pub(super) cx: Context<'a>,
    actor: Actor,
    events: Vec<Event>,
    pub(super) effects: Vec<SetUpEffect>,
    pub(super) outcome: Option<Outcome>,
    /// Whether its end is still to be announced.
    is_open: bool,
}

/// The actor of what our own rules and timers do.
pub(super) fn system() -> Actor {
    Actor { kind: ActorKind::System, subject: "processor-payments".to_owned(), credential_id: None, sealed: None }
}

pub(super) fn plain(code: &str, message: &str) -> Failure {
    Failure { code: code.to_owned(), decline_code: None, network_code: None, advice: None, message: message.to_owned() }
}

/// Where a method stands, by its set-ups. One that was removed stays so.
pub(super) fn status_of(state: &PaymentMethodState) -> PaymentMethodStatus {
    let mut pending = state.set_ups.iter().filter(|set_up| set_up.status == SetUpStatus::Pending).peekable();
    if state.status == PaymentMethodStatus::Removed {
        PaymentMethodStatus::Removed
    } else if pending.peek().is_some() {
        let acts = pending.any(|set_up| set_up.next_action.is_some());
        if acts { PaymentMethodStatus::RequiresAction } else { PaymentMethodStatus::Pending }
    } else if state.payment_method.tokens.is_empty() {
        PaymentMethodStatus::Failed
    } else {
        PaymentMethodStatus::Active
    }
}

/// Whether gateways have yet to say what becomes of it.
pub(super) fn is_open(status: PaymentMethodStatus) -> bool {
    match status {
        PaymentMethodStatus::Pending | PaymentMethodStatus::RequiresAction => true,
        PaymentMethodStatus::Active | PaymentMethodStatus::Failed | PaymentMethodStatus::Removed => false,
    }
}

impl<'a> Draft<'a> {
    /// Starts from a state, on behalf of `actor`.
    pub(super) fn new(state: PaymentMethodChangelog, actor: Actor, cx: Context<'a>) -> Self {
        let is_open = is_open(state.state.status);
        Self { state, cx, actor, events: Vec::new(), effects: Vec::new(), outcome: None, is_open }
    }

    pub(super) fn method(&self) -> &PaymentMethodState {
        &self.state.state
    }

    pub(super) fn set_up(&self, index: usize) -> &SetUp {
        &self.state.state.set_ups[index]
    }

    pub(super) fn set_up_mut(&mut self, index: usize) -> &mut SetUp {
        &mut self.state.state.set_ups[index]
    }

    /// Adds an event, brings what the method says of itself up to date, and moves the sequence on by one.
    pub(super) fn event(&mut self, make: impl FnOnce(Envelope, PaymentMethodStatus) -> Event) {
        let now = self.cx.now;
        let state = &mut self.state.state;
        state.status = status_of(state);
        let pending = state.set_ups.iter().filter(|set_up| set_up.status == SetUpStatus::Pending);
        let next_action = pending.filter_map(|set_up| set_up.next_action.clone()).next();
        state.next_action = next_action.filter(|_| state.status == PaymentMethodStatus::RequiresAction);
        let sequence = state.envelope.sequence.unwrap_or(0) + 1;
        let method_id = &state.envelope.aggregate_id;
        let id = EventId::new(derive(&["event", method_id, &sequence.to_string()]));
        let state_id = StateId::new(derive(&["state", method_id, &sequence.to_string()]));
        let actor = self.actor.clone();
        state.envelope = Envelope { sequence: Some(sequence), occurred_at: now, actor, ..state.envelope.clone() };
        self.events.push(make(Envelope { id: id.to_string(), ..state.envelope.clone() }, state.status));
        state.envelope.id = state_id.to_string();
        state.updated_at = now;
    }

    /// The envelope of something that our rules ask, under that id.
    pub(super) fn envelope(&self, id: String) -> Envelope {
        Envelope { id, sequence: None, occurred_at: self.cx.now, actor: system(), ..self.method().envelope.clone() }
    }

    /// Sets the timer of an attempt. It waits for one thing at a time.
    pub(super) fn set_timer(&mut self, kind: TimerKind, attempt_id: AttemptId, due_at: Timestamp) {
        self.clear_timer(attempt_id);
        self.state.timers.push(Timer { kind, due_at, clock: "real".to_owned(), attempt_id: Some(attempt_id) });
    }

    /// The attempt waits for nothing any more.
    pub(super) fn clear_timer(&mut self, attempt_id: AttemptId) {
        self.state.timers.retain(|timer| timer.attempt_id != Some(attempt_id));
    }

    /// Announces the method's end, if all of its set-ups have ended.
    pub(super) fn conclude(&mut self) {
        let status = status_of(self.method());
        if !self.is_open || is_open(status) {
            return;
        }
        self.is_open = false;
        match status {
            PaymentMethodStatus::Active => {
                let payment_method = self.method().payment_method.clone();
                self.event(|envelope, status| {
                    Event::Activated(PaymentMethodActivated { envelope, payment_method, status })
                });
            }
            PaymentMethodStatus::Failed => {
                let mut failures = self.method().set_ups.iter().filter_map(|set_up| set_up.failure.clone());
                let failure = failures.next_back().unwrap_or_else(|| plain("rejected", "it can be charged nowhere"));
                self.state.state.failure = Some(failure.clone());
                self.event(|envelope, status| Event::Failed(PaymentMethodFailed { envelope, failure, status }));
            }
            PaymentMethodStatus::Pending | PaymentMethodStatus::RequiresAction | PaymentMethodStatus::Removed => {}
        }
    }

    /// The finished change, with all that follows from it.
    pub(super) fn finish(mut self) -> Decision {
        self.conclude();
        let Self { state, events, effects, outcome, .. } = self;
        Decision::Applied(Box::new(Change { state, events, effects, outcome }))
    }
}
