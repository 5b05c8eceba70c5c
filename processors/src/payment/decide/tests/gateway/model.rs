//! A gateway with one charge: what it processed under each key, and what its queries show.

use std::collections::BTreeMap;

use quittance_avro::{
    ids::AttemptId,
    records::{GatewayEffect, GatewayFact},
    words::{
        CaptureMethod, EffectKind, FactStatus, OperationKind,
        ResultOutcome::{self, ActionRequired, Approved, Declined, Rejected},
    },
};

use crate::payment::samples::fact;

/// Something that was processed.
#[derive(Debug, Clone)]
struct Deed {
    effect: GatewayEffect,
    /// How it stood from when on.
    turns: Vec<(i64, FactStatus)>,
    /// What it was said to have come to.
    outcome: ResultOutcome,
}

impl Deed {
    fn status(&self) -> FactStatus {
        self.turns.last().map_or(FactStatus::Pending, |(_, status)| *status)
    }
}

#[derive(Debug, Clone)]
pub(super) struct Gateway {
    /// What it says to the authorization when it first sees it.
    verdict: ResultOutcome,
    /// How long until its queries show what it did.
    lag_ms: i64,
    deeds: BTreeMap<AttemptId, Deed>,
}

impl Gateway {
    pub(super) fn new(verdict: ResultOutcome, lag_ms: i64) -> Self {
        Self { verdict, lag_ms, deeds: BTreeMap::new() }
    }

    /// Whether it knows the key.
    pub(super) fn knows(&self, effect: &GatewayEffect) -> bool {
        self.deeds.contains_key(&effect.attempt_id)
    }

    /// Carries a try out, unless it knows the key; then it says again what it said.
    pub(super) fn process(&mut self, effect: &GatewayEffect, at_ms: i64) -> ResultOutcome {
        if let Some(deed) = self.deeds.get(&effect.attempt_id) {
            return deed.outcome;
        }
        let outcome = match effect.kind {
            EffectKind::Authorize => self.verdict,
            EffectKind::Capture if effect.amount.get() <= self.held() && self.is_authorized() => Approved,
            EffectKind::Refund if effect.amount.get() <= self.books().0 - self.books().1 => Approved,
            EffectKind::Void if self.held() > 0 || self.waits() => Approved,
            EffectKind::Capture | EffectKind::Refund | EffectKind::Void => Rejected,
            EffectKind::Confirm | EffectKind::Query => panic!("not for this gateway: {}", effect.kind),
        };
        let status = match outcome {
            Approved => FactStatus::Succeeded,
            ActionRequired => FactStatus::ActionRequired,
            _ => FactStatus::Failed,
        };
        if effect.kind == EffectKind::Void && self.waits() && outcome == Approved {
            self.act(at_ms, FactStatus::Failed);
        }
        // What is refused leaves nothing behind.
        if outcome != Rejected {
            self.deeds
                .insert(effect.attempt_id, Deed { effect: effect.clone(), turns: vec![(at_ms, status)], outcome });
        }
        outcome
    }

    /// The customer acts, if there is something to do.
    pub(super) fn act(&mut self, at_ms: i64, status: FactStatus) {
        for deed in self.deeds.values_mut().filter(|deed| deed.status() == FactStatus::ActionRequired) {
            deed.turns.push((at_ms, status));
            deed.outcome = if status == FactStatus::Succeeded { Approved } else { Declined };
        }
    }

    /// What a query shows.
    pub(super) fn facts(&self, at_ms: i64) -> Vec<GatewayFact> {
        let shown = |deed: &Deed| deed.turns.iter().rev().find(|(from_ms, _)| from_ms + self.lag_ms <= at_ms).copied();
        let mut facts: Vec<GatewayFact> = Vec::new();
        for (deed, (_, status)) in self.deeds.values().filter_map(|deed| Some((deed, shown(deed)?))) {
            let kind = deed.effect.operation_kind;
            let position = if kind == OperationKind::Authorize { 0 } else { facts.len() };
            facts.insert(position, fact(&deed.effect, kind, status));
            if status == FactStatus::Succeeded && takes_at_once(&deed.effect) {
                facts.insert(1, fact(&deed.effect, OperationKind::Capture, FactStatus::Succeeded));
            }
        }
        facts
    }

    fn sum(&self, kind: OperationKind) -> i64 {
        let of_kind = self.deeds.values().filter(|deed| deed.effect.operation_kind == kind);
        of_kind.filter(|deed| deed.status() == FactStatus::Succeeded).map(|deed| deed.effect.amount.get()).sum()
    }

    fn is_authorized(&self) -> bool {
        self.sum(OperationKind::Authorize) > 0
    }

    fn waits(&self) -> bool {
        self.deeds.values().any(|deed| deed.status() == FactStatus::ActionRequired)
    }

    /// What it took, and what it gave back, minor units.
    pub(super) fn books(&self) -> (i64, i64) {
        let at_once: i64 =
            self.deeds.values().filter(|deed| is_taken_at_once(deed)).map(|deed| deed.effect.amount.get()).sum();
        (at_once + self.sum(OperationKind::Capture), self.sum(OperationKind::Refund))
    }

    /// What is authorized, not taken and not released, minor units.
    pub(super) fn held(&self) -> i64 {
        let is_final = |deed: &&Deed| deed.effect.kind == EffectKind::Capture && deed.effect.is_final;
        if self.sum(OperationKind::Void) > 0 || self.deeds.values().any(|deed| is_final(&deed)) {
            return 0;
        }
        self.sum(OperationKind::Authorize) - self.books().0
    }
}

fn is_taken_at_once(deed: &Deed) -> bool {
    takes_at_once(&deed.effect) && deed.status() == FactStatus::Succeeded
}

fn takes_at_once(effect: &GatewayEffect) -> bool {
    effect.operation_kind == OperationKind::Authorize && effect.capture == CaptureMethod::Automatic
}
