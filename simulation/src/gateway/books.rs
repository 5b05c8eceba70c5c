//! The gateway itself, and a mirror of it that is a little behind, which answers queries.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use quittance_gateways::{Broken, Exchange, Method, Request};
use quittance_simulator::{Asked, Machine};

use crate::client;

/// How much later is later at the gateway, milliseconds.
const SLOW_MS: u64 = 2_500;
/// More charges than any run has.
const CHARGES_MAX: usize = 10_000;

/// What a charge came to, minor units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) charge: String,
    pub(crate) payment_id: Option<String>,
    pub(crate) attempt_id: Option<String>,
    pub(crate) captured: i64,
    pub(crate) refunded: i64,
}

/// A charge that changed.
pub(crate) struct Changed {
    pub(crate) id: String,
    pub(crate) waits_for_customer: bool,
    pub(crate) is_new: bool,
    pub(crate) is_plain: bool,
}

/// Something that was done at the gateway.
#[derive(Clone)]
enum Input {
    Request { method: Method, target: String, key: Option<String>, body: String },
    Act(String, bool),
    Refund(String, i64),
}

pub(crate) struct Books {
    machine: Machine,
    mirror: Machine,
    lag_ms: i64,
    /// What the mirror has yet to see, by when it was done.
    unseen: VecDeque<(i64, Input)>,
    known: BTreeSet<String>,
}

impl Books {
    pub(super) fn new(lag_ms: i64) -> Self {
        let machine = || Machine::new(SLOW_MS, CHARGES_MAX);
        Self { machine: machine(), mirror: machine(), lag_ms, unseen: VecDeque::new(), known: BTreeSet::new() }
    }

    /// The gateway does what it is asked. Gives its answer, and when that is there.
    pub(super) fn work(&mut self, now_ms: i64, request: &Request) -> (Exchange, i64) {
        let input = input(request);
        let answer = apply(&mut self.machine, now_ms, &input);
        self.unseen.push_back((now_ms, input));
        match answer {
            Some((exchange, at_ms)) => (exchange, at_ms.max(now_ms)),
            None => (Exchange::Unanswered(Broken::TimedOut), now_ms),
        }
    }

    /// What a query shows.
    pub(super) fn show(&mut self, now_ms: i64, request: &Request) -> Exchange {
        let seen_ms = now_ms - self.lag_ms;
        while self.unseen.front().is_some_and(|(at_ms, _)| *at_ms <= seen_ms) {
            if let Some((at_ms, input)) = self.unseen.pop_front() {
                apply(&mut self.mirror, at_ms, &input);
            }
        }
        let answer = apply(&mut self.mirror, seen_ms, &input(request));
        // What the mirror has to tell, the gateway has told.
        self.mirror.changed();
        answer.map_or(Exchange::Unanswered(Broken::TimedOut), |(exchange, _)| exchange)
    }

    pub(super) fn act(&mut self, now_ms: i64, charge: &str, approves: bool) {
        self.happens(now_ms, Input::Act(charge.to_owned(), approves));
    }

    pub(super) fn refund(&mut self, now_ms: i64, charge: &str, amount: i64) {
        self.happens(now_ms, Input::Refund(charge.to_owned(), amount));
    }

    fn happens(&mut self, now_ms: i64, input: Input) {
        apply(&mut self.machine, now_ms, &input);
        self.unseen.push_back((now_ms, input));
    }

    /// Lets happen what is due.
    pub(super) fn pass(&mut self, now_ms: i64) {
        self.machine.advance(ms(now_ms));
    }

    /// Whether something will happen soon without anybody doing anything.
    pub(super) fn will_move(&self, now_ms: i64) -> bool {
        const SOON_MS: i64 = 60_000;
        self.machine.next_due_ms().is_some_and(|due_ms| due_ms <= ms(now_ms + SOON_MS))
    }

    /// The charges that changed since this was asked last.
    pub(super) fn changed(&mut self) -> Vec<Changed> {
        let ids: BTreeSet<String> = self.machine.changed().into_iter().collect();
        let payments: BTreeMap<String, String> =
            self.lines().into_iter().filter_map(|line| Some((line.charge, line.payment_id?))).collect();
        ids.into_iter()
            .map(|id| Changed {
                is_plain: payments.get(&id).is_some_and(|payment| client::is_plain(payment)),
                waits_for_customer: self.machine.waits_for_customer(&id),
                is_new: self.known.insert(id.clone()),
                id,
            })
            .collect()
    }

    pub(crate) fn lines(&self) -> Vec<Line> {
        let amount = |units: u64| i64::try_from(units).unwrap_or(i64::MAX);
        let line = |line: quittance_simulator::MachineLine| Line {
            charge: line.charge,
            payment_id: line.payment_id,
            attempt_id: line.attempt_id,
            captured: amount(line.captured),
            refunded: amount(line.refunded),
        };
        self.machine.lines().into_iter().map(line).collect()
    }
}

fn ms(ms: i64) -> u64 {
    u64::try_from(ms).unwrap_or(0)
}

fn input(request: &Request) -> Input {
    let mut headers = request.headers.iter();
    let key = headers.find(|(name, _)| name.eq_ignore_ascii_case("idempotency-key")).map(|(_, key)| key.clone());
    Input::Request {
        method: request.method,
        target: request.target.clone(),
        key,
        body: request.body.clone().unwrap_or_default(),
    }
}

/// Gives the answer and when it is there; nothing if it is no question, or is never answered.
fn apply(machine: &mut Machine, at_ms: i64, input: &Input) -> Option<(Exchange, i64)> {
    match input {
        Input::Act(charge, approves) => {
            machine.act(ms(at_ms), charge, *approves);
            None
        }
        Input::Refund(charge, amount) => {
            machine.refund(ms(at_ms), charge, ms(*amount));
            None
        }
        Input::Request { method, target, key, body } => {
            let asked = Asked { method: method.as_str(), target, key: key.as_deref(), body: body.as_bytes() };
            let reply = machine.answer(ms(at_ms), &asked);
            let answered_at_ms = i64::try_from(reply.answered_at_ms?).unwrap_or(i64::MAX);
            let exchange = Exchange::Answered { status: reply.status, body: Ok(reply.body) };
            Some((exchange, answered_at_ms))
        }
    }
}
