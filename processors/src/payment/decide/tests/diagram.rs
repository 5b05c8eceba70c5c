//! The state machine as `docs/payments.md` draws it: found by trying everything that can happen to a payment, a few steps deep.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    env, fs,
};

use quittance_avro::{
    records::CreatePayment,
    words::{
        CaptureMethod::{Automatic, Manual},
        EffectKind, FactStatus, OperationKind, PaymentStatus, ResultOutcome,
    },
};

use super::{commands::asks, scenario::Scenario};
use crate::payment::{
    decision::{Change, Decision},
    policy::policy,
    samples::{Ask, COMMAND, command, fact, input},
};

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/payments.md");
const BEGIN: &str = "```mermaid\nstateDiagram-v2\n";
const END: &str = "```\n";

/// How many things happen to a payment after its creation.
const DEPTH: usize = 6;
/// Payments with more operations than that are not followed any further.
const OPERATIONS_MAX: usize = 3;
/// Every kind of thing that can be reported of a payment without our asking.
const FACTS: [(OperationKind, FactStatus); 5] = [
    (OperationKind::Authorize, FactStatus::Succeeded),
    (OperationKind::Authorize, FactStatus::Failed),
    (OperationKind::Capture, FactStatus::Succeeded),
    (OperationKind::Capture, FactStatus::Failed),
    (OperationKind::Void, FactStatus::Succeeded),
];

/// Something that happens.
#[derive(Clone, Copy)]
enum Step {
    Asks(Ask),
    GatewaySays(ResultOutcome),
    Told(OperationKind, FactStatus),
    TimePasses,
}

fn steps() -> Vec<Step> {
    let part = Ask::Capture { amount: Some(400), is_final: false };
    let asks = asks().into_iter().chain([part]).map(Step::Asks);
    let says = ResultOutcome::ALL.iter().copied().map(Step::GatewaySays);
    let told = FACTS.into_iter().map(|(kind, status)| Step::Told(kind, status));
    asks.chain(says).chain(told).chain([Step::TimePasses]).collect()
}

fn take(scenario: &mut Scenario, step: Step) -> Option<Box<Change>> {
    let is_sent = !scenario.effects.is_empty();
    let decision = match step {
        Step::Asks(ask) => scenario.asks(ask),
        Step::GatewaySays(outcome) if may_say(scenario, outcome) => scenario.gateway_says(outcome),
        Step::Told(kind, status) if is_sent => {
            let fact = fact(&scenario.effects[0].clone(), kind, status);
            scenario.notices(vec![fact])
        }
        Step::TimePasses if scenario.due_at().is_some() => scenario.timer_fires(),
        Step::GatewaySays(_) | Step::Told(..) | Step::TimePasses => return None,
    };
    match decision {
        Decision::Applied(change) => Some(change),
        Decision::Refused(_) | Decision::Repeated(_) | Decision::Anomalous(_) | Decision::Ignored(_) => None,
    }
}

/// A query is answered by a report, or by nothing that is known; a try never is.
fn may_say(scenario: &Scenario, outcome: ResultOutcome) -> bool {
    let of_queries = matches!(outcome, ResultOutcome::Reported | ResultOutcome::Absent);
    let of_both = matches!(outcome, ResultOutcome::Unknown | ResultOutcome::NotProcessed | ResultOutcome::Expired);
    scenario.effects.last().is_some_and(|effect| of_both || of_queries == (effect.kind == EffectKind::Query))
}

/// What tells a payment from others that have the same future, near enough.
fn kind(scenario: &Scenario) -> String {
    let payment = scenario.payment();
    let operations: Vec<String> = payment
        .operations
        .iter()
        .map(|found| {
            let attempt = found.attempts.last().map(|attempt| (attempt.status, attempt.ambiguous, attempt.accepted));
            format!("{} {} {} {} {attempt:?}", found.kind, found.status, found.unwanted, found.amount)
        })
        .collect();
    let timers: BTreeSet<_> = scenario.changelog().timers.iter().map(|timer| timer.kind).collect();
    let (review, closing) = (payment.review.as_ref().map(|review| review.reason), payment.closing);
    let waits =
        (payment.next_action.is_some(), payment.hold.is_some(), scenario.effects.last().map(|effect| effect.kind));
    format!("{} {operations:?} {timers:?} {review:?} {closing:?} {waits:?}", payment.status)
}

/// From, to, and the events that lead there.
type Edges = BTreeMap<(String, String), BTreeSet<String>>;

/// A change leads from where the payment stood to where it then stands, by the last of its events that moves it: what others see of
/// it are its states, and a change has one.
fn note(edges: &mut Edges, from: PaymentStatus, change: &Change) {
    let to = change.state.state.status;
    if to == from {
        return;
    }
    let (mut at, mut by) = (from, "the gateway goes on");
    for event in &change.events {
        let status = event.standing().map_or(at, |standing| standing.status);
        if status != at {
            (at, by) = (status, event.name());
        }
    }
    edges.entry((from.to_string(), to.to_string())).or_default().insert(by.to_owned());
}

fn begun() -> Vec<Scenario> {
    let with = |hold, capture, declines_retried_max| {
        let asked = CreatePayment { hold, declines_retried_max, gateway_account: String::new(), ..command(capture) };
        let mut scenario = Scenario::new(policy());
        scenario.take(&input(COMMAND, asked));
        scenario
    };
    vec![with(false, Automatic, 1), with(false, Manual, 0), with(true, Automatic, 0)]
}

fn explore() -> Edges {
    let (mut edges, mut seen) = (Edges::new(), BTreeSet::new());
    let mut waiting: VecDeque<(Scenario, usize)> = VecDeque::new();
    for scenario in begun() {
        let status = scenario.payment().status.to_string();
        edges.entry(("[*]".to_owned(), status)).or_default().insert("created".to_owned());
        seen.insert(kind(&scenario));
        waiting.push_back((scenario, 0));
    }
    let steps = steps();
    while let Some((scenario, depth)) = waiting.pop_front() {
        for step in &steps {
            let mut next = scenario.clone();
            let Some(change) = take(&mut next, *step) else { continue };
            note(&mut edges, scenario.payment().status, &change);
            let is_small = next.payment().operations.len() <= OPERATIONS_MAX;
            if depth + 1 < DEPTH && is_small && seen.insert(kind(&next)) {
                waiting.push_back((next, depth + 1));
            }
        }
    }
    edges
}

fn drawn(edges: &Edges) -> String {
    let line = |((from, to), by): (&(String, String), &BTreeSet<String>)| {
        let by: Vec<&str> = by.iter().map(String::as_str).collect();
        format!("    {from} --> {to}: {}\n", by.join(", "))
    };
    edges.iter().map(line).collect()
}

#[test]
fn the_documentation_draws_the_state_machine() {
    let told = fs::read_to_string(DOCUMENT).expect("docs/payments.md");
    let begin = told.find(BEGIN).expect("docs/payments.md has the diagram") + BEGIN.len();
    let end = begin + told[begin..].find(END).expect("the diagram ends");
    let drawn = drawn(&explore());
    if env::var_os("UPDATE_DOCS").is_some() {
        let new = format!("{}{drawn}{}", &told[..begin], &told[end..]);
        fs::write(DOCUMENT, new).expect("docs/payments.md can be written");
        return;
    }
    assert_eq!(
        &told[begin..end],
        drawn,
        "docs/payments.md draws another machine than the rules are: `UPDATE_DOCS=1 cargo test -p quittance-processors diagram`"
    );
}
