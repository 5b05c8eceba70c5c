//! What the processor writes for each kind of decision, and who may set it going.

use quittance_avro::{
    ids::AttemptId,
    records::GatewayResult,
    wire::Decoder,
    words::{
        CaptureMethod::Automatic,
        Mode, OutcomeStatus,
        ResultOutcome::{self, Approved, NotProcessed},
    },
};
use rstest::rstest;
use uuid::Uuid;

use super::*;
use crate::{
    payment::{
        decide::{STATE_VERSION, decide},
        policy::policy,
        samples::{Ask, COMMAND, PAYMENT, TRACE, answer, ask, command, create, gateways, input, start},
    },
    runtime::apply,
};

const RESULT_TRACE: &str = "00-1af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

struct Bench {
    processor: PaymentProcessor,
    decoder: Decoder,
    state: Option<Kept>,
}

impl Bench {
    fn new() -> Self {
        let decoder = Decoder::of_this_build();
        let schemas = Schemas::known(decoder.clone());
        let encoders = Encoders::of_this_build();
        let processor = PaymentProcessor::new("t", schemas, encoders, policy(), gateways());
        Self { processor, decoder, state: None }
    }

    /// A payment whose first try is under way.
    fn created() -> Self {
        let mut bench = Self::new();
        bench.input(&create(Automatic));
        bench
    }

    fn input(&mut self, input: &Input) -> Processed<Kept> {
        self.incoming(&Incoming::Payment(input.clone()))
    }

    fn incoming(&mut self, input: &Incoming) -> Processed<Kept> {
        let trace = if input.is_command() { TRACE } else { RESULT_TRACE };
        self.process(&Trigger::Input(input, &Headers::default().with("traceparent", trace)), start().as_ms())
    }

    fn process(&mut self, trigger: &Trigger<'_, Incoming>, now_ms: i64) -> Processed<Kept> {
        let processed = apply(&self.processor, self.state.as_ref(), trigger, now_ms).expect("what we write fits");
        match &processed.state {
            StateChange::Unchanged => {}
            StateChange::Put(state) => self.state = Some(state.clone()),
            StateChange::Removed => self.state = None,
        }
        processed
    }

    fn result(&self, outcome: ResultOutcome) -> GatewayResult {
        let command = create(Automatic);
        let gateways = gateways();
        let cx = Context { now: start(), traceparent: TRACE, policy: &policy(), gateways: &gateways };
        let decision = decide(None, &command, cx);
        let Decision::Applied(change) = decision else { panic!("{decision:?}") };
        answer(&change.effects[0], outcome)
    }

    /// Topic, key, name of the record and trace of everything written.
    fn written(&self, processed: &Processed<Kept>) -> Vec<[String; 4]> {
        let written = |output: &Output| {
            let name = self.decoder.name_of(&output.value).expect("one of our records");
            let trace = output.headers.text("traceparent").unwrap_or_default();
            let name = name.rsplit('.').next().unwrap_or(name);
            [output.topic.to_string(), output.key.clone(), name.to_owned(), trace.to_owned()]
        };
        processed.outputs.iter().map(written).collect()
    }

    fn outcome(&self, processed: &Processed<Kept>) -> Outcome {
        let [output] = &processed.outputs[..] else { panic!("one outcome and nothing else") };
        assert_eq!(output.topic.as_ref(), "t.payment.outcomes.v1");
        assert_eq!(output.headers.text("command-id"), Some(&*COMMAND.to_string()));
        self.decoder.decode(&output.value).expect("an outcome")
    }
}

/// The payment as it was left.
fn payment_of(processed: &Processed<Kept>) -> PaymentChangelog {
    match &processed.state {
        StateChange::Put(Kept::Payment(payment)) => (**payment).clone(),
        other => panic!("{other:?}"),
    }
}

fn lines(key: &str, trace: &str, written: &[(&str, &str)]) -> Vec<[String; 4]> {
    let topic_of = |topic: &str| {
        if topic == "transfers" { "t.ledger.transfers.v1".to_owned() } else { format!("t.payment.{topic}.v1") }
    };
    let line = |(topic, name): &(&str, &str)| [&topic_of(topic), key, name, trace].map(str::to_owned);
    written.iter().map(line).collect()
}

#[test]
fn results_come_before_commands() {
    let processor = Bench::new().processor;
    let inputs: Vec<_> = processor.inputs().iter().map(|source| (&*source.topic, source.class)).collect();
    assert_eq!(
        inputs,
        [
            ("t.payment.results.v1", Class::Results),
            ("t.payment.notices.v1", Class::Results),
            ("t.payment.commands.v1", Class::Commands)
        ]
    );
}

#[test]
fn who_has_no_registry_learns_nothing() {
    assert!(matches!(Bench::new().processor.learn(7), Err(ReadError::Lacking(7))));
}

#[test]
fn a_command_is_written_out_in_full() {
    let mut bench = Bench::new();
    let processed = bench.input(&create(Automatic));
    let expected = [
        ("events", "PaymentCreated"),
        ("state", "PaymentState"),
        ("effects.gateway", "GatewayEffect"),
        ("outcomes", "Outcome"),
    ];
    assert_eq!(bench.written(&processed), lines(&PAYMENT.to_string(), TRACE, &expected));
    assert_eq!(processed.invalid, None);
    let command_id = COMMAND.to_string();
    assert!(processed.outputs.iter().all(|output| output.headers.text("command-id") == Some(&command_id)));
    let state = payment_of(&processed);
    let published: PaymentState = bench.decoder.decode(&processed.outputs[1].value).expect("a state");
    assert_eq!(published, state.state);
    let kept = Kept::Payment(Box::new(state.clone()));
    let written = bench.processor.keep(&kept).expect("it fits its schema");
    assert_eq!(bench.decoder.decode::<PaymentChangelog>(&written).ok(), Some(state));
    assert_eq!(bench.processor.due(&kept), Some(Due::real(start().as_ms() + 330_000)));
}

#[rstest]
#[case::ours(STATE_VERSION, true)]
#[case::newer(STATE_VERSION + 1, false)]
fn a_state_of_a_newer_version_is_refused(#[case] version: i32, #[case] accepted: bool) {
    let Bench { mut processor, state, .. } = Bench::created();
    let payment = state.as_ref().and_then(Kept::payment).expect("a payment").clone();
    let kept = Kept::Payment(Box::new(PaymentChangelog { state_version: version, ..payment }));
    let kept = processor.keep(&kept).expect("it fits its schema");
    let told = processor.restore(&kept);
    assert_eq!(told.is_ok(), accepted);
    assert!(accepted || matches!(told, Err(ReadError::Newer { found, known: STATE_VERSION }) if found == version));
}

#[test]
fn a_result_that_settles_is_written_with_its_own_trace() {
    let mut bench = Bench::created();
    let result = bench.result(Approved);
    let processed = bench.input(&Input::Result(Box::new(result)));
    let expected = [
        ("events", "PaymentAuthorized"),
        ("events", "PaymentCaptured"),
        ("state", "PaymentState"),
        ("transfers", "Transfer"),
    ];
    assert_eq!(bench.written(&processed), lines(&PAYMENT.to_string(), RESULT_TRACE, &expected));
    assert!(payment_of(&processed).timers.is_empty());
}

#[test]
fn what_changes_in_private_is_kept_and_not_published() {
    let mut bench = Bench::created();
    let result = bench.result(NotProcessed);
    let processed = bench.input(&Input::Result(Box::new(result)));
    assert!(processed.state != StateChange::Unchanged && processed.outputs.is_empty() && processed.invalid.is_none());
}

#[test]
fn a_timer_goes_on_under_the_trace_of_the_command() {
    let mut bench = Bench::created();
    let processed = bench.process(&Trigger::Timer, start().as_ms() + 330_000);
    let expected = lines(&PAYMENT.to_string(), TRACE, &[("effects.gateway", "GatewayEffect")]);
    assert_eq!(bench.written(&processed), expected);
}

#[rstest]
#[case::stale(330_000 - 1)]
#[case::long_stale(0)]
fn a_timer_that_is_not_due_writes_nothing(#[case] after_ms: i64) {
    let mut bench = Bench::created();
    let processed = bench.process(&Trigger::Timer, start().as_ms() + after_ms);
    assert!(processed.state == StateChange::Unchanged && processed.outputs.is_empty() && processed.invalid.is_none());
}

#[test]
fn a_repeated_command_is_told_its_outcome_and_changes_nothing() {
    let mut bench = Bench::created();
    let processed = bench.input(&create(Automatic));
    assert!(processed.state == StateChange::Unchanged && processed.invalid.is_none());
    let outcome = bench.outcome(&processed);
    assert_eq!((outcome.status, outcome.sequence), (OutcomeStatus::Applied, Some(1)));
}

#[derive(Clone, Copy)]
enum Stranger {
    Tenant,
    Mode,
}

impl Stranger {
    fn sign(self, envelope: &mut Envelope) {
        match self {
            Self::Tenant => envelope.tenant = "rival".parse().expect("a tenant's name"),
            Self::Mode => envelope.mode = Mode::Live,
        }
    }
}

/// The same command id and body, so that nothing but the owner differs.
#[rstest]
#[case::another_tenant(Stranger::Tenant)]
#[case::another_mode(Stranger::Mode)]
fn a_stranger_is_told_that_there_is_no_such_payment(#[case] stranger: Stranger) {
    let mut bench = Bench::created();
    let mut command = command(Automatic);
    stranger.sign(&mut command.envelope);
    let processed = bench.input(&input(COMMAND, command.clone()));
    assert!(processed.state == StateChange::Unchanged && processed.invalid.is_none());
    let outcome = bench.outcome(&processed);
    assert_eq!((outcome.status, outcome.code.as_deref()), (OutcomeStatus::Refused, Some("not_found")));
    assert_eq!((outcome.envelope.tenant, outcome.envelope.mode), (command.envelope.tenant, command.envelope.mode));
    assert_eq!(outcome.sequence, None, "nothing is said of the payment");
}

#[rstest]
#[case::another_tenant(Stranger::Tenant)]
#[case::another_mode(Stranger::Mode)]
fn a_result_from_a_stranger_is_buried(#[case] stranger: Stranger) {
    let mut bench = Bench::created();
    let mut result = bench.result(Approved);
    stranger.sign(&mut result.envelope);
    let processed = bench.input(&Input::Result(Box::new(result)));
    assert!(processed.state == StateChange::Unchanged && processed.outputs.is_empty() && processed.invalid.is_some());
}

#[test]
fn a_result_of_nothing_that_we_know_is_buried() {
    let result = Bench::new().result(Approved);
    let processed = Bench::new().input(&Input::Result(Box::new(result.clone())));
    assert!(processed.state == StateChange::Unchanged && processed.outputs.is_empty() && processed.invalid.is_some());
    let foreign = GatewayResult { attempt_id: AttemptId::new(Uuid::from_u128(9)), ..result };
    let processed = Bench::created().input(&Input::Result(Box::new(foreign)));
    assert!(processed.state == StateChange::Unchanged && processed.outputs.is_empty() && processed.invalid.is_some());
}

#[test]
fn of_a_refused_creation_only_that_is_kept() {
    let mut bench = Bench::new();
    let mut command = command(Automatic);
    command.payment_method.tokens.clear();
    let processed = bench.input(&input(COMMAND, command));
    assert!(matches!(processed.state, StateChange::Put(Kept::Refused(_))) && processed.invalid.is_none());
    assert_eq!(bench.outcome(&processed).code.as_deref(), Some("no_token"));
    let kept = bench.state.clone().expect("it is kept");
    let written = bench.processor.keep(&kept).expect("it fits its schema");
    assert_eq!(bench.processor.restore(&written).ok(), Some(kept));
}

#[test]
fn what_is_asked_of_no_payment_leaves_nothing_behind() {
    let processed = Bench::new().input(&ask(1, Ask::Cancel));
    assert!(processed.state == StateChange::Unchanged && processed.invalid.is_none());
}

#[test]
fn what_is_remembered_of_a_refusal_is_kept() {
    let mut bench = Bench::created();
    let processed = bench.input(&ask(1, Ask::Refund { amount: None }));
    assert_eq!(payment_of(&processed).refusals.len(), 1);
    assert_eq!(processed.outputs.len(), 1, "and nothing but the outcome is told");
}

#[test]
fn the_topic_of_events_carries_all_of_them() {
    let carried = Topic::PaymentEvents.spec().records;
    assert_eq!(carried, crate::payment::Event::RECORDS);
}

#[test]
fn a_result_that_comes_twice_is_written_once() {
    let mut bench = Bench::created();
    let result = Input::Result(Box::new(bench.result(Approved)));
    bench.input(&result);
    let processed = bench.input(&result);
    assert!(processed.state == StateChange::Unchanged && processed.outputs.is_empty() && processed.invalid.is_none());
}
