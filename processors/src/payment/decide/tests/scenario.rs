//! A payment's story, told input by input. Each step is held against the invariants.

use quittance_avro::{
    records::{GatewayEffect, GatewayResult, PaymentChangelog, PaymentState},
    time::Timestamp,
    words::{CaptureMethod, OperationStatus, ResultOutcome, TimerKind},
};

use super::{
    folded::{Folded, name},
    invariants,
};
use crate::payment::{
    decide::decide,
    decision::{Change, Decision, Event, Input},
    policy::{Policy, policy},
    samples::{TRACE, answer, create, start},
};

#[derive(Clone)]
pub(super) struct Scenario {
    pub(super) state: Option<PaymentChangelog>,
    pub(super) now: Timestamp,
    pub(super) policy: Policy,
    pub(super) folded: Folded,
    /// Everything that was asked of the gateway, oldest first.
    pub(super) effects: Vec<GatewayEffect>,
}

impl Scenario {
    /// Nothing has happened.
    pub(super) fn new(policy: Policy) -> Self {
        Self { state: None, now: start(), policy, folded: Folded::new(), effects: Vec::new() }
    }

    /// A payment was created and its first try is under way.
    pub(super) fn created(capture: CaptureMethod) -> Self {
        let mut scenario = Self::new(policy());
        scenario.take(&create(capture));
        scenario
    }

    /// Decides, applies, and holds the change against the invariants. Deciding again must give the same, and a second
    /// time the same input must change nothing.
    pub(super) fn take(&mut self, input: &Input) -> Decision {
        let decide = |state: Option<&PaymentChangelog>| decide(state, input, TRACE, self.now, &self.policy);
        let decision = decide(self.state.as_ref());
        assert_eq!(decision, decide(self.state.as_ref()), "decided otherwise a second time");
        if let Decision::Applied(change) = &decision {
            invariants::hold(self, input, change);
            let again = decide(Some(&change.state));
            assert!(!matches!(again, Decision::Applied(_)), "the same {input:?} again led to {again:?}");
            for event in &change.events {
                self.folded.apply(event);
            }
            assert_eq!(self.folded, Folded::of(&change.state.state), "the events tell another story than the state");
            self.effects.extend(change.effect.clone());
            self.state = Some(change.state.clone());
        }
        decision
    }

    pub(super) fn changelog(&self) -> &PaymentChangelog {
        self.state.as_ref().expect("the payment was created")
    }

    pub(super) fn payment(&self) -> &PaymentState {
        &self.changelog().state
    }

    /// The effect that was asked for last.
    pub(super) fn latest(&self) -> &GatewayEffect {
        self.effects.last().expect("the gateway was asked for something")
    }

    /// The gateway's result for the latest effect.
    pub(super) fn gateway_says(&mut self, outcome: ResultOutcome) -> Decision {
        let result = answer(self.latest(), outcome);
        self.result(result)
    }

    pub(super) fn result(&mut self, result: GatewayResult) -> Decision {
        self.take(&Input::Result(Box::new(result)))
    }

    pub(super) fn due_at(&self) -> Option<Timestamp> {
        self.changelog().timer.as_ref().map(|timer| timer.due_at)
    }

    /// Waits for the timer and lets it fire.
    pub(super) fn timer_fires(&mut self) -> Decision {
        self.now = self.due_at().expect("a timer is set").max(self.now);
        self.take(&Input::Timer)
    }

    /// The gateway's result, and what the timer then leads to.
    pub(super) fn gateway_says_and_time_passes(&mut self, outcome: ResultOutcome) -> Decision {
        self.gateway_says(outcome);
        self.timer_fires()
    }

    /// Milliseconds since the payment was created.
    pub(super) fn age_ms(&self) -> i64 {
        self.now.as_ms() - start().as_ms()
    }

    pub(super) fn pass(&mut self, ms: i64) {
        self.now = self.now.plus_ms(ms);
    }
}

/// A decision in a line: events, what the payment then is, what is asked, what is waited for.
pub(super) fn told(decision: &Decision) -> String {
    match decision {
        Decision::Applied(change) => applied(change),
        Decision::Repeated(outcome) => format!("repeated: {}", outcome.status),
        Decision::Refused(outcome) => format!("refused: {}", outcome.code.as_deref().unwrap_or_default()),
        Decision::Ignored(why) => format!("ignored: {why:?}"),
    }
}

fn applied(change: &Change) -> String {
    let state = &change.state.state;
    let mut words: Vec<String> = change.events.iter().map(|event: &Event| name(event).to_owned()).collect();
    words.push(format!("→ {}", state.status));
    if state.operations[0].status == OperationStatus::Unknown {
        words.push("unknown".to_owned());
    }
    if let Some(review) = &state.review {
        words.push(format!("review:{}", review.reason));
    }
    if let Some(effect) = &change.effect {
        words.push(format!("{}:{}", effect.kind, effect.try_number));
    }
    if change.state.timer.as_ref().is_some_and(|timer| timer.kind == TimerKind::Retry) {
        words.push("retry".to_owned());
    }
    words.join(" ")
}
