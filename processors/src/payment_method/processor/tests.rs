//! What the payment processor writes of payment methods, and who may set it going.

use quittance_avro::{records::SetUpResult, tenant::Tenant, wire::Decoder, words::SetUpOutcome};
use quittance_log::{Headers, Schemas};

use super::*;
use crate::{
    payment::{self, Incoming, PaymentProcessor, policy},
    payment_method::samples::{Ask, METHOD, TRACE, answer, ask, creation, gateways, start},
    runtime::{Processor, Trigger, apply},
};

struct Bench {
    processor: PaymentProcessor,
    decoder: Decoder,
    state: Option<Kept>,
}

impl Bench {
    fn new() -> Self {
        let decoder = Decoder::of_this_build();
        let schemas = Schemas::known(decoder.clone());
        let processor = PaymentProcessor::new("t", schemas, payment::Encoders::of_this_build(), policy(), gateways());
        Self { processor, decoder, state: None }
    }

    fn take(&mut self, input: Input) -> Processed<Kept> {
        let headers = Headers::default().with("traceparent", TRACE);
        self.process(&Trigger::Input(&Incoming::Method(input), &headers), start().as_ms())
    }

    fn process(&mut self, trigger: &Trigger<'_, Incoming>, now_ms: i64) -> Processed<Kept> {
        let processed = apply(&self.processor, self.state.as_ref(), trigger, now_ms).expect("what we write fits");
        if let StateChange::Put(state) = &processed.state {
            self.state = Some(state.clone());
        }
        processed
    }

    /// Topic and name of the record of everything written, each under the method's id.
    fn written(&self, processed: &Processed<Kept>) -> Vec<(String, String)> {
        let written = |output: &Output| {
            assert_eq!(output.key, METHOD.to_string());
            assert_eq!(output.headers.text("traceparent"), Some(TRACE));
            let name = self.decoder.name_of(&output.value).expect("one of our records");
            (output.topic.to_string(), name.rsplit('.').next().unwrap_or(name).to_owned())
        };
        processed.outputs.iter().map(written).collect()
    }

    fn effect(&self, processed: &Processed<Kept>) -> SetUpEffect {
        let mut effects = processed.outputs.iter().filter_map(|output| self.decoder.decode(&output.value).ok());
        effects.next().expect("an effect")
    }
}

fn lines(written: &[(&str, &str)]) -> Vec<(String, String)> {
    written.iter().map(|(topic, name)| (format!("t.{topic}.v1"), (*name).to_owned())).collect()
}

#[test]
fn a_method_is_written_with_all_that_it_gives_rise_to() {
    let mut bench = Bench::new();
    let created = bench.take(creation(&["stripe"]));
    let expected = [
        ("payment-method.events", "PaymentMethodCreated"),
        ("payment-method.state", "PaymentMethodState"),
        ("payment.effects.gateway", "SetUpEffect"),
        ("payment.outcomes", "Outcome"),
    ];
    assert_eq!(bench.written(&created), lines(&expected));
    let kept = bench.state.clone().expect("it is kept");
    let written = bench.processor.keep(&kept).expect("it fits its schema");
    assert_eq!(bench.processor.restore(&written).ok().as_ref(), Some(&kept));
    assert!(bench.processor.due(&kept).is_some());

    let result = answer(&bench.effect(&created), SetUpOutcome::Approved);
    let settled = bench.take(Input::Result(Box::new(result.clone())));
    let expected = [
        ("payment-method.events", "PaymentMethodSetUp"),
        ("payment-method.events", "PaymentMethodActivated"),
        ("payment-method.state", "PaymentMethodState"),
    ];
    assert_eq!(bench.written(&settled), lines(&expected));
    let again = bench.take(Input::Result(Box::new(result)));
    assert!(again.state == StateChange::Unchanged && again.outputs.is_empty() && again.invalid.is_none());
}

#[test]
fn its_timer_is_that_of_its_rules() {
    let mut bench = Bench::new();
    bench.take(creation(&["stripe"]));
    let due = bench.state.as_ref().and_then(|kept| kept.due_at()).expect("a timer");
    let again = bench.process(&Trigger::Timer, due.as_ms());
    assert_eq!(bench.written(&again), lines(&[("payment.effects.gateway", "SetUpEffect")]));
}

#[test]
fn somebody_elses_is_not_found() {
    let mut bench = Bench::new();
    let created = bench.take(creation(&["stripe"]));
    let stranger: Tenant = "globex".parse().expect("a tenant's name");
    let Input::Command(mut command) = ask(1, Ask::Remove) else { panic!("a command") };
    if let crate::payment_method::Request::Remove(remove) = &mut command.request {
        remove.envelope.tenant = stranger.clone();
    }
    let told = bench.take(Input::Command(command));
    let outcome: Outcome = bench.decoder.decode(&told.outputs[0].value).expect("an outcome");
    assert_eq!((outcome.code.as_deref(), &told.state), (Some("not_found"), &StateChange::Unchanged));

    let mut result: SetUpResult = answer(&bench.effect(&created), SetUpOutcome::Approved);
    result.envelope.tenant = stranger;
    assert!(bench.take(Input::Result(Box::new(result))).invalid.is_some());
}

#[test]
fn that_it_was_not_created_is_remembered() {
    let mut bench = Bench::new();
    let refused = bench.take(creation(&["nowhere"]));
    assert!(matches!(refused.state, StateChange::Put(Kept::Refused(_))));
    let again = bench.take(creation(&["nowhere"]));
    assert_eq!((again.state, again.outputs.len()), (StateChange::Unchanged, 1));
    let outcome: Outcome = bench.decoder.decode(&again.outputs[0].value).expect("an outcome");
    assert_eq!(outcome.code.as_deref(), Some("gateway_account_unknown"));
    let mut nobody = Bench::new();
    assert_eq!(nobody.take(ask(1, Ask::Confirm)).state, StateChange::Unchanged);
}

#[test]
fn the_topic_of_events_carries_all_of_them() {
    assert_eq!(Topic::PaymentMethodEvents.spec().records, crate::payment_method::Event::RECORDS);
}
