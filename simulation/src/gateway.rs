//! A sink and a gateway behind it, with a network between them that loses, delays, repeats and reorders.
//!
//! The gateway is the simulator that comes with Quittance, spoken to by its adapter: requests are built and answers judged by the
//! code that does so in production, and its books are its own. What its queries show is a little older than what it did.
//!
//! They keep to what the payment rules rely on: a try begins by its `not_after`, is carried out and shows in queries
//! within the policy's `query_settle_ms` of it, and `not_processed` and `rejected` are only said of an effect that
//! nobody carried out.

mod books;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use quittance_avro::{
    ids::{EffectId, derive},
    records::{GatewayEffect, GatewayResult},
    time::Timestamp,
    topics::Topic,
    wire::{Decoder, Encoder},
    words::{EffectKind, GatewayKind, ResultOutcome},
};
use quittance_gateways::{Broken, Credentials, Exchange, Request, Verdict, adapter};
use quittance_log::{Headers, Isolation, NewRecord, model::Model};

pub(crate) use self::books::Books;
use crate::{chance::Chance, plan::Faults, topics};

/// How long a gateway takes at most to carry a try out, and then to show it in queries, milliseconds.
const PROCESSING_MAX_MS: i64 = 400;
const SHOWING_MAX_MS: i64 = 400;
/// How long until a customer acts who does, and until the gateway tells us of something by itself, milliseconds.
const ACTING_MAX_MS: i64 = 25_000;
const NOTICE_MAX_MS: i64 = 3_000;

/// What happens to one effect on its way to the gateway and back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Answered,
    /// It gets there, and the answer gets lost: nobody knows.
    AnswerLost,
    /// It gets lost: nobody knows.
    RequestLost,
    /// No connection.
    Unreached,
    /// Carried out, but the result never reaches us.
    ResultLost,
    /// Carried out by a sink that crashes; after the restart it is too late.
    CrashedThenExpired,
    /// No connection, and that is told. But the sink crashes and carries it out once more.
    UnreachedThenAnswered,
}

const ASTRAY: [Way; 6] = [
    Way::AnswerLost,
    Way::RequestLost,
    Way::Unreached,
    Way::ResultLost,
    Way::CrashedThenExpired,
    Way::UnreachedThenAnswered,
];

/// Something that the gateway, the sink or a customer will do.
pub(crate) enum Deed {
    /// The gateway carries a try out, and answers if `is_told`.
    Process(Box<GatewayEffect>, bool),
    /// A result is written, in a transaction that stays open for so long if it is one.
    Tell(NewRecord, Option<i64>),
    /// The customer of a charge acts, and is or is not who they should be.
    Act(String, bool),
    /// Somebody gives money of a charge back at the gateway itself, minor units.
    Refund(String, i64),
    /// The gateway tells that something happened to a charge, so that it is asked what.
    Notice(String),
}

/// For the trace: what is done to which charge.
impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Process(effect, _) => write!(f, "processes {}", effect.envelope.id),
            Self::Tell(..) => f.write_str("a result"),
            Self::Act(charge, true) => write!(f, "the customer of {charge} acts"),
            Self::Act(charge, false) => write!(f, "the customer of {charge} fails"),
            Self::Refund(charge, amount) => write!(f, "somebody gives {amount} of {charge} back"),
            Self::Notice(charge) => write!(f, "tells of {charge}"),
        }
    }
}

pub(crate) struct Gateway {
    model: Model,
    decoder: Decoder,
    results: Encoder<GatewayResult>,
    chance: Chance,
    /// Of the answers, so many in a hundred go astray.
    astray: u32,
    /// Of the results, so many in a hundred are written much later, and so many twice.
    post: u32,
    /// Of the charges, so many in a hundred are given back in part at the gateway itself.
    dashboard: u32,
    positions: BTreeMap<i32, i64>,
    pub(crate) books: Books,
    /// The first effect of each charge, by its attempt.
    authorizations: BTreeMap<String, GatewayEffect>,
    notices: u64,
    pub(crate) effects_read: BTreeSet<String>,
}

impl Gateway {
    pub(crate) fn new(model: Model, decoder: Decoder, chance: Chance, faults: &Faults) -> Self {
        let lag_ms = chance.between(0, SHOWING_MAX_MS);
        Self {
            model,
            decoder,
            results: Encoder::of_this_build(),
            chance,
            astray: faults.gateway,
            post: faults.post,
            dashboard: if faults.gateway > 0 { 10 } else { 0 },
            positions: BTreeMap::new(),
            books: Books::new(lag_ms),
            authorizations: BTreeMap::new(),
            notices: 0,
            effects_read: BTreeSet::new(),
        }
    }

    /// From here on everything reaches everybody.
    pub(crate) fn heal(&mut self) {
        (self.astray, self.post, self.dashboard) = (0, 0, 0);
    }

    /// Whether there is no effect that it has not read, and nothing that it would yet do by itself.
    pub(crate) fn is_at_rest(&self, partitions: i32) -> bool {
        let has_read = |partition| {
            let end = self.model.records(&topics::at(Topic::PaymentGatewayEffects, partition), Isolation::Committed);
            end.last().is_none_or(|record| self.positions.get(&partition).is_some_and(|next| *next > record.offset))
        };
        (0..partitions).all(has_read) && !self.books.will_move(self.model.now_ms())
    }

    /// Reads the effects that have come, and notices what happened by itself. Gives what is to be done, and when.
    pub(crate) fn look(&mut self, partitions: i32) -> Vec<(i64, Deed)> {
        let mut deeds = Vec::new();
        for partition in 0..partitions {
            let at = topics::at(Topic::PaymentGatewayEffects, partition);
            let position = self.positions.get(&partition).copied().unwrap_or(0);
            if self.model.bounds(&at).is_none_or(|(_, stable, _)| stable <= position) {
                continue;
            }
            for record in self.model.records(&at, Isolation::Committed) {
                if record.offset < position {
                    continue;
                }
                self.positions.insert(partition, record.offset + 1);
                let value = record.value.as_deref().unwrap_or_default();
                let effect: GatewayEffect = self.decoder.decode(value).expect("effects are well written");
                self.effects_read.insert(effect.envelope.id.clone());
                self.read(effect, &mut deeds);
            }
        }
        self.books.pass(self.model.now_ms());
        self.follow(&mut deeds);
        deeds
    }

    fn read(&mut self, effect: GatewayEffect, deeds: &mut Vec<(i64, Deed)>) {
        let now_ms = self.model.now_ms();
        let way = if self.chance.percent(self.astray) { *self.chance.pick(&ASTRAY) } else { Way::Answered };
        if now_ms > effect.not_after.as_ms() {
            return self.tell(&effect, expired(), now_ms, deeds);
        }
        match effect.kind {
            EffectKind::Query => self.query(&effect, way, deeds),
            EffectKind::Authorize
            | EffectKind::Confirm
            | EffectKind::Capture
            | EffectKind::Void
            | EffectKind::Refund => self.send(effect, way, deeds),
        }
    }

    fn send(&mut self, effect: GatewayEffect, way: Way, deeds: &mut Vec<(i64, Deed)>) {
        let now_ms = self.model.now_ms();
        let mut processed_at_ms = now_ms + self.chance.between(1, PROCESSING_MAX_MS);
        let mut is_told = false;
        match way {
            Way::Answered => is_told = true,
            Way::ResultLost => {}
            Way::AnswerLost => self.tell(&effect, judge(&effect, &unanswered()), now_ms, deeds),
            Way::RequestLost => return self.tell(&effect, judge(&effect, &unanswered()), now_ms, deeds),
            Way::Unreached => return self.tell(&effect, judge(&effect, &not_sent()), now_ms, deeds),
            Way::CrashedThenExpired => self.tell(&effect, expired(), effect.not_after.as_ms() + 1, deeds),
            Way::UnreachedThenAnswered => {
                self.tell(&effect, judge(&effect, &not_sent()), now_ms, deeds);
                let again_ms = self.chance.between(now_ms, effect.not_after.as_ms());
                processed_at_ms = again_ms + self.chance.between(1, PROCESSING_MAX_MS);
                is_told = true;
            }
        }
        deeds.push((processed_at_ms, Deed::Process(Box::new(effect), is_told)));
    }

    fn query(&mut self, effect: &GatewayEffect, way: Way, deeds: &mut Vec<(i64, Deed)>) {
        let now_ms = self.model.now_ms();
        let verdict = match way {
            Way::Answered | Way::UnreachedThenAnswered => self.shown(effect),
            Way::AnswerLost | Way::RequestLost => judge(effect, &unanswered()),
            Way::Unreached => judge(effect, &not_sent()),
            Way::CrashedThenExpired => return self.tell(effect, expired(), effect.not_after.as_ms() + 1, deeds),
            Way::ResultLost => return,
        };
        self.tell(effect, verdict, now_ms, deeds);
    }

    /// What its queries show of a payment.
    fn shown(&mut self, effect: &GatewayEffect) -> Verdict {
        let now_ms = self.model.now_ms();
        let mut exchanges = Vec::new();
        for request in requests(effect) {
            exchanges.push(self.books.show(now_ms, &request));
            if !exchanges.last().is_some_and(Exchange::is_success) {
                break;
            }
        }
        adapter(GatewayKind::Simulator).judge(effect, &exchanges)
    }

    /// The gateway carries a try out, unless it knows the key.
    pub(crate) fn process(&mut self, effect: &GatewayEffect, is_told: bool) -> Vec<(i64, Deed)> {
        let now_ms = self.model.now_ms();
        if effect.kind == EffectKind::Authorize {
            self.authorizations.entry(effect.attempt_id.to_string()).or_insert_with(|| effect.clone());
        }
        let mut deeds = Vec::new();
        for request in requests(effect) {
            let (exchange, told_at_ms) = self.books.work(now_ms, &request);
            if is_told {
                self.tell(effect, judge(effect, &exchange), told_at_ms, &mut deeds);
            }
        }
        self.follow(&mut deeds);
        deeds
    }

    /// A customer acts, or somebody at the gateway does.
    pub(crate) fn moves(&mut self, deed: &Deed) -> Vec<(i64, Deed)> {
        let now_ms = self.model.now_ms();
        let mut deeds = Vec::new();
        match deed {
            Deed::Act(charge, approves) => self.books.act(now_ms, charge, *approves),
            Deed::Refund(charge, amount) => self.books.refund(now_ms, charge, *amount),
            Deed::Notice(charge) => self.notice(charge, &mut deeds),
            Deed::Process(..) | Deed::Tell(..) => {}
        }
        self.follow(&mut deeds);
        deeds
    }

    /// The gateway has told that something happened to a charge; the sink asks what, and says so unasked.
    fn notice(&mut self, charge: &str, deeds: &mut Vec<(i64, Deed)>) {
        let line = self.books.lines().into_iter().find(|line| line.charge == charge);
        let known = line.and_then(|line| self.authorizations.get(line.attempt_id.as_deref()?).cloned());
        let Some(mut effect) = known else { return };
        self.notices += 1;
        let id = EffectId::new(derive(&["notice", charge, &self.notices.to_string()]));
        (effect.kind, effect.gateway_reference) = (EffectKind::Query, Some(charge.to_owned()));
        effect.envelope.id = id.to_string();
        let verdict = self.shown(&effect);
        self.tell(&effect, verdict, self.model.now_ms(), deeds);
    }

    /// What follows from changes of charges: notices of them, and customers who act.
    fn follow(&mut self, deeds: &mut Vec<(i64, Deed)>) {
        let now_ms = self.model.now_ms();
        for charge in self.books.changed() {
            let told_at_ms = now_ms + SHOWING_MAX_MS + self.chance.between(1, NOTICE_MAX_MS);
            deeds.push((told_at_ms, Deed::Notice(charge.id.clone())));
            if charge.waits_for_customer && !self.chance.percent(20) {
                let acts_at_ms = now_ms + self.chance.between(1, ACTING_MAX_MS);
                deeds.push((acts_at_ms, Deed::Act(charge.id.clone(), self.chance.percent(75))));
            }
            if charge.is_new && !charge.is_plain && self.chance.percent(self.dashboard) {
                let at_ms = now_ms + self.chance.between(1, 10_000);
                deeds.push((at_ms, Deed::Refund(charge.id, self.chance.between(1, 500))));
            }
        }
    }

    /// Writes a result a little later, now and then much later, now and then twice.
    fn tell(&self, effect: &GatewayEffect, verdict: Verdict, at_ms: i64, deeds: &mut Vec<(i64, Deed)>) {
        let effect_id = effect.envelope.id.parse().expect("an effect's id");
        let result = verdict.into_result(effect_id, effect, Timestamp::from_ms(at_ms));
        let value = self.results.encode(&result).expect("a result fits its schema");
        let record = NewRecord {
            topic: topics::name(Topic::PaymentResults),
            partition: None,
            key: effect.envelope.aggregate_id.clone().into_bytes(),
            value: Some(value),
            headers: Headers::default(),
        };
        let is_late = self.chance.percent(self.post);
        let late_ms = if is_late { self.chance.between(1, 8_000) } else { self.chance.between(1, 20) };
        let told_at_ms = at_ms.max(self.model.now_ms()) + late_ms;
        if self.chance.percent(self.post) {
            let held_ms = self.chance.percent(30).then(|| self.chance.between(0, 4_000));
            deeds.push((told_at_ms + self.chance.between(0, 5_000), Deed::Tell(record.clone(), held_ms)));
        }
        deeds.push((told_at_ms, Deed::Tell(record, None)));
    }
}

fn requests(effect: &GatewayEffect) -> Vec<Request> {
    adapter(GatewayKind::Simulator).requests(effect, &Credentials::Open).unwrap_or_default()
}

fn judge(effect: &GatewayEffect, exchange: &Exchange) -> Verdict {
    adapter(GatewayKind::Simulator).judge(effect, std::slice::from_ref(exchange))
}

fn expired() -> Verdict {
    Verdict::failed(ResultOutcome::Expired, "it was too late")
}

fn unanswered() -> Exchange {
    Exchange::Unanswered(Broken::TimedOut)
}

fn not_sent() -> Exchange {
    Exchange::NotSent("no connection".to_owned())
}
