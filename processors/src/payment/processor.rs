//! Payments in the runtime: reading inputs, applying the rules, writing what they say.

use std::sync::Arc;

use quittance_avro::{
    records::{
        Envelope, GatewayEffect, Outcome, PaymentAuthorized, PaymentCaptured, PaymentChangelog, PaymentCreated,
        PaymentDeclined, PaymentFailed, PaymentReviewOpened, PaymentState,
    },
    registry::{Registry, RegistryError},
    time::Timestamp,
    topics::Topic,
    wire::{EncodeError, Encoder},
};
use quittance_log::{Headers, ReadError, Record, Schemas};

use super::{
    decide::{create::refusal, decide},
    decision::{Change, Decision, Event, Ignored, Input},
    message::{Message, of_known_version},
    policy::Policy,
};
use crate::runtime::{Output, Processed, Processor, Trigger};

/// Encoders of everything that the payment processor writes.
#[derive(Clone)]
pub struct Encoders {
    changelog: Encoder<PaymentChangelog>,
    state: Encoder<PaymentState>,
    outcome: Encoder<Outcome>,
    effect: Encoder<GatewayEffect>,
    created: Encoder<PaymentCreated>,
    authorized: Encoder<PaymentAuthorized>,
    captured: Encoder<PaymentCaptured>,
    declined: Encoder<PaymentDeclined>,
    failed: Encoder<PaymentFailed>,
    review_opened: Encoder<PaymentReviewOpened>,
}

impl Encoders {
    /// Looks the ids of this build's schemas up.
    pub async fn look_up(registry: &Registry) -> Result<Self, RegistryError> {
        Ok(Self {
            changelog: registry.encoder(Topic::PaymentChangelog).await?,
            state: registry.encoder(Topic::PaymentState).await?,
            outcome: registry.encoder(Topic::PaymentOutcomes).await?,
            effect: registry.encoder(Topic::PaymentGatewayEffects).await?,
            created: registry.encoder(Topic::PaymentEvents).await?,
            authorized: registry.encoder(Topic::PaymentEvents).await?,
            captured: registry.encoder(Topic::PaymentEvents).await?,
            declined: registry.encoder(Topic::PaymentEvents).await?,
            failed: registry.encoder(Topic::PaymentEvents).await?,
            review_opened: registry.encoder(Topic::PaymentEvents).await?,
        })
    }

    fn event(&self, event: &Event) -> Result<Vec<u8>, EncodeError> {
        match event {
            Event::Created(event) => self.created.encode(event),
            Event::Authorized(event) => self.authorized.encode(event),
            Event::Captured(event) => self.captured.encode(event),
            Event::Declined(event) => self.declined.encode(event),
            Event::Failed(event) => self.failed.encode(event),
            Event::ReviewOpened(event) => self.review_opened.encode(event),
        }
    }
}

/// The payment processor.
pub struct PaymentProcessor {
    inputs: Vec<Arc<str>>,
    changelog: Arc<str>,
    events: Arc<str>,
    state: Arc<str>,
    effects: Arc<str>,
    outcomes: Arc<str>,
    schemas: Schemas,
    encoders: Encoders,
    policy: Policy,
}

impl PaymentProcessor {
    /// A processor of the topics under `prefix`.
    pub fn new(prefix: &str, schemas: Schemas, encoders: Encoders, policy: Policy) -> Self {
        let topic = |topic: Topic| Arc::from(topic.name(prefix));
        Self {
            inputs: vec![topic(Topic::PaymentCommands), topic(Topic::PaymentResults)],
            changelog: topic(Topic::PaymentChangelog),
            events: topic(Topic::PaymentEvents),
            state: topic(Topic::PaymentState),
            effects: topic(Topic::PaymentGatewayEffects),
            outcomes: topic(Topic::PaymentOutcomes),
            schemas,
            encoders,
            policy,
        }
    }

    fn applied(&self, change: Change, traceparent: &str) -> Result<Processed<PaymentChangelog>, EncodeError> {
        let key = change.state.state.envelope.aggregate_id.clone();
        let output = |topic: &Arc<str>, command_id: Option<String>, value| Output {
            topic: Arc::clone(topic),
            key: key.clone(),
            value,
            headers: headers(traceparent, command_id.as_deref()),
        };
        let cause = || change.state.state.envelope.cause.map(|cause| cause.to_string());
        let mut outputs = Vec::with_capacity(change.events.len() + 3);
        for event in &change.events {
            outputs.push(output(&self.events, cause(), self.encoders.event(event)?));
        }
        if !change.events.is_empty() {
            outputs.push(output(&self.state, cause(), self.encoders.state.encode(&change.state.state)?));
        }
        if let Some(effect) = &change.effect {
            outputs.push(output(&self.effects, cause(), self.encoders.effect.encode(effect)?));
        }
        if let Some(outcome) = &change.outcome {
            outputs.push(output(&self.outcomes, cause(), self.encoders.outcome.encode(outcome)?));
        }
        Ok(Processed { state: Some(change.state), outputs, invalid: None })
    }

    fn told(&self, outcome: &Outcome, traceparent: &str) -> Result<Processed<PaymentChangelog>, EncodeError> {
        let output = Output {
            topic: Arc::clone(&self.outcomes),
            key: outcome.envelope.aggregate_id.clone(),
            value: self.encoders.outcome.encode(outcome)?,
            headers: headers(traceparent, Some(&outcome.command_id.to_string())),
        };
        Ok(Processed { state: None, outputs: vec![output], invalid: None })
    }
}

fn headers(traceparent: &str, command_id: Option<&str>) -> Headers {
    let mut headers = Headers::default();
    if !traceparent.is_empty() {
        headers = headers.with("traceparent", traceparent);
    }
    match command_id {
        Some(command_id) => headers.with("command-id", command_id),
        None => headers,
    }
}

/// Whether an input comes from the one who owns the state. Anybody else is told that there is nothing.
fn same_owner(input: &Input, state: &PaymentChangelog) -> bool {
    let own = &state.state.envelope;
    let same = |envelope: &Envelope| envelope.mode == own.mode && envelope.tenant == own.tenant;
    match input {
        Input::Create { command, .. } => same(&command.envelope),
        Input::Result(result) => same(&result.envelope),
        Input::Timer => true,
    }
}

impl Processor for PaymentProcessor {
    type State = PaymentChangelog;
    type Input = Input;

    fn inputs(&self) -> &[Arc<str>] {
        &self.inputs
    }

    fn changelog(&self) -> &Arc<str> {
        &self.changelog
    }

    fn decode(&mut self, record: &Record) -> Result<(String, Input), ReadError> {
        let value = record.value.as_deref().unwrap_or_default();
        let message = self.schemas.read(|decoder| Message::read(decoder, value))?;
        message.addressed(record.key.as_deref())
    }

    fn restore(&mut self, value: &[u8]) -> Result<PaymentChangelog, ReadError> {
        self.schemas.read(|decoder| decoder.decode(value)).and_then(of_known_version)
    }

    fn keep(&self, state: &PaymentChangelog) -> Result<Vec<u8>, EncodeError> {
        self.encoders.changelog.encode(state)
    }

    fn due_ms(&self, state: &PaymentChangelog) -> Option<i64> {
        state.timer.as_ref().map(|timer| timer.due_at.as_ms())
    }

    fn process(
        &self,
        state: Option<&PaymentChangelog>,
        trigger: &Trigger<'_, Input>,
        now_ms: i64,
    ) -> Result<Processed<PaymentChangelog>, EncodeError> {
        let now = Timestamp::from_ms(now_ms);
        let (input, traceparent) = match trigger {
            Trigger::Input(input, headers) => (*input, headers.text("traceparent").unwrap_or_default()),
            Trigger::Timer => (&Input::Timer, state.map_or("", |state| state.traceparent.as_str())),
        };
        if let Some(state) = state
            && !same_owner(input, state)
        {
            return match input {
                Input::Create { id, command } => {
                    self.told(&refusal(*id, command, now, "not_found", "there is no such payment"), traceparent)
                }
                Input::Result(_) | Input::Timer => Ok(invalid("its tenant or mode is not that of the payment")),
            };
        }
        match decide(state, input, traceparent, now, &self.policy) {
            Decision::Applied(change) => self.applied(*change, traceparent),
            Decision::Repeated(outcome) | Decision::Refused(outcome) => self.told(&outcome, traceparent),
            Decision::Ignored(Ignored::UnknownAttempt) => Ok(invalid("there is no such payment or attempt")),
            Decision::Ignored(Ignored::AlreadySettled | Ignored::Superseded | Ignored::NothingPending) => {
                Ok(Processed { state: None, outputs: Vec::new(), invalid: None })
            }
        }
    }
}

fn invalid(detail: &str) -> Processed<PaymentChangelog> {
    Processed { state: None, outputs: Vec::new(), invalid: Some(detail.to_owned()) }
}

#[cfg(test)]
mod tests;
