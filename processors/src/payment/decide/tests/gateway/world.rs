//! The way to a gateway and back, which loses, delays, repeats and reorders; and clients and a customer beside it.
//!
//! It keeps to what the rules rely on: a try begins by its `not_after`, is carried out and shows in queries within
//! `query_settle_ms` of it, and `not_processed` and `rejected` are only said of an effect that nobody carried out.

use std::{collections::BTreeMap, vec};

use quittance_avro::{
    records::{GatewayEffect, GatewayResult},
    time::Timestamp,
    words::{
        CaptureMethod, EffectKind, FactStatus,
        ResultOutcome::{self, Absent, Expired, NotProcessed, Rejected, Reported, Unknown},
    },
};

use super::{super::scenario::Scenario, model::Gateway};
use crate::payment::{
    decision::{Decision, Input},
    policy::Policy,
    samples::{Ask, answer, create, report, start},
};

/// Something that a client asks for, so long after the payment was created.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    pub(super) at_ms: i64,
    pub(super) ask: Ask,
}

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

/// More than any story takes: a refund that stays open is looked at some hundred times.
const STEPS_MAX: usize = 3_000;

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
    /// A client asks for something.
    Asked(Ask),
    /// The customer does what is to be done.
    Acts,
}

pub(super) struct World {
    pub(super) scenario: Scenario,
    pub(super) gateway: Gateway,
    /// When the customer acts, after the payment was created.
    pub(super) acts_at_ms: Option<i64>,
    fates: vec::IntoIter<Fate>,
    ahead: BTreeMap<(i64, usize), Happening>,
    happenings: usize,
}

impl World {
    pub(super) fn new(
        policy: Policy,
        verdict: ResultOutcome,
        lag_ms: i64,
        fates: Vec<Fate>,
        wishes: Vec<Wish>,
    ) -> Self {
        let (scenario, gateway) = (Scenario::new(policy), Gateway::new(verdict, lag_ms));
        let fates = fates.into_iter();
        let mut world = Self { scenario, gateway, acts_at_ms: None, fates, ahead: BTreeMap::new(), happenings: 0 };
        for wish in wishes {
            world.later(start().as_ms() + wish.at_ms, Happening::Asked(wish.ask));
        }
        world
    }

    /// Everything happens, until nothing is left to happen.
    pub(super) fn run(&mut self, capture: CaptureMethod) {
        if let Some(acts_at_ms) = self.acts_at_ms {
            self.later(start().as_ms() + acts_at_ms, Happening::Acts);
        }
        self.decide(&create(capture));
        for _ in 0..STEPS_MAX {
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
        let (payment, timers) = (self.scenario.payment(), &self.scenario.changelog().timers);
        panic!("it does not come to an end: {} with {timers:?} {:?}", payment.status, payment.operations);
    }

    fn at(&mut self, at_ms: i64) {
        self.scenario.now = Timestamp::from_ms(at_ms).max(self.scenario.now);
    }

    fn later(&mut self, at_ms: i64, happening: Happening) {
        self.happenings += 1;
        self.ahead.insert((at_ms, self.happenings), happening);
    }

    fn decide(&mut self, input: &Input) {
        let decision = self.scenario.take(input);
        self.carry(decision);
    }

    /// What was asked of the gateway goes its way.
    fn carry(&mut self, decision: Decision) {
        let Decision::Applied(change) = decision else { return };
        for effect in change.effects {
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
            Happening::Asked(ask) => {
                self.at(at_ms);
                let decision = self.scenario.asks(ask);
                self.carry(decision);
            }
            Happening::Acts => self.gateway.act(at_ms, FactStatus::Succeeded),
            Happening::Read(effect, fate) if at_ms > effect.not_after.as_ms() => {
                self.tell(at_ms, &effect, &fate, Expired);
            }
            Happening::Read(effect, fate) if effect.kind == EffectKind::Query => self.query(at_ms, &effect, &fate),
            Happening::Read(effect, fate) => self.send(at_ms, effect, fate),
            Happening::Process(effect, fate) => {
                let outcome = self.gateway.process(&effect, at_ms);
                if matches!(fate.way, Way::Answered | Way::UnreachedThenAnswered) {
                    self.tell(at_ms, &effect, &fate, outcome);
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
            Way::Refused if self.gateway.knows(&effect) => {
                let outcome = self.gateway.process(&effect, at_ms);
                return self.tell(at_ms, &effect, &fate, outcome);
            }
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
        match fate.way {
            Way::Answered | Way::UnreachedThenAnswered => {
                let found = if self.gateway.facts(at_ms).is_empty() { Absent } else { Reported };
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
        let mut result = answer(effect, outcome);
        result.envelope.occurred_at = Timestamp::from_ms(at_ms);
        if outcome == Reported {
            result.report = Some(report(self.gateway.facts(at_ms)));
        }
        let result = Box::new(result);
        if let Some(repeated_after_ms) = fate.repeated_after_ms {
            self.later(told_at_ms + repeated_after_ms, Happening::Arrive(result.clone()));
        }
        self.later(told_at_ms, Happening::Arrive(result));
    }
}
