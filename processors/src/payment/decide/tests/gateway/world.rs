//! A gateway that processes a key at most once, behind a network that loses, delays, repeats and reorders.
//!
//! It keeps to what the rules rely on: a try begins by its `not_after`, is carried out and shows in queries within
//! `query_settle_ms` of it, and `not_processed` and `rejected` are only said of an effect that nobody carried out.

use std::{collections::BTreeMap, vec};

use quittance_avro::{
    records::{GatewayEffect, GatewayResult},
    time::Timestamp,
    words::{
        CaptureMethod, EffectKind,
        ResultOutcome::{self, Absent, Expired, NotProcessed, Rejected, Unknown},
    },
};

use super::super::scenario::Scenario;
use crate::payment::{
    decision::{Decision, Input},
    policy::Policy,
    samples::{answer, create},
};

/// What happens to one effect.
#[derive(Debug, Clone)]
pub(super) struct Fate {
    pub(super) way: Way,
    /// Until the sink reads it.
    pub(super) read_after_ms: i64,
    /// From then until the gateway carries it out.
    pub(super) processed_after_ms: i64,
    /// Until the result reaches the payment, from when there is one.
    pub(super) told_after_ms: i64,
    /// Until the same result comes again.
    pub(super) repeated_after_ms: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// There and back.
    Answered,
    /// The request gets there, the answer gets lost: nobody knows.
    AnswerLost,
    /// The request gets lost: nobody knows.
    RequestLost,
    /// No connection.
    Unreached,
    /// The gateway does not take such a request.
    Refused,
    /// Carried out, but the result never reaches us.
    ResultLost,
    /// Never read.
    EffectLost,
    /// Carried out by a sink that crashes; after the restart it is too late.
    CrashedThenExpired,
    /// No connection, and that is told. But the sink crashes and carries it out once more.
    UnreachedThenAnswered,
}

pub(super) const WAYS: [Way; 9] = [
    Way::Answered,
    Way::AnswerLost,
    Way::RequestLost,
    Way::Unreached,
    Way::Refused,
    Way::ResultLost,
    Way::EffectLost,
    Way::CrashedThenExpired,
    Way::UnreachedThenAnswered,
];

impl Fate {
    /// What a gateway that has come to its senses does.
    pub(super) const KIND: Self = Self {
        way: Way::Answered,
        read_after_ms: 5,
        processed_after_ms: 20,
        told_after_ms: 5,
        repeated_after_ms: None,
    };
}

enum Happening {
    /// The sink reads an effect.
    Read(Box<GatewayEffect>, Fate),
    /// The gateway carries a try out and answers, if the answer gets through.
    Process(Box<GatewayEffect>, Fate),
    /// A result reaches the payment.
    Arrive(Box<GatewayResult>),
}

pub(super) struct World {
    pub(super) scenario: Scenario,
    /// What the gateway says to the key when it first sees it.
    pub(super) verdict: ResultOutcome,
    /// How long until its queries show it.
    lag_ms: i64,
    /// When it processed the key.
    pub(super) processed_at_ms: Option<i64>,
    fates: vec::IntoIter<Fate>,
    ahead: BTreeMap<(i64, usize), Happening>,
    happenings: usize,
}

impl World {
    pub(super) fn new(policy: Policy, verdict: ResultOutcome, lag_ms: i64, fates: Vec<Fate>) -> Self {
        let scenario = Scenario::new(policy);
        let fates = fates.into_iter();
        Self { scenario, verdict, lag_ms, processed_at_ms: None, fates, ahead: BTreeMap::new(), happenings: 0 }
    }

    /// Everything happens, until nothing is left to happen.
    pub(super) fn run(&mut self) {
        self.decide(&create(CaptureMethod::Automatic));
        loop {
            let next = self.ahead.first_key_value().map(|((at_ms, _), _)| *at_ms);
            let due = self.scenario.due_at().map(|due_at| due_at.as_ms());
            // What has arrived by then is read before a timer fires, which the runtime sees to.
            match (next, due) {
                (Some(next), due) if due.is_none_or(|due| next <= due) => {
                    let ((at_ms, _), happening) = self.ahead.pop_first().expect("it was just looked at");
                    self.happens(at_ms, happening);
                }
                (_, Some(due)) => {
                    self.at(due);
                    self.decide(&Input::Timer);
                }
                (_, None) => return,
            }
        }
    }

    fn at(&mut self, at_ms: i64) {
        self.scenario.now = Timestamp::from_ms(at_ms).max(self.scenario.now);
    }

    fn later(&mut self, at_ms: i64, happening: Happening) {
        self.happenings += 1;
        self.ahead.insert((at_ms, self.happenings), happening);
    }

    fn decide(&mut self, input: &Input) {
        if let Decision::Applied(change) = self.scenario.take(input)
            && let Some(effect) = change.effect
        {
            let fate = self.fates.next().unwrap_or(Fate::KIND);
            if fate.way != Way::EffectLost {
                self.later(self.scenario.now.as_ms() + fate.read_after_ms, Happening::Read(Box::new(effect), fate));
            }
        }
    }

    fn happens(&mut self, at_ms: i64, happening: Happening) {
        match happening {
            Happening::Arrive(result) => {
                self.at(at_ms);
                self.decide(&Input::Result(result));
            }
            Happening::Read(effect, fate) if at_ms > effect.not_after.as_ms() => {
                self.tell(at_ms, &effect, &fate, Expired);
            }
            Happening::Read(effect, fate) => match effect.kind {
                EffectKind::Authorize => self.send(at_ms, effect, fate),
                EffectKind::Query => self.query(at_ms, &effect, &fate),
            },
            Happening::Process(effect, fate) => {
                self.processed_at_ms.get_or_insert(at_ms);
                if matches!(fate.way, Way::Answered | Way::UnreachedThenAnswered) {
                    self.tell(at_ms, &effect, &fate, self.verdict);
                }
            }
        }
    }

    fn send(&mut self, at_ms: i64, effect: Box<GatewayEffect>, fate: Fate) {
        let processed_at_ms = at_ms + fate.processed_after_ms;
        match fate.way {
            Way::Answered | Way::ResultLost => {}
            Way::AnswerLost => self.tell(at_ms, &effect, &fate, Unknown),
            Way::RequestLost => return self.tell(at_ms, &effect, &fate, Unknown),
            Way::Unreached => return self.tell(at_ms, &effect, &fate, NotProcessed),
            // To a key that it knows it says again what it said.
            Way::Refused if self.processed_at_ms.is_some() => return self.tell(at_ms, &effect, &fate, self.verdict),
            Way::Refused => return self.tell(at_ms, &effect, &fate, Rejected),
            Way::EffectLost => return,
            Way::CrashedThenExpired => self.tell(effect.not_after.as_ms() + 1, &effect, &fate, Expired),
            Way::UnreachedThenAnswered => {
                self.tell(at_ms, &effect, &fate, NotProcessed);
                // Read again by the last moment, and its result is there in time.
                let read_at_ms = effect.not_after.as_ms();
                let prompt = Fate { told_after_ms: 0, ..fate.clone() };
                return self.later(read_at_ms + fate.processed_after_ms, Happening::Process(effect, prompt));
            }
        }
        self.later(processed_at_ms, Happening::Process(effect, fate));
    }

    fn query(&mut self, at_ms: i64, effect: &GatewayEffect, fate: &Fate) {
        let shown = self.processed_at_ms.is_some_and(|processed_at_ms| processed_at_ms + self.lag_ms <= at_ms);
        match fate.way {
            Way::Answered | Way::UnreachedThenAnswered => {
                let found = if shown { self.verdict } else { Absent };
                self.tell(at_ms, effect, fate, found);
            }
            Way::AnswerLost | Way::RequestLost => self.tell(at_ms, effect, fate, Unknown),
            Way::Unreached => self.tell(at_ms, effect, fate, NotProcessed),
            Way::Refused => self.tell(at_ms, effect, fate, Rejected),
            Way::CrashedThenExpired => self.tell(effect.not_after.as_ms() + 1, effect, fate, Expired),
            Way::ResultLost | Way::EffectLost => {}
        }
    }

    fn tell(&mut self, at_ms: i64, effect: &GatewayEffect, fate: &Fate, outcome: ResultOutcome) {
        let told_at_ms = at_ms + fate.told_after_ms;
        let result = Box::new(answer(effect, outcome));
        if let Some(repeated_after_ms) = fate.repeated_after_ms {
            self.later(told_at_ms + repeated_after_ms, Happening::Arrive(result.clone()));
        }
        self.later(told_at_ms, Happening::Arrive(result));
    }
}
