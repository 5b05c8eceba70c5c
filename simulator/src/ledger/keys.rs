//! What the gateway remembers of each idempotency key.
//!
//! Two things with two lifetimes: the counts and the charges of a key stay until the reset, so that a test sees a key that
//! was charged twice; the memory of its request and answer can be forgotten, as real gateways forget after a day.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::answer::{Answer, Ask, Delivery, Done, Kept, Refusal};
use super::report::{KeyReport, Page};
use crate::tokens::Token;
use crate::values::{ChargeId, Currency, IdempotencyKey};

/// Every key that came, up to `keys_max` of them.
#[derive(Debug)]
pub(super) struct Keys {
    states: BTreeMap<IdempotencyKey, KeyState>,
    keys_max: usize,
}

#[derive(Debug, Default)]
struct KeyState {
    requests: u64,
    charges: u64,
    amount_charged: u64,
    currency: Option<Currency>,
    token: Option<Token>,
    /// What its requests charged or acted on.
    charge_ids: Vec<ChargeId>,
    memory: Option<Memory>,
}

/// The first request that was worked on. No other is taken.
#[derive(Debug)]
struct Memory {
    fingerprint: u64,
    /// None, as long as nothing was processed and nothing refused for good.
    answer: Option<Result<Done, Refusal>>,
    /// Until when the first answer is under way.
    late_until_ms: Option<u64>,
}

/// What is known of a request's key.
#[derive(Debug)]
pub(super) enum Looked {
    /// There is work to do.
    New {
        is_first: bool,
    },
    /// It was answered before.
    Known(Result<Done, Refusal>),
    Refused(Refusal),
}

impl Keys {
    pub(super) fn new(keys_max: usize) -> Self {
        Self { states: BTreeMap::new(), keys_max }
    }

    /// Counts a request and looks what is known of its key.
    pub(super) fn look(&mut self, ask: &Ask, now_ms: u64) -> Looked {
        let Some(key) = &ask.key else {
            return Looked::New { is_first: true };
        };
        if self.states.len() >= self.keys_max && !self.states.contains_key(key) {
            return Looked::Refused(Refusal::Full);
        }
        let state = self.states.entry(key.clone()).or_default();
        state.requests += 1;
        match &state.memory {
            None => Looked::New { is_first: true },
            Some(memory) if memory.fingerprint != ask.fingerprint => Looked::Refused(Refusal::KeyReused),
            // The millisecond counts in full, so that a key is never in progress for a shorter time than its answer is late.
            Some(memory) if memory.late_until_ms.is_some_and(|until_ms| now_ms <= until_ms) => {
                Looked::Refused(Refusal::InProgress)
            }
            Some(Memory { answer: Some(answer), .. }) => Looked::Known(answer.clone()),
            Some(Memory { answer: None, .. }) => Looked::New { is_first: false },
        }
    }

    /// Keeps what came of a request, as far as it is to be kept.
    pub(super) fn keep(&mut self, ask: &Ask, answer: &Answer) {
        let Some(state) = ask.key.as_ref().and_then(|key| self.states.get_mut(key)) else {
            return;
        };
        let kept = match &answer.result {
            Ok(_) => Kept::Answer,
            Err(refusal) => refusal.kept(ask.keeps_failures),
        };
        let kept_answer = match kept {
            Kept::Answer => Some(answer.result.clone()),
            Kept::Request => None,
            Kept::Nothing => return,
        };
        let late_until_ms = if let Delivery::Late { until_ms } = answer.delivery { Some(until_ms) } else { None };
        state.memory = Some(Memory { fingerprint: ask.fingerprint, answer: kept_answer, late_until_ms });
        if let Some(id) = answer.result.as_ref().ok().and_then(Done::charge_id)
            && !state.charge_ids.contains(&id)
        {
            state.charge_ids.push(id);
        }
    }

    /// Notes what a key's request is about.
    pub(super) fn note(&mut self, ask: &Ask, currency: Currency, token: Option<Token>) {
        if let Some(state) = ask.key.as_ref().and_then(|key| self.states.get_mut(key)) {
            (state.currency, state.token) = (Some(currency), token);
        }
    }

    /// Counts an approval.
    pub(super) fn charged(&mut self, key: &IdempotencyKey, amount: u64) {
        if let Some(state) = self.states.get_mut(key) {
            state.charges += 1;
            state.amount_charged += amount;
        }
    }

    /// Has a key answer with an error of the gateway from now on, whatever was processed.
    pub(super) fn spoil(&mut self, key: &IdempotencyKey) {
        if let Some(memory) = self.states.get_mut(key).and_then(|state| state.memory.as_mut()) {
            memory.answer = Some(Err(Refusal::Failed));
        }
    }

    /// Forgets every request and answer.
    pub(super) fn forget(&mut self) {
        self.states.values_mut().for_each(|state| state.memory = None);
    }

    pub(super) fn clear(&mut self) {
        self.states.clear();
    }

    /// What the key's requests charged or acted on.
    pub(super) fn charge_ids(&self, key: &IdempotencyKey) -> &[ChargeId] {
        self.states.get(key).map_or(&[], |state| &state.charge_ids)
    }

    pub(super) fn report(&self, key: &IdempotencyKey) -> Option<KeyReport> {
        self.states.get(key).map(|state| state.report(key))
    }

    pub(super) fn reports(&self, after: Option<&IdempotencyKey>, limit: usize) -> Page<KeyReport> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut rest = self.states.range((start, Bound::Unbounded));
        let data = rest.by_ref().take(limit).map(|(key, state)| state.report(key)).collect();
        Page { data, has_more: rest.next().is_some() }
    }
}

impl KeyState {
    fn report(&self, key: &IdempotencyKey) -> KeyReport {
        KeyReport {
            key: key.clone(),
            requests: self.requests,
            charges: self.charges,
            amount_charged: self.amount_charged,
            currency: self.currency,
            token: self.token.map(Token::name),
        }
    }
}
