//! Payments in the runtime: reading inputs, applying the rules, writing what they say.

use std::sync::Arc;

use quittance_avro::{
    records::{
        Envelope, GatewayAnomaly, GatewayEffect, Outcome, PaymentChangelog, PaymentState, PaymentStub, RefusedCreation,
        Transfer,
    },
    refusals::Refusal,
    registry::{Registry, RegistryError},
    time::Timestamp,
    topics::Topic,
    wire::{EncodeError, Encoder},
    words::NoticeTrouble,
};
use quittance_log::{Headers, ReadError, Record, Schemas};
use quittance_tables::Configured;

use super::{
    accounts::Accounts,
    decide::{anomaly, outcome},
    decision::{Change, Context, Decision, Ignored, Input},
    event::EventEncoders,
    gateways::Gateways,
    incoming::Incoming,
    kept::{Kept, Said, decide_kept},
    message::{Message, of_known_version},
    policy::Policy,
};
use crate::{
    payment_method::{self, Methods},
    runtime::{Class, Due, Output, Processed, Processor, Source, StateChange, Trigger},
};

/// Encoders of everything that the payment processor writes.
#[derive(Clone)]
pub struct Encoders {
    changelog: Encoder<PaymentChangelog>,
    refused_creation: Encoder<RefusedCreation>,
    stub: Encoder<PaymentStub>,
    state: Encoder<PaymentState>,
    outcome: Encoder<Outcome>,
    effect: Encoder<GatewayEffect>,
    transfer: Encoder<Transfer>,
    anomaly: Encoder<GatewayAnomaly>,
    events: EventEncoders,
    methods: payment_method::Encoders,
}

impl Encoders {
    /// Looks the ids of this build's schemas up.
    pub async fn look_up(registry: &Registry) -> Result<Self, RegistryError> {
        Ok(Self {
            changelog: registry.encoder(Topic::PaymentChangelog).await?,
            refused_creation: registry.encoder(Topic::PaymentChangelog).await?,
            stub: registry.encoder(Topic::PaymentChangelog).await?,
            state: registry.encoder(Topic::PaymentState).await?,
            outcome: registry.encoder(Topic::PaymentOutcomes).await?,
            effect: registry.encoder(Topic::PaymentGatewayEffects).await?,
            transfer: registry.encoder(Topic::LedgerTransfers).await?,
            anomaly: registry.encoder(Topic::GatewayAnomalies).await?,
            events: EventEncoders::look_up(registry).await?,
            methods: payment_method::Encoders::look_up(registry).await?,
        })
    }

    /// Numbers this build's schemas by itself, for a log that no registry stands beside.
    pub fn of_this_build() -> Self {
        Self {
            changelog: Encoder::of_this_build(),
            refused_creation: Encoder::of_this_build(),
            stub: Encoder::of_this_build(),
            state: Encoder::of_this_build(),
            outcome: Encoder::of_this_build(),
            effect: Encoder::of_this_build(),
            transfer: Encoder::of_this_build(),
            anomaly: Encoder::of_this_build(),
            events: EventEncoders::of_this_build(),
            methods: payment_method::Encoders::of_this_build(),
        }
    }
}

/// The payment processor. It decides saved payment methods too.
pub struct PaymentProcessor {
    inputs: Vec<Source>,
    changelog: Arc<str>,
    events: Arc<str>,
    state: Arc<str>,
    effects: Arc<str>,
    outcomes: Arc<str>,
    transfers: Arc<str>,
    anomalies: Arc<str>,
    tables: [Arc<str>; 2],
    schemas: Schemas,
    encoders: Encoders,
    policy: Policy,
    accounts: Accounts,
    methods: Methods,
}

impl PaymentProcessor {
    /// A processor of the topics under `prefix`. `gateways` are the accounts of the installation, which every tenant may use.
    pub fn new(prefix: &str, schemas: Schemas, encoders: Encoders, policy: Policy, gateways: Gateways) -> Self {
        let topic = |topic: Topic| Arc::from(topic.name(prefix));
        Self {
            inputs: vec![
                Source { topic: topic(Topic::PaymentResults), class: Class::Results },
                Source { topic: topic(Topic::PaymentNotices), class: Class::Results },
                Source { topic: topic(Topic::PaymentCommands), class: Class::Commands },
            ],
            changelog: topic(Topic::PaymentChangelog),
            events: topic(Topic::PaymentEvents),
            state: topic(Topic::PaymentState),
            effects: topic(Topic::PaymentGatewayEffects),
            outcomes: topic(Topic::PaymentOutcomes),
            transfers: topic(Topic::LedgerTransfers),
            anomalies: topic(Topic::GatewayAnomalies),
            tables: [topic(Topic::Configuration), topic(Topic::GatewayHealth)],
            schemas,
            methods: Methods::new(prefix, encoders.methods.clone()),
            encoders,
            policy,
            accounts: Accounts::new(gateways),
        }
    }

    /// What the rules may look at of a thing with that envelope.
    fn context<'a>(&'a self, envelope: Option<&Envelope>, traceparent: &'a str, now_ms: i64) -> Context<'a> {
        let gateways = self.accounts.of(envelope);
        Context { now: Timestamp::from_ms(now_ms), traceparent, policy: &self.policy, gateways }
    }

    fn applied(&self, change: Change, traceparent: &str) -> Result<Processed<Kept>, EncodeError> {
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
            outputs.push(output(&self.events, cause(), self.encoders.events.encode(event)?));
        }
        if !change.events.is_empty() {
            outputs.push(output(&self.state, cause(), self.encoders.state.encode(&change.state.state)?));
        }
        for effect in &change.effects {
            outputs.push(output(&self.effects, cause(), self.encoders.effect.encode(effect)?));
        }
        for transfer in &change.transfers {
            outputs.push(output(&self.transfers, cause(), self.encoders.transfer.encode(transfer)?));
        }
        if let Some(outcome) = &change.outcome {
            outputs.push(output(&self.outcomes, cause(), self.encoders.outcome.encode(outcome)?));
        }
        Ok(Processed { state: StateChange::Put(Kept::Payment(Box::new(change.state))), outputs, invalid: None })
    }

    fn by_rules(&self, decision: Decision, traceparent: &str) -> Result<Processed<Kept>, EncodeError> {
        match decision {
            Decision::Applied(change) => self.applied(*change, traceparent),
            Decision::Repeated(outcome) => self.told(StateChange::Unchanged, &outcome, traceparent),
            Decision::Refused(refused) => {
                let kept = |state| StateChange::Put(Kept::Payment(Box::new(state)));
                self.told(refused.state.map_or(StateChange::Unchanged, kept), &refused.outcome, traceparent)
            }
            Decision::Anomalous(anomaly) => self.anomalous(&anomaly, traceparent),
            Decision::Ignored(Ignored::UnknownAttempt) => Ok(Processed::invalid("there is no such payment or attempt")),
            Decision::Ignored(Ignored::AlreadySettled | Ignored::Superseded | Ignored::NothingPending) => {
                Ok(Processed::nothing())
            }
        }
    }

    fn anomalous(&self, anomaly: &GatewayAnomaly, traceparent: &str) -> Result<Processed<Kept>, EncodeError> {
        let output = Output {
            topic: Arc::clone(&self.anomalies),
            key: anomaly.envelope.aggregate_id.clone(),
            value: self.encoders.anomaly.encode(anomaly)?,
            headers: headers(traceparent, None),
        };
        Ok(Processed { outputs: vec![output], ..Processed::nothing() })
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

/// The headers of a record that goes back to a command.
pub(crate) fn headers(traceparent: &str, command_id: Option<&str>) -> Headers {
    let mut headers = Headers::default();
    if !traceparent.is_empty() {
        headers = headers.with("traceparent", traceparent);
    }
    match command_id {
        Some(command_id) => headers.with("command-id", command_id),
        None => headers,
    }
}

impl Processor for PaymentProcessor {
    type State = Kept;
    type Input = Incoming;

    fn inputs(&self) -> &[Source] {
        &self.inputs
    }

    fn changelog(&self) -> &Arc<str> {
        &self.changelog
    }

    fn decode(&mut self, record: &Record) -> Result<(String, Incoming), ReadError> {
        let value = record.value.as_deref().unwrap_or_default();
        let message = self.schemas.read_known(|decoder| Message::read(decoder, value))?;
        message.addressed(record.key.as_deref())
    }

    fn learn(&mut self, schema: u32) -> Result<(), ReadError> {
        self.schemas.learn(schema)
    }

    fn tables(&self) -> &[Arc<str>] {
        &self.tables
    }

    fn take_in(&mut self, record: &Record) -> Result<(), ReadError> {
        let Some(value) = &record.value else { return Ok(()) };
        if record.at.topic == self.tables[0] {
            let configured = self.schemas.read_known(|decoder| Configured::read(decoder, value))?;
            self.accounts.configure(configured, record.offset);
        } else {
            let health = self.schemas.read_known(|decoder| decoder.decode(value))?;
            self.accounts.hear(health);
        }
        Ok(())
    }

    fn awaits(&self, input: &Incoming) -> i64 {
        input.awaits()
    }

    fn restore(&mut self, value: &[u8]) -> Result<Kept, ReadError> {
        self.schemas.read(|decoder| Kept::read(decoder, value)).and_then(of_known_version)
    }

    fn keep(&self, state: &Kept) -> Result<Vec<u8>, EncodeError> {
        match state {
            Kept::Payment(payment) => self.encoders.changelog.encode(payment),
            Kept::Refused(refused) => self.encoders.refused_creation.encode(refused),
            Kept::Stub(stub) => self.encoders.stub.encode(stub),
            Kept::Method(method) => self.methods.encoders.changelog.encode(method),
        }
    }

    fn due(&self, state: &Kept) -> Option<Due> {
        state.due_at().map(|due_at| Due::real(due_at.as_ms()))
    }

    fn is_of_owner(&self, state: &Kept, input: &Incoming) -> bool {
        let own = state.envelope();
        let same = |envelope: &Envelope| envelope.mode == own.mode && envelope.tenant == own.tenant;
        input.envelope().is_none_or(same)
    }

    fn of_stranger(&self, input: &Incoming, headers: &Headers, now_ms: i64) -> Result<Processed<Kept>, EncodeError> {
        let input = match input {
            Incoming::Payment(input) => input,
            Incoming::Method(input) => {
                let traceparent = headers.text("traceparent").unwrap_or_default();
                return self.methods.of_stranger(input, self.context(None, traceparent, now_ms));
            }
        };
        match input {
            Input::Command(command) => {
                let told = outcome::refused(command, Timestamp::from_ms(now_ms), Refusal::NotFound);
                self.told(StateChange::Unchanged, &told, headers.text("traceparent").unwrap_or_default())
            }
            Input::Notice(notice) => self.anomalous(&anomaly(notice, NoticeTrouble::UnknownPayment), ""),
            Input::Result(_) | Input::Timer => Ok(Processed::invalid("its tenant or mode is not that of the payment")),
        }
    }

    fn process(
        &self,
        state: Option<&Kept>,
        trigger: &Trigger<'_, Incoming>,
        now_ms: i64,
    ) -> Result<Processed<Kept>, EncodeError> {
        let (input, traceparent) = match trigger {
            Trigger::Input(input, headers) => (Some(*input), headers.text("traceparent").unwrap_or_default()),
            Trigger::Timer => (None, state.map_or("", Kept::traceparent)),
        };
        let envelope = state.map(Kept::envelope).or_else(|| input.and_then(Incoming::envelope));
        let cx = self.context(envelope, traceparent, now_ms);
        let input = match (state, input) {
            (_, Some(Incoming::Payment(input))) => input,
            (_, Some(Incoming::Method(input))) => return self.methods.process(state, input, cx),
            (Some(Kept::Method(_)), None) => return self.methods.process(state, &payment_method::Input::Timer, cx),
            (_, None) => &Input::Timer,
        };
        match decide_kept(state, input, cx) {
            Said::ByRules(decision) => self.by_rules(decision, traceparent),
            Said::Told(outcome, state) => self.told(state, &outcome, traceparent),
            Said::Anomalous(anomaly) => self.anomalous(&anomaly, traceparent),
            Said::Silent(state) => Ok(Processed { state, ..Processed::nothing() }),
        }
    }
}

#[cfg(test)]
mod tests;
