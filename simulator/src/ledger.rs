//! The gateway's memory and its rules: a state machine without a clock or I/O.
//!
//! Invariants: a key is charged at most once; every answer about a charge is the same; nothing grows beyond `keys_max`.

mod record;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::dialect::{Charge, ChargeId, ChargeRequest, Currency, IdempotencyKey, KeyReport, Page, Status, Totals};
use crate::tokens::Token;
use record::Record;

/// What comes of a request to charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Processed just now, approved or declined.
    Processed(Charge),
    /// Processed just now, and to be answered late. Its key is in progress until [`Ledger::answered`].
    ProcessedLate(Charge),
    /// Processed earlier.
    Replayed(Charge),
    /// Nothing was processed.
    Refused(Refusal),
}

/// Why nothing was processed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The key came with another body before.
    KeyReused,
    /// The key's first request is not answered yet.
    InProgress,
    /// There is no such token. The key stays free.
    InvalidToken,
    /// The token stands for an error of the gateway.
    Failed,
    /// The memory is full, and the key is new.
    Full,
}

/// Keys, charges and sums.
#[derive(Debug)]
pub(crate) struct Ledger {
    keys: BTreeMap<IdempotencyKey, KeyState>,
    keys_max: usize,
    book: Book,
}

#[derive(Debug, Default)]
struct KeyState {
    requests: u64,
    charges: u64,
    amount_charged: u64,
    /// The first body with a known token. No other is taken.
    body: Option<Body>,
    charge: Option<ChargeId>,
    in_progress: bool,
}

#[derive(Debug, Clone, Copy)]
struct Body {
    fingerprint: u64,
    token: Token,
    currency: Currency,
}

impl Ledger {
    /// An empty ledger that remembers up to `keys_max` keys.
    pub(crate) fn new(keys_max: usize) -> Self {
        Self { keys: BTreeMap::new(), keys_max, book: Book::starting_at(ChargeId(1)) }
    }

    /// Charges, unless the key or the token says otherwise.
    pub(crate) fn charge(&mut self, key: &IdempotencyKey, request: &ChargeRequest) -> Answer {
        self.book.totals.requests += 1;
        if self.keys.len() >= self.keys_max && !self.keys.contains_key(key) {
            return Answer::Refused(Refusal::Full);
        }
        let state = self.keys.entry(key.clone()).or_default();
        state.requests += 1;
        let fingerprint = request.fingerprint();
        if state.body.is_some_and(|body| body.fingerprint != fingerprint) {
            return Answer::Refused(Refusal::KeyReused);
        }
        let Some(token) = Token::parse(&request.token) else {
            return Answer::Refused(Refusal::InvalidToken);
        };
        if state.in_progress {
            return Answer::Refused(Refusal::InProgress);
        }
        if let Some(charge) = state.charge.and_then(|id| self.book.charge(id)) {
            return Answer::Replayed(charge);
        }
        let body = Body { fingerprint, token, currency: request.currency };
        let is_first = state.body.replace(body).is_none();
        match token {
            Token::Error => Answer::Refused(Refusal::Failed),
            Token::Flaky if is_first => Answer::Refused(Refusal::Failed),
            Token::Approve | Token::Decline | Token::DeclineHard | Token::Flaky => {
                Answer::Processed(state.process(&mut self.book, token, request))
            }
            Token::Slow => {
                state.in_progress = true;
                Answer::ProcessedLate(state.process(&mut self.book, token, request))
            }
        }
    }

    /// Ends the progress of a key whose late answer is due. After a reset the key may belong to another charge: that one stays.
    pub(crate) fn answered(&mut self, key: &IdempotencyKey, id: ChargeId) {
        if let Some(state) = self.keys.get_mut(key).filter(|state| state.charge == Some(id)) {
            state.in_progress = false;
        }
    }

    /// The charge of that id.
    pub(crate) fn charge_by_id(&self, id: ChargeId) -> Option<Charge> {
        self.book.charge(id)
    }

    /// The key's charge, also while it is in progress.
    pub(crate) fn charge_by_key(&self, key: &IdempotencyKey) -> Option<Charge> {
        self.book.charge(self.keys.get(key)?.charge?)
    }

    /// What the key was asked.
    pub(crate) fn report(&self, key: &IdempotencyKey) -> Option<KeyReport> {
        self.keys.get(key).map(|state| state.report(key))
    }

    /// The reports of up to `limit` keys, sorted by key, from the first one after `after`.
    pub(crate) fn reports(&self, after: Option<&IdempotencyKey>, limit: usize) -> Page<KeyReport> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut rest = self.keys.range((start, Bound::Unbounded));
        let data = rest.by_ref().take(limit).map(|(key, state)| state.report(key)).collect();
        Page { data, has_more: rest.next().is_some() }
    }

    /// Sums over all keys.
    pub(crate) fn totals(&self) -> Totals {
        self.book.totals.clone()
    }

    /// Forgets everything but which ids were given out.
    pub(crate) fn reset(&mut self) {
        self.keys.clear();
        self.book = Book::starting_at(self.book.next_id());
    }
}

impl KeyState {
    fn process(&mut self, book: &mut Book, token: Token, request: &ChargeRequest) -> Charge {
        let charge = book.process(token, request);
        self.charge = Some(charge.id);
        if charge.status != Status::Declined {
            self.charges += 1;
            self.amount_charged += charge.amount.minor_units();
        }
        charge
    }

    fn report(&self, key: &IdempotencyKey) -> KeyReport {
        KeyReport {
            key: key.clone(),
            requests: self.requests,
            charges: self.charges,
            amount_charged: self.amount_charged,
            currency: self.body.map(|body| body.currency),
            token: self.body.map(|body| body.token.name()),
        }
    }
}

/// The charges by id, and the sums over them.
#[derive(Debug)]
struct Book {
    first_id: ChargeId,
    records: Vec<Record>,
    totals: Totals,
}

impl Book {
    fn starting_at(first_id: ChargeId) -> Self {
        Self { first_id, records: Vec::new(), totals: Totals::default() }
    }

    fn next_id(&self) -> ChargeId {
        ChargeId(self.first_id.0 + self.records.len() as u64)
    }

    fn process(&mut self, token: Token, request: &ChargeRequest) -> Charge {
        let record = Record::new(self.next_id(), token, request);
        self.records.push(record);
        let charge = Charge::from(record);
        match charge.status {
            Status::Declined => self.totals.declines += 1,
            Status::Authorized => self.totals.charges += 1,
            Status::Succeeded => {
                self.totals.charges += 1;
                // Twelve digits an amount: the sum is exact up to 18 million of the largest charges.
                let captured = self.totals.amount_captured.entry(charge.currency).or_default();
                *captured = captured.saturating_add(charge.amount_captured);
            }
        }
        charge
    }

    fn charge(&self, id: ChargeId) -> Option<Charge> {
        let index = usize::try_from(id.0.checked_sub(self.first_id.0)?).ok()?;
        self.records.get(index).copied().map(Charge::from)
    }
}
