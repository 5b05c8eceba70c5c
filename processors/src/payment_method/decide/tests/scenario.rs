//! A payment method's story.

use quittance_avro::{
    records::{PaymentMethodChangelog, PaymentMethodState, SetUp, SetUpEffect, SetUpResult},
    time::Timestamp,
    words::{OutcomeStatus, PaymentMethodStatus, SetUpKind, SetUpOutcome, SetUpStatus},
};

use super::super::{draft::is_open, due_at};
use crate::{
    payment::{Context, Gateways, KEY_AGE_MAX_MS, Policy, policy},
    payment_method::{
        Change, Decision, Event, Input, decide,
        samples::{Ask, TRACE, answer, ask, creation, gateways, start},
    },
};

#[derive(Clone)]
pub(super) struct Scenario {
    pub(super) state: Option<PaymentMethodChangelog>,
    pub(super) now: Timestamp,
    pub(super) policy: Policy,
    pub(super) gateways: Gateways,
    /// Everything that was asked of gateways, oldest first.
    pub(super) effects: Vec<SetUpEffect>,
    /// The types of all events.
    pub(super) types: Vec<&'static str>,
    commands: u128,
}

impl Scenario {
    /// Nothing has happened.
    pub(super) fn new() -> Self {
        Self {
            state: None,
            now: start(),
            policy: policy(),
            gateways: gateways(),
            effects: Vec::new(),
            types: Vec::new(),
            commands: 0,
        }
    }

    /// A method with tokens at these accounts was created.
    pub(super) fn begun(accounts: &[&str]) -> Self {
        let mut scenario = Self::new();
        scenario.creates(accounts);
        scenario
    }

    pub(super) fn creates(&mut self, accounts: &[&str]) -> String {
        self.take(&creation(accounts))
    }

    pub(super) fn asks(&mut self, what: Ask) -> String {
        self.commands += 1;
        self.take(&ask(self.commands, what))
    }

    /// The latest command comes once more.
    pub(super) fn asks_again(&mut self, what: Ask) -> String {
        self.take(&ask(self.commands, what))
    }

    /// The gateway answers the latest effect.
    pub(super) fn says(&mut self, outcome: SetUpOutcome) {
        self.told(answer(&self.latest(), outcome));
    }

    pub(super) fn hears(&mut self, result: SetUpResult) {
        self.told(result);
    }

    pub(super) fn told(&mut self, result: SetUpResult) -> String {
        self.take(&Input::Result(Box::new(result)))
    }

    /// Time passes until the earliest timer is due, and it fires.
    pub(super) fn timer_fires(&mut self) -> String {
        self.now = self.now.max(self.due_at().expect("a timer"));
        self.take(&Input::Timer)
    }

    pub(super) fn due_at(&self) -> Option<Timestamp> {
        self.state.as_ref().and_then(due_at)
    }

    pub(super) fn latest(&self) -> SetUpEffect {
        self.effects.last().expect("an effect").clone()
    }

    pub(super) fn method(&self) -> &PaymentMethodState {
        &self.state.as_ref().expect("a method").state
    }

    pub(super) fn status(&self) -> PaymentMethodStatus {
        self.method().status
    }

    pub(super) fn set_up(&self) -> &SetUp {
        self.method().set_ups.first().expect("a set-up")
    }

    pub(super) fn failure_code(&self) -> &str {
        self.method().failure.as_ref().map_or("", |failure| &failure.code)
    }

    /// Has it decided, holds the invariants against that, and says in short what it was.
    pub(super) fn take(&mut self, input: &Input) -> String {
        let cx = Context { now: self.now, traceparent: TRACE, policy: &self.policy, gateways: &self.gateways };
        let decision = decide(self.state.as_ref(), input, cx);
        assert_eq!(decide(self.state.as_ref(), input, cx), decision, "deciding again gives the same");
        match decision {
            Decision::Applied(change) => {
                self.holds(input, &change);
                self.effects.extend(change.effects.iter().cloned());
                self.types.extend(change.events.iter().map(type_of));
                self.state = Some(change.state);
                format!("applied {}", self.status())
            }
            Decision::Repeated(outcome) => format!("repeated {}", outcome.status),
            Decision::Refused(refused) => {
                let is_same =
                    |state: PaymentMethodChangelog| Some(&state.state) == self.state.as_ref().map(|state| &state.state);
                assert!(refused.state.clone().is_none_or(is_same), "a refusal changes nothing");
                self.state = refused.state.or(self.state.take());
                format!("refused {}", refused.outcome.code.unwrap_or_default())
            }
            Decision::Ignored(why) => format!("ignored {why:?}"),
        }
    }

    /// What must be true of every change, whatever led to it.
    fn holds(&self, input: &Input, change: &Change) {
        let public = &change.state.state;
        let before = self.state.as_ref().map_or(0, |state| state.state.envelope.sequence.unwrap_or(0));
        let sequences: Vec<_> = change.events.iter().filter_map(|event| event.envelope().sequence).collect();
        let events = i64::try_from(change.events.len()).expect("few");
        assert_eq!(sequences, (before + 1..=before + events).collect::<Vec<_>>(), "gapless");
        assert_eq!(public.envelope.sequence, Some(before + events));
        assert!(change.events.last().is_none_or(|event| event.status() == public.status));
        let was = self.state.as_ref().map(|state| state.state.status);
        assert!(was == Some(public.status) || events > 0, "nothing changes in silence");
        assert!(
            was.is_none_or(|was| is_open(was) || public.status == PaymentMethodStatus::Removed || was == public.status)
        );
        Self::waits_for_something(change);
        for effect in &change.effects {
            let set_up = public.set_ups.iter().find(|set_up| set_up.attempt_id == effect.attempt_id);
            let set_up = set_up.expect("an effect is of a set-up");
            assert_eq!(set_up.last_effect_id.map(|id| id.to_string()).as_ref(), Some(&effect.envelope.id));
            assert!(
                self.effects.iter().all(|old| old.envelope.id != effect.envelope.id),
                "an effect is asked for once"
            );
            assert_eq!(effect.kind == SetUpKind::Query, effect.gateway_reference.is_some());
            let age_ms = effect.not_after.as_ms() - set_up.started_at.as_ms();
            assert!(effect.kind == SetUpKind::Query || age_ms <= KEY_AGE_MAX_MS);
            assert!(!effect.token.is_empty());
        }
        let is_command = matches!(input, Input::Command(_));
        let applied = change.outcome.as_ref().map(|outcome| (outcome.status, outcome.sequence));
        assert_eq!(applied, is_command.then_some((OutcomeStatus::Applied, public.envelope.sequence)));
        assert_eq!(
            public.status == PaymentMethodStatus::Failed,
            public.failure.is_some() && public.status != PaymentMethodStatus::Removed
        );
        assert_eq!(public.next_action.is_some(), public.status == PaymentMethodStatus::RequiresAction);
        assert!(public.status != PaymentMethodStatus::Active || !public.payment_method.tokens.is_empty());
    }

    /// Each set-up that is not settled has one timer, and nothing else has.
    fn waits_for_something(change: &Change) {
        let public = &change.state.state;
        for set_up in &public.set_ups {
            let of_set_up = change.state.timers.iter().filter(|timer| timer.attempt_id == Some(set_up.attempt_id));
            let waits = is_open(public.status) && set_up.status == SetUpStatus::Pending;
            assert_eq!(of_set_up.count(), usize::from(waits), "{set_up:?}");
        }
        assert!(change.state.timers.iter().all(|timer| timer.attempt_id.is_some()));
    }
}

fn type_of(event: &Event) -> &'static str {
    match event {
        Event::Created(_) => "created",
        Event::ActionRequired(_) => "action_required",
        Event::Confirmed(_) => "confirmed",
        Event::SetUp(_) => "set_up",
        Event::SetUpFailed(_) => "set_up_failed",
        Event::Activated(_) => "activated",
        Event::Failed(_) => "failed",
        Event::Removed(_) => "removed",
    }
}
