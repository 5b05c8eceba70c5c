//! Payment methods in the runtime: writing what their rules say. Their inputs come in with those of payments.

use std::sync::Arc;

use quittance_avro::{
    records::{Outcome, PaymentMethodChangelog, PaymentMethodState, SetUpEffect},
    refusals::Refusal,
    registry::{Registry, RegistryError},
    topics::Topic,
    wire::{EncodeError, Encoder},
};

use super::{
    decide::refused,
    decision::{Change, Decision, Input},
    event::EventEncoders,
    kept::{Said, decide_kept},
};
use crate::{
    payment::{Context, Ignored, Kept, headers},
    runtime::{Output, Processed, StateChange},
};

/// Encoders of what is written of payment methods alone.
#[derive(Clone)]
pub(crate) struct Encoders {
    pub(crate) changelog: Encoder<PaymentMethodChangelog>,
    state: Encoder<PaymentMethodState>,
    outcome: Encoder<Outcome>,
    effect: Encoder<SetUpEffect>,
    events: EventEncoders,
}

impl Encoders {
    /// Looks the ids of this build's schemas up.
    pub(crate) async fn look_up(registry: &Registry) -> Result<Self, RegistryError> {
        Ok(Self {
            changelog: registry.encoder(Topic::PaymentChangelog).await?,
            state: registry.encoder(Topic::PaymentMethodState).await?,
            outcome: registry.encoder(Topic::PaymentOutcomes).await?,
            effect: registry.encoder(Topic::PaymentGatewayEffects).await?,
            events: EventEncoders::look_up(registry).await?,
        })
    }

    /// Numbers this build's schemas by itself, for a log that no registry stands beside.
    pub(crate) fn of_this_build() -> Self {
        Self {
            changelog: Encoder::of_this_build(),
            state: Encoder::of_this_build(),
            outcome: Encoder::of_this_build(),
            effect: Encoder::of_this_build(),
            events: EventEncoders::of_this_build(),
        }
    }
}

/// Applies the rules of payment methods and says what is to be written.
pub(crate) struct Methods {
    pub(crate) encoders: Encoders,
    events: Arc<str>,
    state: Arc<str>,
    effects: Arc<str>,
    outcomes: Arc<str>,
}

impl Methods {
    /// Of the topics under `prefix`.
    pub(crate) fn new(prefix: &str, encoders: Encoders) -> Self {
        let topic = |topic: Topic| Arc::from(topic.name(prefix));
        Self {
            encoders,
            events: topic(Topic::PaymentMethodEvents),
            state: topic(Topic::PaymentMethodState),
            effects: topic(Topic::PaymentGatewayEffects),
            outcomes: topic(Topic::PaymentOutcomes),
        }
    }

    /// What an input leads to.
    pub(crate) fn process(
        &self,
        kept: Option<&Kept>,
        input: &Input,
        cx: Context<'_>,
    ) -> Result<Processed<Kept>, EncodeError> {
        match decide_kept(kept, input, cx) {
            Said::ByRules(decision) => self.by_rules(decision, cx.traceparent),
            Said::Told(outcome, state) => self.told(state, &outcome, cx.traceparent),
            Said::Invalid => Ok(Processed::invalid("there is no such payment method")),
        }
    }

    /// What becomes of an input of somebody else's.
    pub(crate) fn of_stranger(&self, input: &Input, cx: Context<'_>) -> Result<Processed<Kept>, EncodeError> {
        match input {
            Input::Command(command) => {
                let told = refused(command, cx.now, Refusal::NotFound);
                self.told(StateChange::Unchanged, &told, cx.traceparent)
            }
            Input::Result(_) | Input::Timer => {
                Ok(Processed::invalid("its tenant or mode is not that of the payment method"))
            }
        }
    }

    fn by_rules(&self, decision: Decision, traceparent: &str) -> Result<Processed<Kept>, EncodeError> {
        match decision {
            Decision::Applied(change) => self.applied(*change, traceparent),
            Decision::Repeated(outcome) => self.told(StateChange::Unchanged, &outcome, traceparent),
            Decision::Refused(refused) => {
                let kept = |state| StateChange::Put(Kept::Method(Box::new(state)));
                self.told(refused.state.map_or(StateChange::Unchanged, kept), &refused.outcome, traceparent)
            }
            Decision::Ignored(Ignored::UnknownAttempt) => {
                Ok(Processed::invalid("there is no such payment method or set-up"))
            }
            Decision::Ignored(Ignored::AlreadySettled | Ignored::Superseded | Ignored::NothingPending) => {
                Ok(Processed::nothing())
            }
        }
    }

    fn applied(&self, change: Change, traceparent: &str) -> Result<Processed<Kept>, EncodeError> {
        let public = &change.state.state;
        let cause = public.envelope.cause.map(|cause| cause.to_string());
        let output = |topic: &Arc<str>, value| Output {
            topic: Arc::clone(topic),
            key: public.envelope.aggregate_id.clone(),
            value,
            headers: headers(traceparent, cause.as_deref()),
        };
        let mut outputs = Vec::with_capacity(change.events.len() + 3);
        for event in &change.events {
            outputs.push(output(&self.events, self.encoders.events.encode(event)?));
        }
        if !change.events.is_empty() {
            outputs.push(output(&self.state, self.encoders.state.encode(public)?));
        }
        for effect in &change.effects {
            outputs.push(output(&self.effects, self.encoders.effect.encode(effect)?));
        }
        if let Some(outcome) = &change.outcome {
            outputs.push(output(&self.outcomes, self.encoders.outcome.encode(outcome)?));
        }
        let state = StateChange::Put(Kept::Method(Box::new(change.state)));
        Ok(Processed { state, outputs, invalid: None })
    }

    fn told(
        &self,
        state: StateChange<Kept>,
        outcome: &Outcome,
        traceparent: &str,
    ) -> Result<Processed<Kept>, EncodeError> {
        let output = Output {
            topic: Arc::clone(&self.outcomes),
            key: outcome.envelope.aggregate_id.clone(),
            value: self.encoders.outcome.encode(outcome)?,
            headers: headers(traceparent, Some(&outcome.command_id.to_string())),
        };
        Ok(Processed { state, outputs: vec![output], invalid: None })
    }
}

#[cfg(test)]
mod tests;
