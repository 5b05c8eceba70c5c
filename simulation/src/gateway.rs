//! A sink and a gateway behind it that processes a key at most once, with a network between them that loses, delays,
//! repeats and reorders.
//!
//! They keep to what the payment rules rely on: a try begins by its `not_after`, is carried out and shows in queries
//! within the policy's `query_settle_ms` of it, and `not_processed` and `rejected` are only said of an effect that
//! nobody carried out.

use std::collections::{BTreeMap, BTreeSet};

use quittance_avro::{
    ids::{ResultId, derive},
    money::MinorUnits,
    records::{Envelope, GatewayDetails, GatewayEffect, GatewayResult},
    time::Timestamp,
    topics::Topic,
    wire::{Decoder, Encoder},
    words::{CaptureMethod, EffectKind, ResultOutcome},
};
use quittance_log::{Headers, Isolation, NewRecord, model::Model};

use crate::{chance::Chance, client, plan::Faults, topics};

/// How long a gateway takes at most to carry a try out, and then to show it in queries, milliseconds.
const PROCESSING_MAX_MS: i64 = 400;
const SHOWING_MAX_MS: i64 = 400;

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

/// Something that the gateway or the sink will do.
pub(crate) enum Deed {
    /// The gateway carries a try out, and answers if `is_told`.
    Process(Box<GatewayEffect>, bool),
    /// A result is written, in a transaction that stays open for so long if it is one.
    Tell(NewRecord, Option<i64>),
}

/// What one key came to at the gateway.
#[derive(Debug, Clone)]
pub(crate) struct Charge {
    pub(crate) payment: String,
    pub(crate) is_approved: bool,
    shows_at_ms: i64,
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
    positions: BTreeMap<i32, i64>,
    /// By attempt, which is the idempotency key.
    pub(crate) charges: BTreeMap<String, Charge>,
    pub(crate) effects_read: BTreeSet<String>,
}

impl Gateway {
    pub(crate) fn new(model: Model, decoder: Decoder, chance: Chance, faults: &Faults) -> Self {
        Self {
            model,
            decoder,
            results: Encoder::of_this_build(),
            chance,
            astray: faults.gateway,
            post: faults.post,
            positions: BTreeMap::new(),
            charges: BTreeMap::new(),
            effects_read: BTreeSet::new(),
        }
    }

    /// From here on everything reaches everybody.
    pub(crate) fn heal(&mut self) {
        (self.astray, self.post) = (0, 0);
    }

    /// Whether there is no effect that it has not read.
    pub(crate) fn has_read_all(&self, partitions: i32) -> bool {
        (0..partitions).all(|partition| {
            let end = self.model.records(&topics::at(Topic::PaymentGatewayEffects, partition), Isolation::Committed);
            end.last().is_none_or(|record| self.positions.get(&partition).is_some_and(|next| *next > record.offset))
        })
    }

    /// Reads the effects that have come. Gives what is to be done, and when.
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
        deeds
    }

    fn read(&mut self, effect: GatewayEffect, deeds: &mut Vec<(i64, Deed)>) {
        let now_ms = self.model.now_ms();
        let way = if self.chance.percent(self.astray) { *self.chance.pick(&ASTRAY) } else { Way::Answered };
        if now_ms > effect.not_after.as_ms() {
            return self.tell(&effect, ResultOutcome::Expired, now_ms, deeds);
        }
        match effect.kind {
            EffectKind::Authorize => self.send(effect, way, deeds),
            EffectKind::Query => self.query(&effect, way, deeds),
        }
    }

    fn send(&mut self, effect: GatewayEffect, way: Way, deeds: &mut Vec<(i64, Deed)>) {
        let now_ms = self.model.now_ms();
        let mut processed_at_ms = now_ms + self.chance.between(1, PROCESSING_MAX_MS);
        let mut is_told = false;
        match way {
            Way::Answered => is_told = true,
            Way::ResultLost => {}
            Way::AnswerLost => self.tell(&effect, ResultOutcome::Unknown, now_ms, deeds),
            Way::RequestLost => return self.tell(&effect, ResultOutcome::Unknown, now_ms, deeds),
            Way::Unreached => return self.tell(&effect, ResultOutcome::NotProcessed, now_ms, deeds),
            Way::CrashedThenExpired => {
                self.tell(&effect, ResultOutcome::Expired, effect.not_after.as_ms() + 1, deeds);
            }
            Way::UnreachedThenAnswered => {
                self.tell(&effect, ResultOutcome::NotProcessed, now_ms, deeds);
                let again_ms = self.chance.between(now_ms, effect.not_after.as_ms());
                processed_at_ms = again_ms + self.chance.between(1, PROCESSING_MAX_MS);
                is_told = true;
            }
        }
        deeds.push((processed_at_ms, Deed::Process(Box::new(effect), is_told)));
    }

    fn query(&mut self, effect: &GatewayEffect, way: Way, deeds: &mut Vec<(i64, Deed)>) {
        let now_ms = self.model.now_ms();
        let found = self.charges.get(&effect.attempt_id.to_string()).filter(|charge| charge.shows_at_ms <= now_ms);
        let outcome = match way {
            Way::Answered | Way::UnreachedThenAnswered => found.map_or(ResultOutcome::Absent, Charge::verdict),
            Way::AnswerLost | Way::RequestLost => ResultOutcome::Unknown,
            Way::Unreached => ResultOutcome::NotProcessed,
            Way::CrashedThenExpired => {
                return self.tell(effect, ResultOutcome::Expired, effect.not_after.as_ms() + 1, deeds);
            }
            Way::ResultLost => return,
        };
        self.tell(effect, outcome, now_ms, deeds);
    }

    /// The gateway carries a try out, unless it knows the key.
    pub(crate) fn process(&mut self, effect: &GatewayEffect, is_told: bool) -> Vec<(i64, Deed)> {
        let now_ms = self.model.now_ms();
        let shows_at_ms = now_ms + self.chance.between(0, SHOWING_MAX_MS);
        let payment = effect.envelope.aggregate_id.clone();
        let is_approved = client::is_approved(&payment);
        let charge = Charge { payment, is_approved, shows_at_ms };
        let charge = self.charges.entry(effect.attempt_id.to_string()).or_insert(charge).clone();
        let mut deeds = Vec::new();
        if is_told {
            self.tell(effect, charge.verdict(), now_ms, &mut deeds);
        }
        deeds
    }

    /// Writes a result a little later, now and then much later, now and then twice.
    fn tell(&self, effect: &GatewayEffect, outcome: ResultOutcome, at_ms: i64, deeds: &mut Vec<(i64, Deed)>) {
        let value = self.results.encode(&answer(effect, outcome, at_ms)).expect("a result fits its schema");
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

impl Charge {
    fn verdict(&self) -> ResultOutcome {
        if self.is_approved { ResultOutcome::Approved } else { ResultOutcome::Declined }
    }
}

fn answer(effect: &GatewayEffect, outcome: ResultOutcome, at_ms: i64) -> GatewayResult {
    let is_approved = outcome == ResultOutcome::Approved;
    let is_captured = is_approved && effect.capture == CaptureMethod::Automatic;
    let id = ResultId::new(derive(&["result", &effect.envelope.id, outcome.as_str()]));
    GatewayResult {
        envelope: Envelope {
            id: id.to_string(),
            occurred_at: Timestamp::from_ms(at_ms),
            sequence: None,
            ..effect.envelope.clone()
        },
        effect_id: effect.envelope.id.parse().expect("an effect's id"),
        kind: effect.kind,
        operation_id: effect.operation_id.clone(),
        attempt_id: effect.attempt_id,
        gateway_account: effect.gateway_account.clone(),
        outcome,
        authorized_amount: if is_approved { effect.amount } else { MinorUnits::ZERO },
        captured_amount: if is_captured { effect.amount } else { MinorUnits::ZERO },
        currency: effect.currency,
        failure: None,
        details: GatewayDetails {
            gateway_reference: is_approved.then(|| format!("ch_{}", effect.attempt_id)),
            ..GatewayDetails::default()
        },
        card: None,
    }
}
