//! A payment's story, told input by input. Each step is held against the invariants.

use quittance_avro::{
    records::{GatewayEffect, GatewayFact, GatewayResult, Operation, PaymentChangelog, PaymentState},
    time::Timestamp,
    words::{CaptureMethod, OperationKind, OperationStatus, ResultOutcome, TimerKind},
};

use super::{invariants, ledger::Ledger};
use crate::payment::{
    decide::{decide, due_at},
    decision::{Change, Context, Decision, Input},
    event::Event,
    gateways::Gateways,
    policy::{Policy, policy},
    samples::{Ask, TRACE, answer, ask, create, gateways, notice, start},
};

#[derive(Clone)]
pub(super) struct Scenario {
    pub(super) state: Option<PaymentChangelog>,
    pub(super) now: Timestamp,
    pub(super) policy: Policy,
    pub(super) gateways: Gateways,
    pub(super) ledger: Ledger,
    /// Everything that was asked of gateways, oldest first.
    pub(super) effects: Vec<GatewayEffect>,
    /// Whether a gateway has changed its mind.
    pub(super) was_corrected: bool,
    pub(super) commands: u128,
}

impl Scenario {
    /// Nothing has happened.
    pub(super) fn new(policy: Policy) -> Self {
        Self {
            state: None,
            now: start(),
            policy,
            gateways: gateways(),
            ledger: Ledger::default(),
            effects: Vec::new(),
            was_corrected: false,
            commands: 0,
        }
    }

    /// A payment was created and its first try is under way.
    pub(super) fn created(capture: CaptureMethod) -> Self {
        Self::begun_by(&create(capture))
    }

    pub(super) fn begun_by(input: &Input) -> Self {
        let mut scenario = Self::new(policy());
        scenario.take(input);
        scenario
    }

    /// 12.50 EUR are authorized.
    pub(super) fn authorized() -> Self {
        let mut scenario = Self::created(CaptureMethod::Manual);
        scenario.gateway_says(ResultOutcome::Approved);
        scenario
    }

    /// 12.50 EUR were taken at once.
    pub(super) fn captured() -> Self {
        let mut scenario = Self::created(CaptureMethod::Automatic);
        scenario.gateway_says(ResultOutcome::Approved);
        scenario
    }

    /// The customer has to act.
    pub(super) fn awaiting_action() -> Self {
        let mut scenario = Self::created(CaptureMethod::Automatic);
        scenario.gateway_says(ResultOutcome::ActionRequired);
        scenario
    }

    /// Decides, applies, and holds the change against the invariants. Deciding again must give the same, and a second
    /// time the same input must change nothing.
    pub(super) fn take(&mut self, input: &Input) -> Decision {
        let decide = |state: Option<&PaymentChangelog>| {
            let cx = Context { now: self.now, traceparent: TRACE, policy: &self.policy, gateways: &self.gateways };
            decide(state, input, cx)
        };
        let decision = decide(self.state.as_ref());
        assert_eq!(decision, decide(self.state.as_ref()), "decided otherwise a second time");
        match &decision {
            Decision::Applied(change) => {
                change.transfers.iter().for_each(|transfer| self.ledger.post(transfer));
                self.was_corrected |= change.events.iter().any(|event| matches!(event, Event::OperationCorrected(_)));
                invariants::hold(self, input, change);
                // A second notice may be of something else.
                if !matches!(input, Input::Timer | Input::Notice(_)) {
                    let again = decide(Some(&change.state));
                    let (once, twice) = (told(&decision), told(&again));
                    assert!(
                        !matches!(again, Decision::Applied(_)),
                        "{} led to {once}, and once more to {twice}",
                        said(input)
                    );
                }
                self.effects.extend(change.effects.iter().cloned());
                self.state = Some(change.state.clone());
            }
            Decision::Refused(refused) => {
                let public = |state: &Option<PaymentChangelog>| state.as_ref().map(|state| state.state.clone());
                assert_eq!(public(&refused.state), public(&self.state), "a refusal changes nothing");
                let again = decide(refused.state.as_ref());
                let is_told_again = matches!((&again, &refused.state), (Decision::Repeated(_), Some(_)) | (_, None));
                assert!(is_told_again, "a refusal is told again: {again:?}");
                self.state.clone_from(&refused.state);
            }
            Decision::Repeated(_) | Decision::Anomalous(_) | Decision::Ignored(_) => {}
        }
        decision
    }

    pub(super) fn changelog(&self) -> &PaymentChangelog {
        self.state.as_ref().expect("the payment was created")
    }

    pub(super) fn payment(&self) -> &PaymentState {
        &self.changelog().state
    }

    /// The latest operation of a kind.
    pub(super) fn operation(&self, kind: OperationKind) -> &Operation {
        let mut operations = self.payment().operations.iter().rev();
        operations.find(|operation| operation.kind == kind).expect("there is such an operation")
    }

    /// The effect that was asked for last.
    pub(super) fn latest(&self) -> &GatewayEffect {
        self.effects.last().expect("a gateway was asked for something")
    }

    /// The latest effect of an operation of a kind.
    pub(super) fn latest_of(&self, kind: OperationKind) -> &GatewayEffect {
        let mut effects = self.effects.iter().rev();
        effects.find(|effect| effect.operation_kind == kind).expect("a gateway was asked for it")
    }

    /// A client asks for something, under a key of its own.
    pub(super) fn asks(&mut self, what: Ask) -> Decision {
        self.commands += 1;
        self.take(&ask(self.commands, what))
    }

    /// The gateway's result for the latest effect.
    pub(super) fn gateway_says(&mut self, outcome: ResultOutcome) -> Decision {
        let effect = self.latest().clone();
        self.says_of(&effect, outcome)
    }

    /// The gateway's result for an effect.
    pub(super) fn says_of(&mut self, effect: &GatewayEffect, outcome: ResultOutcome) -> Decision {
        self.result(answer(effect, outcome))
    }

    /// A result, as of now.
    pub(super) fn result(&mut self, mut result: GatewayResult) -> Decision {
        result.envelope.occurred_at = self.now;
        self.take(&Input::Result(Box::new(result)))
    }

    /// The gateway answers the latest query with these facts.
    pub(super) fn reports(&mut self, facts: Vec<GatewayFact>) -> Decision {
        let mut result = answer(self.latest(), ResultOutcome::Reported);
        result.report = Some(crate::payment::samples::report(facts));
        self.result(result)
    }

    /// Without being asked, the gateway says this of the payment.
    pub(super) fn notices(&mut self, facts: Vec<GatewayFact>) -> Decision {
        self.pass(1);
        let first = self.effects.first().expect("a gateway was asked for something").clone();
        self.take(&notice(&first, facts, self.now))
    }

    pub(super) fn due_at(&self) -> Option<Timestamp> {
        due_at(self.changelog())
    }

    /// Waits for the earliest timer and lets it fire.
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

/// An input in a line.
fn said(input: &Input) -> String {
    match input {
        Input::Command(command) => command.request.operation().to_owned(),
        Input::Timer => "a timer".to_owned(),
        Input::Notice(_) => "a notice".to_owned(),
        Input::Result(result) => {
            let facts = result.report.iter().flat_map(|report| &report.facts);
            let facts = facts.map(|fact| format!("{} {} of {}", fact.kind, fact.status, fact.amount));
            let facts: Vec<String> = facts.collect();
            format!("{} of {}: {} {facts:?}", result.kind, result.operation_kind, result.outcome)
        }
    }
}

/// A decision in a line: events, what the payment then is, what is asked, what is waited for.
pub(super) fn told(decision: &Decision) -> String {
    match decision {
        Decision::Applied(change) => applied(change),
        Decision::Repeated(outcome) => format!("repeated: {}", outcome.status),
        Decision::Refused(refused) => format!("refused: {}", refused.outcome.code.as_deref().unwrap_or_default()),
        Decision::Anomalous(anomaly) => format!("anomalous: {}", anomaly.reason),
        Decision::Ignored(why) => format!("ignored: {why:?}"),
    }
}

fn applied(change: &Change) -> String {
    let state = &change.state.state;
    let mut words: Vec<String> = change.events.iter().map(|event| event.name().to_owned()).collect();
    words.push(format!("→ {}", state.status));
    if state.operations[0].status == OperationStatus::Unknown {
        words.push("unknown".to_owned());
    }
    if let Some(review) = &state.review {
        words.push(format!("review:{}", review.reason));
    }
    for effect in &change.effects {
        words.push(match effect.kind {
            quittance_avro::words::EffectKind::Query if effect.operation_kind != OperationKind::Authorize => {
                format!("query({}):{}", effect.operation_kind, effect.try_number)
            }
            kind => format!("{kind}:{}", effect.try_number),
        });
    }
    if change.state.timers.iter().any(|timer| timer.kind == TimerKind::Retry) {
        words.push("retry".to_owned());
    }
    words.join(" ")
}
